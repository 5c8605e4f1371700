//! Hostile classes: every error of a layout, and no shift, sum or allocation that follows a class's bytes.

use candor_benches::synthetic::Random;
use candor_circuits::layout::{Layout, LayoutError, MAX_VARS};
use candor_program::class::{
    Class, FORMAT_VERSION, Group, Input, Operand, OperatorClass, Stride, TensorId, TermClass,
};

/// A term before its source's padded length is known.
#[derive(Clone, Copy)]
enum Reads {
    Dense(u16),
    Scaled(u16),
}

fn dense(source: u16) -> Reads {
    Reads::Dense(source)
}

fn scaled(source: u16) -> Reads {
    Reads::Scaled(source)
}

fn class(input_log2: u8, operators: &[(u8, &[Reads])]) -> Class {
    let log2 = |source: u16| match usize::from(source).checked_sub(1) {
        None => input_log2,
        Some(operator) => operators.get(operator).map_or(0, |(log2, _)| *log2),
    };
    let term = |term: &Reads| match *term {
        Reads::Dense(source) => TermClass::dense(TensorId(source), log2(source)),
        Reads::Scaled(source) => TermClass::scaled(TensorId(source)),
    };
    let operator = |(log2, terms): &(u8, &[Reads])| OperatorClass::Affine {
        axes: vec![*log2],
        terms: terms.iter().map(term).collect(),
    };
    Class {
        version: FORMAT_VERSION,
        input: Input::Vector { log2: input_log2 },
        operators: operators.iter().map(operator).collect(),
        tables: 0,
        row_log2: 9,
        policy_size: 16,
        state_size: 4,
        evidence_size: 0,
    }
}

fn error(class: &Class, batch_log2: u8, revealed: u16) -> LayoutError {
    Layout::new(class, batch_log2, TensorId(revealed)).unwrap_err()
}

#[test]
fn row_lengths() {
    for row_log2 in 0..=255 {
        let class = Class { row_log2, ..class(1, &[(1, &[dense(0)])]) };
        let layout = Layout::new(&class, 0, TensorId(1)).map(|layout| layout.row_log2);
        match row_log2 {
            9..=14 => assert_eq!(layout, Ok(usize::from(row_log2))),
            _ => assert_eq!(layout, Err(LayoutError::RowLength { row_log2 })),
        }
    }
}

#[test]
fn sizes() {
    let too_large = |vars| LayoutError::TooLarge { vars };
    let one = |input, output| class(input, &[(output, &[dense(0)])]);
    // what is not too large may still be too much work
    let fits = |class: &Class, batch_log2| match Layout::new(class, batch_log2, TensorId(1)) {
        Err(error) => matches!(error, LayoutError::Work { .. }),
        Ok(_) => true,
    };
    // an output, a matrix, an input, a batch: at the limit and one beyond it
    assert!(fits(&one(0, 25), 0));
    assert_eq!(error(&one(0, 26), 0, 1), too_large(MAX_VARS + 1));
    assert!(fits(&one(20, 8), 0));
    assert_eq!(error(&one(20, 9), 0, 1), too_large(MAX_VARS + 1));
    assert!(fits(&one(4, 4), 21));
    assert_eq!(error(&one(4, 4), 22, 1), too_large(MAX_VARS + 1));
    for log2 in [29, 63, 64, 128, 255] {
        assert_eq!(error(&one(0, log2), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&one(log2, 0), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&class(log2, &[(0, &[])]), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&class(0, &[(log2, &[])]), 0, 1), too_large(usize::from(log2)));
        assert!(matches!(error(&one(1, 1), log2, 1), LayoutError::TooLarge { .. }));
    }
    assert_eq!(error(&one(255, 255), 255, 1), too_large(255));
    // many that are allowed one by one
    let many = class(0, &[(25, &[][..]); 9]);
    assert_eq!(error(&many, 0, 1), too_large(MAX_VARS + 1));
    let matrices = class(14, &[(14, &[dense(0), dense(0)])]);
    assert_eq!(error(&matrices, 0, 1), too_large(MAX_VARS + 1));
}

#[test]
fn wiring() {
    let first = |source| class(2, &[(2, &[dense(source)])]);
    for tensor in [1, 2, u16::MAX] {
        assert_eq!(error(&first(tensor), 0, 1), LayoutError::Wiring { operator: 0, tensor });
    }
    let second = |term| class(2, &[(2, &[dense(0)]), (2, &[dense(1), term])]);
    assert!(Layout::new(&second(scaled(0)), 0, TensorId(2)).is_ok());
    assert!(Layout::new(&second(dense(0)), 0, TensorId(1)).is_ok());
    assert_eq!(error(&second(scaled(2)), 0, 1), LayoutError::Wiring { operator: 1, tensor: 2 });
    assert_eq!(error(&second(dense(3)), 0, 1), LayoutError::Wiring { operator: 1, tensor: 3 });
    let lengths = class(3, &[(2, &[dense(0), scaled(0)])]);
    assert_eq!(error(&lengths, 0, 1), LayoutError::View { operator: 0, term: 1 });
}

#[test]
fn revealed_tensors() {
    let class_of_two = class(2, &[(2, &[dense(0)]), (2, &[dense(1)])]);
    for tensor in [0, 3, u16::MAX] {
        assert_eq!(error(&class_of_two, 0, tensor), LayoutError::Revealed { tensor });
    }
    assert_eq!(error(&class(2, &[]), 0, 1), LayoutError::Revealed { tensor: 1 });
    assert_eq!(error(&class(2, &[]), 0, 0), LayoutError::Revealed { tensor: 0 });
}

/// Whatever a class says: an error, or a layout within the limits.
#[test]
fn random_classes() {
    let mut random = Random(17);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut byte = |bound: u64| {
            let small = !random.next_u64().is_multiple_of(8);
            (random.next_u64() % if small { bound } else { 256 }) as u8
        };
        let input_log2 = byte(13);
        let operators: Vec<(u8, Vec<Reads>)> = (0..byte(6))
            .map(|operator| {
                let output = byte(12);
                let terms = (0..byte(4) % 64).map(|_| {
                    let source = u16::from(byte(u64::from(operator) + 2));
                    if byte(2) == 0 { dense(source) } else { scaled(source) }
                });
                (output, terms.collect())
            })
            .collect();
        let operators: Vec<(u8, &[Reads])> = operators.iter().map(|(o, terms)| (*o, &terms[..])).collect();
        let class = Class { row_log2: byte(6).saturating_add(9), ..class(input_log2, &operators) };
        let (batch_log2, revealed) = (byte(9), TensorId(u16::from(byte(4))));
        if let Ok(layout) = Layout::new(&class, batch_log2, revealed) {
            accepted += 1;
            assert!(
                layout.rounds <= MAX_VARS && layout.weight_vars <= MAX_VARS && layout.input_log2 <= MAX_VARS
            );
            assert!(layout.vars() <= layout.rounds);
            assert!(layout.contractions.iter().all(|contraction| contraction.vars <= layout.rounds));
        }
    }
    assert!(accepted > 100, "{accepted}");
}

/// A class of one operator with two output axes of 4 and this term over an input of 4 by 4.
fn of_term(term: TermClass) -> Class {
    let input = Input::Tensor { extents: vec![4, 4] };
    let operators = vec![OperatorClass::Affine { axes: vec![2, 2], terms: vec![term] }];
    Class { input, operators, ..class(0, &[]) }
}

fn window(extents: &[u32], step: u32, labels: &[(u8, u32)]) -> Group {
    let labels = labels.iter().map(|(label, extent)| Stride { label: *label, extent: *extent, stride: 1 });
    Group::Window { extents: extents.to_vec(), offset: 0, step, labels: labels.collect() }
}

/// Every way in which a view does not fit its labels or its source.
#[test]
fn views() {
    let linear = |groups: Vec<Group>| TermClass::Linear {
        operand: Operand { source: TensorId(0), groups },
        summed: vec![],
    };
    let axis = |label| Group::Axis { label };
    let listed =
        |indices: usize| Group::Listed { extents: vec![4], labels: vec![(1, 4)], indices: vec![0; indices] };
    assert!(Layout::new(&of_term(linear(vec![axis(1), axis(0)])), 0, TensorId(1)).is_ok());
    assert!(Layout::new(&of_term(linear(vec![axis(0), window(&[4], 1, &[(1, 4)])])), 0, TensorId(1)).is_ok());
    assert!(Layout::new(&of_term(linear(vec![axis(0), listed(4)])), 0, TensorId(1)).is_ok());
    let wrong = [
        ("an axis left over", vec![axis(0)]),
        ("an axis too many", vec![axis(0), axis(1), window(&[1], 1, &[])]),
        ("a label twice", vec![axis(0), axis(0)]),
        ("a label that is none", vec![axis(0), axis(2)]),
        ("a label left out", vec![axis(0), window(&[4], 1, &[])]),
        ("an axis of another length", vec![window(&[4], 1, &[(0, 4)]), window(&[5], 1, &[(1, 4)])]),
        ("a label of another length", vec![axis(0), window(&[4], 1, &[(1, 5)])]),
        ("no step", vec![axis(0), window(&[4], 0, &[(1, 4)])]),
        ("a list too short", vec![axis(0), listed(3)]),
        ("a list too long", vec![axis(0), listed(5)]),
    ];
    for (what, groups) in wrong {
        let refused = error(&of_term(linear(groups)), 0, 1);
        assert_eq!(refused, LayoutError::View { operator: 0, term: 0 }, "{what}");
    }
    // what a linear term sums over lies in a view, which says how far; a weighted term's labels are its weights'
    let read = |groups: Vec<Group>| Operand { source: TensorId(0), groups };
    let summed = TermClass::Linear { operand: read(vec![axis(0), axis(2)]), summed: vec![2] };
    assert_eq!(error(&of_term(summed), 0, 1), LayoutError::View { operator: 0, term: 0 });
    let weighted = |weights: Vec<u8>, groups| TermClass::Weighted {
        weights,
        operand: read(groups),
        contracted: vec![2],
    };
    assert!(Layout::new(&of_term(weighted(vec![0], vec![axis(1), axis(2)])), 0, TensorId(1)).is_ok());
    for (weights, groups) in [
        (vec![], vec![axis(1), axis(2)]),
        (vec![0], vec![axis(0), axis(2)]),
        (vec![0, 0], vec![axis(1), axis(2)]),
        (vec![0, 2], vec![axis(1), axis(2)]),
        (vec![1, 0], vec![axis(1), axis(2)]),
        (vec![0, 1], vec![axis(0), axis(1)]),
    ] {
        let refused = error(&of_term(weighted(weights, groups)), 0, 1);
        assert_eq!(refused, LayoutError::View { operator: 0, term: 0 });
    }
    let product =
        |left, right| TermClass::Product { left: read(left), right: read(right), contracted: vec![2] };
    assert!(
        Layout::new(&of_term(product(vec![axis(0), axis(2)], vec![axis(1), axis(2)])), 0, TensorId(1))
            .is_ok()
    );
    for (left, right) in
        [(vec![axis(0), axis(2)], vec![axis(0), axis(2)]), (vec![axis(0), axis(1)], vec![axis(1), axis(2)])]
    {
        assert_eq!(error(&of_term(product(left, right)), 0, 1), LayoutError::View { operator: 0, term: 0 });
    }
    // combinations, and a vector over an input of several axes: at the limit and one beyond it
    let combinations = |extents: [u32; 2]| {
        let group = window(&[4, 4], 1, &[(0, extents[0]), (1, extents[1])]);
        let operators = vec![OperatorClass::Affine { axes: vec![10, 11], terms: vec![linear(vec![group])] }];
        Layout::new(&Class { operators, ..of_term(linear(vec![])) }, 0, TensorId(1))
    };
    assert!(!matches!(combinations([1 << 10, 1 << 10]), Err(LayoutError::View { .. })));
    assert_eq!(combinations([1 << 10, (1 << 10) + 1]), Err(LayoutError::View { operator: 0, term: 0 }));
    let large = Class { input: Input::Tensor { extents: vec![1 << 10, 1 << 11] }, ..of_term(linear(vec![])) };
    assert_eq!(error(&large, 0, 1), LayoutError::TooLarge { vars: 21 });
}

#[test]
fn tables() {
    let looked_up = |source: u16, table: u8, tables: u8| {
        let mut class = class(2, &[(2, &[dense(0)])]);
        class.operators.push(OperatorClass::Lookup { source: TensorId(source), table });
        Class { tables, ..class }
    };
    let layout = Layout::new(&looked_up(1, 0, 1), 0, TensorId(2)).unwrap();
    assert_eq!((layout.table_vars(), layout.rounds, layout.table_rows()), (16, 9, 1 << 7));
    assert_eq!(layout.program_rows(), layout.weight_rows() + layout.bias_rows() + layout.table_rows());
    let table = |operator, table, tables| LayoutError::Table { operator, table, tables };
    assert_eq!(error(&looked_up(1, 1, 1), 0, 1), table(1, 1, 1));
    assert_eq!(error(&looked_up(1, 0, 0), 0, 1), table(1, 0, 0));
    assert_eq!(error(&looked_up(1, 1, 2), 0, 1), table(2, 0, 2), "table 0 is looked up by nobody");
    // the input, itself, what is no operator, and another lookup's output
    for source in [0, 2, 3, u16::MAX] {
        assert_eq!(
            error(&looked_up(source, 0, 1), 0, 1),
            LayoutError::Wiring { operator: 1, tensor: source }
        );
    }
    let mut twice = looked_up(1, 0, 1);
    twice.operators.push(OperatorClass::Lookup { source: TensorId(2), table: 0 });
    assert_eq!(error(&twice, 0, 1), LayoutError::Wiring { operator: 2, tensor: 2 });
}

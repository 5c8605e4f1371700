//! Hostile classes: every error of a layout, and no shift, sum or allocation that follows a class's bytes.

use candor_benches::synthetic::Random;
use candor_circuits::layout::{Layout, LayoutError, MAX_VARS};
use candor_program::class::{Class, FORMAT_VERSION, OperatorClass, TensorId, TermClass};

fn dense(source: u16) -> TermClass {
    TermClass::Dense { source: TensorId(source) }
}

fn scaled(source: u16) -> TermClass {
    TermClass::Scaled { source: TensorId(source) }
}

fn class(input_log2: u8, operators: &[(u8, &[TermClass])]) -> Class {
    let operator = |(output_log2, terms): &(u8, &[TermClass])| OperatorClass::Affine {
        output_log2: *output_log2,
        terms: terms.to_vec(),
    };
    Class {
        version: FORMAT_VERSION,
        input_log2,
        operators: operators.iter().map(operator).collect(),
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
    assert!(fits(&one(4, 4), 20));
    assert_eq!(error(&one(4, 4), 21, 1), too_large(MAX_VARS + 1));
    for log2 in [29, 63, 64, 128, 255] {
        assert_eq!(error(&one(0, log2), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&one(log2, 0), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&class(log2, &[(0, &[])]), 0, 1), too_large(usize::from(log2)));
        assert_eq!(error(&class(0, &[(log2, &[])]), 0, 1), too_large(usize::from(log2)));
        assert!(matches!(error(&one(1, 1), log2, 1), LayoutError::TooLarge { .. }));
    }
    assert_eq!(error(&one(255, 255), 255, 1), too_large(510));
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
    assert_eq!(error(&lengths, 0, 1), LayoutError::ScaledLength { operator: 0 });
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
        let operators: Vec<(u8, Vec<TermClass>)> = (0..byte(6))
            .map(|operator| {
                let output = byte(12);
                let terms = (0..byte(4) % 64).map(|_| {
                    let source = u16::from(byte(u64::from(operator) + 2));
                    if byte(2) == 0 { dense(source) } else { scaled(source) }
                });
                (output, terms.collect())
            })
            .collect();
        let operators: Vec<(u8, &[TermClass])> =
            operators.iter().map(|(o, terms)| (*o, &terms[..])).collect();
        let class = Class { row_log2: byte(6).saturating_add(9), ..class(input_log2, &operators) };
        let (batch_log2, revealed) = (byte(9), TensorId(u16::from(byte(4))));
        if let Ok(layout) = Layout::new(&class, batch_log2, revealed) {
            accepted += 1;
            assert!(
                layout.vars() <= MAX_VARS && layout.weight_vars <= MAX_VARS && layout.input_log2 <= MAX_VARS
            );
            assert!(layout.dense.iter().all(|term| term.input_log2 <= layout.vars()));
        }
    }
    assert!(accepted > 100, "{accepted}");
}

//! What verifying costs is known from the class, and a hostile class is refused before any of it is done (threats.md 28).

use candor_benches::synthetic::Random;
use candor_circuits::argument;
use candor_circuits::channel::{Channel, Check, Received, Step};
use candor_circuits::claim::OBJECTS;
use candor_circuits::layout::{Layout, LayoutError};
use candor_circuits::statement::{OperatorData, ProgramData, PublicValues};
use candor_circuits::work::{MAX_WORK, multiplications};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::class::{
    Class, FORMAT_VERSION, Group, Input, Operand, OperatorClass, Stride, TensorId, TermClass,
};
use std::cell::Cell;
use std::convert::Infallible;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// A field element that counts its multiplications.
#[derive(Clone)]
struct Counted(Fr);

impl Arith for Counted {
    fn constant(value: Fr) -> Self {
        Self(value)
    }
    fn plus(&self, other: &Self) -> Self {
        Self(self.0 + other.0)
    }
    fn minus(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }
    fn times(&self, other: &Self) -> Self {
        COUNT.set(COUNT.get() + 1);
        Self(self.0 * other.0)
    }
}

/// Believes everything, so that the whole verification runs.
struct Believing {
    random: Random,
    absorbed: u64,
    points: usize,
}

impl Channel for Believing {
    type F = Counted;
    type Error = Infallible;

    fn known(&mut self, _: Step, values: &[Counted]) {
        self.absorbed += values.len() as u64;
    }
    fn scalars(&mut self, step: Step, count: usize) -> Result<Vec<Counted>, Infallible> {
        let scalars: Vec<Counted> = (0..count).map(|_| self.challenge()).collect();
        self.known(step, &scalars);
        Ok(scalars)
    }
    fn points(&mut self, _: Step, count: usize) -> Result<Received, Infallible> {
        self.points += count;
        Ok(Received { first: self.points - count, count })
    }
    fn challenge(&mut self) -> Counted {
        Counted(Fr::from(self.random.next_u64()))
    }
    fn equal(&mut self, _: Check, _: &Counted, _: &Counted) -> Result<(), Infallible> {
        Ok(())
    }
    fn inverse(&mut self, _: Check, value: &Counted) -> Result<Counted, Infallible> {
        Ok(value.clone())
    }
}

/// Multiplications and absorbed elements of a verification of this layout.
fn counted(layout: &Layout) -> (u64, u64) {
    let zero = || Counted(Fr::from(0u64));
    let zeros = |count: usize| vec![zero(); count];
    let data = |count| OperatorData { multiplier: zero(), low: zero(), coefficients: zeros(count) };
    let program = ProgramData {
        class_digest: zero(),
        model_id: [zero(), zero()],
        program_fr: zero(),
        operators: layout.coefficients().into_iter().map(data).collect(),
    };
    let values = vec![zeros(1 << layout.revealed_output().place.vars); layout.batch()];
    let public = PublicValues {
        context: zero(),
        revealed: layout.revealed,
        features: vec![zeros(1 << layout.input_log2); layout.batch()],
        above_low: values.clone(),
        values,
    };
    let mut channel = Believing { random: Random(1), absorbed: 0, points: 0 };
    COUNT.set(0);
    let Ok(outstanding) = argument::verify(&mut channel, layout, &program, &public);
    let scalars = argument::row_scalars(layout, &outstanding.row_terms);
    assert_eq!(scalars.len(), OBJECTS.len());
    (COUNT.get(), channel.absorbed)
}

fn class(input_log2: u8, operators: Vec<(u8, Vec<TermClass>)>) -> Class {
    let operator = |(output_log2, terms)| OperatorClass::Affine { axes: vec![output_log2], terms };
    let operators = operators.into_iter().map(operator).collect();
    Class {
        version: FORMAT_VERSION,
        input: Input::Vector { log2: input_log2 },
        operators,
        tables: 0,
        row_log2: 14,
        policy_size: 16,
        state_size: 4,
        evidence_size: 0,
    }
}

/// Many operators, each reading the input many times: without care, every term would fold the whole batch again.
fn hostile(input_log2: u8, operators: usize, scaled: bool) -> Class {
    let source = TensorId(0);
    let term = if scaled { TermClass::scaled(source) } else { TermClass::dense(source, input_log2) };
    let output_log2 = if scaled { input_log2 } else { 0 };
    class(input_log2, vec![(output_log2, vec![term; 64]); operators])
}

#[test]
fn the_estimate_is_not_exceeded() {
    let dense = |source, log2| TermClass::dense(TensorId(source), log2);
    let layered = class(
        6,
        vec![
            (7, vec![dense(0, 6)]),
            (7, vec![dense(1, 7), TermClass::scaled(TensorId(1))]),
            (2, vec![dense(2, 7)]),
        ],
    );
    for (class, batch_log2) in [
        (layered.clone(), 0),
        (layered, 5),
        (hostile(10, 1, false), 8),
        (hostile(9, 64, false), 6),
        (hostile(6, 16, true), 8),
    ] {
        let layout = Layout::new(&class, batch_log2, TensorId(1)).unwrap();
        let (got, absorbed) = counted(&layout);
        let estimate = multiplications(&layout);
        // 240 multiplications a permutation of two elements, by its rounds
        let spent = got + 120 * absorbed;
        assert!(spent <= estimate, "{spent} of {estimate}");
        assert!(estimate <= MAX_WORK);
    }
}

/// Views of the input and of a tensor longer than a row, products, and lookups: the combinations of every view are counted.
#[test]
fn the_estimate_counts_views() {
    let window = |extents: &[u32], labels: &[(u8, u32)]| Group::Window {
        extents: extents.to_vec(),
        offset: 0,
        step: 1,
        labels: labels
            .iter()
            .map(|(label, extent)| Stride { label: *label, extent: *extent, stride: 1 })
            .collect(),
    };
    let read = |source, groups| Operand { source: TensorId(source), groups };
    let wide =
        TermClass::Linear { operand: read(0, vec![window(&[30, 30], &[(0, 30), (1, 30)])]), summed: vec![] };
    let all = || read(1, vec![window(&[30, 30], &[(0, 2), (1, 450)])]);
    let product = TermClass::Product { left: all(), right: all(), contracted: vec![9] };
    let sum = TermClass::Linear { operand: all(), summed: vec![9] };
    let operators = vec![
        OperatorClass::Affine { axes: vec![5, 5], terms: vec![wide; 20] },
        OperatorClass::Lookup { source: TensorId(1), table: 0 },
        OperatorClass::Affine { axes: vec![1], terms: vec![sum; 30] },
        OperatorClass::Affine { axes: vec![1], terms: vec![product; 30] },
    ];
    let class = Class {
        input: Input::Tensor { extents: vec![30, 30] },
        operators,
        tables: 1,
        row_log2: 9,
        ..hostile(0, 1, false)
    };
    for batch_log2 in [0, 3] {
        let layout = Layout::new(&class, batch_log2, TensorId(2)).unwrap();
        let (got, absorbed) = counted(&layout);
        let estimate = multiplications(&layout);
        assert!(got > 100_000, "{got}");
        assert!(got + 120 * absorbed <= estimate, "{got} and {absorbed} elements of {estimate}");
    }
}

/// The input is folded once for each length of an output, however many terms read it.
#[test]
fn terms_that_read_the_input_share_its_folds() {
    let one = counted(&Layout::new(&hostile(8, 1, false), 8, TensorId(1)).unwrap()).0;
    let many = counted(&Layout::new(&hostile(8, 16, false), 8, TensorId(1)).unwrap()).0;
    let fold = 1 << 16;
    assert!(many < one + 16 * fold, "{one}, then {many}: 1024 terms of which each alone folds {fold} values");
    let one = counted(&Layout::new(&hostile(8, 1, true), 4, TensorId(1)).unwrap()).0;
    let many = counted(&Layout::new(&hostile(8, 16, true), 4, TensorId(1)).unwrap()).0;
    assert!(many < one + 64 * (1 << 12), "{one}, then {many}");
}

#[test]
fn too_much_work_is_refused_by_the_class_alone() {
    // 2^8 decisions of 2^16 features: absorbing them alone takes a billion multiplications
    let refused = Layout::new(&hostile(16, 1, false), 8, TensorId(1)).unwrap_err();
    let LayoutError::Work { limit, got } = refused else { panic!("{refused}") };
    assert_eq!(limit, MAX_WORK);
    assert!(got > 1 << 28, "{got}");
    // the limit: of growing batches, exactly those are refused whose estimate is above it
    let (mut fits, mut exceeds) = (0, 0);
    for input_log2 in 8..=18 {
        for batch_log2 in 0..=8 {
            match Layout::new(&hostile(input_log2, 1, false), batch_log2, TensorId(1)) {
                Ok(layout) => {
                    assert!(multiplications(&layout) <= MAX_WORK);
                    fits += 1;
                }
                Err(LayoutError::Work { got, .. }) => {
                    assert!(got > MAX_WORK);
                    exceeds += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(fits > 50 && exceeds > 3, "{fits}, {exceeds}");
}

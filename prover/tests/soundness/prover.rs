//! What the prover refuses, by name: nothing that no verifier would accept is proven.

use crate::case::{case, reference};
use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::layout::{Layout, LayoutError};
use candor_program::Program;
use candor_program::class::TensorId;
use candor_program::decimal::format_decimal;
use candor_program::interval::ProgramError;
use candor_program::observation::Observation;
use candor_program::operator::Operator;
use candor_prover::witness::{Witness, WitnessError};
use candor_prover::{CommitError, ProveError, Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, SignedRecord, Start};

fn refused(result: Result<Prover<'_>, ProveError>) -> ProveError {
    result.err().expect("the program must be refused")
}

#[test]
fn programs_that_are_not_well_formed() {
    let mut program = case().program.clone();
    let Operator::Affine(affine) = &mut program.card.operators[0] else { panic!("a lookup") };
    affine.rescale.multiplier = 0;
    let error = refused(Prover::new(&program, reference()));
    assert!(matches!(error, ProveError::Program(ProgramError::Multiplier { operator: 0 })), "{error}");
}

#[test]
fn other_reference_strings() {
    let other = ReferenceString::development(10, &[2; 32]).unwrap();
    for result in [Prover::new, Prover::new_unchecked].map(|new| new(&case().program, &other)) {
        let error = refused(result);
        let ProveError::OtherSetup { expected, got } = error else { panic!("{error}") };
        assert_ne!(expected, got);
    }
}

#[test]
fn rows_that_are_not_the_weights() {
    let rows = |change: &dyn Fn(&mut Program)| {
        let mut program = case().program.clone();
        change(&mut program);
        match refused(Prover::new(&program, reference())) {
            ProveError::OtherWeights { row } => row,
            error => panic!("{error}"),
        }
    };
    assert_eq!(rows(&|program| program.weights.operators[1].dense[0][0] ^= 1), 0);
    assert_eq!(rows(&|program| program.weights.operators[1].bias[0] += 1), 1);
    assert_eq!(rows(&|program| program.card.weight_rows.swap(0, 1)), 0);
    assert_eq!(
        rows(&|program| {
            program.card.weight_rows.pop();
        }),
        1
    );
    assert_eq!(rows(&|program| program.card.weight_rows.push(program.card.weight_rows[0])), 2);
}

#[test]
fn programs_that_cannot_be_committed() {
    let mut program = case().program.clone();
    program.card.class.row_log2 = 8;
    let error = commit_program(reference(), &program.card, &program.weights).unwrap_err();
    assert_eq!(error, CommitError::Layout(LayoutError::RowLength { row_log2: 8 }));
}

/// An excess beyond the limit has no row: interval analysis excludes it, and the witness does not wrap.
#[test]
fn witnesses_that_have_no_row() {
    let shape = Shape { widths: &[1, 1], row_log2: 9, residual: false, gain: 1 };
    let mut program = perceptron(&shape, reference().card(), 1);
    program.weights.operators[0].dense[0][0] = 0;
    let layout = Layout::new(&program.card.class, 0, TensorId(1)).unwrap();
    let mut witness = |bias: i64| {
        program.weights.operators[0].bias[0] = bias;
        Witness::new(&program, &layout, &[vec![0]]).map(|witness| witness.tensors[0][1][0])
    };
    let limit = ((1 << 24) + 32_767) << 16;
    assert_eq!(witness(limit - 65_536).unwrap(), 32_767);
    let error = witness(limit).unwrap_err();
    let WitnessError::Excess { operator, index } = error;
    assert_eq!((operator, index), (0, 0));
}

fn observation(program: &Program, time: u64, random: &mut Random) -> Observation {
    let features = program.card.features.iter().map(|feature| {
        let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
        format!("\"{}\"", format_decimal(value, feature.decimals))
    });
    let values: Vec<String> = features.collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Observation::from_json(&line, &program.card).unwrap()
}

fn records(program: &Program, count: u64) -> Vec<SignedRecord> {
    let key = AgentKey::from_bytes(&[5; 32]).unwrap();
    let mut recorder = Recorder::resume(program.clone(), key, None).unwrap();
    let mut random = Random(3);
    let mut record = |time| {
        let salts = Salts { observations: u128::from(time), evidence: 7 };
        recorder.record(observation(program, 1_000 + time, &mut random), salts).unwrap().record
    };
    (0..count).map(&mut record).collect()
}

#[test]
fn records_that_cannot_be_proven() {
    let program = &case().program;
    let prover = Prover::new(program, reference()).unwrap();
    let honest = records(program, 3);
    let prove = |change: &dyn Fn(&mut Vec<SignedRecord>)| {
        let mut records = honest.clone();
        change(&mut records);
        let bundle = Bundle { card: program.card.clone(), start: Start::Genesis, records };
        prover.prove_path(&bundle, [1; 20], &mut |_, _| {})
    };
    assert_eq!(prove(&|_| ()).unwrap().segments.len(), 1);
    let error = prove(&|records| records[1].body.outputs[0] ^= 1).unwrap_err();
    assert!(matches!(error, ProveError::OutputsDiffer { sequence: 1 }), "{error}");
    let error = prove(&|records| records[2].header.program_id[0] ^= 1).unwrap_err();
    assert!(matches!(error, ProveError::OtherProgram { sequence: 2 }), "{error}");
    let error = prove(&|records| records[0].body.observation.payloads.clear()).unwrap_err();
    assert!(matches!(error, ProveError::Observation { sequence: 0, .. }), "{error}");

    // a tensor's true value is proven whatever the record says of it; one that is no tensor is refused
    let mut cheated = honest[1].clone();
    cheated.body.outputs[0] ^= 1;
    let (_, values) = prover.prove_tensor(&cheated, TensorId(3), [1; 20]).unwrap();
    assert_eq!(values, honest[1].body.outputs);
    for tensor in [0, 4, u16::MAX] {
        let error = prover.prove_tensor(&honest[0], TensorId(tensor), [1; 20]).unwrap_err();
        let refused = matches!(error, ProveError::Layout(LayoutError::Revealed { tensor: t }) if t == tensor);
        assert!(refused, "{error}");
    }
}

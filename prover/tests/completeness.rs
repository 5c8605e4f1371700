//! Honest proofs are accepted, whatever the shape.

use ark_bn254::G1Affine;
use candor_benches::synthetic::{Random, Shape, features, perceptron};
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native::{self, ArgumentError};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::class::{OperatorClass, TensorId, TermClass};
use candor_program::digest::ProgramIds;
use candor_program::operator::{Affine, Operator, Term};
use candor_program::{Fr, Program};
use candor_prover::argument::prove;
use candor_prover::witness::Witness;
use candor_prover::{Prover, ReferenceString, commit_program};

fn reference() -> ReferenceString {
    ReferenceString::development(11, &[1; 32]).unwrap()
}

fn program(shape: &Shape<'_>, reference: &ReferenceString, seed: u64) -> Program {
    let mut program = perceptron(shape, reference.card(), seed);
    program.card.weight_rows = commit_program(reference, &program.card, &program.weights).unwrap();
    program
}

/// Proves and verifies decisions with these features; gives the proof's length.
fn roundtrip(
    program: &Program,
    reference: &ReferenceString,
    decisions: &[Vec<u16>],
    batch_log2: u8,
    revealed: TensorId,
) -> Result<usize, ArgumentError> {
    let prover = Prover::new(program, reference).unwrap();
    let layout = Layout::new(&program.card.class, batch_log2, revealed).unwrap();
    let witness = Witness::new(program, &layout, decisions).unwrap();
    let values =
        witness.tensors.iter().take(decisions.len()).map(|t| t[usize::from(revealed.0)].clone()).collect();
    let statement =
        Statement { batch_log2, context: Fr::from(5u64), revealed, features: decisions.to_vec(), values };
    let public = statement.public_values(&program.card).unwrap();
    let proof = prove(&prover.key(), &layout, &public, &witness);
    let ids = ProgramIds::of(&program.card);
    let rows: Vec<G1Affine> = decode_rows(&program.card).unwrap();
    let setup = VerifierSetup::of(&program.card.setup).unwrap();
    native::verify(&layout, &ProgramData::of(&program.card, &ids), &public, &rows, &setup, &proof)
        .map(|()| proof.len())
}

#[test]
fn shapes_batches_and_revealed_tensors() {
    let reference = reference();
    let shapes: [(&[usize], u8, bool, i64); 8] = [
        (&[5, 3], 9, false, 1),
        (&[1, 1], 9, false, 1),
        (&[64, 128, 128, 64, 3], 10, false, 1),
        (&[7, 9, 9, 9, 4], 9, true, 1),
        (&[40, 33, 17, 3], 9, false, 16),
        (&[3, 200, 2], 11, false, 4),
        (&[16, 16, 16, 16, 16, 2], 10, true, 8),
        (&[100, 3], 9, false, 1),
    ];
    for (i, (widths, row_log2, residual, gain)) in shapes.into_iter().enumerate() {
        let program = program(&Shape { widths, row_log2, residual, gain }, &reference, i as u64);
        for (batch_log2, count) in [(0, 1), (2, 3)] {
            let decisions: Vec<_> = (0..count).map(|seed| features(&program, seed)).collect();
            for revealed in 1..widths.len() as u16 {
                let result = roundtrip(&program, &reference, &decisions, batch_log2, TensorId(revealed));
                assert!(
                    result.is_ok(),
                    "widths {widths:?}, batch 2^{batch_log2}, tensor {revealed}: {result:?}"
                );
            }
        }
    }
}

/// A few outputs of many inputs, and every way of reading a tensor: twice, by nobody, scaled, without any matrix.
#[test]
fn every_way_of_wiring() {
    let reference = reference();
    let wide = program(&Shape { widths: &[300, 3], row_log2: 9, residual: false, gain: 1 }, &reference, 1);
    for batch_log2 in [0, 2] {
        assert_eq!(roundtrip_all(&wide, &reference, batch_log2), Ok(()));
    }
    let wired = |change: &dyn Fn(&mut Program)| {
        let shape = Shape { widths: &[6, 6, 6, 6], row_log2: 9, residual: true, gain: 2 };
        let mut program = perceptron(&shape, reference.card(), 5);
        change(&mut program);
        program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
        program.validate().unwrap();
        for batch_log2 in [0, 1] {
            assert_eq!(roundtrip_all(&program, &reference, batch_log2), Ok(()));
        }
    };
    // the input read by the last operator as well, by matrix and scaled
    wired(&|program| {
        add(program, 2, dense(0));
        add(program, 2, scaled(0, -3));
    });
    // one tensor read twice by one operator, with opposite signs
    wired(&|program| {
        add(program, 1, dense(1));
        add(program, 1, scaled(1, -(1 << 15)));
    });
    // nobody reads the first two operators
    wired(&|program| {
        set(program, 1, vec![dense(0)]);
        set(program, 2, vec![scaled(0, 70_000)]);
    });
    // no matrix at all, and an operator that is a constant
    wired(&|program| {
        set(program, 0, vec![scaled(0, 1 << 16)]);
        set(program, 1, vec![scaled(1, 0)]);
        set(program, 2, vec![scaled(1, 1 << 23)]);
        affine(program, 2).0.rescale.multiplier = 1;
        program.weights.operators[2].bias = vec![-1, 0, 1, i64::from(i32::MIN), 1 << 36, -(1 << 36)];
    });
}

/// Programs of 2, 8 and 32 layers whose outputs fill the same cube have proofs of the same rounds: what grows is the two
/// values of every further matrix.
#[test]
fn proofs_of_deep_programs() {
    let reference = reference();
    let proof = |layers: usize, width: usize| {
        let widths: Vec<usize> = std::iter::once(8).chain(std::iter::repeat_n(width, layers)).collect();
        let program =
            program(&Shape { widths: &widths, row_log2: 9, residual: false, gain: 1 }, &reference, 2);
        let layout = Layout::new(&program.card.class, 0, TensorId(layers as u16)).unwrap();
        let decisions = [features(&program, 1)];
        let length = roundtrip(&program, &reference, &decisions, 0, TensorId(layers as u16)).unwrap();
        (layout.vars(), layout.row_log2, length - 64 * layers)
    };
    let two = proof(2, 64);
    assert_eq!(two, proof(8, 16));
    assert_eq!(two, proof(32, 4));
}

fn roundtrip_all(
    program: &Program,
    reference: &ReferenceString,
    batch_log2: u8,
) -> Result<(), ArgumentError> {
    let decisions: Vec<_> = (0..1 << batch_log2).map(|seed| features(program, seed)).collect();
    for revealed in 1..=program.card.operators.len() as u16 {
        roundtrip(program, reference, &decisions, batch_log2, TensorId(revealed))?;
    }
    Ok(())
}

/// A term as class and card have it, over tensors of six values.
type Summand = (TermClass, Term);

fn dense(source: u16) -> Summand {
    (TermClass::dense(TensorId(source), 3), Term::dense(6))
}

fn scaled(source: u16, coefficient: i32) -> Summand {
    (TermClass::scaled(TensorId(source)), Term::scaled(coefficient))
}

fn affine(program: &mut Program, operator: usize) -> (&mut Affine, &mut Vec<TermClass>) {
    let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) =
        (&mut program.card.operators[operator], &mut program.card.class.operators[operator])
    else {
        panic!("a perceptron has no lookups")
    };
    (affine, terms)
}

/// Replaces the terms of an operator; matrices are pseudo-random.
fn set(program: &mut Program, operator: usize, terms: Vec<Summand>) {
    program.weights.operators[operator].dense.clear();
    let (own, classes) = affine(program, operator);
    own.terms.clear();
    classes.clear();
    for term in terms {
        add(program, operator, term);
    }
}

fn add(program: &mut Program, operator: usize, (shape, term): Summand) {
    if let TermClass::Weighted { .. } = shape {
        let mut random = Random(operator as u64 + 40);
        let matrix = (0..36).map(|_| random.signed(40_000) as i32);
        program.weights.operators[operator].dense.push(matrix.collect());
    }
    let (own, classes) = affine(program, operator);
    own.terms.push(term);
    classes.push(shape);
}

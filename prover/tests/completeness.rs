//! Honest proofs are accepted, whatever the shape.

use ark_bn254::G1Affine;
use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native::{self, ArgumentError};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
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
    let witness = Witness::new(&program.card, &program.weights, &layout, decisions).unwrap();
    let values = witness.tensors.iter().take(decisions.len()).map(|t| t[usize::from(revealed.0)].clone()).collect();
    let statement =
        Statement { batch_log2, context: Fr::from(5u64), revealed, features: decisions.to_vec(), values };
    let public = statement.public_values(&program.card).unwrap();
    let proof = prove(&prover.key(), &layout, &public, &witness);
    let ids = ProgramIds::of(&program.card);
    let rows: Vec<G1Affine> = decode_rows(&program.card).unwrap();
    let setup = VerifierSetup::of(&program.card.setup).unwrap();
    native::verify(&layout, &ProgramData::of(&program.card, &ids), &public, &rows, &setup, &proof).map(|()| proof.len())
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
                assert!(result.is_ok(), "widths {widths:?}, batch 2^{batch_log2}, tensor {revealed}: {result:?}");
            }
        }
    }
}

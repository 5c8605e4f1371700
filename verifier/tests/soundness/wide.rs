//! A program so wide that a batch of its decisions has no layout, though one decision has.

use crate::agent::{PAYOUT, START, Want, expected_of, key, observation, salts, uncommitted};
use candor_verifier::circuits::model::weight_layout;
use candor_verifier::program::card::{OperatorWeights, PointBytes, Program};
use candor_verifier::program::class::{OperatorClass, TensorId, TermClass};
use candor_verifier::program::operator::{Affine, Operator, Rescale, Term};
use candor_verifier::trace::{Bundle, Purpose, Recorder, Start};
use candor_verifier::{ProofFile, SegmentProof, VerifyError, verify};

const WIDTH: u32 = 1 << 16;
const LAYERS: u16 = 31;

fn rescale(low: i32) -> Rescale {
    Rescale { multiplier: 1 << 16, low }
}

fn push(
    program: &mut Program,
    output_log2: u8,
    width: u32,
    terms: Vec<(TermClass, Term)>,
    dense: Vec<Vec<i32>>,
) {
    let (classes, terms) = terms.into_iter().unzip();
    program.card.class.operators.push(OperatorClass::Affine { axes: vec![output_log2], terms: classes });
    program.card.operators.push(Operator::Affine(Affine { axes: vec![width], terms, rescale: rescale(0) }));
    program.weights.operators.push(OperatorWeights { dense, bias: vec![0; width as usize] });
}

/// 2^21 positions a decision, 2^24 cells: a batch of 32 exceeds 2^28.
fn program() -> Program {
    let mut program = uncommitted(crate::agent::PROGRAM.card.setup.clone());
    program.card.class.operators.clear();
    program.card.operators.clear();
    program.weights.operators.clear();
    let dense = |source, log2, width| (TermClass::dense(TensorId(source), log2), Term::dense(width));
    let scaled = |source| (TermClass::scaled(TensorId(source)), Term::scaled(1));
    push(&mut program, 16, WIDTH, vec![dense(0, 2, 3)], vec![vec![0; 3 * WIDTH as usize]]);
    for layer in 1..LAYERS {
        push(&mut program, 16, WIDTH, vec![scaled(layer)], Vec::new());
    }
    push(&mut program, 2, 3, vec![dense(LAYERS, 16, WIDTH)], vec![vec![0; 3 * WIDTH as usize]]);
    let layout = weight_layout(&program.card).expect("one decision fits");
    program.card.weight_rows = vec![PointBytes([0; 64]); layout.program_rows()];
    program.validate().expect("well formed");
    program
}

/// What `verify` says about 17 records in one batch.
pub(crate) fn batch_beyond_the_layout() -> VerifyError {
    let program = program();
    let expected = expected_of(&program);
    let mut recorder = Recorder::resume(program, key(), None).expect("genesis");
    let record =
        |number| recorder.record(observation(START, Want::Hold), salts(number)).expect("recorded").record;
    let records = (0..17).map(record).collect();
    let bundle = Bundle { card: recorder.program().card.clone(), start: Start::Genesis, records };
    let proof = ProofFile {
        program_id: expected.program_id,
        development_setup: true,
        purpose: Purpose::Path,
        payout: PAYOUT,
        first_sequence: 0,
        revealed: bundle.card.class.output(),
        segments: vec![SegmentProof { decisions: 17, batch_log2: 5, argument: Vec::new() }],
    };
    verify(&expected, &bundle, &proof).expect_err("no layout")
}

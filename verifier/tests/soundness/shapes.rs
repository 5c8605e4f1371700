//! Programs of every small shape, made by somebody who wants the verifier to fail: an all-zero proof is read to its
//! end and rejected, a longer or shorter one is malformed, and nothing panics.

use crate::agent::{PAYOUT, Random, START, Want, expected_of, key, observation, salts, uncommitted};
use candor_verifier::circuits::model::weight_layout;
use candor_verifier::circuits::native::ArgumentError;
use candor_verifier::program::card::{OperatorWeights, PointBytes, Program};
use candor_verifier::program::class::{OperatorClass, TensorId, TermClass};
use candor_verifier::program::head::ActionTemplate;
use candor_verifier::program::operator::{Affine, Operator, Rescale, Term};
use candor_verifier::program::{digest::ProgramIds, head::Head};
use candor_verifier::trace::{Bundle, Purpose, Recorder, Start};
use candor_verifier::{ErrorKind, Expected, ProofFile, SegmentProof, VerifyError, verify};

fn log2(width: u32) -> u8 {
    width.next_power_of_two().trailing_zeros() as u8
}

/// A valid program of random wiring with zero weights, so that the identity commits to them.
fn program(random: &mut Random) -> Program {
    let mut program = uncommitted(crate::agent::PROGRAM.card.setup.clone());
    let card = &mut program.card;
    card.class.operators.clear();
    card.operators.clear();
    program.weights.operators.clear();
    let mut widths = vec![card.features.len() as u32];
    for _ in 0..1 + random.below(4) {
        let mut width = 1 + random.below(9) as u32;
        let (mut classes, mut terms, mut dense) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..1 + random.below(3) {
            let tensor = random.below(widths.len());
            let source = TensorId(tensor as u16);
            if random.below(2) == 0 {
                classes.push(TermClass::dense(source, log2(widths[tensor])));
                terms.push(Term::dense(widths[tensor]));
                dense.push(tensor);
            } else if classes.is_empty() || widths[tensor] == width {
                width = widths[tensor];
                let coefficient = random.below(5) as i32 - 2;
                classes.push(TermClass::scaled(source));
                terms.push(Term::scaled(coefficient));
            }
        }
        if terms.is_empty() {
            continue;
        }
        let low = -(random.below(3) as i32) * 1000;
        let rescale = Rescale { multiplier: 1 + random.below(1 << 16) as u32, low };
        card.class.operators.push(OperatorClass::Affine { axes: vec![log2(width)], terms: classes });
        card.operators.push(Operator::Affine(Affine { axes: vec![width], terms, rescale }));
        let dense = dense.into_iter().map(|tensor| vec![0; (widths[tensor] * width) as usize]).collect();
        program.weights.operators.push(OperatorWeights { dense, bias: vec![0; width as usize] });
        widths.push(width);
    }
    let outputs = *widths.last().expect("the input at least");
    let action = |index: u32| ActionTemplate {
        name: format!("action {index}"),
        abstain: index == 0,
        amount: i64::from(index),
        asset: 0,
        venue: 0,
    };
    let actions = (0..outputs).map(action).collect();
    card.head = Head::ArgMax { actions, assets: Vec::new(), venues: Vec::new() };
    if let Ok(layout) = weight_layout(card) {
        card.weight_rows = vec![PointBytes([0; 64]); layout.program_rows()];
    }
    program
}

fn zero_proof(
    bundle: &Bundle,
    expected: &Expected,
    batch_log2: u8,
    length: usize,
) -> Result<(), VerifyError> {
    let segment =
        SegmentProof { decisions: bundle.records.len() as u32, batch_log2, argument: vec![0; length] };
    let proof = ProofFile {
        program_id: expected.program_id,
        development_setup: true,
        purpose: Purpose::Path,
        payout: PAYOUT,
        first_sequence: 0,
        revealed: bundle.card.class.output(),
        segments: vec![segment],
    };
    verify(expected, bundle, &proof).map(drop)
}

#[test]
fn zero_proofs_of_any_shape_are_rejected() {
    let (mut random, mut rejected) = (Random(11), 0);
    for _ in 0..150 {
        let program = program(&mut random);
        if program.validate().is_err() {
            continue;
        }
        let expected = expected_of(&program);
        assert_eq!(expected.program_id, ProgramIds::of(&program.card).program_id);
        let card = program.card.clone();
        let mut recorder = Recorder::resume(program, key(), None).expect("genesis");
        let batch_log2 = random.below(3) as u8;
        let record =
            |number| recorder.record(observation(START, Want::Buy), salts(number)).expect("recorded").record;
        let records = (0..1 << batch_log2).map(record).collect();
        let bundle = Bundle { card, start: Start::Genesis, records };
        let long = zero_proof(&bundle, &expected, batch_log2, 1 << 16).expect_err("too long");
        let VerifyError::Argument { source: ArgumentError::Trailing { extra }, .. } = long else {
            // Already rejected while it was read: not with zeros of this length.
            assert_eq!(long.kind(), ErrorKind::Rejected, "{long}");
            rejected += 1;
            continue;
        };
        let length = (1 << 16) - extra;
        let exact = zero_proof(&bundle, &expected, batch_log2, length).expect_err("zeros");
        assert_eq!(exact.kind(), ErrorKind::Rejected, "{exact}");
        let short = zero_proof(&bundle, &expected, batch_log2, length - 1).expect_err("too short");
        assert_eq!(short.kind(), ErrorKind::Malformed, "{short}");
        rejected += 1;
    }
    assert!(rejected > 80, "{rejected} of 150 shapes are valid");
}

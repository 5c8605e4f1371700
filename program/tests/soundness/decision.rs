//! Inputs that do not fit the card.

use crate::sample;
use candor_program::decision::{DecisionError, DecisionInput, decide};
use candor_program::evidence::{Evidence, Statement};
use candor_program::limits;
use candor_program::state::State;

fn refused(change: impl FnOnce(&mut Inputs)) -> Option<DecisionError> {
    let mut inputs = Inputs {
        features: vec![10_000, 65_535, 1_100],
        outputs: vec![1, 2, 3],
        state: State { time: limits::TIME - 1, registers: vec![0; 4] },
        evidence: Evidence(vec![Some(Statement { value: 0, issued: limits::TIME - 1, expires: 0 }); 2]),
        time: limits::TIME - 1,
        sequence: limits::TIME - 1,
    };
    change(&mut inputs);
    let Inputs { features, outputs, state, evidence, time, sequence } = &inputs;
    let card = &sample::witnessed();
    assert_eq!(card.validate(), Ok(()));
    decide(&DecisionInput { card, features, outputs, state, evidence, time: *time, sequence: *sequence })
        .err()
}

struct Inputs {
    features: Vec<u16>,
    outputs: Vec<i32>,
    state: State,
    evidence: Evidence,
    time: u64,
    sequence: u64,
}

#[test]
fn everything_at_its_end_is_accepted() {
    assert_eq!(refused(|_| ()), None);
}

#[test]
fn feature_count() {
    let error = DecisionError::FeatureCount { expected: 3, got: 2 };
    assert_eq!(refused(|inputs| inputs.features.truncate(2)), Some(error));
}

#[test]
fn feature_range() {
    let error = DecisionError::FeatureRange { index: 2, limit: 1_100, got: 1_101 };
    assert_eq!(refused(|inputs| inputs.features[2] = 1_101), Some(error));
}

#[test]
fn output_count() {
    let error = |got| Some(DecisionError::OutputCount { expected: 3, got });
    assert_eq!(refused(|inputs| inputs.outputs.push(0)), error(4));
    assert_eq!(refused(|inputs| inputs.outputs.clear()), error(0));
}

#[test]
fn register_count() {
    let error = DecisionError::RegisterCount { expected: 4, got: 5 };
    assert_eq!(refused(|inputs| inputs.state.registers.push(0)), Some(error));
}

#[test]
fn evidence_count() {
    let error = DecisionError::EvidenceCount { expected: 2, got: 1 };
    assert_eq!(refused(|inputs| inputs.evidence.0.truncate(1)), Some(error));
}

#[test]
fn evidence_time() {
    let late = limits::TIME;
    for (issued, expires) in [(late, 0), (0, late), (u64::MAX, u64::MAX)] {
        let statement = Statement { value: 0, issued, expires };
        let error = DecisionError::EvidenceTime { slot: 1, issued, expires };
        assert_eq!(refused(|inputs| inputs.evidence.0[1] = Some(statement)), Some(error));
    }
}

#[test]
fn time_backwards() {
    let error = DecisionError::TimeBackwards { previous: limits::TIME - 1, got: limits::TIME - 2 };
    assert_eq!(refused(|inputs| inputs.time = limits::TIME - 2), Some(error));
}

#[test]
fn time() {
    assert_eq!(refused(|inputs| inputs.time = 1 << 62), Some(DecisionError::Time { got: 1 << 62 }));
}

#[test]
fn sequence() {
    assert_eq!(refused(|inputs| inputs.sequence = u64::MAX), Some(DecisionError::Sequence { got: u64::MAX }));
}

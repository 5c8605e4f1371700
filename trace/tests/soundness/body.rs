//! Every field of a body changed alone, and every way in which a signed header can bind a body that is not true.

use crate::agent::{program, run, sign_again};
use candor_program::observation::ObservationError;
use candor_program::{digest, execution};
use candor_trace::{Body, BodyError, SignedRecord, check_body};

/// A field of the body, how it is changed, and what must be said.
type Change = (&'static str, fn(&mut Body), fn(&BodyError) -> bool);

const CHANGES: &[Change] = &[
    ("observation.time", |b| b.observation.time += 1, |e| matches!(e, BodyError::TimeMismatch { .. })),
    (
        "observation.payloads, used by a feature",
        |b| b.observation.payloads[0] = payload("9.6"),
        |e| *e == BodyError::FeatureMismatch { feature: 0, expected: 96, got: 95 },
    ),
    (
        "observation.payloads, same features",
        |b| b.observation.payloads[0].push(b' '),
        |e| *e == BodyError::ObservationsMismatch,
    ),
    (
        "observation.payloads, used by no feature",
        |b| b.observation.payloads[1].push(b' '),
        |e| *e == BodyError::ObservationsMismatch,
    ),
    (
        "observation.payloads, emptied",
        |b| b.observation.payloads[1].clear(),
        |e| *e == BodyError::ObservationsMismatch,
    ),
    (
        "observation.payloads, one less",
        |b| b.observation.payloads.truncate(1),
        |e| matches!(e, BodyError::Features { source } if matches!(**source, ObservationError::PayloadCount { .. })),
    ),
    (
        "observation.payloads, no JSON",
        |b| b.observation.payloads[0].truncate(5),
        |e| matches!(e, BodyError::Features { source } if matches!(**source, ObservationError::PayloadNotJson { .. })),
    ),
    ("observations_salt", |b| b.observations_salt ^= 1, |e| *e == BodyError::ObservationsMismatch),
    ("evidence_salt", |b| b.evidence_salt ^= 1, |e| *e == BodyError::EvidenceMismatch),
    ("evidence, one more", |b| b.evidence.0.push(None), |e| *e == BodyError::EvidenceMismatch),
    ("credentials, one more", |b| b.credentials.push(None), |e| *e == BodyError::EvidenceMismatch),
    (
        "features",
        |b| b.features[1] += 1,
        |e| *e == BodyError::FeatureMismatch { feature: 1, expected: 10, got: 11 },
    ),
    (
        "features, one less",
        |b| b.features.truncate(2),
        |e| *e == BodyError::FeatureCount { expected: 3, got: 2 },
    ),
    ("features, one more", |b| b.features.push(0), |e| *e == BodyError::FeatureCount { expected: 3, got: 4 }),
    ("outputs", |b| b.outputs[0] += 1, |e| *e == BodyError::OutputLeafMismatch),
    ("outputs, one less", |b| b.outputs.truncate(2), |e| *e == BodyError::OutputLeafMismatch),
    ("outputs, one more", |b| b.outputs.push(0), |e| *e == BodyError::OutputLeafMismatch),
    ("state_before", |b| b.state_before.registers[1] += 1, |e| *e == BodyError::StateBeforeMismatch),
    (
        "state_before, one more",
        |b| b.state_before.registers.push(0),
        |e| *e == BodyError::StateBeforeMismatch,
    ),
    (
        "state_before, one less",
        |b| b.state_before.registers.truncate(2),
        |e| *e == BodyError::StateBeforeMismatch,
    ),
    (
        "state_before, five more",
        |b| b.state_before.registers.extend([0; 5]),
        |e| *e == BodyError::StateBeforeMismatch,
    ),
    ("state_after", |b| b.state_after.registers[2] += 1, |e| *e == BodyError::StateAfterMismatch),
    (
        "state_after, one less",
        |b| b.state_after.registers.truncate(2),
        |e| *e == BodyError::StateAfterMismatch,
    ),
    ("state_after, one more", |b| b.state_after.registers.push(0), |e| *e == BodyError::StateAfterMismatch),
    ("leaves, first", |b| b.leaves[0][0] ^= 1, |e| *e == BodyError::ExecutionRootMismatch),
    ("leaves, middle", |b| b.leaves[1][0] ^= 1, |e| *e == BodyError::ExecutionRootMismatch),
    ("leaves, last", |b| b.leaves[2][0] ^= 1, |e| *e == BodyError::ExecutionRootMismatch),
    ("leaves, swapped", |b| b.leaves.swap(0, 1), |e| *e == BodyError::ExecutionRootMismatch),
    ("leaves, one less", |b| b.leaves.truncate(2), |e| *e == BodyError::LeafCount { expected: 3, got: 2 }),
    ("leaves, one more", |b| b.leaves.push([0; 32]), |e| *e == BodyError::LeafCount { expected: 3, got: 4 }),
    ("leaves, none", |b| b.leaves.clear(), |e| *e == BodyError::LeafCount { expected: 3, got: 0 }),
    ("revision", stray_revision, |e| *e == BodyError::StrayRevision),
];

fn stray_revision(body: &mut Body) {
    let card = crate::agent::program().card;
    body.revision = Some(Box::new(candor_trace::Revision { from: card.clone(), to: card }));
}

fn payload(sell: &str) -> Vec<u8> {
    format!(r#"{{"sell": {sell}, "hold": 1, "buy": 2.5}}"#).into_bytes()
}

/// A field that is added to the body and not listed fails to compile here.
fn fields(body: &Body) -> [&'static str; 12] {
    let Body { observation, .. } = body;
    let candor_program::observation::Observation { time: _, payloads: _ } = observation;
    let Body {
        observation: _,
        observations_salt: _,
        evidence_salt: _,
        evidence: candor_program::evidence::Evidence(_),
        credentials: _,
        features: _,
        outputs: _,
        state_before: _,
        state_after: _,
        leaves: _,
        revision: _,
    } = body;
    [
        "observation.time",
        "observation.payloads",
        "observations_salt",
        "evidence_salt",
        "evidence",
        "credentials",
        "features",
        "outputs",
        "state_before",
        "state_after",
        "leaves",
        "revision",
    ]
}

fn record() -> SignedRecord {
    run().remove(4)
}

#[test]
fn every_changed_field_is_found_by_the_named_check() {
    let (card, honest) = (program().card, record());
    check_body(&card, &honest).unwrap();
    for field in fields(&honest.body) {
        assert!(CHANGES.iter().any(|(name, ..)| name.starts_with(field)), "{field} is not listed");
    }
    for (field, change, is_expected) in CHANGES {
        let mut record = honest.clone();
        change(&mut record.body);
        let error = check_body(&card, &record).expect_err(field);
        assert!(is_expected(&error), "{field}: {error:?}");
    }
}

/// The agent committed to features that its plugins did not report.
#[test]
fn a_signed_digest_of_other_features_is_found() {
    let (card, mut record) = (program().card, record());
    record.body.features[2] += 5;
    let payloads = record.body.observation.payload_digests();
    let digest = digest::observations(record.body.observations_salt, &record.body.features, &payloads);
    record.header.observations = digest.into();
    sign_again(&mut record);
    let expected = BodyError::FeatureMismatch { feature: 2, expected: 25, got: 30 };
    assert_eq!(check_body(&card, &record), Err(expected));
}

/// The agent committed to an execution that does not begin with its features, or end with its outputs.
#[test]
fn a_signed_root_over_other_first_and_last_leaves_is_found() {
    let (card, honest) = (program().card, record());
    for (leaf, expected) in [(0, BodyError::InputLeafMismatch), (2, BodyError::OutputLeafMismatch)] {
        let mut record = honest.clone();
        record.body.leaves[leaf][0] ^= 1;
        record.header.execution = execution::root(&record.body.leaves);
        sign_again(&mut record);
        assert_eq!(check_body(&card, &record), Err(expected));
    }
}

/// The digest fills registers up with zeros: a state of another length that has the signed digest is no opening.
#[test]
fn registers_beyond_the_programs_are_found_though_their_digest_is_right() {
    let (card, honest) = (program().card, record());
    for zeros in [0, 1, 2] {
        let mut record = honest.clone();
        record.body.state_before.registers.extend(vec![0; zeros]);
        let same = digest::state(&record.body.state_before) == digest::state(&honest.body.state_before);
        // Three registers have a digest of four, and so have four; five have one of sixteen.
        assert_eq!(same, zeros < 2);
        let expected = if zeros == 0 { Ok(()) } else { Err(BodyError::StateBeforeMismatch) };
        assert_eq!(check_body(&card, &record), expected);
        let mut record = honest.clone();
        record.body.state_after.registers.extend(vec![0; zeros]);
        let expected = if zeros == 0 { Ok(()) } else { Err(BodyError::StateAfterMismatch) };
        assert_eq!(check_body(&card, &record), expected);
    }
}

/// An output that the agent invented passes here, leaf and all: that the outputs are the model's is left to replay
/// and proof, and the documentation says so.
#[test]
fn an_invented_output_is_left_to_replay_and_proof() {
    let (card, mut record) = (program().card, record());
    record.body.outputs[1] = 30_000;
    record.body.leaves[2] = execution::leaf(2, &record.body.outputs);
    record.header.execution = execution::root(&record.body.leaves);
    sign_again(&mut record);
    assert_eq!(check_body(&card, &record), Ok(()));
}

//! Records that are refused before their chain is looked at, each for its own reason, and nothing changes by it.

use crate::fleet::{Agent, append, create, key, program, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, LogSettings, Submission, SubmitError};
use candor_program::encoding::{encode, keccak256};
use candor_trace::{Body, BodyError, SignatureBytes, SignatureError};

struct Place {
    log: Log<FileSystem>,
    agent: Agent,
    _folder: tempfile::TempDir,
}

/// A log with one agent that has written two records.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 2);
    Place { log, agent, _folder: folder }
}

impl Place {
    /// Hands in the agent's next record, changed; then the record itself, which is accepted.
    fn refused(&mut self, change: impl FnOnce(&mut Submission)) -> SubmitError {
        let honest = self.agent.submission();
        let mut changed = honest.clone();
        change(&mut changed);
        let error = self.log.submit(changed).unwrap_err();
        assert_eq!(self.log.status().sizes.sequenced, 2);
        assert_eq!(self.log.submit(honest).unwrap().wait().unwrap().index, 2);
        error
    }
    /// The same with a changed body under its right hash.
    fn refused_body(&mut self, change: impl FnOnce(&mut Body)) -> BodyError {
        let error = self.refused(|submission| {
            let mut body: Body = borsh::from_slice(submission.body.as_ref().unwrap()).unwrap();
            change(&mut body);
            let bytes = encode(&body);
            submission.body_hash = keccak256(&[&bytes]);
            submission.body = Some(bytes);
        });
        match error {
            SubmitError::Body { source } => *source,
            other => panic!("{other:?}"),
        }
    }
}

/// Whether its key is at hand (there is room for one), was, or never was: the answer to a foreign signature is the same.
#[test]
fn foreign_signatures_of_agents_that_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { prepared_keys: 1, ..slow() });
    let mut agents: Vec<Agent> = (0..3).map(Agent::new).collect();
    agents.iter().for_each(|agent| log.register(agent.registration.clone()).unwrap());
    // More turns than it takes for a missed key to have another's place.
    for turn in 0..40 {
        for number in [0, 1, 2, turn % 3] {
            let agent = &mut agents[usize::from(number)];
            let honest = agent.submission();
            let mut foreign = honest.clone();
            let hash = foreign.signed.record_hash(&foreign.domain);
            foreign.signed.signature = key(number + 1).sign(&hash);
            let (expected, got) = (key(number).address(), key(number + 1).address());
            match log.submit(foreign).unwrap_err() {
                SubmitError::Signature { source } => {
                    assert_eq!(source, SignatureError::WrongSigner { expected, got });
                }
                other => panic!("{other:?}"),
            }
            log.submit(honest).unwrap();
        }
    }
    assert_eq!(log.shut_down().unwrap().sequenced, 160);
}

#[test]
fn an_agent_that_nobody_registered() {
    let place = place();
    let submission = Agent::new(1).submission();
    let expected = key(1).address();
    let error = place.log.submit(submission).unwrap_err();
    assert!(matches!(error, SubmitError::UnknownAgent { agent } if agent == expected), "{error:?}");
}

#[test]
fn a_program_that_the_agent_is_not_registered_for() {
    let place = place();
    let mut revised = Agent::with_program(0, program(2));
    let expected = revised.registration.program_id;
    let error = place.log.submit(revised.submission()).unwrap_err();
    assert!(
        matches!(error, SubmitError::UnknownProgram { agent, program_id }
            if agent == key(0).address() && program_id == expected),
        "{error:?}"
    );
}

#[test]
fn a_record_for_another_chain_or_contract() {
    let registered = Agent::new(0).registration.domain;
    let error = place().refused(|submission| submission.domain.chain_id += 1);
    assert!(
        matches!(error, SubmitError::DomainMismatch { expected, got }
            if expected == registered && got.chain_id == registered.chain_id + 1),
        "{error:?}"
    );
    let error = place().refused(|submission| submission.domain.verifying_contract[0] ^= 1);
    assert!(matches!(error, SubmitError::DomainMismatch { .. }), "{error:?}");
}

#[test]
fn a_body_under_another_hash() {
    let error = place().refused(|submission| submission.body_hash[31] ^= 1);
    assert!(matches!(error, SubmitError::BodyHashMismatch { expected, got } if expected != got), "{error:?}");
}

#[test]
fn a_signature_of_somebody_else() {
    let domain = Agent::new(0).registration.domain;
    let error = place().refused(|submission| {
        submission.signed.signature = key(1).sign(&submission.signed.record_hash(&domain));
    });
    let (agent, other) = (key(0).address(), key(1).address());
    assert!(
        matches!(error, SubmitError::Signature { source: SignatureError::WrongSigner { expected, got } }
            if expected == agent && got == other),
        "{error:?}"
    );
}

#[test]
fn a_signature_of_something_else() {
    let error = place().refused(|submission| submission.signed.header.time += 1);
    let wrong = |source: &SignatureError| matches!(source, SignatureError::WrongSigner { .. });
    assert!(matches!(&error, SubmitError::Signature { source } if wrong(source)), "{error:?}");
}

#[test]
fn a_signature_that_is_not_canonical() {
    let error = place().refused(|submission| submission.signed.signature.0[64] = 29);
    let expected = SignatureError::RecoveryByte { got: 29 };
    assert!(matches!(&error, SubmitError::Signature { source } if *source == expected), "{error:?}");
    let error = place().refused(|submission| submission.signed.signature = SignatureBytes([0xff; 65]));
    assert!(matches!(&error, SubmitError::Signature { .. }), "{error:?}");
}

#[test]
fn a_body_that_is_none() {
    let error = place().refused(|submission| {
        let body = submission.body.as_mut().unwrap();
        body.push(0);
        submission.body_hash = keccak256(&[body]);
    });
    assert!(matches!(error, SubmitError::BodyMalformed { .. }), "{error:?}");
}

#[test]
fn a_body_that_the_header_does_not_bind() {
    assert!(matches!(
        place().refused_body(|body| body.observation.time += 1),
        BodyError::TimeMismatch { .. }
    ));
    assert_eq!(place().refused_body(|body| body.observations_salt ^= 1), BodyError::ObservationsMismatch);
    assert_eq!(
        place().refused_body(|body| body.observation.payloads[0].push(b' ')),
        BodyError::ObservationsMismatch
    );
    assert_eq!(place().refused_body(|body| body.evidence_salt ^= 1), BodyError::EvidenceMismatch);
    assert_eq!(place().refused_body(|body| body.features[0] ^= 1), BodyError::InputLeafMismatch);
    assert_eq!(place().refused_body(|body| body.outputs[0] ^= 1), BodyError::OutputLeafMismatch);
    assert_eq!(
        place().refused_body(|body| body.state_before.registers[0] ^= 1),
        BodyError::StateBeforeMismatch
    );
    assert_eq!(
        place().refused_body(|body| body.state_after.registers[0] ^= 1),
        BodyError::StateAfterMismatch
    );
    assert_eq!(place().refused_body(|body| body.leaves[1][0] ^= 1), BodyError::ExecutionRootMismatch);
    assert!(matches!(place().refused_body(|body| body.leaves.clear()), BodyError::LeafCount { got: 0, .. }));
}

/// What costs more to check than any honest body is refused by its counts.
#[test]
fn a_body_beyond_what_any_program_has() {
    use candor_program::limits::{FEATURES, OPERATORS, PLUGINS, REGISTERS};
    use candor_program::observation::ObservationError;
    let at_most =
        |count: usize, change: fn(&mut Body, usize)| place().refused_body(move |body| change(body, count));
    let features: fn(&mut Body, usize) = |body, count| body.features.resize(count, 0);
    assert_eq!(at_most(FEATURES, features), BodyError::InputLeafMismatch);
    let expected = BodyError::FeatureCount { expected: FEATURES, got: FEATURES + 1 };
    assert_eq!(at_most(FEATURES + 1, features), expected);
    let payloads: fn(&mut Body, usize) = |body, count| body.observation.payloads.resize(count, Vec::new());
    assert_eq!(at_most(PLUGINS, payloads), BodyError::ObservationsMismatch);
    let source = ObservationError::PayloadCount { expected: PLUGINS, got: PLUGINS + 1 };
    assert_eq!(at_most(PLUGINS + 1, payloads), BodyError::Features { source: source.into() });
    // Registers are filled up with zeros: as many as a class has open the same digest, which needs the card to be told.
    let registers: fn(&mut Body, usize) = |body, count| body.state_before.registers.resize(count, 7);
    assert_eq!(at_most(REGISTERS, registers), BodyError::StateBeforeMismatch);
    assert_eq!(at_most(REGISTERS + 1, registers), BodyError::StateBeforeMismatch);
    let leaves: fn(&mut Body, usize) = |body, count| body.leaves.resize(count, [0; 32]);
    assert_eq!(at_most(OPERATORS + 1, leaves), BodyError::ExecutionRootMismatch);
    let expected = BodyError::LeafCount { expected: OPERATORS + 1, got: OPERATORS + 2 };
    assert_eq!(at_most(OPERATORS + 2, leaves), expected);
}

/// A withheld body is the submitter's choice; the entry still names it.
#[test]
fn a_withheld_body_is_accepted_and_missing() {
    let mut place = place();
    let submission = place.agent.submission();
    let hash = submission.body_hash;
    let index = place.log.submit(submission.without_body()).unwrap().wait().unwrap().index;
    assert_eq!(place.log.entry(index).unwrap().body, hash);
    assert_eq!(place.log.body(&hash).unwrap(), None);
}

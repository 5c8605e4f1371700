//! Records that do not continue their agent's chain.

use crate::fleet::{Agent, append, create, key, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, Submission, SubmitError};
use candor_trace::{ChainError, Header};

/// A log with one agent that has written three records, and the submission of its fourth.
fn with_next() -> (Log<FileSystem>, Agent, Submission, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 3);
    let next = agent.submission();
    (log, agent, next, folder)
}

/// The rule that a changed and newly signed fourth record breaks; the honest one is accepted after it.
fn broken_rule(change: fn(&mut Header)) -> ChainError {
    let (log, agent, next, _folder) = with_next();
    let mut changed = next.clone().without_body();
    change(&mut changed.signed.header);
    changed.signed.signature = key(0).sign(&changed.signed.record_hash(&agent.registration.domain));
    let error = log.submit(changed).unwrap_err();
    assert_eq!(log.submit(next).unwrap().wait().unwrap().index, 3);
    match error {
        SubmitError::Chain { source } => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gap() {
    let (log, mut agent, next, _folder) = with_next();
    let after = agent.submission();
    let error = log.submit(after.clone()).unwrap_err();
    let expected = ChainError::SequenceGap { expected: 3, got: 4 };
    assert!(matches!(&error, SubmitError::Chain { source } if *source == expected), "{error:?}");
    // Delivered in order, both are accepted.
    let pending = [log.submit(next).unwrap(), log.submit(after).unwrap()];
    assert_eq!(pending.map(|pending| pending.wait().unwrap().index), [3, 4]);
}

#[test]
fn another_record_before_it() {
    let error = broken_rule(|header| header.previous_record[0] ^= 1);
    assert!(matches!(error, ChainError::PreviousRecordMismatch { .. }), "{error:?}");
}

#[test]
fn a_time_before_the_record_before() {
    let error = broken_rule(|header| header.time -= 2);
    assert!(matches!(error, ChainError::TimeBackwards { previous, got } if got + 1 == previous), "{error:?}");
}

#[test]
fn times_and_sequence_numbers_beyond_their_bound() {
    let error = broken_rule(|header| header.time = 1 << 62);
    assert_eq!(error, ChainError::TimeTooLarge { got: 1 << 62 });
    let error = broken_rule(|header| header.sequence = 1 << 62);
    assert_eq!(error, ChainError::SequenceTooLarge { got: 1 << 62 });
}

#[test]
fn another_state_or_accumulator() {
    let error = broken_rule(|header| header.state_before.0[31] ^= 1);
    assert!(matches!(error, ChainError::StateMismatch { .. }), "{error:?}");
    let error = broken_rule(|header| header.acc.0[31] ^= 1);
    assert!(matches!(error, ChainError::AccMismatch { .. }), "{error:?}");
    // The accumulator covers the other words.
    let error = broken_rule(|header| header.verdict ^= 1);
    assert!(matches!(error, ChainError::AccMismatch { .. }), "{error:?}");
}

/// A chain that begins with the record of another agent's chain, signed by its own key.
#[test]
fn another_agents_beginning() {
    let (log, agent, _, _folder) = with_next();
    let other = Agent::new(1);
    log.register(other.registration.clone()).unwrap();
    let mut submission = Agent::new(0).submission().without_body();
    submission.signed.header.agent = key(1).address();
    submission.signed.signature = key(1).sign(&submission.signed.record_hash(&agent.registration.domain));
    let error = log.submit(submission).unwrap_err();
    assert!(
        matches!(error, SubmitError::Chain { source: ChainError::PreviousRecordMismatch { .. } }),
        "{error:?}"
    );
}

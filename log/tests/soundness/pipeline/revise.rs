//! Changes of program that a log does not take up, each for its own reason; nothing changes by it.

use crate::fleet::{Agent, append, create, key, program, revised, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, Registration, Submission, SubmitError};
use candor_program::encoding::FrBytes;
use candor_trace::{Chain, ChainError, Link, RecordError, Recorder, SignedRecord};

struct Place {
    log: Log<FileSystem>,
    first: Agent,
    records: Vec<SignedRecord>,
    revise: SignedRecord,
    second: Agent,
    _folder: tempfile::TempDir,
}

/// A log with two records of an agent, which is about to be revised from program 1 to program 2.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut first = Agent::new(0);
    log.register(first.registration.clone()).unwrap();
    let records = first.records(2);
    let (revise, second) = revised(0, 1, 2, &records[1]);
    let place = Place { log, first, records, revise, second, _folder: folder };
    for record in place.records.clone() {
        place.log.submit(place.submission(&record)).unwrap().wait().unwrap();
    }
    place
}

impl Place {
    fn submission(&self, record: &SignedRecord) -> Submission {
        Submission::of(record, &self.first.registration.domain)
    }
    fn refused(&self, record: &SignedRecord) -> SubmitError {
        let before = self.log.status().sizes.sequenced;
        let error = self.log.submit(self.submission(record)).unwrap_err();
        assert_eq!(self.log.status().sizes.sequenced, before);
        error
    }
    fn accepted(&self, record: &SignedRecord) -> u64 {
        self.log.submit(self.submission(record)).unwrap().wait().unwrap().index
    }
    /// Why a record is not the next of its chain.
    fn broken(&self, record: &SignedRecord) -> ChainError {
        match self.refused(record) {
            SubmitError::Chain { source } => source,
            other => panic!("{other:?}"),
        }
    }
    fn registered(&self, change: impl FnOnce(&mut Registration)) -> Registration {
        let mut registration = self.second.registration.clone();
        change(&mut registration);
        registration
    }
    /// The record with other words, linked after what it named, and signed.
    fn relinked(
        &self,
        after: &SignedRecord,
        record: &SignedRecord,
        change: impl FnOnce(&mut SignedRecord),
    ) -> SignedRecord {
        let mut record = record.clone();
        change(&mut record);
        let link = Link::after(&Chain::of(&program(1).card), &after.header);
        record.header.acc = link.next_acc(&record.header);
        record.signature = key(0).sign(&record.record_hash(&self.first.registration.domain));
        record
    }
}

#[test]
fn to_a_program_that_the_agent_is_not_registered_for() {
    let place = place();
    let expected = place.second.registration.program_id;
    let error = place.refused(&place.revise);
    assert!(
        matches!(error, SubmitError::UnknownProgram { agent, program_id }
            if agent == key(0).address() && program_id == expected),
        "{error:?}"
    );
    // The first program goes on as before, or is revised once the next one is registered.
    place.log.register(place.second.registration.clone()).unwrap();
    assert_eq!(place.accepted(&place.revise), 2);
}

#[test]
fn to_a_program_that_is_registered_with_another_digest_or_domain() {
    let changes: [fn(&mut Registration); 3] = [
        |registration| registration.program_fr = FrBytes([7; 32]),
        |registration| registration.domain.chain_id += 1,
        |registration| registration.domain.verifying_contract[0] ^= 1,
    ];
    for change in changes {
        let place = place();
        place.log.register(place.registered(change)).unwrap();
        let expected = place.second.registration.program_id;
        let error = place.refused(&place.revise);
        assert!(
            matches!(error, SubmitError::RevisedOtherwise { agent, program_id }
                if agent == key(0).address() && program_id == expected),
            "{error:?}"
        );
    }
}

/// A program of which the agent began another chain: whatever comes first there would be for places of both.
#[test]
fn to_a_program_of_which_the_agent_has_a_chain() {
    let place = place();
    let mut alone = Agent::with_program(0, program(2));
    place.log.register(alone.registration.clone()).unwrap();
    append(&place.log, &mut alone, 1);
    let expected = place.second.registration.program_id;
    let error = place.refused(&place.revise);
    assert!(
        matches!(error, SubmitError::OtherChain { agent, program_id }
            if agent == key(0).address() && program_id == expected),
        "{error:?}"
    );
    // Both chains go on by themselves.
    let third = place.first.registration.program_id;
    assert_eq!(place.log.chain_length(&key(0).address(), &third).unwrap().records, 2);
    append(&place.log, &mut alone, 1);
}

#[test]
fn header_words_that_no_revise_record_has() {
    let place = place();
    place.log.register(place.second.registration.clone()).unwrap();
    let last = place.records[1].clone();
    let time = last.header.time;
    let broken = |change: fn(&mut SignedRecord)| {
        let record = place.relinked(&last, &place.revise, change);
        // Without its body: the header alone shows it.
        let submission = Submission { body: None, ..place.submission(&record) };
        match place.log.submit(submission).unwrap_err() {
            SubmitError::Chain { source } => source,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(broken(|record| record.header.executed = 1), ChainError::RevisionActs);
    assert_eq!(
        broken(|record| record.header.requested = 0),
        ChainError::ActivationBackwards { time, activation: 0 }
    );
    assert_eq!(
        broken(|record| record.header.requested = 1 << 62),
        ChainError::ActivationTooLarge { got: 1 << 62 }
    );
    let program_id = place.first.registration.program_id;
    let itself = place.relinked(&last, &place.revise, |record| record.header.execution = program_id);
    let submission = Submission { body: None, ..place.submission(&itself) };
    let error = place.log.submit(submission).unwrap_err();
    let expected = ChainError::RevisionToItself { program_id };
    assert!(matches!(error, SubmitError::Chain { source } if source == expected), "{error:?}");
    assert_eq!(place.accepted(&place.revise), 2);
}

/// After the Revise record: the old program, the new one too early, with another state, or out of turn.
#[test]
fn what_does_not_continue_a_revise_record() {
    let mut place = place();
    place.log.register(place.second.registration.clone()).unwrap();
    let beside = place.first.record();
    let next = place.second.record();
    // The next program before anything leads to it: it is at the beginning of its chain.
    let first = ChainError::SequenceGap { expected: 0, got: 3 };
    assert_eq!(place.broken(&next), first);
    assert_eq!(place.accepted(&place.revise), 2);
    // Beside the Revise record: two signed records for one place, which are kept.
    let error = place.refused(&beside);
    assert!(matches!(&error, SubmitError::Equivocation { sequence: 2, evidence: Some(_), .. }), "{error:?}");
    let (old, new) = (place.first.registration.program_id, place.second.registration.program_id);
    let stale = place.relinked(&place.revise, &beside, |record| record.header.sequence = 3);
    assert_eq!(place.broken(&stale), ChainError::ProgramMismatch { expected: new, got: old });
    let activation = place.revise.header.time + 1;
    let early = place.relinked(&place.revise, &next, |record| {
        record.header.time = activation - 1;
        record.body.observation.time = activation - 1;
    });
    let submission = Submission { body: None, ..place.submission(&early) };
    let error = place.log.submit(submission).unwrap_err();
    let before = ChainError::BeforeActivation { activation, got: activation - 1 };
    assert!(matches!(error, SubmitError::Chain { source } if source == before), "{error:?}");
    let reset = place.relinked(&place.revise, &next, |record| record.header.state_before = FrBytes([0; 32]));
    let submission = Submission { body: None, ..place.submission(&reset) };
    let error = place.log.submit(submission).unwrap_err();
    assert!(matches!(error, SubmitError::Chain { source: ChainError::StateMismatch { .. } }), "{error:?}");
    // A genesis of the next program: its place was another program's.
    let genesis = Agent::with_program(0, program(2)).record();
    assert_eq!(place.broken(&genesis), ChainError::SequenceGap { expected: 3, got: 0 });
    assert_eq!(place.accepted(&next), 3);
    // What the recorder itself would not have made.
    let error = Recorder::resume(program(1), key(0), Some(&place.revise)).unwrap_err();
    assert!(matches!(error, RecordError::Revised { .. }), "{error:?}");
}

//! Two records for one place of a chain: the second is refused, and kept.

use crate::agent::{START, Want, observation, salts};
use crate::fleet::{Agent, LONG, append, create, key, open, program, settings, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{EquivocationEvidence, Log, LogSettings, Submission, SubmitError};
use candor_trace::{Recorder, SignedRecord, equivocation};

/// Another record that the agent signed after the record given, one for each number.
fn branch(after: Option<&SignedRecord>, number: u64) -> SignedRecord {
    let mut recorder = Recorder::resume(program(1), key(0), after).unwrap();
    recorder.record(observation(START + 50 + number, Want::Buy), salts(900 + number)).unwrap().record
}

/// Registers agent 0 and hands in so many records.
fn begin(log: &Log<FileSystem>, count: usize) -> (Agent, Vec<SignedRecord>) {
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let records = agent.records(count);
    for record in &records {
        log.submit(agent.submit(record)).unwrap().wait().unwrap();
    }
    (agent, records)
}

/// The name of the evidence, after checking that it is what the two records say.
fn refused(log: &Log<FileSystem>, first: &SignedRecord, second: &SignedRecord) -> Option<String> {
    let domain = Agent::new(0).registration.domain;
    let before = log.status().sizes.sequenced;
    let error = log.submit(Submission::of(second, &domain)).unwrap_err();
    assert_eq!(log.status().sizes.sequenced, before);
    let SubmitError::Equivocation { agent, sequence, first: there, second: handed_in, evidence } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((agent, sequence), (key(0).address(), first.header.sequence));
    assert_eq!((there, handed_in), (first.record_hash(&domain), second.record_hash(&domain)));
    let name = evidence?;
    let kept = log.read_evidence(&name).unwrap();
    let expected =
        EquivocationEvidence { domain, first: first.signed_header(), second: second.signed_header() };
    assert_eq!(kept, expected);
    let shown = kept.check().unwrap();
    assert_eq!((shown.agent, shown.sequence), (agent, sequence));
    assert_eq!(equivocation(&kept.first, &kept.second, &kept.domain), Some(shown));
    assert_eq!(EquivocationEvidence::from_bytes(&kept.to_bytes()).unwrap(), kept);
    Some(name)
}

#[test]
fn it_is_kept_while_the_first_is_not_integrated_yet() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let (_, records) = begin(&log, 3);
    let name = refused(&log, &records[1], &branch(Some(&records[0]), 0)).unwrap();
    assert_eq!(log.evidence(&key(0).address()).unwrap(), std::slice::from_ref(&name));
    // It was durable before the answer, and stays.
    drop(log);
    let (log, _) = open(folder.path(), slow());
    assert_eq!(log.evidence(&key(0).address()).unwrap(), [name]);
}

#[test]
fn it_is_kept_when_the_first_is_long_published_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), settings());
    let (mut agent, records) = begin(&log, 300);
    assert!(log.wait_published(299, LONG).unwrap());
    refused(&log, &records[0], &branch(None, 0)).unwrap();
    log.shut_down().unwrap();
    drop(log);
    let (log, _) = open(folder.path(), settings());
    refused(&log, &records[7], &branch(Some(&records[6]), 1)).unwrap();
    assert_eq!(log.evidence(&key(0).address()).unwrap().len(), 2);
    // Whoever equivocated goes on with the chain that is in the log.
    append(&log, &mut agent, 1);
}

#[test]
fn the_same_again_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let (_, records) = begin(&log, 2);
    let second = branch(Some(&records[0]), 0);
    let name = refused(&log, &records[1], &second);
    assert_eq!(refused(&log, &records[1], &second), name);
    assert_eq!(log.evidence(&key(0).address()).unwrap().len(), 1);
}

#[test]
fn as_many_as_the_setting_says_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { evidence_per_agent: 2, ..slow() });
    let (_, records) = begin(&log, 2);
    for number in 0..2 {
        assert!(refused(&log, &records[1], &branch(Some(&records[0]), number)).is_some());
    }
    assert_eq!(refused(&log, &records[1], &branch(Some(&records[0]), 2)), None);
    // One that is kept is still found.
    assert!(refused(&log, &records[1], &branch(Some(&records[0]), 1)).is_some());
    assert_eq!(log.evidence(&key(0).address()).unwrap().len(), 2);
}

/// Nobody is accused by what he did not sign.
#[test]
fn without_the_agents_signature_there_is_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let (agent, records) = begin(&log, 2);
    let mut second = branch(Some(&records[0]), 0);
    second.signature = key(1).sign(&second.record_hash(&agent.registration.domain));
    let error = log.submit(agent.submit(&second)).unwrap_err();
    assert!(matches!(error, SubmitError::Signature { .. }), "{error:?}");
    assert_eq!(log.evidence(&key(0).address()).unwrap(), [""; 0]);
}

//! A change of program in a log: one chain of an agent, under each of its programs.

use crate::fleet::{Agent, LONG, append, create, key, open, own_policy, revised, settings, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{ChainLength, Log, LogSettings, OpenCheck, Submission};
use candor_trace::SignedRecord;

fn hand_in(log: &Log<FileSystem>, record: &SignedRecord) -> (u64, bool) {
    let domain = Agent::new(0).registration.domain;
    let answer = log.submit(Submission::of(record, &domain)).unwrap().wait().unwrap();
    (answer.index, answer.duplicate)
}

fn length(log: &Log<FileSystem>, agent: &Agent) -> ChainLength {
    log.chain_length(&key(0).address(), &agent.registration.program_id).unwrap()
}

/// Three records, the Revise record, two records of the next program, back to the first, one more.
#[test]
fn a_chain_goes_on_through_its_programs() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), settings());
    let mut first = Agent::new(0);
    let domain = first.registration.domain;
    log.register(first.registration.clone()).unwrap();
    let mut all = first.records(3);
    let (revise, mut second) = revised(0, 1, 2, &all[2]);
    log.register(second.registration.clone()).unwrap();
    all.push(revise);
    all.extend(second.records(2));
    for (index, record) in all.iter().enumerate() {
        assert_eq!(hand_in(&log, record), (index as u64, false));
    }
    let hash = |record: &SignedRecord| Some(record.record_hash(&domain));
    assert_eq!(length(&log, &first), ChainLength { records: 4, record_hash: hash(&all[3]) });
    assert_eq!(length(&log, &second), ChainLength { records: 6, record_hash: hash(&all[5]) });
    // What an outbox still holds of before, and the Revise record, are answered as before.
    for (index, record) in all.iter().enumerate() {
        assert_eq!(hand_in(&log, record), (index as u64, true));
    }
    let (back, mut third) = revised(0, 2, 1, &all[5]);
    all.push(back);
    all.push(third.record());
    assert_eq!(hand_in(&log, &all[6]), (6, false));
    assert_eq!(length(&log, &first), length(&log, &second));
    assert_eq!(hand_in(&log, &all[7]), (7, false));
    assert_eq!(length(&log, &first), ChainLength { records: 8, record_hash: hash(&all[7]) });
    assert!(log.wait_published(7, LONG).unwrap());
    for (index, record) in all.iter().enumerate() {
        let entry = log.entry(index as u64).unwrap();
        assert_eq!(entry.signed, record.signed_header());
        let proof = log.inclusion(index as u64).unwrap();
        proof.verify(&entry.leaf_hash(), &own_policy()).unwrap();
    }
}

/// The newest of a chain that has decided nothing yet is the Revise record that leads to it, also once it is in the tiles.
#[test]
fn head_after_a_revise_record_is_that_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Agent::new(0);
    let records = first.records(2);
    let (revise, second) = revised(0, 1, 2, &records[1]);
    let log = create(folder.path(), settings());
    for agent in [&first, &second] {
        log.register(agent.registration.clone()).unwrap();
    }
    for record in records.iter().chain([&revise]) {
        hand_in(&log, record);
    }
    let check = |log: &Log<FileSystem>| {
        for agent in [&first, &second] {
            let head = log.chain_head(&key(0).address(), &agent.registration.program_id).unwrap();
            let (length, entry) = head.unwrap();
            assert_eq!(length.records, 3);
            assert_eq!(entry.map(|entry| entry.signed), Some(revise.signed_header()));
        }
    };
    check(&log);
    assert!(log.wait_published(2, LONG).unwrap());
    check(&log);
    log.shut_down().unwrap();
    drop(log);
    let (log, _) = open(folder.path(), slow());
    check(&log);
}

/// A log that was shut down right after a Revise record, or later, goes on with either index, or without.
#[test]
fn a_log_that_is_opened_again_knows_which_program_is_next() {
    for more in [0, 2] {
        let folder = tempfile::tempdir().unwrap();
        let log = create(folder.path(), slow());
        let mut first = Agent::new(0);
        let records = first.records(2);
        let (revise, mut second) = revised(0, 1, 2, &records[1]);
        for agent in [&first, &second] {
            log.register(agent.registration.clone()).unwrap();
        }
        for record in records.iter().chain([&revise]) {
            hand_in(&log, record);
        }
        append(&log, &mut second, more);
        log.shut_down().unwrap();
        drop(log);
        for (round, open_check) in [OpenCheck::Edge, OpenCheck::Everything].into_iter().enumerate() {
            if round == 1 {
                std::fs::remove_file(folder.path().join("private/index.redb")).unwrap();
            }
            let (log, _) = open(folder.path(), LogSettings { open_check, ..slow() });
            assert_eq!(length(&log, &first).records, 3);
            assert_eq!(hand_in(&log, &records[1]), (1, true));
            assert_eq!(hand_in(&log, &revise), (2, true));
            let index = append(&log, &mut second, 1)[0].index;
            assert_eq!(index, 3 + more as u64 + round as u64);
            log.shut_down().unwrap();
        }
    }
}

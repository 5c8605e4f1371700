//! The same record again is answered with the index that it has, whenever it comes.

use crate::fleet::{Agent, LONG, create, open, settings, slow};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, LogSettings, Sequenced};
use candor_trace::SignedRecord;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

/// Hands in every record again: nothing grows, and every answer is the one before.
fn again(log: &Log<FileSystem>, agent: &Agent, records: &[SignedRecord], before: &[Sequenced]) {
    let size = log.status().sizes.sequenced;
    for (record, before) in records.iter().zip(before) {
        let answer = log.submit(agent.submit(record)).unwrap().wait().unwrap();
        assert_eq!(answer, Sequenced { duplicate: true, ..*before });
    }
    assert_eq!(log.status().sizes.sequenced, size);
}

#[test]
fn at_every_state_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let records = agent.records(260);
    let pending: Vec<_> = records.iter().map(|record| log.submit(agent.submit(record)).unwrap()).collect();
    // While some are on their way to the disk.
    let second: Vec<_> = records.iter().map(|record| log.submit(agent.submit(record)).unwrap()).collect();
    let first: Vec<Sequenced> = pending.into_iter().map(|pending| pending.wait().unwrap()).collect();
    assert!(first.iter().enumerate().all(|(index, one)| one.index == index as u64 && !one.duplicate));
    for (second, first) in second.into_iter().zip(&first) {
        assert_eq!(second.wait().unwrap(), Sequenced { duplicate: true, ..*first });
    }
    again(&log, &agent, &records, &first);
    // Sequenced and not integrated, after a crash.
    drop(log);
    let (log, report) = open(folder.path(), settings());
    assert_eq!(report.signed, 0);
    again(&log, &agent, &records, &first);
    assert!(log.wait_published(259, LONG).unwrap());
    again(&log, &agent, &records, &first);
    log.shut_down().unwrap();
    drop(log);
    let (log, report) = open(folder.path(), slow());
    assert_eq!((report.signed, report.sequenced), (260, 260));
    again(&log, &agent, &records, &first);
    // With another body, or none, it is still the same record: the entry keeps the body that it names.
    let answer = log.submit(agent.submit(&records[3]).without_body()).unwrap().wait().unwrap();
    assert_eq!(answer, Sequenced { duplicate: true, ..first[3] });
}

/// A crash between sequencing and answering: the agent hands in everything again, from the beginning.
#[test]
fn an_agent_that_does_not_know_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let records = agent.records(30);
    for round in 1..=3_usize {
        let (log, _) = match round {
            1 => (create(folder.path(), slow()), None),
            _ => {
                let (log, report) = open(folder.path(), slow());
                (log, Some(report))
            }
        };
        log.register(agent.registration.clone()).unwrap();
        for (index, record) in records.iter().take(10 * round).enumerate() {
            let answer = log.submit(agent.submit(record)).unwrap().wait().unwrap();
            assert_eq!((answer.index, answer.duplicate), (index as u64, index < 10 * (round - 1)));
        }
    }
}

#[test]
fn notices_come_for_the_first_and_for_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), LogSettings { group_limit_records: 1, ..slow() });
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let record = agent.record();
    let (sender, notices) = mpsc::channel();
    for _ in 0..2 {
        let sender = sender.clone();
        log.submit(agent.submit(&record)).unwrap().notify(move |outcome| sender.send(outcome).unwrap());
    }
    let panics = agent.submission();
    log.submit(panics).unwrap().notify(|_| panic!("a caller's defect"));
    // Somebody else's panic keeps nobody waiting.
    let next = log.submit(agent.submission()).unwrap().wait().unwrap();
    assert_eq!(next.index, 2);
    let outcomes: Vec<Sequenced> = notices.iter().take(2).map(Result::unwrap).collect();
    assert_eq!(
        outcomes.iter().map(|one| (one.index, one.duplicate)).collect::<Vec<_>>(),
        [(0, false), (0, true)]
    );
    let (sender, notices) = mpsc::channel();
    log.submit(agent.submit(&record)).unwrap().notify(move |outcome| sender.send(outcome).unwrap());
    assert_eq!(notices.recv().unwrap().unwrap(), Sequenced { duplicate: true, ..outcomes[0] });
}

/// While entries move from memory to tiles they are always in one of the two.
#[test]
fn while_it_is_being_integrated() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), settings());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let records = agent.records(600);
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while acknowledged.load(Ordering::Relaxed) < records.len() as u64 {
                    let Some(last) = acknowledged.load(Ordering::Relaxed).checked_sub(1) else { continue };
                    assert_eq!(log.entry(last).unwrap().signed, records[last as usize].signed_header());
                }
            });
        }
        for record in &records {
            let answer = log.submit(agent.submit(record)).unwrap().wait().unwrap();
            acknowledged.store(answer.index + 1, Ordering::Relaxed);
        }
    });
}

//! The index may be gone, old or torn: the log makes it again.

use crate::fleet::damage::copy;
use crate::fleet::{Agent, LONG, append, create, open, settings, slow};
use candor_log::pipeline::{LogSettings, OpenCheck, SubmitError};
use candor_trace::Entry;
use std::path::Path;

const INDEX: &str = "private/index.redb";

/// Everything that the index answers, for a log of three agents and 600 entries.
fn check(place: &Path, entries: &[Entry], open_check: OpenCheck, indexed: u64) {
    let settings = LogSettings { open_check, ..slow() };
    let (log, report) = open(place, settings);
    assert_eq!((report.sequenced, report.indexed), (600, indexed));
    for (index, entry) in entries.iter().enumerate().step_by(7) {
        assert_eq!(log.find(&entry.record_hash()).unwrap(), Some(index as u64));
        assert!(log.body(&entry.body).unwrap().is_some());
    }
    // Places in chains: the same again, and another in its place.
    let mut agent = Agent::new(1);
    let record = agent.record();
    let answer = log.submit(agent.submit(&record)).unwrap().wait().unwrap();
    assert!(
        answer.duplicate
            && entries[answer.index as usize].record_hash() == record.record_hash(&agent.registration.domain)
    );
    let mut other = record.clone();
    other.header.time += 1;
    other.signature = crate::fleet::key(1).sign(&other.record_hash(&agent.registration.domain));
    let error = log.submit(agent.submit(&other).without_body()).unwrap_err();
    assert!(matches!(error, SubmitError::Equivocation { .. }), "{error:?}");
    log.shut_down().unwrap();
}

#[test]
fn it_is_made_again_from_bundles_and_journal() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let log = create(place, LogSettings { segment_limit_bytes: 100_000, ..slow() });
    let mut agents: Vec<_> = (0..3).map(Agent::new).collect();
    for agent in &agents {
        log.register(agent.registration.clone()).unwrap();
    }
    for _ in 0..20 {
        for agent in &mut agents {
            append(&log, agent, 5);
        }
    }
    log.shut_down().unwrap();
    drop(log);
    let old = std::fs::read(place.join(INDEX)).unwrap();
    let (log, _) = open(place, LogSettings { segment_limit_bytes: 100_000, ..slow() });
    for _ in 0..20 {
        for agent in &mut agents {
            append(&log, agent, 5);
        }
    }
    log.shut_down().unwrap();
    let entries: Vec<Entry> = (0..600).map(|index| log.entry(index).unwrap()).collect();
    drop(log);
    for open_check in [OpenCheck::Everything, OpenCheck::Edge] {
        check(place, &entries, open_check, 0);
        std::fs::remove_file(place.join(INDEX)).unwrap();
        check(place, &entries, open_check, 600);
        // From a backup.
        std::fs::write(place.join(INDEX), &old).unwrap();
        check(place, &entries, open_check, 300);
        // Torn, empty, no index at all.
        let bytes = std::fs::read(place.join(INDEX)).unwrap();
        std::fs::write(place.join(INDEX), &bytes[..bytes.len() / 2]).unwrap();
        check(place, &entries, open_check, 600);
        std::fs::write(place.join(INDEX), b"").unwrap();
        check(place, &entries, open_check, 600);
        std::fs::write(place.join(INDEX), vec![0x5a; 1 << 20]).unwrap();
        check(place, &entries, open_check, 600);
    }
}

/// The files as a process leaves them that is killed.
#[test]
fn a_killed_process_leaves_an_index_that_is_used() {
    let (folder, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = create(folder.path(), settings());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 300);
    assert!(log.wait_published(299, LONG).unwrap());
    copy(folder.path(), killed.path());
    drop(log);
    for open_check in [OpenCheck::Edge, OpenCheck::Everything] {
        let place = tempfile::tempdir().unwrap();
        copy(killed.path(), place.path());
        let (_, report) = open(place.path(), LogSettings { open_check, ..slow() });
        assert_eq!((report.sequenced, report.indexed), (300, 0), "{open_check:?}");
    }
}

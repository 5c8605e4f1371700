//! Sequenced, integrated, published.

use crate::fleet::{Agent, LONG, append, create, open, own_policy, settings, slow};
use candor_log::pipeline::Sequenced;
use candor_trace::Entry;

#[test]
fn a_record_becomes_durable_then_part_of_the_tree_then_published() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("some/new/place");
    let log = create(&directory, settings());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    let record = agent.record();
    let entry = Entry::of(&record, &agent.registration.domain);
    let sequenced = log.submit(agent.submit(&record)).unwrap().wait().unwrap();
    assert_eq!(sequenced, Sequenced { index: 0, duplicate: false, leaf: entry.leaf_hash() });
    assert!(log.wait_integrated(0, LONG).unwrap());
    assert!(log.wait_published(0, LONG).unwrap());
    let proof = log.inclusion(0).unwrap();
    let signed = proof.verify(&entry.leaf_hash(), &own_policy()).unwrap();
    assert_eq!(signed.checkpoint().size(), 1);
    assert_eq!(log.entry(0).unwrap(), entry);
    assert_eq!(log.find(&entry.record_hash()).unwrap(), Some(0));
    assert_eq!(log.body(&entry.body).unwrap(), Some(borsh::to_vec(&record.body).unwrap()));
}

#[test]
fn shutting_down_publishes_and_a_crash_loses_nothing_that_was_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let log = create(place.path(), slow());
    let mut agents: Vec<_> = (0..3).map(Agent::new).collect();
    for agent in &agents {
        log.register(agent.registration.clone()).unwrap();
    }
    for agent in &mut agents {
        append(&log, agent, 5);
    }
    assert_eq!(log.status().sizes.integrated, 0);
    // As a crash would.
    drop(log);
    let (log, report) = open(place.path(), slow());
    assert_eq!((report.sequenced, report.signed, report.cut_bytes), (15, 0, 0));
    for agent in &mut agents {
        append(&log, agent, 5);
    }
    let sizes = log.shut_down().unwrap();
    assert_eq!((sizes.sequenced, sizes.integrated, sizes.signed, sizes.published), (30, 30, 30, Some(30)));
    drop(log);
    let (log, report) = open(place.path(), slow());
    assert_eq!((report.sequenced, report.signed, report.published, report.indexed), (30, 30, Some(30), 0));
    for agent in &mut agents {
        append(&log, agent, 1);
    }
    assert_eq!(log.status().sizes.sequenced, 33);
}

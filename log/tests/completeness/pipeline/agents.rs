//! Many agents, each with its own chain, and agents that change their program.

use crate::fleet::{Agent, LONG, append, create, open, program, settings, slow};
use candor_log::pipeline::LogSettings;
use candor_log::pipeline::OpenCheck;
use candor_trace::Entry;
use std::collections::BTreeMap;

#[test]
fn chains_are_interleaved_and_each_stays_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), settings());
    let agents: Vec<Agent> = (0..8).map(Agent::new).collect();
    for agent in &agents {
        log.register(agent.registration.clone()).unwrap();
    }
    let handed_in: Vec<Vec<Entry>> = std::thread::scope(|scope| {
        let threads: Vec<_> = agents
            .into_iter()
            .map(|mut agent| {
                let log = &log;
                scope.spawn(move || {
                    let records = agent.records(40);
                    let domain = agent.registration.domain;
                    let pending: Vec<_> =
                        records.iter().map(|record| log.submit(agent.submit(record)).unwrap()).collect();
                    let indices: Vec<u64> =
                        pending.into_iter().map(|pending| pending.wait().unwrap().index).collect();
                    assert!(indices.is_sorted());
                    records.iter().map(|record| Entry::of(record, &domain)).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(log.wait_integrated(319, LONG).unwrap());
    let mut read: BTreeMap<[u8; 20], Vec<Entry>> = BTreeMap::new();
    let mut switches = 0;
    let mut last = None;
    for index in 0..320 {
        let entry = log.entry(index).unwrap();
        let agent = entry.signed.header.agent;
        assert_eq!(log.find(&entry.record_hash()).unwrap(), Some(index));
        switches += usize::from(last.replace(agent) != Some(agent));
        read.entry(agent).or_default().push(entry);
    }
    assert!(switches >= 8);
    for entries in handed_in {
        assert_eq!(read[&entries[0].signed.header.agent], entries);
    }
    assert_eq!(log.find(&[7; 32]).unwrap(), None);
    assert_eq!(log.body(&[7; 32]).unwrap(), None);
}

/// Revise: a second registration begins a second chain; the first is not closed.
#[test]
fn an_agent_changes_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let log = create(folder.path(), slow());
    let mut before = Agent::new(0);
    let mut after = Agent::with_program(0, program(2));
    log.register(before.registration.clone()).unwrap();
    append(&log, &mut before, 3);
    log.register(after.registration.clone()).unwrap();
    append(&log, &mut after, 2);
    // From an outbox, late.
    append(&log, &mut before, 1);
    assert_eq!(log.registrations(), [before.registration.clone(), after.registration.clone()]);
    log.shut_down().unwrap();
    drop(log);
    for open_check in [OpenCheck::Edge, OpenCheck::Everything] {
        let (log, _) = open(folder.path(), LogSettings { open_check, ..slow() });
        append(&log, &mut after, 1);
        append(&log, &mut before, 1);
        assert_eq!(log.registrations().len(), 2);
        log.shut_down().unwrap();
    }
    let json = std::fs::read_to_string(folder.path().join("public/agents.json")).unwrap();
    for registration in [&before.registration, &after.registration] {
        assert!(json.contains(&hex(&registration.program_id)) && json.contains(&hex(&registration.agent)));
    }
    assert_eq!(json.matches("\"agent\"").count(), 2);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

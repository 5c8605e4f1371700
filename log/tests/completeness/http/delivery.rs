//! An agent's own log is delivered in order, also beside an agent that goes on.

use crate::fleet::{Agent, key, settings};
use crate::served::{client, generous, restart, start};
use candor_log::http::{BackgroundDelivery, Delivery, RecordState};
use candor_log::{FileLog, FileSystem};
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn delivery(url: &str, agent: &Agent, outbox: &Path, log: &FileLog) -> Delivery<FileSystem> {
    let disk = FileSystem::at(outbox);
    Delivery::open(client(url), key(0), agent.chain_name(), disk, log).unwrap()
}

#[test]
fn an_outbox_is_delivered_in_order() {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let served = start(place.path(), &[&agent], settings(), generous());
    let mut log = FileLog::create(outbox.path()).unwrap();
    let records = agent.records(150);
    log.append(&records).unwrap();
    let mut delivery = delivery(&served.url(), &agent, outbox.path(), &log);
    delivery.deliver_until(&log, |delivered| delivered == 70).unwrap();
    assert_eq!(delivery.delivered(), 70);
    let mut delivery = delivery.waiting_for(RecordState::Published);
    delivery.deliver(&log).unwrap();
    for (index, record) in records.iter().enumerate() {
        assert_eq!(served.log().entry(index as u64).unwrap().signed, record.signed_header());
    }
    assert_eq!(served.log().status().sizes.published, Some(150));
}

#[test]
fn an_agent_goes_on_while_its_log_is_away() {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let served = start(place.path(), &[&agent], settings(), generous());
    let mut log = FileLog::create(outbox.path()).unwrap();
    log.append(&agent.records(3)).unwrap();
    let background = BackgroundDelivery::start(
        delivery(&served.url(), &agent, outbox.path(), &log),
        outbox.path().into(),
        log.len(),
        Box::new(|_, _| ()),
    );
    // What was there, and what comes while it delivers: in groups, so many that not all are kept in memory.
    for _ in 0..100 {
        let group = agent.records(5);
        log.append(&group).unwrap();
        background.offer(&group);
    }
    let finished = background.finish(LONG);
    assert_eq!((finished.delivered, finished.waiting), (503, 0), "{:?}", finished.error);
    served.stop().unwrap();
    // The log is away: the agent goes on, and is not kept from ending.
    let url = "http://127.0.0.1:9";
    let background = BackgroundDelivery::start(
        delivery(url, &agent, outbox.path(), &log),
        outbox.path().into(),
        log.len(),
        Box::new(|error, next| assert!(error.is_temporary() && next.is_some())),
    );
    let group = agent.records(2);
    log.append(&group).unwrap();
    background.offer(&group);
    let finished = background.finish(Duration::ZERO);
    assert_eq!((finished.delivered, finished.waiting), (503, 2));
    assert!(finished.error.is_none());
    // It comes back.
    let served = restart(place.path(), settings(), generous());
    delivery(&served.url(), &agent, outbox.path(), &log).deliver(&log).unwrap();
    assert_eq!(served.stop().unwrap().sequenced, 505);
}

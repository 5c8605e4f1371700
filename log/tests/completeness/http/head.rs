//! How far an agent's chain has come: said to everybody, and with every acknowledgement.

use crate::fleet::{Agent, key, settings};
use crate::network::get;
use crate::served::{client, generous, start};
use candor_log::FileLog;
use candor_log::FileSystem;
use candor_log::http::{ChainAnswer, ChainHead, Delivery, RecordState};
use candor_log::pipeline::LogSettings;
use std::time::Duration;

fn hex(hash: [u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}

#[test]
fn a_chain_is_as_long_as_what_was_accepted() {
    // Integrated soon, and never: the newest is in the tiles, or in memory only.
    let never = LogSettings { publish_interval: Duration::from_secs(100_000), ..LogSettings::default() };
    for log in [settings(), never] {
        let place = tempfile::tempdir().unwrap();
        let mut agent = Agent::new(0);
        let other = Agent::new(1);
        let served = start(place.path(), &[&agent, &other], log, generous());
        let client = client(&served.url());
        let (address, chain) = (key(0).address(), agent.chain_name());
        let none = ChainHead { records: 0, record_hash: None, signed: false };
        assert_eq!(client.chain_head(&address, &chain).unwrap(), Some(none.clone()));
        for sequence in 0..3 {
            let record = agent.record();
            let hash = record.record_hash(&chain.domain);
            let got = client.submit(&key(0), &chain.domain, &record, RecordState::Sequenced).unwrap();
            let records = sequence + 1;
            let said = ChainAnswer { records, record_hash: Some(hex(hash)), entry: None };
            assert_eq!(got.chain, said);
            // An earlier record again: the chain is where it was.
            let head = client.chain_head(&address, &chain).unwrap();
            assert_eq!(head, Some(ChainHead { records, record_hash: Some(hash), signed: true }));
        }
        // What others wrote is not its.
        assert_eq!(client.chain_head(&key(1).address(), &other.chain_name()).unwrap(), Some(none));
        assert_eq!(client.chain_head(&key(2).address(), &chain).unwrap(), None);
    }
}

#[test]
fn the_answer_is_not_kept_by_what_stands_between() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::new(0);
    let served = start(place.path(), &[&agent], settings(), generous());
    let (address, program) = (hex::encode(key(0).address()), hex::encode(agent.registration.program_id));
    let path = format!("/candor/v1/agents/0x{address}/programs/0x{program}/head");
    let answer = get(served.address(), &path);
    assert_eq!((answer.status, answer.text()), (200, "{\"records\":0}"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = get(served.address(), "/metrics").text().to_owned();
    assert!(text.contains("candor_log_reads_total{kind=\"head\",status=\"200\"} 1"), "{text}");
}

#[test]
fn an_outbox_that_is_ahead_of_the_log_is_delivered() {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let served = start(place.path(), &[&agent], settings(), generous());
    let mut log = FileLog::create(outbox.path()).unwrap();
    for _ in 0..2 {
        log.append(&agent.records(3)).unwrap();
        let disk = FileSystem::at(outbox.path());
        let mut delivery =
            Delivery::open(client(&served.url()), key(0), agent.chain_name(), disk, &log).unwrap();
        assert!(!delivery.is_checked());
        let head = delivery.ask_head(&log).unwrap();
        delivery.check_head(head.as_ref(), &log).unwrap();
        assert!(delivery.is_checked());
        delivery.deliver(&log).unwrap();
        // As long as the log's.
        let head = delivery.ask_head(&log).unwrap();
        assert_eq!(head.as_ref().map(|head| head.records), Some(log.len()));
        delivery.check_head(head.as_ref(), &log).unwrap();
    }
}

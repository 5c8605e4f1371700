//! One outbox over a change of program: delivered in order, found where the log has it, whichever program is named.

use crate::fleet::{Agent, key, revised, settings, signer};
use crate::served::{client, generous, start};
use candor_log::http::{BackgroundDelivery, ChainName, Delivery, Promises};
use candor_log::{FileLog, FileSystem};
use candor_trace::SignedRecord;
use std::path::Path;
use std::time::Duration;

fn open(url: &str, chain: ChainName, place: &Path, log: &FileLog) -> Delivery<FileSystem> {
    Delivery::open(client(url), key(0), chain, FileSystem::at(place), log).unwrap()
}

/// Three records, a Revise record, three records of the next program, another Revise record, two records.
fn chain() -> (Vec<SignedRecord>, [Agent; 3]) {
    let mut first = Agent::new(0);
    let mut all = first.records(3);
    let (revise, mut second) = revised(0, 1, 2, &all[2]);
    all.push(revise);
    all.extend(second.records(3));
    let (revise, mut third) = revised(0, 2, 3, &all[6]);
    all.push(revise);
    all.extend(third.records(2));
    (all, [first, second, third])
}

/// Cut anywhere, named by any of its programs: what is there is delivered, and asked for where the log has it.
#[test]
fn an_outbox_with_several_programs_is_delivered_from_anywhere() {
    let (all, agents) = chain();
    for named in [&agents[0], &agents[2]] {
        for cut in [0, 3, 4, 7, 8, 9] {
            let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let served = start(place.path(), &agents.each_ref(), settings(), generous());
            let mut log = FileLog::create(outbox.path()).unwrap();
            log.append(&all[..cut]).unwrap();
            open(&served.url(), named.chain_name(), outbox.path(), &log).deliver(&log).unwrap();
            log.append(&all[cut..]).unwrap();
            let mut delivery = open(&served.url(), named.chain_name(), outbox.path(), &log);
            let head = delivery.ask_head(&log).unwrap();
            assert_eq!(head.as_ref().map_or(0, |head| head.records), cut as u64);
            delivery.check_head(head.as_ref(), &log).unwrap();
            delivery.deliver(&log).unwrap();
            let head = delivery.ask_head(&log).unwrap().unwrap();
            let newest = all.last().map(|record| record.record_hash(&named.registration.domain));
            assert_eq!((head.records, head.record_hash, head.signed), (10, newest, true));
            assert_eq!(delivery.delivered(), 10);
            for (index, record) in all.iter().enumerate() {
                assert_eq!(served.log().entry(index as u64).unwrap().signed, record.signed_header());
            }
        }
    }
}

/// The promises of all its programs are kept in one file.
#[test]
fn promises_about_every_program_are_kept() {
    let (all, agents) = chain();
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let served = start(place.path(), &agents.each_ref(), settings(), generous());
    let mut log = FileLog::create(outbox.path()).unwrap();
    log.append(&all).unwrap();
    open(&served.url(), agents[0].chain_name(), outbox.path(), &log).deliver(&log).unwrap();
    let disk = FileSystem::at(outbox.path());
    let kept = Promises::open(&disk, signer().verifier_key(), key(0).address()).unwrap();
    for (sequence, record) in all.iter().enumerate() {
        let promise = *kept.get(sequence as u64).unwrap().unwrap().promise();
        assert_eq!(promise.program_id, record.header.program_id);
        assert_eq!((promise.index, promise.sequence), (sequence as u64, sequence as u64));
    }
}

/// An agent goes on over a Revise record while its log takes what it can.
#[test]
fn delivery_beside_an_agent_goes_over_a_revise_record() {
    let (all, agents) = chain();
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let served = start(place.path(), &agents.each_ref(), settings(), generous());
    let mut log = FileLog::create(outbox.path()).unwrap();
    log.append(&all[..2]).unwrap();
    let delivery = open(&served.url(), agents[0].chain_name(), outbox.path(), &log);
    let background = BackgroundDelivery::start(delivery, outbox.path().into(), 2, Box::new(|_, _| ()));
    for record in &all[2..] {
        log.append(std::slice::from_ref(record)).unwrap();
        background.offer(std::slice::from_ref(record));
    }
    let finished = background.finish(Duration::from_secs(60));
    assert_eq!((finished.delivered, finished.waiting), (10, 0), "{:?}", finished.error);
    assert_eq!(served.stop().unwrap().sequenced, 10);
}

//! An outbox that was put back to before a change of program is found out, whichever of its programs is named.

use crate::fleet::{Agent, key, revised, settings};
use crate::served::{client, generous, start};
use candor_log::http::{ChainName, Delivery, DeliveryError};
use candor_log::{FileLog, FileSystem};
use candor_trace::SignedRecord;
use std::path::Path;

fn delivery(
    url: &str,
    chain: ChainName,
    place: &Path,
    records: &[SignedRecord],
) -> (Delivery<FileSystem>, FileLog) {
    let mut log = FileLog::create(place).unwrap();
    log.append(records).unwrap();
    (Delivery::open(client(url), key(0), chain, FileSystem::at(place), &log).unwrap(), log)
}

#[test]
fn an_outbox_from_before_the_revise_record_is_an_older_copy() {
    let mut first = Agent::new(0);
    let mut all = first.records(3);
    let (revise, mut second) = revised(0, 1, 2, &all[2]);
    all.push(revise);
    all.extend(second.records(3));
    let (place, newest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let served = start(place.path(), &[&first, &second], settings(), generous());
    let (mut whole, log) = delivery(&served.url(), first.chain_name(), newest.path(), &all);
    whole.deliver(&log).unwrap();
    for chain in [first.chain_name(), second.chain_name()] {
        // Nothing, records of the first program, the Revise record as the last, some of the second program.
        for kept in 1..all.len() {
            let older = tempfile::tempdir().unwrap();
            let (mut delivery, log) = delivery(&served.url(), chain, older.path(), &all[..kept]);
            let error = delivery.deliver(&log).unwrap_err();
            assert!(
                matches!(error, DeliveryError::LogKnowsMore { records, signed: true, .. } if records == kept as u64),
                "{kept}: {error}"
            );
            assert_eq!(delivery.delivered(), 0);
        }
        // Continued with another history: at the Revise record's place, after it, and by revising otherwise.
        let (other, mut third) = revised(0, 1, 2, &all[1]);
        let mut revised_before = all[..2].to_vec();
        revised_before.push(other);
        revised_before.extend(third.records(8));
        let mut fork = Agent::new(0);
        let mut decided_beside = fork.records(3);
        decided_beside.extend(fork.records(6));
        let mut decided_otherwise = all[..4].to_vec();
        let (_, mut again) = revised(0, 1, 2, &all[2]);
        again.skip_time();
        decided_otherwise.extend(again.records(5));
        for history in [revised_before, decided_beside, decided_otherwise] {
            let place = tempfile::tempdir().unwrap();
            let (mut delivery, log) = delivery(&served.url(), chain, place.path(), &history);
            let error = delivery.deliver(&log).unwrap_err();
            assert!(matches!(error, DeliveryError::OtherHistory { signed: true, .. }), "{error}");
            assert_eq!(delivery.delivered(), 0);
        }
    }
    // Nothing of it was handed in, so that there is no evidence against the agent.
    assert_eq!(served.log().status().sizes.sequenced, 7);
    assert_eq!(served.log().evidence(&key(0).address()).unwrap(), Vec::<String>::new());
}

/// The log has the first program, and nothing yet of the second: it is asked about the first too.
#[test]
fn a_revise_record_that_the_log_has_not_seen_hides_no_other_history() {
    let mut first = Agent::new(0);
    let all = first.records(5);
    let (place, newest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_, second) = revised(0, 1, 2, &all[4]);
    let served = start(place.path(), &[&first, &second], settings(), generous());
    let (mut whole, log) = delivery(&served.url(), first.chain_name(), newest.path(), &all);
    whole.deliver(&log).unwrap();
    // An older copy, which was revised and went on.
    let (revise, mut third) = revised(0, 1, 2, &all[2]);
    let mut history = all[..3].to_vec();
    history.push(revise);
    for more in [0, 4] {
        history.extend(third.records(more));
        for chain in [first.chain_name(), second.chain_name()] {
            let place = tempfile::tempdir().unwrap();
            let (mut delivery, log) = delivery(&served.url(), chain, place.path(), &history);
            let error = delivery.deliver(&log).unwrap_err();
            let found = match more {
                0 => matches!(error, DeliveryError::LogKnowsMore { log_records: 5, records: 4, .. }),
                _ => matches!(error, DeliveryError::OtherHistory { sequence: 4, .. }),
            };
            assert!(found, "{error}");
            assert_eq!(delivery.delivered(), 0);
        }
    }
    assert_eq!(served.log().status().sizes.sequenced, 5);
}

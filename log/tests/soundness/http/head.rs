//! Agents whose folder was put back, and logs that lie about a chain.

use crate::fleet::{Agent, key, settings};
use crate::network::listener;
use crate::served::{client, generous, start};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_log::http::{
    BackgroundDelivery, ChainAnswer, ChainHead, ChainName, ClientError, Delivery, DeliveryError, HeadError,
};
use candor_log::{FileLog, FileSystem};
use candor_trace::{Entry, SignedRecord};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

fn outbox(place: &Path, records: &[SignedRecord]) -> FileLog {
    let mut log = FileLog::create(place).unwrap();
    log.append(records).unwrap();
    log
}

fn open(url: &str, chain: ChainName, place: &Path, log: &FileLog) -> Delivery<FileSystem> {
    Delivery::open(client(url), key(0), chain, FileSystem::at(place), log).unwrap()
}

/// A chain of five records at the log; the agent's folder is put back, without or with its mark.
#[test]
fn a_folder_that_was_put_back_as_a_whole_is_found_out_before_anything_is_handed_in() {
    let (place, newest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let chain = agent.chain_name();
    let served = start(place.path(), &[&agent], settings(), generous());
    let records = agent.records(5);
    let log = outbox(newest.path(), &records);
    open(&served.url(), chain, newest.path(), &log).deliver(&log).unwrap();
    let hash = |record: &SignedRecord| Some(record.record_hash(&chain.domain));
    for kept in [0, 1, 4] {
        let place = tempfile::tempdir().unwrap();
        let log = outbox(place.path(), &records[..kept]);
        let mut delivery = open(&served.url(), chain, place.path(), &log);
        let head = delivery.ask_head(&log).unwrap();
        let error = delivery.check_head(head.as_ref(), &log).unwrap_err();
        let (expected, newest) =
            (hash(&records[4]), kept.checked_sub(1).and_then(|last| hash(&records[last])));
        assert!(
            matches!(&error, DeliveryError::LogKnowsMore { log_records: 5, log_newest, signed: true, records, newest: own }
                if *log_newest == expected && *records == kept as u64 && *own == newest),
            "{error}"
        );
        assert!(!error.is_temporary() && !delivery.is_checked());
        for hash in [expected, newest].into_iter().flatten() {
            assert!(error.to_string().contains(&hex::encode(hash)), "{error}");
        }
    }
    // Continued already: as long as the log's chain, and longer.
    for more in [1, 3] {
        let place = tempfile::tempdir().unwrap();
        let mut fork = Agent::new(0);
        let mut continued = fork.records(4);
        fork.skip_time();
        continued.extend(fork.records(more));
        let log = outbox(place.path(), &continued);
        let mut delivery = open(&served.url(), chain, place.path(), &log);
        let error = delivery.deliver(&log).unwrap_err();
        let own = continued[4].record_hash(&chain.domain);
        assert!(
            matches!(&error, DeliveryError::OtherHistory { sequence: 4, log_hash, signed: true, own_hash }
                if *log_hash == hash(&records[4]) && *own_hash == own),
            "{error}"
        );
        assert_eq!(delivery.delivered(), 0);
        // Beside an agent too.
        let background = BackgroundDelivery::start(
            delivery,
            place.path().into(),
            log.len(),
            Box::new(|_, next| assert_eq!(next, None)),
        );
        let finished = background.finish(Duration::from_secs(60));
        assert!(matches!(finished.error, Some(DeliveryError::OtherHistory { .. })), "{finished:?}");
    }
    // Nothing of it was handed in: there is no evidence, because there was no second record.
    assert_eq!(served.log().status().sizes.sequenced, 5);
    assert_eq!(served.log().evidence(&key(0).address()).unwrap(), Vec::<String>::new());
}

fn answer(records: u64, hash: Option<[u8; 32]>, entry: Option<Vec<u8>>) -> ChainAnswer {
    ChainAnswer {
        records,
        record_hash: hash.map(|hash| format!("0x{}", hex::encode(hash))),
        entry: entry.map(|entry| STANDARD.encode(entry)),
    }
}

#[test]
fn a_log_cannot_make_a_chain_longer_than_its_agent_did() {
    let mut agent = Agent::new(0);
    let (address, chain) = (key(0).address(), agent.chain_name());
    let records = agent.records(2);
    let entry = Entry::of(&records[1], &chain.domain);
    let hash = entry.record_hash();
    let check = |answer: &ChainAnswer| ChainHead::check(answer, &address, &chain);
    let good = answer(2, Some(hash), Some(entry.to_bytes()));
    assert_eq!(check(&good), Ok(ChainHead { records: 2, record_hash: Some(hash), signed: true }));
    // The log's word alone is marked as such.
    let word = answer(9, Some(hash), None);
    assert_eq!(check(&word), Ok(ChainHead { records: 9, record_hash: Some(hash), signed: false }));
    for (bad, records) in [
        (answer(0, Some(hash), None), 0),
        (answer(0, None, Some(entry.to_bytes())), 0),
        (answer(2, None, None), 2),
        (ChainAnswer { record_hash: Some("0x12".to_owned()), ..good.clone() }, 2),
        (ChainAnswer { record_hash: Some(hex::encode(hash)), ..good.clone() }, 2),
    ] {
        assert!(
            matches!(check(&bad), Err(HeadError::RecordHash { records: got, .. }) if got == records),
            "{bad:?}"
        );
    }
    let bad = ChainAnswer { entry: Some("%".to_owned()), ..good.clone() };
    assert_eq!(check(&bad), Err(HeadError::Base64));
    let bad = answer(2, Some(hash), Some(entry.to_bytes()[1..].to_vec()));
    assert!(matches!(check(&bad), Err(HeadError::Entry { .. })));
    // Another place, hash, agent, program or domain.
    let others = [
        answer(3, Some(hash), Some(entry.to_bytes())),
        answer(1, Some(hash), Some(entry.to_bytes())),
        answer(2, Some([1; 32]), Some(entry.to_bytes())),
    ];
    for bad in &others {
        assert_eq!(check(bad), Err(HeadError::OtherEntry));
    }
    assert_eq!(ChainHead::check(&good, &key(1).address(), &chain), Err(HeadError::OtherEntry));
    let program = ChainName { program_id: [1; 32], ..chain };
    assert_eq!(ChainHead::check(&good, &address, &program), Err(HeadError::OtherEntry));
    let mut domain = chain;
    domain.domain.chain_id += 1;
    assert_eq!(ChainHead::check(&good, &address, &domain), Err(HeadError::OtherEntry));
    // A record that the agent never signed.
    let mut forged = entry;
    forged.signed.header.sequence = 8;
    let bad = answer(9, Some(forged.record_hash()), Some(forged.to_bytes()));
    assert!(matches!(check(&bad), Err(HeadError::Signature { .. })));
}

/// Answers every request with these bytes.
pub(crate) fn liar(answer: String) -> String {
    let listener = listener();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

pub(crate) fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn what_is_no_answer_about_a_chain_is_said_and_nothing_is_delivered() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let chain = agent.chain_name();
    let log = outbox(place.path(), &agent.records(1));
    let ask = |answer| {
        let mut delivery = open(&liar(answer), chain, place.path(), &log);
        let error = delivery.deliver(&log).unwrap_err();
        assert_eq!(delivery.delivered(), 0);
        match error {
            DeliveryError::Head { source } => source,
            other => panic!("{other}"),
        }
    };
    let error = ask(http(200, "{\"records\":7}"));
    assert!(
        matches!(&error, ClientError::Head { source: HeadError::RecordHash { records: 7, .. }, .. }),
        "{error}"
    );
    assert!(!error.is_temporary());
    assert!(matches!(ask(http(200, "[]")), ClientError::Answer { status: 200, .. }));
    assert!(matches!(ask(http(404, "no")), ClientError::Answer { status: 404, .. }));
    let busy = ask(http(503, "later"));
    assert!(matches!(busy, ClientError::Busy { status: 503, .. }) && busy.is_temporary());
}

/// What the log says alone is enough to stop an agent that would go on from less: it says so.
#[test]
fn a_pruned_head_is_the_logs_word_and_marked_as_such() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = outbox(place.path(), &agent.records(1));
    let body = format!("{{\"records\":7,\"recordHash\":\"0x{}\"}}", "11".repeat(32));
    let delivery = open(&liar(http(200, &body)), agent.chain_name(), place.path(), &log);
    let (told, errors) = mpsc::channel();
    let observer = move |error: &DeliveryError, _: Option<Duration>| told.send(error.to_string()).unwrap();
    let background = BackgroundDelivery::start(delivery, place.path().into(), 1, Box::new(observer));
    let finished = background.finish(Duration::from_secs(60));
    assert!(
        matches!(
            finished.error,
            Some(DeliveryError::LogKnowsMore { log_records: 7, signed: false, records: 1, .. })
        ),
        "{finished:?}"
    );
    assert!(errors.recv().unwrap().contains("the log's word"));
}

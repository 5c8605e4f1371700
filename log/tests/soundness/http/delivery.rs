//! Deliveries that cannot be: the log is away, says no, was put back, or the outbox was.

use crate::fleet::{Agent, key, settings, signer};
use crate::network::listener;
use crate::served::{NO_BYTE_LIMIT, NO_LIMIT, PATIENCE, client, generous, restart, start};
use candor_log::http::server::{Rate, Rates, ServerSettings};
use candor_log::http::{
    BackOff, BackgroundDelivery, ChainName, ClientError, ConnectError, Delivery, DeliveryError, LogClient,
    MAX_RETRY_AFTER, RecordState, fetch_key,
};
use candor_log::{FileLog, FileSystem};
use candor_trace::Entry;
use candor_trace::tlog::Promise;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn open(
    url: &str,
    outbox: &Path,
    log: &FileLog,
    chain: ChainName,
) -> Result<Delivery<FileSystem>, DeliveryError> {
    Delivery::open(client(url), key(0), chain, FileSystem::at(outbox), log)
}

/// An agent with so many records in its outbox.
fn outbox(place: &Path, count: usize) -> (Agent, FileLog) {
    let mut agent = Agent::new(0);
    let mut log = FileLog::create(place).unwrap();
    log.append(&agent.records(count)).unwrap();
    (agent, log)
}

#[test]
fn while_the_log_is_away_records_wait() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, mut log) = outbox(outbox_place.path(), 3);
    let chain = agent.chain_name();
    let served = start(place.path(), &[&agent], settings(), generous());
    let mut delivery = open(&served.url(), outbox_place.path(), &log, chain).unwrap();
    delivery.deliver(&log).unwrap();
    served.stop().unwrap();
    let mut agent = agent;
    log.append(&agent.records(4)).unwrap();
    let error = delivery.deliver(&log).unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(matches!(
        error,
        DeliveryError::Client { sequence: 3, source: ClientError::Connect(ConnectError::Unreachable { .. }) }
    ));
    assert_eq!(delivery.delivered(), 3);
    // Elsewhere, later, by another process.
    let served = restart(place.path(), settings(), generous());
    let mut delivery = open(&served.url(), outbox_place.path(), &log, chain).unwrap();
    assert_eq!(delivery.delivered(), 3);
    delivery.deliver(&log).unwrap();
    assert_eq!((delivery.delivered(), served.log().status().sizes.sequenced), (7, 7));
}

#[test]
fn a_mark_that_is_lost_costs_repetitions_only() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, log) = outbox(outbox_place.path(), 5);
    let chain = agent.chain_name();
    let served = start(place.path(), &[&agent], settings(), generous());
    open(&served.url(), outbox_place.path(), &log, chain).unwrap().deliver(&log).unwrap();
    let mark = outbox_place.path().join(format!("delivered.{}", signer().verifier_key().id()));
    let bytes = fs::read(&mark).unwrap();
    for length in 0..bytes.len() {
        fs::write(&mark, &bytes[..length]).unwrap();
        let error = open(&served.url(), outbox_place.path(), &log, chain).err().unwrap();
        assert!(matches!(error, DeliveryError::Malformed { .. }), "{error}");
    }
    fs::remove_file(&mark).unwrap();
    let mut delivery = open(&served.url(), outbox_place.path(), &log, chain).unwrap();
    assert_eq!(delivery.delivered(), 0);
    delivery.deliver(&log).unwrap();
    assert_eq!((delivery.delivered(), served.log().status().sizes.sequenced), (5, 5));
    // A mark that cannot be written is said.
    fs::remove_file(&mark).unwrap();
    fs::create_dir(&mark).unwrap();
    let error = open(&served.url(), outbox_place.path(), &log, chain).err().unwrap();
    assert!(matches!(error, DeliveryError::Io { .. }), "{error}");
}

#[test]
fn a_log_that_was_put_back_is_delivered_to_again() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, log) = outbox(outbox_place.path(), 5);
    let chain = agent.chain_name();
    let served = start(place.path(), &[&agent], settings(), generous());
    open(&served.url(), outbox_place.path(), &log, chain).unwrap().deliver(&log).unwrap();
    served.stop().unwrap();
    // A log of the same key that has nothing.
    let emptied = tempfile::tempdir().unwrap();
    let served = start(emptied.path(), &[&agent], settings(), generous());
    let mut agent = agent;
    let mut log = log;
    log.append(&[agent.record()]).unwrap();
    let mut delivery = open(&served.url(), outbox_place.path(), &log, chain).unwrap();
    assert_eq!(delivery.delivered(), 5);
    delivery.deliver(&log).unwrap();
    assert_eq!((delivery.delivered(), served.log().status().sizes.sequenced), (6, 6));
}

/// Takes the first record, and asks for it again when the second comes: for ever.
fn restless(listener: &TcpListener, promise: &str) {
    for stream in listener.incoming() {
        let mut stream = BufReader::new(stream.unwrap());
        let (mut head, mut line) = (String::new(), String::new());
        while stream.read_line(&mut line).unwrap() > 2 {
            head.push_str(&line.to_ascii_lowercase());
            line.clear();
        }
        let value = |name: &str| {
            let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            found.unwrap_or_default().trim().to_owned()
        };
        let mut body = vec![0; value("content-length").parse().unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        let (status, answer) = match value("candor-sequence").as_str() {
            // How far the chain has come.
            "" => (200, json!({ "records": 0 })),
            "0" => {
                let hash = value("candor-record");
                (
                    200,
                    json!({ "index": 0, "state": "sequenced", "duplicate": false, "recordHash": hash, "chain": { "records": 1 }, "promise": promise }),
                )
            }
            _ => (409, json!({ "error": { "code": "chain-gap", "message": "", "expectedSequence": 0 } })),
        };
        let answer = answer.to_string();
        let head =
            format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.get_mut().write_all(format!("{head}{answer}").as_bytes()).unwrap();
    }
}

#[test]
fn a_log_that_acknowledges_and_asks_again_is_not_delivered_to_for_ever() {
    let outbox_place = tempfile::tempdir().unwrap();
    let (agent, log) = outbox(outbox_place.path(), 2);
    let listener = listener();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let record = log.get(0).unwrap();
    let entry = Entry::of(&record, &agent.registration.domain);
    let promise = Promise {
        agent: key(0).address(),
        program_id: record.header.program_id,
        sequence: 0,
        record_hash: entry.record_hash(),
        leaf: entry.leaf_hash(),
        index: 0,
        time: 0,
    };
    let promise = promise.sign(&signer()).to_note(signer().verifier_key()).to_bytes();
    std::thread::spawn(move || restless(&listener, &String::from_utf8(promise).unwrap()));
    let mut delivery = open(&url, outbox_place.path(), &log, agent.chain_name()).unwrap();
    let error = delivery.deliver(&log).unwrap_err();
    assert!(matches!(error, DeliveryError::Restless { expected: 0 }), "{error}");
}

#[test]
fn an_outbox_that_was_put_back_is_not_delivered_from() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, log) = outbox(outbox_place.path(), 5);
    let chain = agent.chain_name();
    let served = start(place.path(), &[&agent], settings(), generous());
    open(&served.url(), outbox_place.path(), &log, chain).unwrap().deliver(&log).unwrap();
    let records = log.read(0..5).unwrap();
    drop(log);
    for shorter in [&records[..4], &records[..0]] {
        fs::remove_file(outbox_place.path().join("log.candor")).unwrap();
        let mut log = FileLog::create(outbox_place.path()).unwrap();
        log.append(shorter).unwrap();
        let error = open(&served.url(), outbox_place.path(), &log, chain).err().unwrap();
        assert!(matches!(error, DeliveryError::OlderOutbox { delivered: 5, .. }), "{error}");
    }
    // As long as before, and with another last record.
    fs::remove_file(outbox_place.path().join("log.candor")).unwrap();
    let mut log = FileLog::create(outbox_place.path()).unwrap();
    log.append(&[&records[..4], &records[..1]].concat()).unwrap();
    let error = open(&served.url(), outbox_place.path(), &log, chain).err().unwrap();
    assert!(matches!(error, DeliveryError::OlderOutbox { delivered: 5, records: 5 }), "{error}");
}

#[test]
fn what_the_log_will_never_take_is_not_tried_again() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, log) = outbox(outbox_place.path(), 2);
    let served = start(place.path(), &[], settings(), generous());
    let mut delivery = open(&served.url(), outbox_place.path(), &log, agent.chain_name()).unwrap();
    let error = delivery.deliver(&log).unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    assert!(error.to_string().contains("unknown-program"), "{error}");
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = attempts.clone();
    let observer = move |_: &DeliveryError, next: Option<Duration>| {
        assert_eq!(next, None);
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let background = BackgroundDelivery::start(delivery, outbox_place.path().into(), 2, Box::new(observer));
    let finished = background.finish(Duration::from_secs(60));
    assert_eq!((finished.delivered, finished.waiting), (0, 2));
    assert!(finished.error.is_some_and(|error| !error.is_temporary()));
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[test]
fn a_limit_is_waited_for_as_long_as_the_log_asks() {
    let (place, outbox_place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, log) = outbox(outbox_place.path(), 3);
    let rates = Rates {
        agent: Rate { per_second: 1, burst: 2 },
        agent_bytes: NO_BYTE_LIMIT,
        total: NO_LIMIT,
        address: NO_LIMIT,
    };
    let served = start(place.path(), &[&agent], settings(), ServerSettings { rates, ..generous() });
    let mut delivery = open(&served.url(), outbox_place.path(), &log, agent.chain_name()).unwrap();
    let error = delivery.deliver(&log).unwrap_err();
    assert!(error.is_temporary());
    assert_eq!((delivery.delivered(), error.retry_after()), (2, Some(Duration::from_secs(1))));
    let background = BackgroundDelivery::start(
        delivery,
        outbox_place.path().into(),
        3,
        Box::new(|_, next| {
            assert!(next.is_none_or(|wait| wait >= Duration::from_secs(1)));
        }),
    );
    let finished = background.finish(Duration::from_secs(60));
    assert_eq!((finished.delivered, finished.waiting), (3, 0));
}

#[test]
fn the_wait_doubles_differs_between_agents_and_honours_the_log() {
    let (mut one, mut two) = (BackOff::new(&[1; 20]), BackOff::new(&[2; 20]));
    let waits: Vec<Duration> = (0..20).map(|_| one.after_failure(None)).collect();
    for (number, wait) in waits.iter().enumerate() {
        let doubled = Duration::from_millis(500 << number.min(16)).min(Duration::from_secs(60));
        assert!(*wait >= doubled * 3 / 4 && *wait <= doubled * 5 / 4, "{number}: {wait:?}");
    }
    assert_ne!(waits, (0..20).map(|_| two.after_failure(None)).collect::<Vec<_>>());
    assert!(one.after_failure(Some(Duration::from_secs(100))) >= Duration::from_secs(100));
    // But not for a day.
    assert_eq!(one.after_failure(Some(Duration::from_secs(86_400))), MAX_RETRY_AFTER);
    one.reset();
    assert!(one.after_failure(None) <= Duration::from_millis(625));
}

#[test]
fn urls_that_are_none_are_refused_before_anything_is_sent() {
    let key = signer().verifier_key().clone();
    for url in [
        "",
        "log.example",
        "ftp://log.example",
        "http://",
        "http://log.example/?a=b",
        "http://a/#b",
        "file:///etc",
    ] {
        let error = LogClient::new(url, key.clone(), PATIENCE).err().unwrap();
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
    }
}

#[test]
fn what_a_server_says_is_not_believed_without_a_look() {
    use std::io::{Read, Write};
    let mut agent = Agent::new(0);
    let record = agent.record();
    let answer_with = |answer: &'static str| {
        let listener = listener();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let mut request = [0; 4096];
            // Until the client has said everything.
            while stream.read(&mut request).is_ok_and(|count| count > 0) {}
            stream.write_all(answer.as_bytes()).unwrap();
        });
        (url, server)
    };
    let submit = |answer| {
        let (url, server) = answer_with(answer);
        let done = client(&url).submit(&key(0), &agent.registration.domain, &record, RecordState::Sequenced);
        server.join().unwrap();
        done.unwrap_err()
    };
    let other = submit(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"index\":0,\"state\":\"sequenced\",\"duplicate\":false,\"recordHash\":\"0x00\",\"chain\":{\"records\":1},\"promise\":\"\"}",
    );
    assert!(matches!(other, ClientError::OtherRecord { .. }), "{other}");
    let nonsense = submit("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>");
    assert!(matches!(nonsense, ClientError::Answer { status: 200, .. }), "{nonsense}");
    let redirect = submit("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nConnection: close\r\n\r\n");
    assert!(matches!(redirect, ClientError::Answer { status: 302, .. }), "{redirect}");
    let proxy = submit("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\nno\x07pe");
    assert!(matches!(&proxy, ClientError::Busy { status: 502, message, .. } if message == "nope"), "{proxy}");
    let (url, server) = answer_with("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nno key\n");
    let error = fetch_key(&url, PATIENCE).unwrap_err();
    server.join().unwrap();
    assert!(matches!(error, ClientError::Key { .. }), "{error}");
}

//! Clients that are slow, cut off, or gone; and logs that stop.

use crate::disk::fault::Computer;
use crate::disk::machine::{EIO, Trouble};
use crate::fleet::{Agent, settings, signer};
use crate::network::{connect, get, read_answer};
use crate::served::{claim, generous, serve, start, still, submit};
use candor_log::FileSystem;
use candor_log::http::server::{ConnectionSettings, RunningLog, ServerSettings};
use candor_log::pipeline::Log;
use candor_program::encoding::encode;
use candor_trace::SignedRecord;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// The head of a submission with this content length.
fn head(number: u8, agent: &Agent, record: &SignedRecord, length: usize) -> String {
    let claim = claim(number, agent, record);
    let lines: String = claim.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "POST /candor/v1/records HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n"
    )
}

fn impatient() -> ServerSettings {
    let connections =
        ConnectionSettings { header_timeout: Duration::from_millis(300), ..ConnectionSettings::default() };
    ServerSettings { connections, body_timeout: Duration::from_millis(300), ..generous() }
}

#[test]
fn half_a_body_is_not_waited_for_and_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), impatient());
    let record = agent.record();
    let bytes = encode(&record);
    let mut slow = connect(log.address());
    slow.write_all(head(0, &agent, &record, bytes.len()).as_bytes()).unwrap();
    slow.write_all(&bytes[..bytes.len() / 2]).unwrap();
    let answer = read_answer(&mut slow).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (408, "body-timeout"));
    // Cut off in the middle: nobody is there for an answer, and nothing was taken.
    let mut cut = connect(log.address());
    cut.write_all(head(0, &agent, &record, bytes.len()).as_bytes()).unwrap();
    cut.write_all(&bytes[..10]).unwrap();
    cut.shutdown(Shutdown::Both).unwrap();
    assert_eq!(log.log().status().sizes.sequenced, 0);
    assert_eq!(submit(log.address(), 0, &agent, &record).json()["index"], json!(0));
}

/// Many requests at once, whose answers are more than any buffer between takes.
fn ask_for_much(address: SocketAddr, requests: usize) -> TcpStream {
    let mut stream = connect(address);
    let request = "GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n";
    stream.write_all(request.repeat(requests).as_bytes()).unwrap();
    stream
}

/// Whole answers and bytes that come until the connection ends or nothing more was asked for.
fn read_answers(stream: &mut TcpStream, requests: usize) -> (usize, usize) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
        }
        // The answers are all of one length.
        if let Some(end) = all.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if all.len() >= requests * (end + 4 + length.unwrap().parse::<usize>().unwrap()) {
                break;
            }
        }
    }
    (all.windows(15).filter(|window| window == b"HTTP/1.1 200 OK").count(), all.len())
}

#[test]
fn a_client_that_does_not_read_is_given_up_and_one_that_reads_gets_everything() {
    let place = tempfile::tempdir().unwrap();
    let connections =
        ConnectionSettings { write_timeout: Duration::from_millis(300), ..ConnectionSettings::default() };
    let log = start(place.path(), &[], settings(), ServerSettings { connections, ..generous() });
    let requests = 32 * (1 << 20) / get(log.address(), "/openapi.json").body.len();
    let mut reader = ask_for_much(log.address(), requests);
    assert_eq!(read_answers(&mut reader, requests).0, requests);
    drop(reader);
    let mut silent = ask_for_much(log.address(), requests);
    // Its place is free again although it is still there: the only connection is the one that asks.
    while !get(log.address(), "/metrics").text().contains("candor_log_connections 1\n") {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (answers, bytes) = read_answers(&mut silent, requests);
    assert!(answers < requests, "{answers} of {requests}, {bytes} bytes");
}

#[test]
fn the_body_of_a_stranger_is_not_even_read() {
    let place = tempfile::tempdir().unwrap();
    let (agent, mut stranger) = (Agent::new(0), Agent::new(1));
    let log = start(place.path(), &[&agent], settings(), generous());
    // The answer comes although not one byte of the body does.
    let record = stranger.record();
    let mut stream = connect(log.address());
    stream.write_all(head(1, &stranger, &record, 1 << 20).as_bytes()).unwrap();
    let answer = read_answer(&mut stream).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (403, "unknown-program"));
}

/// A submission of which all but the end was sent, once the server has begun with it.
fn begun(
    log: &RunningLog<FileSystem>,
    number: u8,
    agent: &Agent,
    record: &SignedRecord,
    all: usize,
) -> TcpStream {
    let bytes = encode(record);
    let mut stream = connect(log.address());
    stream.write_all(head(number, agent, record, bytes.len()).as_bytes()).unwrap();
    stream.write_all(&bytes[..1]).unwrap();
    let taken = format!("candor_log_in_flight_bytes {all}\n");
    while !get(log.address(), "/metrics").text().contains(&taken) {}
    stream
}

#[test]
fn bodies_that_are_being_received_are_bounded_together_and_for_each_agent() {
    let place = tempfile::tempdir().unwrap();
    let mut agents = [Agent::new(0), Agent::new(1)];
    let records = agents.each_mut().map(|agent| agent.record());
    let bytes = records.each_ref().map(encode);
    let length = bytes[0].len();
    assert_eq!(bytes[1].len(), length);
    let refused = |log: &RunningLog<FileSystem>, number: usize| {
        let answer = submit(log.address(), number as u8, &agents[number], &records[number]);
        assert_eq!((answer.status, answer.code().as_str()), (429, "in-flight"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    };
    // Room for one: whoever comes second has none. Room for fifteen: the same agent has none for a second, another has.
    for (name, room) in [("one", length), ("two", 2 * length - 1), ("fifteen", 15 * length)] {
        let place = place.path().join(name);
        let server =
            ServerSettings { max_in_flight_bytes: room, body_timeout: Duration::from_secs(60), ..generous() };
        let log = start(&place, &[&agents[0], &agents[1]], settings(), server);
        let mut first = begun(&log, 0, &agents[0], &records[0], length);
        refused(&log, 0);
        if room < 2 * length {
            refused(&log, 1);
        } else {
            assert_eq!(submit(log.address(), 1, &agents[1], &records[1]).status, 200);
        }
        first.write_all(&bytes[0][1..]).unwrap();
        assert_eq!(read_answer(&mut first).unwrap().status, 200);
        // And there is room again.
        assert_eq!(submit(log.address(), 0, &agents[0], &records[0]).json()["duplicate"], json!(true));
        assert_eq!(submit(log.address(), 1, &agents[1], &records[1]).status, 200);
    }
}

/// Opens many connections that say nothing, or say it slowly.
fn loris(address: SocketAddr, count: usize) -> Vec<std::net::TcpStream> {
    let open = |number: usize| {
        let mut stream = connect(address);
        if number.is_multiple_of(2) {
            stream.write_all(b"POST /candor/v1/records HTTP/1.1\r\nHost: t").unwrap();
        }
        stream
    };
    (0..count).map(open).collect()
}

#[test]
fn slow_connections_end_and_honest_ones_are_served_meanwhile() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), impatient());
    let mut slow = loris(log.address(), 40);
    for record in agent.records(5) {
        assert_eq!(submit(log.address(), 0, &agent, &record).status, 200);
    }
    for stream in &mut slow {
        assert!(read_answer(stream).is_none_or(|answer| answer.status == 408));
    }
}

#[test]
fn stopping_answers_what_was_asked_and_publishes_it() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let (first, second) = (agent.record(), agent.record());
    assert_eq!(submit(log.address(), 0, &agent, &first).status, 200);
    let bytes = encode(&second);
    let mut half = connect(log.address());
    half.write_all(head(0, &agent, &second, bytes.len()).as_bytes()).unwrap();
    half.write_all(&bytes[..100]).unwrap();
    // The server has begun with it once it is asked to end.
    while log.log().status().sizes.sequenced < 1 {}
    std::thread::sleep(Duration::from_millis(100));
    let address = log.address();
    let sizes = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| log.stop().unwrap());
        half.write_all(&bytes[100..]).unwrap();
        assert_eq!(read_answer(&mut half).unwrap().json()["index"], json!(1));
        stopped.join().unwrap()
    });
    assert_eq!((sizes.sequenced, sizes.published), (2, Some(2)));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_log_that_stopped_says_so_and_acknowledges_nothing() {
    let computer = Computer::default();
    let mut agent = Agent::new(0);
    let log = Log::create(computer.disk(), settings(), signer()).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let log = serve(log, computer.disk(), still(), generous());
    let records = agent.records(3);
    assert_eq!(submit(log.address(), 0, &agent, &records[0]).status, 200);
    assert_eq!(get(log.address(), "/health").json()["status"], "ok");
    computer.plan(1, Trouble::FailFromNow(EIO));
    let answer = submit(log.address(), 0, &agent, &records[1]);
    assert_eq!((answer.status, answer.code().as_str()), (503, "stopped"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("60"));
    let health = get(log.address(), "/health");
    assert_eq!((health.status, health.json()["status"].as_str()), (503, Some("stopped")));
    assert!(get(log.address(), "/metrics").text().contains("candor_log_up 0\n"));
    // Also once the disk works again: only opening the log again looks at what is there.
    computer.repair();
    assert_eq!(submit(log.address(), 0, &agent, &records[1]).status, 503);
    assert!(log.stop().is_err());
}

//! An honest client is served while others flood (threats.md, row 35).

use crate::fleet::{Agent, settings, signer};
use crate::network::request;
use crate::served::{NO_BYTE_LIMIT, NO_LIMIT, claim, client, generous, serve, start, still};
use candor_log::FileSystem;
use candor_log::http::server::{ConnectionSettings, Rate, Rates, RunningLog, ServerSettings};
use candor_log::http::{ClientError, RecordState};
use candor_log::pipeline::Log;
use candor_program::encoding::encode;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Honest records of one test.
const HONEST: usize = 40;

#[test]
fn an_agent_that_floods_uses_up_its_own_limit_and_no_other() {
    let place = tempfile::tempdir().unwrap();
    let (mut honest, mut flooding) = (Agent::new(0), Agent::new(1));
    let rates = Rates {
        agent: Rate { per_second: 5, burst: 50 },
        agent_bytes: NO_BYTE_LIMIT,
        total: NO_LIMIT,
        address: NO_LIMIT,
    };
    let server = ServerSettings { rates, ..generous() };
    let log = start(place.path(), &[&honest, &flooding], settings(), server);
    let records = honest.records(HONEST);
    // A hundred times as many, each signed as it should be.
    let flood = flooding.records(HONEST * 100);
    let (stop, accepted, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let client = client(&log.url());
            let mut next = 0;
            while !stop.load(Ordering::Relaxed) && next < flood.len() {
                let domain = &flooding.registration.domain;
                match client.submit(&crate::fleet::key(1), domain, &flood[next], RecordState::Sequenced) {
                    Ok(_) => {
                        next += 1;
                        accepted.fetch_add(1, Ordering::Relaxed)
                    }
                    Err(ClientError::Busy { status: 429, .. }) => refused.fetch_add(1, Ordering::Relaxed),
                    Err(error) => panic!("{error}"),
                };
            }
        });
        let client = client(&log.url());
        for (index, record) in records.iter().enumerate() {
            // Between two records of the honest agent the flood sends a hundred.
            let before = refused.load(Ordering::Relaxed);
            while refused.load(Ordering::Relaxed) < before + 100 && index > 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let domain = &honest.registration.domain;
            let got = client.submit(&crate::fleet::key(0), domain, record, RecordState::Sequenced).unwrap();
            assert!(!got.duplicate);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(refused.load(Ordering::Relaxed) >= 100 * (HONEST as u64 - 1));
    let sizes = log.stop().unwrap();
    assert_eq!(sizes.sequenced, HONEST as u64 + accepted.load(Ordering::Relaxed));
}

#[test]
fn garbage_is_refused_without_a_record_being_read() {
    let place = tempfile::tempdir().unwrap();
    let mut honest = Agent::new(0);
    let log = start(place.path(), &[&honest], settings(), generous());
    let records = honest.records(HONEST);
    let stop = AtomicBool::new(false);
    let sent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let garbage: [Vec<(&str, String)>; 3] = [
            Vec::new(),
            crate::served::claim(1, &honest, &records[0]).headers().to_vec(),
            // Claims to be the honest agent.
            candor_log::http::SubmissionClaim {
                agent: honest.registration.agent,
                ..crate::served::claim(1, &honest, &records[0])
            }
            .headers()
            .to_vec(),
        ];
        let (stop, sent, log) = (&stop, &sent, &log);
        for headers in garbage {
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = request(log.address(), "POST", "/candor/v1/records", &headers, &[0; 64]);
                    assert!(matches!(answer.status, 400 | 401 | 403), "{}", answer.text());
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for record in &records {
            let before = sent.load(Ordering::Relaxed);
            while sent.load(Ordering::Relaxed) < before + 20 {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(crate::served::submit(log.address(), 0, &honest, record).status, 200);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(log.log().status().sizes.sequenced, HONEST as u64);
    assert_eq!(encode(&records[0]).len(), encode(&records[1]).len());
}

/// Status codes of `count` malformed submissions for whom a web server in front wrote this.
fn garbage_for(log: &RunningLog<FileSystem>, forwarded: &str, count: usize) -> Vec<u16> {
    let headers = [("X-Forwarded-For", forwarded.to_owned())];
    let one = || request(log.address(), "POST", "/candor/v1/records", &headers, b"").status;
    std::iter::repeat_with(one).take(count).collect()
}

/// A log behind a web server, where two malformed submissions are an address's limit.
fn behind(place: &Path, proxy: &str, agents: &[&Agent]) -> RunningLog<FileSystem> {
    let address = Rate { per_second: 1, burst: 2 };
    let proxy: Option<IpAddr> = Some(proxy.parse().unwrap());
    let connections = ConnectionSettings { proxy, max_per_address: 0, ..ConnectionSettings::default() };
    let rates = Rates { agent: NO_LIMIT, agent_bytes: NO_BYTE_LIMIT, total: NO_LIMIT, address };
    let server = ServerSettings { rates, connections, ..generous() };
    let log = Log::create(FileSystem::at(place), settings(), signer()).unwrap();
    agents.iter().for_each(|agent| log.register(agent.registration.clone()).unwrap());
    serve(log, FileSystem::at(place), still(), server)
}

#[test]
fn behind_a_web_server_a_stranger_keeps_out_himself_and_nobody_else() {
    let place = tempfile::tempdir().unwrap();
    let mut honest = Agent::new(0);
    // All connections are the proxy's: no limit of one address ends them.
    let log = behind(place.path(), "127.0.0.1", &[&honest]);
    assert_eq!(garbage_for(&log, "203.0.113.9", 4), [400, 400, 429, 429]);
    // What he wrote before the proxy did changes nothing, nor does a line of his own above the proxy's.
    assert_eq!(garbage_for(&log, "198.51.100.1, 203.0.113.9", 1), [429]);
    let two = [("X-Forwarded-For", "198.51.100.1".to_owned()), ("X-Forwarded-For", "203.0.113.9".to_owned())];
    assert_eq!(request(log.address(), "POST", "/candor/v1/records", &two, b"").status, 429);
    let record = honest.record();
    let mut headers = claim(0, &honest, &record).headers().to_vec();
    headers.push(("X-Forwarded-For", "203.0.113.10".to_owned()));
    let answer = request(log.address(), "POST", "/candor/v1/records", &headers, &encode(&record));
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Where the proxy names nobody it is charged itself.
    assert_eq!(garbage_for(&log, "somebody", 3), [400, 400, 429]);
}

#[test]
fn who_is_not_the_proxy_names_nobody_else() {
    let place = tempfile::tempdir().unwrap();
    let rates = Rates {
        agent: NO_LIMIT,
        agent_bytes: NO_BYTE_LIMIT,
        total: NO_LIMIT,
        address: Rate { per_second: 1, burst: 2 },
    };
    for (number, proxy) in [None, Some("127.0.0.2")].into_iter().enumerate() {
        let proxy = proxy.map(|proxy| proxy.parse().unwrap());
        let connections = ConnectionSettings { proxy, ..ConnectionSettings::default() };
        let server = ServerSettings { rates, connections, ..generous() };
        let place = place.path().join(number.to_string());
        let log = Log::create(FileSystem::at(&place), settings(), signer()).unwrap();
        let log = serve(log, FileSystem::at(&place), still(), server);
        let forged: Vec<u16> =
            (1..=3).flat_map(|last| garbage_for(&log, &format!("203.0.113.{last}"), 1)).collect();
        assert_eq!(forged, [400, 400, 429]);
    }
}

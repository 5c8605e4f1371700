//! A log that is served: records in, tiles and proofs out, with as many cosignatures as its policy asks for.

use crate::disk::fault::Computer;
use crate::fleet::{Agent, LONG, key, settings, signer};
use crate::network::{ManualClock, get, listener};
use crate::served::{PATIENCE, client, generous, serve, start, submit};
use candor_log::FileSystem;
use candor_log::http::RecordState;
use candor_log::http::server::{Running, SystemClock, WitnessSettings, serve_log, serve_witness};
use candor_log::http::witness::{Witness, WitnessAddress, WitnessMemory, Witnesses};
use candor_log::pipeline::{Log, LogSettings};
use candor_trace::Entry;
use candor_trace::tlog::{BundleId, CosignatureSigner, QuorumPolicy, TileId, bundle_entries, tile_hashes};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn records_come_as_far_as_was_asked_and_can_be_read_by_anybody() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let client = client(&log.url());
    let domain = agent.registration.domain;
    let records = agent.records(5);
    for (index, record) in records.iter().enumerate() {
        let states = [RecordState::Sequenced, RecordState::Integrated, RecordState::Published];
        let wanted = states[index % 3];
        let got = client.submit(&key(0), &domain, record, wanted).unwrap();
        assert_eq!((got.index, got.duplicate), (index as u64, false));
        assert!(got.state >= wanted, "{:?} for {wanted:?}", got.state);
        let again = client.submit(&key(0), &domain, record, RecordState::Published).unwrap();
        assert_eq!((again.index, again.duplicate, again.state), (index as u64, true, RecordState::Published));
    }
    assert_eq!(client.health().unwrap().published, 5);
    let note = get(log.address(), "/checkpoint");
    assert_eq!(note.header("cache-control"), Some("no-cache"));
    let policy = QuorumPolicy::new(signer().verifier_key().clone(), Vec::new(), 0).unwrap();
    assert_eq!(policy.check_bytes(&note.body).unwrap().checkpoint().size(), 5);
    let (tile, bundle) = (TileId::of_tree(0, 0, 5).unwrap(), BundleId::of_tree(0, 5).unwrap());
    let answer = get(log.address(), &format!("/{}", tile.path()));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let hashes = tile_hashes(&tile, &answer.body).unwrap();
    let answer = get(log.address(), &format!("/{}", bundle.path()));
    let entries = bundle_entries(&bundle, &answer.body).unwrap();
    for ((record, entry), hash) in records.iter().zip(entries).zip(hashes) {
        let entry = Entry::from_bytes(entry).unwrap();
        assert_eq!((&entry, entry.leaf_hash()), (&Entry::of(record, &domain), hash));
    }
    assert_eq!(get(log.address(), "/log.vkey").text(), format!("{}\n", signer().verifier_key()));
    assert_eq!(candor_log::http::fetch_key(&log.url(), PATIENCE).unwrap(), *signer().verifier_key());
    let agents = get(log.address(), "/agents.json").json();
    assert_eq!(agents[0]["agent"], json!(format!("0x{}", hex::encode(key(0).address()))));
}

#[test]
fn the_list_of_agents_is_read_again_only_after_a_registration() {
    let place = tempfile::tempdir().unwrap();
    let (first, second, third) = (Agent::new(0), Agent::new(1), Agent::new(2));
    let log = start(place.path(), &[&first], settings(), generous());
    let list = || get(log.address(), "/agents.json");
    let before = list();
    assert_eq!(before.json().as_array().map(Vec::len), Some(1));
    // What lies on the disk is not looked at while nobody is registered.
    let file = place.path().join("public/agents.json");
    std::fs::write(&file, "[]").unwrap();
    assert_eq!(list().body, before.body);
    assert_eq!(list().header("content-type"), Some("application/json"));
    log.log().register(second.registration.clone()).unwrap();
    assert_eq!(list().json().as_array().map(Vec::len), Some(2));
    assert_eq!(list().body, std::fs::read(&file).unwrap());
    log.log().register(third.registration.clone()).unwrap();
    assert_eq!(list().json().as_array().map(Vec::len), Some(3));
}

#[test]
fn an_answer_that_waits_too_long_says_how_far_it_came() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let mut server = generous();
    server.wait_timeout = Duration::from_millis(50);
    // Published once an hour.
    let log = LogSettings { publish_interval: Duration::from_secs(3600), ..LogSettings::default() };
    let log = start(place.path(), &[&agent], log, server);
    let (first, second) = (agent.record(), agent.record());
    let domain = agent.registration.domain;
    let client = client(&log.url());
    // The first is published at once: nothing was before it.
    client.submit(&key(0), &domain, &first, RecordState::Published).unwrap();
    let got = client.submit(&key(0), &domain, &second, RecordState::Published).unwrap();
    assert!(got.index == 1, "{got:?}");
    // A graceful end publishes it.
    assert_eq!(log.stop().unwrap().published, Some(2));
}

#[test]
fn metrics_count_what_was_answered() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let records = agent.records(3);
    for record in [&records[0], &records[0], &records[2], &records[1]] {
        submit(log.address(), 0, &agent, record);
    }
    assert!(log.log().wait_published(1, LONG).unwrap());
    let answer = get(log.address(), "/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "candor_log_up 1",
        "candor_log_entries{state=\"sequenced\"} 2",
        "candor_log_entries{state=\"published\"} 2",
        "candor_log_queued 0",
        "candor_log_submissions_total{outcome=\"accepted\"} 2",
        "candor_log_submissions_total{outcome=\"duplicate\"} 1",
        "candor_log_submissions_total{outcome=\"chain-gap\"} 1",
        "candor_log_acknowledge_seconds_bucket{le=\"+Inf\"} 3",
        "candor_log_acknowledge_seconds_count 3",
        "# TYPE candor_log_acknowledge_seconds histogram",
    ] {
        assert!(answer.text().lines().any(|found| found == line), "{line} in\n{}", answer.text());
    }
    // Every line is a comment, or a name with labels and a number.
    for line in answer.text().lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("candor_log_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

fn witness(number: u8) -> (Running, WitnessAddress) {
    let signer_of_witness =
        CosignatureSigner::new(&format!("witness.example/w{number}"), &[100 + number; 32]).unwrap();
    let key = signer_of_witness.verifier_key().clone();
    let memory = WitnessMemory::open(Computer::default().disk()).unwrap();
    let witness = Witness::new(signer_of_witness, vec![signer().verifier_key().clone()], memory);
    let clock = Arc::new(ManualClock::at_seconds(1_800_000_000));
    let running = serve_witness(Arc::new(witness), clock, listener(), WitnessSettings::default()).unwrap();
    let url = running.url();
    (running, WitnessAddress { key, url })
}

#[test]
fn published_means_cosigned_by_as_many_as_the_policy_asks_for() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let (mut running, addresses): (Vec<_>, Vec<_>) = (1..=3).map(witness).unzip();
    let keys = addresses.iter().map(|address| address.key.clone()).collect();
    let policy = QuorumPolicy::new(signer().verifier_key().clone(), keys, 2).unwrap();
    let witnesses = Witnesses::new(&addresses, PATIENCE, Box::new(|_| ())).unwrap();
    let asked = witnesses.asked();
    let log_settings = LogSettings { policy: Some(policy.clone()), ..settings() };
    let log =
        Log::create_with(FileSystem::at(place.path()), log_settings, signer(), Box::new(witnesses)).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let disk = FileSystem::at(place.path());
    let log = serve_log(log, disk, Arc::new(SystemClock), listener(), generous(), asked).unwrap();
    let client = client(&log.url());
    let domain = agent.registration.domain;
    // All three, then two of three.
    for size in 1..=2 {
        let got = client.submit(&key(0), &domain, &agent.record(), RecordState::Published).unwrap();
        assert_eq!(got.state, RecordState::Published);
        let checked = policy.check_bytes(&get(log.address(), "/checkpoint").body).unwrap();
        assert!(checked.checkpoint().size() >= size && checked.cosigned().len() >= 2);
        assert!(checked.cosigned().iter().all(|cosigned| cosigned.time == 1_800_000_000));
        if size == 1 {
            running.pop().unwrap().stop();
        }
    }
    // One of three is not enough: the record is durable, and not published.
    running.pop().unwrap().stop();
    let record = agent.record();
    let got = client.submit(&key(0), &domain, &record, RecordState::Integrated).unwrap();
    assert_eq!(got.state, RecordState::Integrated);
    assert!(!log.log().wait_published(got.index, Duration::from_millis(300)).unwrap());
    assert_eq!(policy.check_bytes(&get(log.address(), "/checkpoint").body).unwrap().checkpoint().size(), 2);
    let metrics = get(log.address(), "/metrics").text().to_owned();
    assert!(
        metrics.contains("candor_log_cosignatures{witness=\"witness.example/w1\",outcome=\"cosigned\"}"),
        "{metrics}"
    );
    assert!(
        metrics.contains("candor_log_cosignatures{witness=\"witness.example/w3\",outcome=\"unreachable\"}"),
        "{metrics}"
    );
}

#[test]
fn many_agents_at_once_each_keep_their_order() {
    let place = tempfile::tempdir().unwrap();
    let mut agents: Vec<Agent> = (0..8).map(Agent::new).collect();
    let log = start(place.path(), &agents.iter().collect::<Vec<_>>(), settings(), generous());
    let url = log.url();
    std::thread::scope(|scope| {
        for (number, agent) in agents.iter_mut().enumerate() {
            let url = &url;
            scope.spawn(move || {
                let client = client(url);
                let domain = agent.registration.domain;
                let mut last = None;
                for record in agent.records(20) {
                    let got =
                        client.submit(&key(number as u8), &domain, &record, RecordState::Sequenced).unwrap();
                    assert!(last < Some(got.index));
                    last = Some(got.index);
                }
            });
        }
    });
    assert_eq!(log.stop().unwrap().sequenced, 160);
}

#[test]
fn a_log_in_memory_is_served_too() {
    let (computer, mut agent) = (Computer::default(), Agent::new(0));
    let log = Log::create(computer.disk(), settings(), signer()).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let log = serve(log, computer.disk(), Arc::new(SystemClock), generous());
    let record = agent.record();
    assert_eq!(submit(log.address(), 0, &agent, &record).status, 200);
    log.stop().unwrap();
    assert!(computer.files().iter().any(|name| name == "private/limits"));
}

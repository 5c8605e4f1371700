//! A log is pruned while it is served: when its operator asks, and by itself; readers are told what went.

use crate::fleet::{Agent, LONG, settings};
use crate::network::{ManualClock, get, listener, request};
use crate::served::{OPERATOR, READER, client, generous, submit};
use candor_log::audit::{AuditSettings, Prefix, audit, listed_body};
use candor_log::http::server::{PruneSchedule, RunningLog, ServerSettings, serve_log};
use candor_log::http::witness::Asked;
use candor_log::http::{BodyAnswer, ClientError, PruneRequest};
use candor_log::pipeline::{Log, LogSettings};
use candor_log::retention::{Pin, PinnedRange, RetentionPolicy};
use candor_log::{Disk, FileSystem};
use candor_trace::{SignedRecord, body_hash};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Bodies are kept for 40 seconds, entries for 100.
const RETENTION: RetentionPolicy = RetentionPolicy {
    dispute_seconds: 10,
    proving_seconds: 10,
    finality_seconds: 10,
    margin_seconds: 10,
    entries_extra_seconds: 60,
    evidence_seconds: None,
};

const SHORT_SEGMENTS: u64 = 16 << 10;

fn served(
    place: &Path,
    agent: &Agent,
    clock: &ManualClock,
    prune: Option<PruneSchedule>,
) -> RunningLog<FileSystem> {
    let short = LogSettings { segment_limit_bytes: SHORT_SEGMENTS, group_limit_records: 8, ..settings() };
    let signer = crate::fleet::signer();
    let log = match place.join("public").exists() {
        true => Log::open(FileSystem::at(place), short, signer).unwrap().0,
        false => Log::create(FileSystem::at(place), short, signer).unwrap(),
    };
    log.register(agent.registration.clone()).unwrap();
    let settings = ServerSettings { prune, ..generous() };
    let (disk, asked) = (FileSystem::at(place), Arc::new(Asked::default()));
    serve_log(log, disk, Arc::new(clock.clone()), listener(), settings, asked).unwrap()
}

fn hand_in<D: Disk>(log: &RunningLog<D>, agent: &mut Agent, count: usize) -> Vec<SignedRecord> {
    let records = agent.records(count);
    let pending: Vec<_> =
        records.iter().map(|record| log.log().submit(agent.submit(record)).unwrap()).collect();
    let last = pending.into_iter().map(|pending| pending.wait().unwrap().index).max().unwrap();
    assert!(log.log().wait_published(last, LONG).unwrap());
    records
}

#[test]
fn a_served_log_is_pruned_when_its_operator_asks_and_readers_are_told() {
    let place = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_seconds(1_000);
    let mut agent = Agent::new(0);
    let log = served(place.path(), &agent, &clock, None);
    let records = hand_in(&log, &mut agent, 300);
    let (client, address) = (client(&log.url()), log.address());
    let ask = PruneRequest::default();
    let refused = client.prune(&ask, OPERATOR).unwrap_err();
    let ClientError::Refused { status: 409, refusal, .. } = &refused else { panic!("{refused}") };
    assert_eq!(refusal.code, "no-policy");
    log.log().set_retention(RETENTION).unwrap();
    assert_eq!(client.mark(Some(100), OPERATOR).unwrap().size, 300);
    clock.set_seconds(1_100);
    let header = &records[0].header;
    let records_kept =
        PinnedRange { agent: header.agent, program_id: header.program_id, first: 20, last: 21 };
    let case = Pin { name: "case-7".into(), records: records_kept, reason: "private".into() };
    log.log().pin(case).unwrap();
    let pins = get(address, "/pins.json");
    assert_eq!(pins.json()["pins"][0]["name"], json!("case-7"));
    assert!(!pins.text().contains("private"));
    // What would go, and then it goes; somebody appends meanwhile.
    let dry = client.prune(&PruneRequest { dry_run: true, ..ask }, OPERATOR).unwrap();
    assert_eq!((dry.tombstone, log.log().tombstones().0), (Some(0), 0));
    let report = client.prune(&ask, OPERATOR).unwrap();
    assert_eq!((report.tombstone, report.bodies_dropped), (Some(0), dry.bodies_dropped));
    assert_eq!((report.bundles_pinned, report.bundles_removed, report.bodies_moved), (1, 0, 2));
    assert!(report.segments_removed > 3 && report.after.total() < report.before.total());
    assert_eq!(client.prune(&ask, OPERATOR).unwrap().tombstone, None);
    // A body that went, one that is pinned, one that never was.
    let hash = |index: usize| body_hash(&records[index].body);
    let answer = client.body_or_why(&hash(0), None, READER).unwrap();
    assert_eq!(answer, BodyAnswer::Pruned { tombstone: 0 });
    assert_eq!(client.body(&hash(0), READER).unwrap(), None);
    assert!(matches!(client.body_or_why(&hash(20), None, READER).unwrap(), BodyAnswer::There(_)));
    assert!(matches!(client.body_or_why(&hash(299), None, READER).unwrap(), BodyAnswer::There(_)));
    assert_eq!(client.body_or_why(&[9; 32], None, READER).unwrap(), BodyAnswer::Missing);
    let path = format!("/candor/v1/bodies/0x{}", hex::encode(hash(0)));
    let gone = request(address, "GET", &path, &[("authorization", format!("Bearer {READER}"))], b"");
    assert_eq!((gone.status, gone.code().as_str()), (410, "pruned"));
    assert_eq!(gone.json()["error"]["tombstone"], json!(0));
    // Without its pin the bundle goes too.
    log.log().unpin("case-7").unwrap();
    assert_eq!(client.prune(&ask, OPERATOR).unwrap().tombstone, Some(1));
    let gone = get(address, "/tile/entries/000");
    assert_eq!((gone.status, gone.code().as_str()), (410, "pruned"));
    assert_eq!(gone.json()["error"]["tombstone"], json!(1));
    assert_eq!((get(address, "/tile/0/000").status, get(address, "/tile/entries/009").status), (200, 404));
    // The same record again still has its index, and others are taken.
    let again = submit(address, 0, &agent, &records[0]);
    assert_eq!(again.json()["index"], json!(0), "{}", again.text());
    let record = agent.record();
    assert_eq!(submit(address, 0, &agent, &record).json()["index"], json!(300));
    // Whoever reads nothing but what is served.
    let tombstone = get(address, "/tombstone/1");
    assert!(tombstone.text().starts_with("candor-log-tombstone/v1\n"), "{}", tombstone.text());
    for path in ["/tombstone/2", "/tombstone/01", "/tombstone/content/00", "/tombstone/x"] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
    let (source, own) = (Prefix::at(&log.url()).unwrap(), crate::fleet::own_policy());
    let report = audit(&source, &AuditSettings::new(&own), |_, _| ()).unwrap();
    assert_eq!((report.pruned, report.pruning.tombstones), (256, 2));
    assert_eq!(listed_body(&source, own.log(), 0, 0).unwrap().unwrap().number, 0);
    assert_eq!(listed_body(&source, own.log(), 0, 20).unwrap(), None);
    assert_eq!(listed_body(&source, own.log(), 1, 20).unwrap().unwrap().number, 1);
    let metrics = get(address, "/metrics");
    assert!(metrics.text().contains("candor_log_prunings_total{outcome=\"done\"} 4"), "{}", metrics.text());
    assert!(metrics.text().contains("candor_log_prunings_total{outcome=\"failed\"} 1"));
    assert!(metrics.text().contains("candor_log_tombstones 2"));
    // Not everybody prunes, and not with a clock that jumped.
    let refused = client.prune(&ask, READER).unwrap_err();
    assert!(matches!(refused, ClientError::Refused { status: 403, .. }), "{refused}");
    let none = request(address, "POST", "/candor/v1/prune", &[], b"{}");
    assert_eq!((none.status, none.code().as_str()), (401, "token"));
    let headers = [("authorization", format!("Bearer {OPERATOR}"))];
    let malformed = request(address, "POST", "/candor/v1/prune", &headers, b"{\"now\": 5}");
    assert_eq!((malformed.status, malformed.code().as_str()), (400, "malformed-request"));
    clock.set_seconds(9_000);
    let step = PruneRequest { max_clock_step_seconds: Some(100), ..ask };
    let ClientError::Refused { status: 409, refusal, .. } = client.prune(&step, OPERATOR).unwrap_err() else {
        panic!("a clock that jumped")
    };
    assert_eq!(refusal.code, "clock");
    assert_eq!(log.stop().unwrap().published, Some(301));
}

/// Windows are counted from marks that the server sets by itself; what is over goes when it is started the next time.
#[test]
fn a_log_that_is_told_to_prunes_by_itself() {
    let place = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_seconds(1_000);
    let schedule = PruneSchedule { every: Duration::from_millis(20), max_clock_step_seconds: 1_000 };
    let mut agent = Agent::new(0);
    let log = served(place.path(), &agent, &clock, Some(schedule));
    hand_in(&log, &mut agent, 300);
    let marks = || {
        let file = std::fs::read_to_string(place.path().join("private/marks.json")).unwrap_or_default();
        file.contains("\"size\": 300")
    };
    let soon = |reached: &dyn Fn() -> bool| {
        let end = std::time::Instant::now() + LONG;
        while !reached() {
            assert!(std::time::Instant::now() < end, "not reached");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // Without a policy it only marks.
    soon(&marks);
    assert_eq!(log.log().tombstones().0, 0);
    log.log().set_retention(RETENTION).unwrap();
    clock.set_seconds(1_100);
    soon(&|| log.log().tombstones().0 > 0);
    soon(&|| !place.path().join("public/tile/entries/000").exists());
    hand_in(&log, &mut agent, 5);
    assert_eq!(log.stop().unwrap().published, Some(305));
    let again = served(place.path(), &agent, &clock, None);
    assert_eq!((again.log().tombstones().0, again.log().entry_tombstone(0)), (1, Some(0)));
    again.stop().unwrap();
}

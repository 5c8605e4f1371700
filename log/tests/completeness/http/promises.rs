//! Promises: signed with every acknowledgement, kept beside the records, and kept by an honest log.

use crate::fleet::{Agent, LONG, ORIGIN, key, own_policy, settings, signer};
use crate::network::ManualClock;
use crate::served::{client, generous, serve};
use candor_log::audit::{Folder, LogProofError, PromiseReport, check_promises};
use candor_log::http::{Delivery, RecordState, read_promises};
use candor_log::pipeline::Log;
use candor_log::{FileLog, FileSystem};
use candor_trace::Entry;
use candor_trace::tlog::{Checkpoint, Note, Promise, SignedPromise};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const TIME: u64 = 1_763_740_800;

#[test]
fn the_text_is_the_one_of_the_specification_and_no_checkpoints() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = Log::create(FileSystem::at(place.path()), settings(), signer()).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let clock = Arc::new(ManualClock::at_seconds(TIME));
    let served = serve(log, FileSystem::at(place.path()), clock, generous());
    let domain = agent.registration.domain;
    let record = agent.record();
    let got = client(&served.url()).submit(&key(0), &domain, &record, RecordState::Sequenced).unwrap();
    let entry = Entry::of(&record, &domain);
    let text = format!(
        "candor-log-promise/v1\nlog {ORIGIN}\nagent 0x{}\nprogram 0x{}\nsequence 0\nrecord 0x{}\nleaf {}\nindex 0\ntime {TIME}\n",
        hex::encode(key(0).address()),
        hex::encode(agent.registration.program_id),
        hex::encode(entry.record_hash()),
        entry.leaf_hash().to_base64(),
    );
    let signer = signer();
    let log_key = signer.verifier_key();
    let note = got.promise.to_note(log_key);
    assert_eq!(note.text(), text);
    // Any reader of signed notes verifies it with the log's key, and none takes it for a checkpoint.
    assert!(note.verify(&[log_key]).is_ok());
    assert_eq!(SignedPromise::parse(&note.to_bytes(), log_key), Ok(got.promise));
    assert!(Checkpoint::parse(note.text()).is_err());
    assert!(own_policy().check_bytes(&note.to_bytes()).is_err());
    let promise = Promise { time: TIME, ..*got.promise.promise() };
    assert_eq!(promise.sign(&signer), got.promise);
}

fn check(log: &Path, outbox: &Path) -> PromiseReport {
    let kept = read_promises(&FileSystem::at(outbox), signer().verifier_key()).unwrap().unwrap();
    let promises: Vec<SignedPromise> =
        (0..kept.end().unwrap()).filter_map(|sequence| kept.get(sequence).unwrap()).collect();
    let promises = promises.into_iter().map(Ok::<_, LogProofError>);
    check_promises(&Folder::at(log), &own_policy(), 0, promises).unwrap()
}

#[test]
fn promises_lie_beside_the_records_and_are_kept() {
    let (place, outbox) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = Agent::new(0);
    let clock = ManualClock::at_seconds(TIME);
    let log = Log::create(FileSystem::at(place.path()), settings(), signer()).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let served = serve(log, FileSystem::at(place.path()), Arc::new(clock.clone()), generous());
    let mut own = FileLog::create(outbox.path()).unwrap();
    assert!(read_promises(&FileSystem::at(outbox.path()), signer().verifier_key()).unwrap().is_none());
    let open = |own: &FileLog, chain| {
        Delivery::open(client(&served.url()), key(0), chain, FileSystem::at(outbox.path()), own).unwrap()
    };
    let earlier = tempfile::tempdir().unwrap();
    for count in [300, 7] {
        own.append(&agent.records(count)).unwrap();
        open(&own, agent.chain_name()).waiting_for(RecordState::Published).deliver(&own).unwrap();
        if count == 300 {
            // What was published then.
            copy(&place.path().join("public"), &earlier.path().join("public"));
        }
        clock.set_seconds(TIME + 60);
    }
    assert!(served.log().wait_published(306, LONG).unwrap());
    let report = check(place.path(), outbox.path());
    assert_eq!((report.kept, report.pending, report.broken_count), (307, 0, 0));
    assert_eq!(report.checkpoint.checkpoint().size(), 307);
    // Against an earlier checkpoint some are not published yet.
    let report = check(earlier.path(), outbox.path());
    assert_eq!((report.kept, report.pending, report.broken_count), (300, 7, 0));
    // Delivered again because the mark was lost: the earliest promise stays.
    let mark = outbox.path().join(format!("delivered.{}", signer().verifier_key().id()));
    fs::remove_file(mark).unwrap();
    open(&own, agent.chain_name()).deliver(&own).unwrap();
    let kept = read_promises(&FileSystem::at(outbox.path()), signer().verifier_key()).unwrap().unwrap();
    let times: Vec<u64> = (0..307).map(|at| kept.get(at).unwrap().unwrap().promise().time).collect();
    assert_eq!(times, [vec![TIME; 300], vec![TIME + 60; 7]].concat());
    assert_eq!((kept.end().unwrap(), kept.get(307).unwrap()), (307, None));
    // A note, as anybody may be shown it.
    let note = kept.get(5).unwrap().unwrap().to_note(signer().verifier_key());
    assert_eq!(Note::parse(&note.to_bytes()).unwrap(), note);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

//! A log whose files are not what they were refuses to go on, and says which file.

use crate::fleet::damage::{copy, damage, damage_of, damage_of_missing, files, with_changed};
use crate::fleet::{Agent, append, create, filled, open, refused, settings, signer, slow};
use candor_log::pipeline::{FileDamage, LogSettings, OpenCheck, PipelineError, SubmitError};
use candor_log::{FileSystem, pipeline::Log};
use candor_trace::tlog::{CheckpointRejected, Hash, NoteSigner};
use std::path::Path;
use std::time::Duration;

const JOURNAL: &str = "private/journal/000000000000";

/// Opens as if nothing had been.
fn opens(place: &Path, expected: u64) {
    let (log, report) = open(place, slow());
    assert_eq!((report.sequenced, report.cut_bytes, report.indexed), (expected, 0, 0));
    log.shut_down().unwrap();
}

/// Every file that a published log of 520 entries needs, one bit of it flipped at its beginning, middle and end.
#[test]
fn a_flipped_bit_in_any_file_that_counts_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, LogSettings { segment_limit_bytes: 200_000, group_limit_records: 16, ..slow() }, 520);
    let mut names: Vec<String> = files(place);
    // The lock holds nothing; the index is made again; agents.json is made from the registrations.
    names.retain(|name| !["log.lock", "private/index.redb", "public/agents.json"].contains(&name.as_str()));
    let tiles = [
        "public/tile/0/000",
        "public/tile/0/001",
        "public/tile/0/002.p/8",
        "public/tile/1/000.p/2",
        "public/tile/entries/000",
        "public/tile/entries/001",
        "public/tile/entries/002.p/8",
    ];
    assert!(tiles.iter().all(|name| names.iter().any(|there| there == name)), "{names:?}");
    assert!(names.iter().filter(|name| name.starts_with("private/journal/")).count() > 2);
    let mut tried = 0;
    for name in &names {
        let length = std::fs::read(place.join(name)).unwrap().len();
        let journal = name.starts_with("private/journal/");
        // Between header and frames of a segment there are only the marks, of which the journal needs none here.
        let places = if journal { [3, 4096 + 50, length - 1] } else { [0, length / 2, length - 2] };
        for position in places {
            let found = damage_of(place, name, |bytes| bytes[position] ^= 0x10);
            assert!(!matches!(found, FileDamage::Missing), "{name} {position}: {found:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, names.len() * 3);
    opens(place, 520);
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, slow(), 300);
    for name in [
        "public/tile/0/000",
        "public/tile/0/001.p/44",
        "public/tile/1/000.p/1",
        "public/tile/entries/000",
        "public/tile/entries/001.p/44",
        "public/log.vkey",
        "private/signed",
        JOURNAL,
    ] {
        assert_eq!(damage_of_missing(place, name), FileDamage::Missing, "{name}");
    }
    // Without registrations it is no log; and none is created over it.
    let registrations = std::fs::read(place.join("private/registrations")).unwrap();
    std::fs::remove_file(place.join("private/registrations")).unwrap();
    assert!(matches!(refused(place, slow()), PipelineError::NoLog { .. }));
    let created = Log::create(FileSystem::at(place), slow(), signer()).map(|_| ());
    assert!(matches!(created, Err(PipelineError::AlreadyExists { .. })), "{created:?}");
    std::fs::write(place.join("private/registrations"), registrations).unwrap();
    opens(place, 300);
}

#[test]
fn files_of_another_length_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, slow(), 300);
    let shorter = |bytes: &mut Vec<u8>| {
        bytes.pop();
    };
    let found = damage_of(place, "public/tile/0/000", shorter);
    assert!(matches!(found, FileDamage::Tile(_)), "{found:?}");
    let found = damage_of(place, "public/tile/entries/000", shorter);
    assert!(matches!(found, FileDamage::Bundle(_)), "{found:?}");
    let found = damage_of(place, "private/registrations", shorter);
    assert!(matches!(found, FileDamage::Undecodable(_)), "{found:?}");
    let found = damage_of(place, "public/log.vkey", |bytes| bytes.truncate(20));
    assert!(matches!(found, FileDamage::Key(_)), "{found:?}");
    let found = damage_of(place, JOURNAL, shorter);
    assert!(matches!(found, FileDamage::SegmentShort { synced, got } if got + 1 == synced), "{found:?}");
    let found = damage_of(place, JOURNAL, |bytes| bytes.truncate(4095));
    assert_eq!(found, FileDamage::SegmentHeader);
    let limit = 1 << 26;
    let found = damage_of(place, "public/tile/0/000", |bytes| bytes.resize(limit + 1, 0));
    assert_eq!(found, FileDamage::TooLong { limit: limit as u64, got: limit as u64 + 1 });
    let found = damage_of(place, "public/tile/0/000", |bytes| bytes.resize(limit, 0));
    assert!(matches!(found, FileDamage::Tile(_)), "{found:?}");
}

/// Each kind of damage says what it is.
#[test]
fn flipped_bits_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, slow(), 300);
    let flip = |position: usize| move |bytes: &mut Vec<u8>| bytes[position] ^= 1;
    for name in ["public/tile/0/000", "public/tile/0/001.p/44", "public/tile/1/000.p/1"] {
        assert_eq!(damage_of(place, name, flip(5)), FileDamage::TileMismatch, "{name}");
    }
    let found = damage_of(place, "public/tile/entries/000", flip(2 + 501 + 100));
    assert_eq!(found, FileDamage::EntryMismatch { index: 1 });
    let found = damage_of(place, "public/tile/entries/001.p/44", flip(501 + 100));
    assert_eq!(found, FileDamage::EntryMismatch { index: 257 });
    for name in ["private/signed", "public/checkpoint"] {
        let found = damage_of(place, name, flip(18));
        assert!(
            matches!(&found, FileDamage::Checkpoint(why) if matches!(**why, CheckpointRejected::Signature(_))),
            "{found:?}"
        );
    }
    // A byte of the registered program's digest, which nothing else in the log repeats.
    let found = damage_of(place, "private/registrations", flip(14 + 20 + 28 + 32 + 5));
    assert_eq!(found, FileDamage::HashMismatch);
    assert_eq!(damage_of(place, JOURNAL, flip(20)), FileDamage::SegmentHeader);
    assert_eq!(damage_of(place, JOURNAL, flip(4096)), FileDamage::Frame { offset: 4096 });
    assert_eq!(damage_of(place, JOURNAL, flip(4096 + 36 + 600)), FileDamage::Frame { offset: 4096 });
}

/// The quick look at the edge finds what it needs to go on; the rest when it is read.
#[test]
fn the_quick_check_looks_at_the_edge() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, slow(), 300);
    let quick = || LogSettings { open_check: OpenCheck::Edge, ..slow() };
    for name in ["public/tile/0/001.p/44", "public/tile/1/000.p/1", "public/tile/entries/001.p/44", JOURNAL] {
        let error = with_changed(place, name, quick(), |bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        });
        damage(error, name);
    }
    let path = place.join("public/tile/entries/000");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.pop();
    std::fs::write(&path, &bytes).unwrap();
    let (log, _) = open(place, quick());
    let error = log.entry(3).unwrap_err();
    assert!(matches!(damage(error, "public/tile/entries/000"), FileDamage::Bundle(_)));
}

/// Damage that happens while the log runs is found before the next checkpoint is signed.
#[test]
fn nothing_is_signed_over_a_damaged_tile() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut agent = filled(place, settings(), 300);
    let before = std::fs::read(place.join("public/checkpoint")).unwrap();
    let (log, _) = open(place, settings());
    let path = place.join("public/tile/1/000.p/1");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    append(&log, &mut agent, 1);
    let error = log.wait_published(300, Duration::from_secs(100)).unwrap_err();
    let PipelineError::Poisoned { cause } = error else { panic!("{error:?}") };
    // The tile at the new size has the same name and other bytes than the log has for it.
    assert_eq!(damage((*cause).clone(), "public/tile/1/000.p/1"), FileDamage::OtherBytes);
    assert_eq!(std::fs::read(place.join("public/checkpoint")).unwrap(), before);
    assert_eq!(std::fs::read(place.join("private/signed")).unwrap(), before);
}

/// What the log did not write is not taken for its own, and not replaced.
#[test]
fn an_object_that_is_in_the_way_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut agent = filled(place, slow(), 255);
    let (log, _) = open(place, slow());
    append(&log, &mut agent, 3);
    // Into the way of the bundle that becomes full.
    std::fs::write(place.join("public/tile/entries/000"), b"something else").unwrap();
    let error = log.shut_down().unwrap_err();
    let PipelineError::Poisoned { cause } = error else { panic!("{error:?}") };
    assert_eq!(damage((*cause).clone(), "public/tile/entries/000"), FileDamage::OtherBytes);
}

#[test]
fn a_body_that_rotted_is_named_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, slow(), 3);
    let (log, _) = open(place, slow());
    let hash = log.entry(1).unwrap().body;
    assert!(log.body(&hash).unwrap().is_some());
    let path = place.join(JOURNAL);
    let mut bytes = std::fs::read(&path).unwrap();
    // In the second body: each frame is as long as the others, or nearly.
    let middle = 4096 + (bytes.len() - 4096) / 3 * 2 - 40;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = log.body(&hash).unwrap_err();
    assert!(matches!(damage(error, JOURNAL), FileDamage::BodyMismatch { .. }));
    // The others are still there.
    assert!(log.body(&log.entry(0).unwrap().body).unwrap().is_some());
}

/// Old private files under new public ones: the log would sign again what it signed already.
#[test]
fn a_private_folder_from_a_backup() {
    let (folder, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = folder.path();
    let mut agent = filled(place, slow(), 10);
    copy(&place.join("private"), backup.path());
    let (log, _) = open(place, slow());
    append(&log, &mut agent, 5);
    log.shut_down().unwrap();
    drop(log);
    copy(backup.path(), &place.join("private"));
    let found = damage(refused(place, slow()), "public/checkpoint");
    assert_eq!(found, FileDamage::NotSigned { signed: 10, got: 15 });
}

/// Old registrations: of some entries nobody could say whose they are.
#[test]
fn registrations_from_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut first = filled(place, slow(), 2);
    let old = std::fs::read(place.join("private/registrations")).unwrap();
    let (log, _) = open(place, slow());
    let mut second = Agent::new(1);
    log.register(second.registration.clone()).unwrap();
    append(&log, &mut first, 1);
    append(&log, &mut second, 2);
    log.shut_down().unwrap();
    drop(log);
    let found = damage_of(place, "private/registrations", |bytes| bytes.clone_from(&old));
    assert_eq!(found, FileDamage::Unregistered { index: 3 });
    // The same for entries that are only in the journal.
    let (log, _) = open(place, slow());
    let mut third = Agent::new(2);
    let newer = std::fs::read(place.join("private/registrations")).unwrap();
    log.register(third.registration.clone()).unwrap();
    append(&log, &mut third, 1);
    drop(log);
    std::fs::write(place.join("private/registrations"), newer).unwrap();
    let found = damage(refused(place, slow()), JOURNAL);
    assert!(matches!(found, FileDamage::FrameContent { .. }), "{found:?}");
}

/// An old journal under newer signed files: entries that were acknowledged are gone.
#[test]
fn a_journal_from_a_backup() {
    let (folder, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = folder.path();
    let mut agent = filled(place, slow(), 10);
    copy(&place.join("private/journal"), backup.path());
    let (log, _) = open(place, slow());
    append(&log, &mut agent, 5);
    log.shut_down().unwrap();
    drop(log);
    copy(backup.path(), &place.join("private/journal"));
    let found = damage(refused(place, slow()), JOURNAL);
    assert_eq!(found, FileDamage::JournalShort { journal: 10, known: 15 });
}

/// The index knows more than the journal has: what was acknowledged and not signed yet is gone.
#[test]
fn a_journal_that_is_shorter_than_the_index() {
    let (folder, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = folder.path();
    let mut agent = filled(place, slow(), 10);
    copy(place, backup.path());
    let (log, _) = open(place, slow());
    append(&log, &mut agent, 5);
    log.shut_down().unwrap();
    drop(log);
    let index = std::fs::read(place.join("private/index.redb")).unwrap();
    std::fs::write(backup.path().join("private/index.redb"), index).unwrap();
    let found = damage(refused(backup.path(), slow()), JOURNAL);
    assert_eq!(found, FileDamage::JournalShort { journal: 10, known: 15 });
}

/// An index that says something else than the entries is not believed.
#[test]
fn an_index_of_another_log() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // The same agents and number of entries, in another order.
    for (place, order) in [(folder.path(), [0, 1, 0, 1]), (other.path(), [0, 0, 1, 1])] {
        let log = create(place, slow());
        let mut agents = [Agent::new(0), Agent::new(1)];
        for agent in &agents {
            log.register(agent.registration.clone()).unwrap();
        }
        for number in order {
            append(&log, &mut agents[number], 1);
        }
        log.shut_down().unwrap();
    }
    std::fs::copy(other.path().join("private/index.redb"), folder.path().join("private/index.redb")).unwrap();
    let (log, _) = open(folder.path(), slow());
    let mut agent = Agent::new(0);
    agent.record();
    let error = log.submit(agent.submission()).unwrap_err();
    let SubmitError::Pipeline(error) = error else { panic!("{error:?}") };
    assert_eq!(damage(error, "private/index.redb"), FileDamage::IndexMismatch { index: 1 });
    // The log has stopped; without the index it is made again.
    assert!(log.status().stopped.is_some());
    drop(log);
    std::fs::remove_file(folder.path().join("private/index.redb")).unwrap();
    let (log, _) = open(folder.path(), slow());
    assert_eq!(append(&log, &mut agent, 1)[0].index, 4);
    drop(log);
    // With the quick check the chains' ends come from the index: those of other agents are noticed at once.
    let strangers = tempfile::tempdir().unwrap();
    let log = create(strangers.path(), slow());
    let mut stranger = Agent::new(7);
    log.register(stranger.registration.clone()).unwrap();
    append(&log, &mut stranger, 4);
    log.shut_down().unwrap();
    drop(log);
    std::fs::copy(strangers.path().join("private/index.redb"), folder.path().join("private/index.redb"))
        .unwrap();
    let error = refused(folder.path(), LogSettings { open_check: OpenCheck::Edge, ..slow() });
    let found = damage(error, "private/index.redb");
    assert!(matches!(found, FileDamage::IndexMismatch { .. }), "{found:?}");
}

/// A whole folder from a backup looks like a younger log; who remembers a checkpoint can tell.
#[test]
fn a_whole_log_from_a_backup() {
    let (folder, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = folder.path();
    let mut agent = filled(place, slow(), 10);
    copy(place, backup.path());
    let (log, _) = open(place, slow());
    append(&log, &mut agent, 5);
    log.shut_down().unwrap();
    drop(log);
    let remembered = || {
        let note = std::fs::read(place.join("public/checkpoint")).unwrap();
        LogSettings { remembered: vec![note], ..slow() }
    };
    // The log itself is not in doubt.
    drop(open(place, remembered()));
    let error = refused(backup.path(), remembered());
    assert!(matches!(error, PipelineError::Behind { remembered: 15, got: 10, .. }), "{error:?}");
    // Somebody went on with the copy, beyond what is remembered: before and after it signed again.
    let other = |count: usize, settings: LogSettings| {
        let (log, _) = open(backup.path(), settings);
        let mut stranger = Agent::new(9);
        log.register(stranger.registration.clone()).unwrap();
        stranger.recorder = Agent::new(9).recorder;
        append(&log, &mut stranger, count);
        log
    };
    drop(other(7, slow()));
    let error = refused(backup.path(), remembered());
    assert!(matches!(&error, PipelineError::Forked { size: 15, remembered, got, .. } if remembered != got));
    let (log, _) = open(backup.path(), slow());
    log.shut_down().unwrap();
    drop(log);
    let error = refused(backup.path(), remembered());
    assert!(matches!(error, PipelineError::Forked { size: 15, .. }), "{error:?}");
}

#[test]
fn a_remembered_checkpoint_of_another_log() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), slow(), 1);
    let stranger = NoteSigner::new("example.org/other", &[3; 32]).unwrap();
    let root = Hash([1; 32]);
    let checkpoint = candor_trace::tlog::Checkpoint::new("example.org/other", 1, root).unwrap();
    let note = checkpoint.sign(&stranger).unwrap().to_bytes();
    let error = refused(folder.path(), LogSettings { remembered: vec![note], ..slow() });
    assert!(matches!(error, PipelineError::Remembered { .. }), "{error:?}");
}

/// Another history of the same length, signed by the same key.
#[test]
fn public_files_of_another_history() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(folder.path(), slow(), 5);
    let log = create(other.path(), slow());
    let mut agent = Agent::new(1);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 5);
    log.shut_down().unwrap();
    drop(log);
    let own = std::fs::read(folder.path().join("public/checkpoint")).unwrap();
    copy(&other.path().join("public"), &folder.path().join("public"));
    // Its tiles are consistent in themselves, and not what this log signed.
    let found = damage(refused(folder.path(), slow()), "private/signed");
    assert!(matches!(found, FileDamage::RootMismatch { size: 5, .. }), "{found:?}");
    let foreign = std::fs::read(folder.path().join("public/checkpoint")).unwrap();
    assert_ne!(own, foreign);
    // Only the checkpoint is exchanged.
    let third = tempfile::tempdir().unwrap();
    filled(third.path(), slow(), 5);
    let found = damage_of(third.path(), "public/checkpoint", |bytes| bytes.clone_from(&foreign));
    assert!(matches!(found, FileDamage::RootMismatch { size: 5, .. }), "{found:?}");
}

#[test]
fn two_processes_and_other_keys() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let error = refused(place, slow());
    assert!(matches!(error, PipelineError::NoLog { .. }), "{error:?}");
    let log = create(place, slow());
    let error = refused(place, slow());
    assert!(matches!(error, PipelineError::Locked { .. }), "{error:?}");
    let created = Log::create(FileSystem::at(place), slow(), signer()).map(|_| ());
    assert!(matches!(created, Err(PipelineError::Locked { .. })), "{created:?}");
    drop(log);
    let created = Log::create(FileSystem::at(place), slow(), signer()).map(|_| ());
    assert!(matches!(created, Err(PipelineError::AlreadyExists { .. })), "{created:?}");
    let other = NoteSigner::new(crate::fleet::ORIGIN, &[8; 32]).unwrap();
    let opened = Log::open(FileSystem::at(place), slow(), other).map(|_| ());
    assert!(matches!(opened, Err(PipelineError::OtherKey { .. })), "{opened:?}");
    let other = NoteSigner::new("example.org/other", &[8; 32]).unwrap();
    let policy = candor_trace::tlog::QuorumPolicy::new(other.verifier_key().clone(), Vec::new(), 0).unwrap();
    let error = refused(place, LogSettings { policy: Some(policy), ..slow() });
    assert!(matches!(error, PipelineError::OtherKey { .. }), "{error:?}");
    drop(open(place, slow()));
}

/// A segment in the middle is gone, or is another log's.
#[test]
fn segments_continue_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    filled(place, LogSettings { segment_limit_bytes: 8192, group_limit_records: 1, ..slow() }, 40);
    let segments: Vec<String> =
        files(place).into_iter().filter(|name| name.starts_with("private/journal/")).collect();
    assert!(segments.len() > 3, "{segments:?}");
    let path = place.join(&segments[1]);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let expected = segments[1].rsplit('/').next().unwrap().parse().unwrap();
    let found = damage(refused(place, slow()), &segments[2]);
    assert_eq!(found, FileDamage::SegmentGap { expected });
    std::fs::write(&path, bytes).unwrap();
    // A segment that lost its last frame, whole: the marks know.
    let found = damage_of(place, &segments[1], |bytes| bytes.truncate(bytes.len() - 100));
    assert!(matches!(found, FileDamage::SegmentShort { .. }), "{found:?}");
    opens(place, 40);
}

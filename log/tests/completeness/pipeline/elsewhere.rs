//! The public objects may lie elsewhere than in the log's folder: here in memory, as in an object store.

use crate::fleet::damage::files;
use crate::fleet::{Agent, LONG, append, create, open, own_policy, refused, settings};
use candor_log::audit::{AuditSettings, Source, SourceError, audit};
use candor_log::pipeline::{BodyState, PruneOptions};
use candor_log::pipeline::{FileDamage, LogSettings, PipelineError};
use candor_log::retention::{Pin, PinnedRange, RetentionPolicy};
use candor_log::{ObjectError, Objects, Operation};
use candor_trace::tlog::{ReadTiles, TileHashes, TileId, prove_inclusion, verify_inclusion};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Objects by name; what is in it is durable.
#[derive(Clone, Debug, Default)]
struct Bucket(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

/// A store that fails once, at the n-th change from now: before it does anything, or after, so that only the answer is
/// lost.
#[derive(Clone, Debug)]
struct Failing {
    bucket: Bucket,
    left: Arc<Mutex<Option<u64>>>,
    after: bool,
}

impl Failing {
    fn change<T>(&self, work: impl FnOnce() -> Result<T, ObjectError>) -> Result<T, ObjectError> {
        let mut left = self.left.lock().unwrap();
        *left = left.map(|left| left - 1);
        if *left != Some(0) {
            return work();
        }
        *left = None;
        if self.after {
            work()?;
        }
        let source = std::io::Error::from_raw_os_error(5);
        Err(ObjectError::Io { name: "store".into(), operation: Operation::Write, source })
    }
    fn happened(&self) -> bool {
        self.left.lock().unwrap().is_none()
    }
}

impl Objects for Failing {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        Objects::get(&self.bucket, name)
    }
    fn put_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), ObjectError> {
        objects.iter().try_for_each(|one| self.change(|| self.bucket.put_new(std::slice::from_ref(one))))
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ObjectError> {
        self.change(|| self.bucket.replace(name, bytes))
    }
    fn remove(&self, name: &str) -> Result<bool, ObjectError> {
        self.change(|| self.bucket.remove(name))
    }
    fn remove_all(&self, names: &[String]) -> Result<(), ObjectError> {
        names.iter().try_for_each(|name| self.remove(name).map(drop))
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, ObjectError> {
        self.bucket.list(folder)
    }
}

impl Source for Bucket {
    fn get(&self, file: &str, _: u64) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.0.lock().unwrap().get(file).cloned())
    }
}

impl Objects for Bucket {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }
    fn put_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), ObjectError> {
        for (name, bytes) in objects {
            let mut all = self.0.lock().unwrap();
            let there = all.entry(name.clone()).or_insert_with(|| bytes.clone());
            if there != bytes {
                return Err(ObjectError::OtherBytes { name: name.clone() });
            }
        }
        Ok(())
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ObjectError> {
        self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
    fn remove(&self, name: &str) -> Result<bool, ObjectError> {
        Ok(self.0.lock().unwrap().remove(name).is_some())
    }
    fn remove_all(&self, names: &[String]) -> Result<(), ObjectError> {
        names.iter().try_for_each(|name| self.remove(name).map(drop))
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, ObjectError> {
        let all = self.0.lock().unwrap();
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = all.keys().filter_map(|name| name.strip_prefix(&prefix));
        let mut names: Vec<String> = below
            .map(|name| match name.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => name.to_owned(),
            })
            .collect();
        names.dedup();
        Ok(names)
    }
}

impl ReadTiles for Bucket {
    type Error = ObjectError;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, ObjectError> {
        Objects::get(self, &id.path()).map(Option::unwrap)
    }
}

/// Objects by name.
type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn tiles_and_checkpoints_lie_in_an_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::default();
    let elsewhere = || LogSettings { objects: Some(Arc::new(bucket.clone())), ..settings() };
    let log = create(folder.path(), elsewhere());
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 300);
    assert!(log.wait_published(299, LONG).unwrap());
    log.shut_down().unwrap();
    drop(log);
    assert!(files(folder.path()).iter().all(|name| !name.starts_with("public/")));
    let (log, report) = open(folder.path(), elsewhere());
    assert_eq!((report.sequenced, report.published), (300, Some(300)));
    append(&log, &mut agent, 1);
    assert!(log.wait_published(300, LONG).unwrap());
    // Somebody who reads nothing but the store.
    let signed = own_policy().check_bytes(&Objects::get(&bucket, "checkpoint").unwrap().unwrap()).unwrap();
    let (size, root) = (signed.checkpoint().size(), *signed.checkpoint().root());
    for index in [0, 255, 256, size - 1] {
        let leaf = log.entry(index).unwrap().leaf_hash();
        let path = prove_inclusion(&TileHashes::new(&bucket, size), index, size).unwrap();
        verify_inclusion(&leaf, index, size, &path, &root).unwrap();
    }
    drop(log);
    bucket.0.lock().unwrap().get_mut("tile/0/000").unwrap()[9] ^= 1;
    let error = refused(folder.path(), elsewhere());
    assert!(
        matches!(&error, PipelineError::Damaged { file, damage: FileDamage::TileMismatch, .. }
            if file == "public/tile/0/000"),
        "{error:?}"
    );
}

/// Bodies are kept for 40 seconds, entries for 100.
const RETENTION: RetentionPolicy = RetentionPolicy {
    dispute_seconds: 10,
    proving_seconds: 10,
    finality_seconds: 10,
    margin_seconds: 10,
    entries_extra_seconds: 60,
    evidence_seconds: None,
};

fn copy_of(bucket: &Bucket) -> Bucket {
    Bucket(Arc::new(Mutex::new(bucket.0.lock().unwrap().clone())))
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The same guarantees as in a folder: everything that goes is in a tombstone before it goes, whatever call of the store
/// fails, and whether or not it had done its work by then.
#[test]
fn a_log_whose_objects_lie_elsewhere_is_pruned_and_any_failing_call_breaks_no_promise() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::default();
    let with = |objects: Arc<dyn Objects>| LogSettings {
        objects: Some(objects),
        segment_limit_bytes: 16 << 10,
        group_limit_records: 8,
        ..settings()
    };
    let mut agent = Agent::new(0);
    let mut bodies = Vec::new();
    {
        let log = create(folder.path(), with(Arc::new(bucket.clone())));
        log.register(agent.registration.clone()).unwrap();
        let pending: Vec<_> = agent
            .records(600)
            .iter()
            .map(|record| {
                bodies.push(candor_trace::body_hash(&record.body));
                log.submit(agent.submit(record)).unwrap()
            })
            .collect();
        for pending in pending {
            pending.wait().unwrap();
        }
        assert!(log.wait_published(599, LONG).unwrap());
        log.set_retention(RETENTION).unwrap();
        assert_eq!(log.mark(1_000, None).unwrap().size, 600);
        let registration = &agent.registration;
        let records = PinnedRange {
            agent: registration.agent,
            program_id: registration.program_id,
            first: 20,
            last: 21,
        };
        log.pin(Pin { name: "case-7".into(), records, reason: String::new() }).unwrap();
        log.shut_down().unwrap();
    }
    let options = PruneOptions::at(1_100);
    let own = own_policy();
    let check = |bucket: &Bucket| {
        let report = audit(bucket, &AuditSettings::new(&own), |_, _| ()).unwrap();
        assert_eq!((report.size >= 600, report.pruning.pins_unseen), (true, 0));
        report
    };
    let mut changes = 0;
    for (number, after) in (1..).flat_map(|number| [(number, false), (number, true)]) {
        let (place, copy) = (tempfile::tempdir().unwrap(), copy_of(&bucket));
        copy_folder(folder.path(), place.path());
        let failing = Failing { bucket: copy.clone(), left: Arc::default(), after };
        let (log, _) = open(place.path(), with(Arc::new(failing.clone())));
        *failing.left.lock().unwrap() = Some(number);
        let pruned = log.prune(&options);
        if !failing.happened() {
            assert_eq!(pruned.unwrap().tombstone, Some(0));
            break;
        }
        changes = number;
        pruned.unwrap_err();
        assert!(log.status().stopped.is_some());
        drop(log);
        check(&copy);
        let (log, _) = open(place.path(), with(Arc::new(copy.clone())));
        log.prune(&options).unwrap();
        check(&copy);
        assert!(Objects::get(&copy, "tile/entries/001").unwrap().is_none());
        assert!(Objects::get(&copy, "tile/entries/000").unwrap().is_some());
    }
    // Content, tombstone, policy, one bundle.
    assert!(changes >= 4, "{changes}");
    let (log, _) = open(folder.path(), with(Arc::new(bucket.clone())));
    let dry = log.prune(&PruneOptions { dry_run: true, ..options }).unwrap();
    let report = log.prune(&options).unwrap();
    assert_eq!((dry.after.entries, dry.after.journal), (report.after.entries, report.after.journal));
    assert!(report.before.entries > report.after.entries && report.after.hashes == report.before.hashes);
    assert_eq!((report.bundles_removed, report.bundles_pinned, report.bodies_moved), (1, 1, 2));
    let state = log.body_state(&bodies[300], None).unwrap();
    assert_eq!(state, BodyState::Pruned { index: 300, tombstone: 0 });
    assert!(matches!(log.body_state(&bodies[20], None).unwrap(), BodyState::There(_)));
    assert_eq!(log.body_state(&[9; 32], None).unwrap(), BodyState::Missing);
    log.unpin("case-7").unwrap();
    assert_eq!(log.prune(&options).unwrap().tombstone, Some(1));
    append(&log, &mut agent, 3);
    assert!(log.wait_published(602, LONG).unwrap());
    drop(log);
    assert_eq!((check(&bucket).pruned, check(&bucket).pruning.tombstones), (512, 2));
    // An index that is made again finds no pruned entry; whoever knows its index is told.
    std::fs::remove_file(folder.path().join("private/index.redb")).unwrap();
    let (log, _) = open(folder.path(), with(Arc::new(bucket.clone())));
    assert_eq!(log.body_state(&bodies[300], None).unwrap(), BodyState::Missing);
    let state = log.body_state(&bodies[300], Some(300)).unwrap();
    assert_eq!(state, BodyState::Pruned { index: 300, tombstone: 0 });
    drop(log);
    // A tombstone that is gone, or was changed, keeps the log from being opened.
    let damaged = |change: &dyn Fn(&mut Files)| {
        let copy = copy_of(&bucket);
        change(&mut copy.0.lock().unwrap());
        match refused(folder.path(), with(Arc::new(copy))) {
            PipelineError::Damaged { file, damage, .. } => (file, damage),
            error => panic!("{error}"),
        }
    };
    let (file, damage) = damaged(&|all| drop(all.remove("tombstone/0")));
    assert_eq!((file.as_str(), damage), ("public/tombstone/0", FileDamage::Missing));
    let (file, damage) = damaged(&|all| all.get_mut("tombstone/1").unwrap()[40] ^= 1);
    assert!(file == "public/tombstone/1" && matches!(damage, FileDamage::Tombstone(_)), "{damage}");
    let (file, damage) = damaged(&|all| {
        let second = all.remove("tombstone/1").unwrap();
        all.insert("tombstone/0".into(), second);
    });
    assert!(file == "public/tombstone/0" && matches!(damage, FileDamage::TombstoneFault(_)), "{damage}");
    let (file, damage) = damaged(&|all| {
        let name = all.keys().find(|name| name.starts_with("tombstone/content/")).unwrap().clone();
        all.get_mut(&name).unwrap()[12] ^= 1;
    });
    assert!(
        file.starts_with("public/tombstone/content/") && matches!(damage, FileDamage::Content(_)),
        "{damage}"
    );
    std::fs::remove_file(folder.path().join("private/heads")).unwrap();
    let (file, damage) = damaged(&|_| ());
    assert_eq!((file.as_str(), damage), ("private/heads", FileDamage::Behind { listed: 512, got: 0 }));
}

/// A tombstone lists only so many runs of bodies; the rest goes with the next pruning. One segment always goes.
#[test]
fn what_is_too_much_for_one_tombstone_goes_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let short = LogSettings { segment_limit_bytes: 16 << 10, group_limit_records: 8, ..settings() };
    let log = create(folder.path(), short);
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    for (position, record) in agent.records(200).iter().enumerate() {
        let submission = agent.submit(record);
        // Every second body is withheld: a run each.
        let submission = if position % 2 == 0 { submission } else { submission.without_body() };
        log.submit(submission).unwrap().wait().unwrap();
    }
    assert!(log.wait_published(199, LONG).unwrap());
    log.set_retention(RETENTION).unwrap();
    log.mark(1_000, None).unwrap();
    let all = log.prune(&PruneOptions { dry_run: true, ..PruneOptions::at(1_050) }).unwrap();
    let one =
        log.prune(&PruneOptions { dry_run: true, max_body_runs: 0, ..PruneOptions::at(1_050) }).unwrap();
    assert!(all.segments_removed > 2 && one.segments_removed == 1, "{all:?}");
    let runs = all.bodies_dropped as usize;
    let with = |max_body_runs| PruneOptions { max_body_runs, dry_run: true, ..PruneOptions::at(1_050) };
    assert_eq!(log.prune(&with(runs)).unwrap().segments_removed, all.segments_removed);
    assert_eq!(log.prune(&with(runs - 1)).unwrap().segments_removed, all.segments_removed - 1);
    let mut dropped = 0;
    for tombstone in 0..all.segments_removed {
        let report = log.prune(&PruneOptions { dry_run: false, ..with(0) }).unwrap();
        assert_eq!((report.tombstone, report.segments_removed), (Some(tombstone), 1));
        dropped += report.bodies_dropped;
    }
    assert_eq!(dropped, all.bodies_dropped);
    assert_eq!(log.prune(&PruneOptions::at(1_050)).unwrap().tombstone, None);
}

//! Pruned too early, pruned while pinned, gone without a tombstone: each is named, with the tombstone that shows it.

use crate::published::{Fleet, MARKED, Published, nothing_went, policy, signer};
use candor_log::audit::{
    AuditError, AuditReport, AuditSettings, BodyFolder, KnownRetention, TombstoneLimits, audit, listed_body,
};
use candor_log::retention::{
    BodyDigest, ContentError, DroppedEvidence, KeptBody, Mark, Pin, PinnedRange, Pins, PolicyError,
    PublishedPolicy, RetentionPolicy, RetentionWindow, Tombstone, TombstoneContent, TombstoneError,
    TombstoneFault, content_path, tombstone_path,
};
use candor_trace::Entry;
use candor_trace::tlog::{Hash, NoteSigner};
use std::sync::LazyLock;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(2, 600));
const DAY: u64 = 86_400;

/// A log whose first 512 entries may be gone; the first bundle is, by a tombstone that this changes.
fn pruned(change: impl FnOnce(&mut Tombstone, &mut TombstoneContent)) -> Published {
    let mut log = FLEET.published();
    log.promise(512);
    let mut content = nothing_went();
    content.entries.push(0, 256);
    let mut tombstone = log.tombstone(512, 300);
    change(&mut tombstone, &mut content);
    log.bury(tombstone, &content);
    log.files.remove("tile/entries/000").unwrap();
    log
}

fn known(log: &Published, retention: KnownRetention<'_>) -> Result<AuditReport, AuditError> {
    let whom = policy(1);
    audit(log, &AuditSettings { retention, ..AuditSettings::new(&whom) }, |_, _| ())
}

fn fault(log: &Published) -> TombstoneFault {
    match log.audit().unwrap_err() {
        AuditError::TombstoneFault { source, .. } => source,
        error => panic!("{error}"),
    }
}

#[test]
fn what_is_gone_without_a_tombstone_is_lost_or_withheld() {
    let mut log = pruned(|_, _| ());
    assert_eq!(log.audit().unwrap().pruned, 256);
    log.files.remove("tile/entries/001").unwrap();
    let error = log.audit().unwrap_err();
    assert!(
        matches!(&error, AuditError::WithoutTombstone { file, index: 256 } if file == "tile/entries/001"),
        "{error}"
    );
    assert_eq!((error.file(), error.index()), (Some("tile/entries/001"), Some(256)));
    // Not below the minimum index it is missing, whatever a tombstone says.
    let mut log = pruned(|_, _| ());
    log.promise(0);
    assert!(matches!(log.audit().unwrap_err(), AuditError::Missing { index: Some(0), .. }));
}

#[test]
fn what_was_pruned_too_early_is_named() {
    let promise = RetentionPolicy::default();
    let early = |what, window, time| TombstoneFault::TooEarly { what, marked: MARKED, window, time };
    let at = |time| pruned(|tombstone, _| tombstone.time = time);
    let (entries, bodies) = (promise.entries_seconds(), promise.bodies_seconds());
    assert!(at(MARKED + entries).audit().is_ok());
    assert_eq!(fault(&at(MARKED + entries - 1)), early("entries", entries, MARKED + entries - 1));
    let only_bodies = |time| {
        let mut log = FLEET.published();
        log.promise(0);
        let tombstone = Tombstone { time, ..log.tombstone(0, 300) };
        log.bury(tombstone, &nothing_went());
        log
    };
    assert!(only_bodies(MARKED + bodies).audit().is_ok());
    assert_eq!(fault(&only_bodies(MARKED + bodies - 1)), early("bodies", bodies, MARKED + bodies - 1));
    // The mark must reach as far as what went.
    let log = pruned(|tombstone, _| tombstone.entries.mark.size = 511);
    assert_eq!(fault(&log), TombstoneFault::Unmarked { what: "entries", to: 512, marked: 511 });
    // Evidence has a window of its own.
    let evidence = |seen| {
        pruned(|tombstone, content| {
            tombstone.retention.evidence_seconds = Some(DAY);
            content.evidence.push(DroppedEvidence { agent: [1; 20], record_hash: [2; 32], seen });
        })
    };
    let time = MARKED + entries;
    let with_window = |mut log: Published| {
        let retention = Some(RetentionPolicy { evidence_seconds: Some(DAY), ..promise });
        let policy = PublishedPolicy { minimum_index: 512, retention, ..PublishedPolicy::default() };
        log.files.insert("policy.json".into(), policy.to_bytes().unwrap());
        log
    };
    assert!(with_window(evidence(time - DAY)).audit().is_ok());
    let expected = TombstoneFault::TooEarly { what: "evidence", marked: time - DAY + 1, window: DAY, time };
    assert_eq!(fault(&with_window(evidence(time - DAY + 1))), expected);
}

/// The log says a shorter promise now than it once did: whoever kept that knows.
#[test]
fn a_promise_that_was_kept_elsewhere_counts() {
    let log = pruned(|_, _| ());
    let longer = RetentionPolicy { entries_extra_seconds: 350 * DAY, ..RetentionPolicy::default() };
    let shorter = RetentionPolicy { entries_extra_seconds: 348 * DAY, ..RetentionPolicy::default() };
    let promised =
        |promised| known(&log, KnownRetention { promised: Some(promised), ..KnownRetention::default() });
    let same = RetentionPolicy::default();
    assert!(promised(&shorter).is_ok() && promised(&same).is_ok());
    let AuditError::TombstoneFault { number: 0, source } = promised(&longer).unwrap_err() else { panic!() };
    assert!(
        matches!(source, TombstoneFault::TooEarly { what: "entries", window, .. } if window == 366 * DAY)
    );
    // What is published now promises less than the tombstone went by.
    let mut log = log;
    let policy =
        PublishedPolicy { minimum_index: 512, retention: Some(shorter), ..PublishedPolicy::default() };
    log.files.insert("policy.json".into(), policy.to_bytes().unwrap());
    let AuditError::Shortened { number: 0, source } = log.audit().unwrap_err() else { panic!() };
    assert!(matches!(source, PolicyError::Shortened { window: RetentionWindow::Entries, .. }));
}

#[test]
fn a_tombstone_that_is_dated_ahead_is_named() {
    let log = pruned(|_, _| ());
    let time = MARKED + RetentionPolicy::default().entries_seconds();
    let now = |now| known(&log, KnownRetention { now: Some(now), ..KnownRetention::default() });
    assert!(now(time).is_ok());
    let AuditError::TombstoneFault { source, .. } = now(time - 1).unwrap_err() else { panic!() };
    assert_eq!(source, TombstoneFault::Ahead { time, now: time - 1 });
}

fn run_of(record: usize, first: u64, last: u64) -> PinnedRange {
    let header = &FLEET.records[record].header;
    PinnedRange { agent: header.agent, program_id: header.program_id, first, last }
}

fn pins(records: PinnedRange) -> Pins {
    let mut pins = Pins::default();
    pins.add(Pin { name: "case-7".into(), records, reason: "private".into() }).unwrap();
    pins
}

/// Records 0 to 127 of each agent went.
#[test]
fn what_was_pruned_while_it_was_pinned_is_named() {
    let gone = |error: AuditError| match error {
        AuditError::PinnedEntry { pin, agent, sequence, .. } => {
            assert_eq!((pin.as_str(), agent), ("case-7", FLEET.records[1].header.agent));
            sequence
        }
        error => panic!("{error}"),
    };
    let kept = pins(run_of(1, 128, u64::MAX));
    let lost = pins(run_of(1, 100, 130));
    let last = pins(run_of(1, 127, 127));
    // By an auditor who knows of the dispute.
    let log = pruned(|_, _| ());
    let by_auditor =
        |pins: &Pins| known(&log, KnownRetention { pins: Some(pins), ..KnownRetention::default() });
    let report = by_auditor(&kept).unwrap();
    assert_eq!((report.pruning.pins, report.pruning.pins_unseen), (1, 0));
    assert_eq!(gone(by_auditor(&lost).unwrap_err()), 100);
    assert_eq!(gone(by_auditor(&last).unwrap_err()), 127);
    // A run of a chain that the log does not have says nothing.
    let mut elsewhere = run_of(1, 0, 5);
    elsewhere.agent = [9; 20];
    assert_eq!(by_auditor(&pins(elsewhere)).unwrap().pruning.pins_unseen, 1);
    // By the log's own list.
    let mut log = pruned(|_, _| ());
    log.files.insert("pins.json".into(), kept.without_reasons().to_bytes().unwrap());
    assert!(log.audit().is_ok());
    log.files.insert("pins.json".into(), lost.without_reasons().to_bytes().unwrap());
    assert_eq!(gone(log.audit().unwrap_err()), 100);
    log.files.insert("pins.json".into(), b"{}".to_vec());
    assert!(matches!(log.audit().unwrap_err(), AuditError::Pins { .. }));
    // By the last tombstone, which is signed.
    assert!(pruned(|_, content| content.pins = kept.without_reasons()).audit().is_ok());
    let log = pruned(|_, content| content.pins = lost.without_reasons());
    assert_eq!(gone(log.audit().unwrap_err()), 100);
}

#[test]
fn a_body_that_went_although_the_same_tombstone_pins_it_is_named() {
    let with = |first| {
        pruned(|_, content| {
            content.bodies.push(256, 44);
            content.bodies_sha256 = digest(256, 300);
            content.pins = pins(run_of(0, first, first)).without_reasons();
        })
    };
    // Records 128 to 149 of the first agent are entries 256 to 298.
    assert!(with(150).audit().is_ok());
    let error = with(149).audit().unwrap_err();
    assert!(
        matches!(&error, AuditError::PinnedBody { number: 0, pin, index: 298, sequence: 149 } if pin == "case-7"),
        "{error}"
    );
    assert_eq!((error.tombstone(), error.index()), (Some(0), Some(298)));
}

/// The digest over the bodies of entries.
fn digest(first: u64, end: u64) -> [u8; 32] {
    let mut digest = BodyDigest::default();
    for (index, entry) in (first..end).zip(&FLEET.entries()[first as usize..]) {
        digest.push(index, &Entry::from_bytes(entry).unwrap().body);
    }
    digest.finish()
}

#[test]
fn pruned_bodies_are_told_from_lost_ones() {
    let with = |sha256: [u8; 32]| {
        pruned(|_, content| {
            content.bodies.push(256, 44);
            content.bodies_sha256 = sha256;
        })
    };
    let log = with(digest(256, 300));
    let place = tempfile::tempdir().unwrap();
    // Of the entries that are there the bodies from 310 on are there too.
    for record in &FLEET.records[310..] {
        let file = place.path().join(hex::encode(candor_trace::body_hash(&record.body)));
        std::fs::write(file, borsh::to_vec(&record.body).unwrap()).unwrap();
    }
    let bodies = BodyFolder::at(place.path());
    let whom = policy(1);
    let settings = AuditSettings { bodies: Some(&bodies), ..AuditSettings::new(&whom) };
    let report = audit(&log, &settings, |_, _| ()).unwrap();
    assert_eq!((report.bodies, report.bodies_pruned, report.bodies_missing), (290, 44, 10));
    assert_eq!((report.first_missing_body, report.pruning.digests_checked), (Some(300), 1));
    // A tombstone names what went by its hash.
    let error = with([7; 32]).audit().unwrap_err();
    assert!(matches!(error, AuditError::TombstoneBodies { number: 0 }), "{error}");
    let key = signer().verifier_key().clone();
    assert_eq!(listed_body(&log, &key, 0, 256).unwrap().unwrap().number, 0);
    assert_eq!(listed_body(&log, &key, 0, 300).unwrap(), None);
    assert_eq!(listed_body(&log, &key, 1, 256).unwrap(), None);
}

#[test]
fn tombstones_continue_each_other() {
    let honest = |change: &dyn Fn(&mut Tombstone)| {
        let mut log = pruned(|_, _| ());
        let key = signer().verifier_key().clone();
        let bytes = &log.files["tombstone/0"];
        let first = candor_log::retention::SignedTombstone::parse(bytes, &key).unwrap();
        let mut second = *first.tombstone();
        (second.number, second.previous) = (1, *first.text_hash());
        for range in [&mut second.entries, &mut second.bodies] {
            (range.from, range.mark) = (range.to, Mark::default());
        }
        change(&mut second);
        log.bury(second, &nothing_went());
        log
    };
    assert_eq!(honest(&|_| ()).audit().unwrap().pruning.tombstones, 2);
    let mut log = honest(&|_| ());
    let second = log.files.remove("tombstone/1").unwrap();
    log.files.insert("tombstone/0".into(), second);
    assert_eq!(fault(&log), TombstoneFault::Number { expected: 0, got: 1 });
    assert_eq!(fault(&honest(&|second| second.previous.0[0] ^= 1)), TombstoneFault::Previous);
    let before = MARKED + RetentionPolicy::default().entries_seconds();
    let log = honest(&|second| second.time = before - 1);
    assert_eq!(fault(&log), TombstoneFault::TimeBackwards { before, got: before - 1 });
    let gap = |what, expected, got| TombstoneFault::RangeGap { what, expected, got };
    let log = honest(&|second| second.entries.from = 256);
    assert_eq!(fault(&log), gap("entries", 512, 256));
    let log = honest(&|second| second.bodies.from = 299);
    assert_eq!(fault(&log), gap("bodies", 300, 299));
    let log = honest(&|second| second.retention.margin_seconds = 6 * DAY);
    assert!(matches!(fault(&log), TombstoneFault::Shortened(PolicyError::Shortened { .. })));
}

#[test]
fn a_tombstone_of_another_tree_key_or_content_is_refused() {
    let error = pruned(|tombstone, _| tombstone.root = Hash([9; 32])).audit().unwrap_err();
    assert!(matches!(error, AuditError::TombstoneRoot { number: 0, size: 600, .. }), "{error}");
    let other = NoteSigner::new("log.example/audited", &[9; 32]).unwrap();
    let mut log = pruned(|_, _| ());
    let (content, tombstone) = {
        let signed = &log.files["tombstone/0"];
        let key = signer().verifier_key().clone();
        let read = candor_log::retention::SignedTombstone::parse(signed, &key).unwrap();
        (read.tombstone().content, *read.tombstone())
    };
    log.files.insert("tombstone/0".into(), tombstone.sign(&other).unwrap().to_bytes());
    let error = log.audit().unwrap_err();
    assert!(
        matches!(error, AuditError::Tombstone { number: 0, source: TombstoneError::Signature }),
        "{error}"
    );
    let mut log = pruned(|_, _| ());
    let file = content_path(&content);
    log.files.get_mut(&file).unwrap()[20] ^= 1;
    let error = log.audit().unwrap_err();
    assert!(
        matches!(error, AuditError::TombstoneContent { number: 0, source: ContentError::Digest }),
        "{error}"
    );
    log.files.remove(&file).unwrap();
    let error = log.audit().unwrap_err();
    assert!(matches!(&error, AuditError::Missing { file: missing, .. } if *missing == file), "{error}");
    // A body that is listed as kept and as gone.
    let log = pruned(|_, content| {
        content.bodies.push(256, 44);
        content.kept_bodies.push(KeptBody { index: 256, hash: [1; 32] });
    });
    let error = log.audit().unwrap_err();
    assert!(
        matches!(error, AuditError::TombstoneContent { source: ContentError::Kept { position: 0 }, .. }),
        "{error}"
    );
}

#[test]
fn only_so_many_tombstones_and_runs_are_read() {
    let log = pruned(|_, content| {
        content.bodies.push(256, 1);
        content.bodies.push(258, 1);
        let (mut digest, entries) = (BodyDigest::default(), FLEET.entries());
        for index in [256, 258] {
            digest.push(index, &Entry::from_bytes(&entries[index as usize]).unwrap().body);
        }
        content.bodies_sha256 = digest.finish();
    });
    let limited = |tombstones, runs| {
        let whom = policy(1);
        let limits = TombstoneLimits { tombstones, runs };
        audit(&log, &AuditSettings { limits, ..AuditSettings::new(&whom) }, |_, _| ())
    };
    assert!(limited(1, 3).is_ok());
    let error = limited(0, 3).unwrap_err();
    assert!(matches!(error, AuditError::TombstoneLimit { what: "tombstones", limit: 0 }), "{error}");
    let error = limited(1, 2).unwrap_err();
    assert!(matches!(error, AuditError::TombstoneLimit { what: "runs", limit: 2 }), "{error}");
    assert_eq!(tombstone_path(17), "tombstone/17");
}

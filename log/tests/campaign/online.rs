//! Pruning a log that goes on: appends meanwhile are durable and right, whatever fails; readers are told what went.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::{Defect, EIO, ENOSPC, Trouble};
use crate::full;
use crate::prune::{Built, RECORDS, at, audit_files, built, check, check_copies, is_pinned, left, try_audit};
use crate::world::{settings, signer};
use candor_log::pipeline::{Log, OpenCheck, PipelineError, RetainError, prune};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

const TROUBLES: [Trouble; 4] =
    [Trouble::Fail(EIO), Trouble::FailFromNow(ENOSPC), Trouble::KillBefore, Trouble::KillAfter];

fn open(computer: &Computer) -> Log<crate::disk::fault::FaultDisk> {
    Log::open(computer.disk(), settings(), signer()).unwrap().0
}

/// The records that are still to come, handed in one after the other; what was acknowledged before the first error.
fn hand_in_the_rest(
    built: &Built,
    log: &Log<crate::disk::fault::FaultDisk>,
    acknowledged: &Mutex<BTreeMap<usize, u64>>,
) {
    for (record, honest) in built.agents.records.iter().enumerate().skip(RECORDS) {
        let Ok(pending) = log.submit(honest.submission.clone()) else { return };
        let Ok(sequenced) = pending.wait() else { return };
        acknowledged.lock().unwrap().insert(record, sequenced.index);
    }
}

/// Everything that was acknowledged while the log was pruned is where it was said to be.
fn check_acknowledged(built: &Built, computer: &Computer, acknowledged: &BTreeMap<usize, u64>) {
    let log = open(computer);
    for (record, index) in acknowledged {
        let honest = &built.agents.records[*record];
        assert_eq!(log.entry(*index).unwrap().to_bytes(), honest.entry, "record {record}");
        assert_eq!(log.find(&honest.record_hash).unwrap(), Some(*index));
        if let Some(body) = &honest.submission.body {
            assert_eq!(log.body(&honest.submission.body_hash).unwrap().as_ref(), Some(body));
        }
    }
    let last = log.status().sizes.sequenced - 1;
    assert!(log.wait_published(last, Duration::from_secs(20)).unwrap());
    log.shut_down().unwrap();
}

#[test]
fn a_log_that_is_open_is_pruned_as_one_that_is_not() {
    let built = built();
    let (offline, online) = (built.computer.copy(), built.computer.copy());
    let expected = prune(offline.disk(), &signer(), &at(1_900)).unwrap();
    let log = open(&online);
    let report = log.prune(&at(1_900)).unwrap();
    assert_eq!(
        (report.tombstone, report.bundles_removed, report.segments_removed, report.bodies_dropped),
        (Some(0), expected.bundles_removed, expected.segments_removed, expected.bodies_dropped)
    );
    assert_eq!((log.tombstones().0, log.entry_tombstone(256), log.entry_tombstone(0)), (1, Some(0), None));
    let gone = log.entry(256).unwrap_err();
    assert!(matches!(gone, PipelineError::Pruned { index: 256, minimum: 512 }), "{gone}");
    let again = log.prune(&at(1_900)).unwrap();
    assert_eq!((again.tombstone, again.bundles_removed, again.segments_removed), (None, 0, 0));
    // Everything about retention, while it is open: the pin goes, and what it kept goes with the next pruning.
    assert_eq!(log.pins().unwrap().len(), 1);
    assert_eq!(log.unpin("case-7").unwrap().name, "case-7");
    let later = log.prune(&at(2_700)).unwrap();
    assert_eq!((later.tombstone, later.bundles_removed, later.evidence_removed), (Some(1), 2, 1));
    assert_eq!(log.entry_tombstone(0), Some(1));
    log.shut_down().unwrap();
    let ended = log.prune(&at(2_700)).unwrap_err();
    assert!(matches!(ended, RetainError::Pipeline(PipelineError::ShuttingDown)), "{ended}");
    drop(log);
    assert_eq!(prune(offline.disk(), &signer(), &at(1_900)).unwrap().tombstone, None);
    check_copies(built, &online, 1, false);
}

/// Appends while it is pruned, and readers that ask for everything all the time.
#[test]
fn appends_and_reads_go_on_while_the_log_is_pruned() {
    let built = built();
    let computer = built.computer.copy();
    let log = open(&computer);
    let acknowledged = Mutex::new(BTreeMap::new());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| hand_in_the_rest(built, &log, &acknowledged));
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                for (record, index) in built.told.acknowledged.iter().step_by(7) {
                    match log.entry(*index) {
                        Ok(entry) => assert_eq!(entry.to_bytes(), built.agents.records[*record].entry),
                        Err(error) => assert!(matches!(error, PipelineError::Pruned { .. }), "{error}"),
                    }
                    log.body(&built.agents.records[*record].submission.body_hash).unwrap();
                }
            }
        });
        assert_eq!(log.prune(&at(1_900)).unwrap().tombstone, Some(0));
        log.unpin("case-7").unwrap();
        assert_eq!(log.prune(&at(2_700)).unwrap().tombstone, Some(1));
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(acknowledged.len(), built.agents.records.len() - RECORDS);
    log.shut_down().unwrap();
    drop(log);
    check_acknowledged(built, &computer, &acknowledged);
    check_copies(built, &computer, 41, false);
}

/// One run: trouble at a call while the log is pruned, with or without appends, and everything that must hold after it.
fn trouble_at(built: &Built, call: u64, trouble: Trouble, appending: bool) -> bool {
    let (computer, mut dice) = (built.computer.copy(), Dice(call));
    let log = open(&computer);
    let acknowledged = Mutex::new(BTreeMap::new());
    computer.plan(call, trouble);
    std::thread::scope(|scope| {
        if appending {
            scope.spawn(|| hand_in_the_rest(built, &log, &acknowledged));
        }
        let pruned = log.prune(&at(1_900));
        if !appending && computer.happened() {
            assert!(pruned.is_err(), "call {call}, {trouble:?}");
            assert!(log.status().stopped.is_some(), "call {call}, {trouble:?}: it went on");
        }
    });
    let happened = computer.happened();
    drop(log);
    if call.is_multiple_of(2) {
        computer.restart(&mut dice);
    } else {
        computer.next_process();
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    audit_files(built, &computer, true);
    check_acknowledged(built, &computer.copy(), &acknowledged);
    check(built, &computer.copy(), (OpenCheck::Everything, 41), true);
    // The next pruning finishes, again while the log is open.
    let log = open(&computer);
    let finished = log.prune(&at(1_900));
    finished.unwrap_or_else(|error| panic!("call {call}, {trouble:?}: {error}"));
    log.shut_down().unwrap();
    drop(log);
    computer.restart(&mut dice);
    audit_files(built, &computer, true);
    check_acknowledged(built, &computer.copy(), &acknowledged);
    happened
}

#[test]
fn trouble_at_any_call_while_an_open_log_is_pruned_breaks_no_promise() {
    let built = built();
    let mut tried = 0;
    for call in (1..).step_by(if full() { 1 } else { 61 }) {
        if !trouble_at(built, call, TROUBLES[(call / 61) as usize % TROUBLES.len()], false) {
            break;
        }
        tried += 1;
    }
    println!("{tried} troubles");
    assert!(tried > 8, "{tried}");
}

#[test]
fn trouble_while_records_come_in_and_the_log_is_pruned_loses_nothing() {
    let built = built();
    let mut tried = 0;
    for call in (1..).step_by(if full() { 1 } else { 61 }) {
        if !trouble_at(built, call, TROUBLES[(call / 61 + 1) as usize % TROUBLES.len()], true) {
            break;
        }
        tried += 1;
    }
    println!("{tried} troubles");
    assert!(tried > 8, "{tried}");
}

/// What is written for a pruning, call by call: where the chains stand, what goes, who says so, what may be gone; then what
/// is removed.
#[test]
fn trouble_at_every_change_of_a_pruning_is_tried() {
    let built = built();
    let changes: Vec<(u64, String)> = {
        let computer = built.computer.copy();
        let log = open(&computer);
        let before = computer.history().len();
        log.prune(&at(1_900)).unwrap();
        let changes = |call: &str| {
            ["create", "write", "sync", "rename", "remove"].iter().any(|kind| call.starts_with(kind))
        };
        let history = computer.history().split_off(before);
        (1..).zip(history).filter(|(_, call)| changes(call)).collect()
    };
    let of = |what: &str| changes.iter().filter(|(_, call)| call.contains(what)).count();
    for what in ["private/heads", "public/tombstone/0", "public/tombstone/content", "public/policy.json"] {
        assert!(of(what) >= 3, "{what}: {changes:#?}");
    }
    assert!(of("private/journal") > 20 && of("private/bodies") > 3 && of("tile/entries") > 0);
    // All that concern what is said, and some of those that remove.
    let said = |call: &str| {
        ["heads", "tombstone", "policy", "pins", "marks", "tile/entries"]
            .iter()
            .any(|what| call.contains(what))
    };
    let mut tried = 0;
    for (position, (call, name)) in changes.iter().enumerate() {
        if full() || (said(name) && position % 3 == 0) || position % 40 == 0 {
            for trouble in TROUBLES.iter().skip(position % 2).step_by(if full() { 1 } else { 2 }) {
                assert!(trouble_at(built, *call, *trouble, false), "{name}");
                tried += 1;
            }
        }
    }
    println!("{tried} troubles at {} changes", changes.len());
    assert!(tried > 20, "{tried}");
}

/// A power cut at a random call of a pruning on a disk that has a defect: whether anybody notices.
fn is_noticed(built: &Built, defects: &[Defect], seed: u64) -> bool {
    let (computer, mut dice) = (built.computer.copy_with(defects), Dice(seed));
    computer.plan(1_000 + dice.roll(900), Trouble::KillAfter);
    let pruned = prune(computer.disk(), &signer(), &at(1_900));
    assert!(pruned.is_ok() || computer.happened());
    computer.restart(&mut dice);
    if try_audit(built, &computer, true).is_err() {
        return true;
    }
    let Ok((log, _)) = Log::open(computer.disk(), settings(), signer()) else { return true };
    let pinned = (0..RECORDS).filter(|record| is_pinned(*record));
    pinned.map(|record| &built.agents.records[record].submission).any(|submission| {
        let found = log.body(&submission.body_hash);
        found.is_err() || found.is_ok_and(|found| found != submission.body)
    })
}

#[test]
fn every_defect_of_pruning_that_is_put_back_is_noticed() {
    let built = built();
    let lives = if full() { 400 } else { 24 };
    assert_eq!((0..lives).filter(|seed| is_noticed(built, &[], *seed)).count(), 0);
    let defects = [
        // Things go before it is durable what went.
        Defect::NoSync("public/tombstone/content"),
        Defect::NoSync("public/tombstone"),
        // Entries go before it is durable where their chains end.
        Defect::NoSync("private/heads"),
        // Segments go before the pinned bodies in them are durable elsewhere.
        Defect::NoSync("private/bodies"),
        // Any of it, without its name.
        Defect::NoFolderSync,
    ];
    for defect in defects {
        let noticed = (0..lives).filter(|seed| is_noticed(built, &[defect], *seed)).count();
        println!("{defect:?} is noticed in {noticed} of {lives} lives");
        assert!(noticed > 0, "{defect:?} is noticed in none of {lives} lives");
    }
}

/// A pruning that is finished by the next process leaves what one that nothing happened to leaves.
#[test]
fn what_is_left_does_not_depend_on_what_happened() {
    let built = built();
    let expected = {
        let computer = built.computer.copy();
        let log = open(&computer);
        log.prune(&at(1_900)).unwrap();
        log.shut_down().unwrap();
        left(&computer)
    };
    let computer = built.computer.copy();
    let log = open(&computer);
    // In the middle of the removals.
    computer.plan(700, Trouble::KillBefore);
    log.prune(&at(1_900)).unwrap_err();
    drop(log);
    computer.restart(&mut Dice(3));
    let log = open(&computer);
    let report = log.prune(&at(1_900)).unwrap();
    log.shut_down().unwrap();
    assert!(report.tombstone.is_none() || report.tombstone == Some(0));
    assert_eq!(left(&computer), expected);
}

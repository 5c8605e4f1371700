//! Errors of the file system, and what can still be done after them.

use crate::agent::run;
use crate::disk::{Disk, Fault, Mount};
use candor_log::{FileLog, LogError, Operation};

fn operation(result: Result<impl Sized, LogError>) -> Operation {
    match result.err().expect("the call failed") {
        LogError::Io { operation, .. } => operation,
        other => panic!("{other}"),
    }
}

#[test]
fn every_failing_call_of_a_creation_is_named() {
    let expected = [
        Operation::CreateDirectory,
        Operation::Lock,
        Operation::Open,
        Operation::Create,
        Operation::Write,
        Operation::Sync,
        Operation::Publish,
        Operation::SyncDirectories,
    ];
    for (call, expected) in (1..).zip(expected) {
        let disk = Disk::default();
        disk.plan(call, Fault::Fail);
        assert_eq!(operation(FileLog::create_in(disk.mount())), expected);
    }
    let disk = Disk::default();
    FileLog::create_in(disk.mount()).unwrap();
    assert_eq!(disk.calls(), 8);
}

#[test]
fn every_failing_call_of_an_opening_is_named() {
    let disk = Disk::default();
    FileLog::create_in(disk.mount()).unwrap().append(&run()[..1]).unwrap();
    let expected = [
        Operation::Open,
        Operation::Lock,
        Operation::Length,
        Operation::Read,
        Operation::Read,
        Operation::Sync,
        Operation::SyncDirectories,
    ];
    for (call, expected) in (1..).zip(expected) {
        disk.plan(call, Fault::Fail);
        let result = FileLog::open_in(disk.mount());
        // A lock whose taking failed is not held.
        assert_eq!(operation(result), expected);
    }
    let before = disk.calls();
    assert_eq!(FileLog::open_in(disk.mount()).unwrap().1.records, 1);
    assert_eq!(disk.calls() - before, 7);
}

#[test]
fn a_failing_cut_is_named() {
    let disk = Disk::default();
    let mut log = FileLog::create_in(disk.mount()).unwrap();
    // A write that leaves half a frame, and a disk that does not let it be taken back.
    disk.plan(1, Fault::KillBefore);
    assert_eq!(operation(log.append(&run()[..1])), Operation::Write);
    drop(log);
    let mut cut = false;
    for seed in 0..20 {
        disk.restart(&mut crate::disk::Dice(seed));
        if disk.visible().len() == 10 {
            break;
        }
        disk.plan(6, Fault::Fail);
        assert_eq!(operation(FileLog::open_in(disk.mount())), Operation::Truncate);
        cut = true;
        disk.forget_plan();
        let (_, report) = FileLog::open_in(disk.mount()).unwrap();
        assert_eq!(report.records, 0);
        assert!(report.truncated_tail_bytes > 0);
    }
    assert!(cut, "no restart left half a frame");
}

/// A full disk: the error says so, what was acknowledged is read, nothing more is appended, and the half-written
/// group is gone.
#[test]
fn a_full_disk_poisons_the_handle_and_loses_nothing() {
    let records = run();
    for (call, expected) in [(1, Operation::Write), (2, Operation::Sync)] {
        let disk = Disk::default();
        let mut log: FileLog<Mount> = FileLog::create_in(disk.mount()).unwrap();
        log.append(&records[..3]).unwrap();
        let before = disk.visible();
        disk.plan(call, Fault::Fail);
        let error = log.append(&records[3..]).unwrap_err();
        assert!(
            matches!(&error, LogError::Io { operation, source, .. }
                if *operation == expected && source.kind() == std::io::ErrorKind::StorageFull),
            "{error}"
        );
        assert!(log.is_poisoned());
        for _ in 0..2 {
            assert!(matches!(log.append(&records[3..]), Err(LogError::Poisoned { .. })));
            assert!(matches!(log.append(&[]), Err(LogError::Poisoned { .. })));
        }
        assert_eq!(log.len(), 3);
        assert_eq!(log.read(0..3).unwrap(), records[..3]);
        assert_eq!(log.tail().unwrap().as_ref(), Some(&records[2]));
        assert_eq!(disk.visible(), before, "the group was taken back");
        drop(log);
        let (mut log, report) = FileLog::open_in(disk.mount()).unwrap();
        assert_eq!((report.records, report.truncated_tail_bytes), (3, 0));
        log.append(&records[3..]).unwrap();
        assert_eq!(log.read(0..7).unwrap(), records);
    }
}

/// Where even taking back fails, the next opening cuts.
#[test]
fn a_frame_that_could_not_be_taken_back_is_cut_on_opening() {
    let records = run();
    let disk = Disk::default();
    let mut log = FileLog::create_in(disk.mount()).unwrap();
    log.append(&records[..3]).unwrap();
    disk.plan(1, Fault::KillBefore);
    log.append(&records[3..4]).unwrap_err();
    drop(log);
    let mut cut = 0;
    for seed in 0..10 {
        disk.restart(&mut crate::disk::Dice(seed));
        let (log, report) = FileLog::open_in(disk.mount()).unwrap();
        assert_eq!(log.read(0..3).unwrap(), records[..3]);
        cut += report.truncated_tail_bytes;
    }
    assert!(cut > 0);
}

#[test]
fn failing_reads_are_named_and_do_not_poison() {
    let disk = Disk::default();
    let mut log = FileLog::create_in(disk.mount()).unwrap();
    log.append(&run()[..2]).unwrap();
    for call in 1..=2 {
        disk.plan(call, Fault::Fail);
        assert_eq!(operation(log.get(1)), Operation::Read);
    }
    log.append(&run()[2..]).unwrap();
}

#[test]
fn a_second_writer_is_kept_out_until_the_first_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let log = FileLog::create(place.path()).unwrap();
    assert!(matches!(FileLog::open(place.path()), Err(LogError::Locked { .. })));
    assert!(matches!(FileLog::create(place.path()), Err(LogError::Locked { .. })));
    assert!(matches!(FileLog::open_or_create(place.path()), Err(LogError::Locked { .. })));
    drop(log);
    assert!(matches!(FileLog::create(place.path()), Err(LogError::AlreadyExists { .. })));
    assert!(FileLog::open(place.path()).is_ok());
}

#[test]
fn a_missing_log_is_not_created_by_opening() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("nothing");
    assert!(matches!(FileLog::open(&directory), Err(LogError::NoLog { .. })));
    assert!(matches!(candor_log::FileLogReader::open(&directory), Err(LogError::NoLog { .. })));
    assert!(!directory.exists());
}

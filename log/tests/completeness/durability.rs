//! Every file-system call fails, and the power goes at every call: what was acknowledged is there.
//!
//! With `CANDOR_CAMPAIGN=full` the random campaign is a hundred times longer.

use crate::agent::run;
use crate::disk::{Dice, Disk, Fault, Mount, Sync};
use candor_log::{FileLog, LogError};
use candor_trace::SignedRecord;

/// What the writer was told.
#[derive(Clone, Default, Debug)]
struct Told {
    created: bool,
    acknowledged: usize,
}

/// What must not happen.
#[derive(Debug)]
#[expect(dead_code, reason = "shown when a test fails")]
enum Violation {
    /// The log is gone, or cannot be opened.
    Unopenable(LogError),
    /// Fewer records than were acknowledged.
    Lost { acknowledged: usize, found: usize },
    /// Other records than were appended.
    Wrong,
}

/// Creates or opens a log and appends the records that it lacks, in groups of varying size.
fn write(disk: &Disk, records: &[SignedRecord], told: &mut Told) -> Result<(), LogError> {
    let mut log = match FileLog::open_in(disk.mount()) {
        Ok((log, _)) => log,
        Err(LogError::NoLog { .. }) => FileLog::create_in(disk.mount())?,
        Err(error) => return Err(error),
    };
    told.created = true;
    let mut next = log.len() as usize;
    // What is shown on opening is made durable first, so showing it is acknowledging it.
    told.acknowledged = told.acknowledged.max(next);
    while next < records.len() {
        let end = (next + 1 + next % 3).min(records.len());
        let receipt = log.append(&records[next..end])?;
        assert_eq!(receipt.first_index, next as u64);
        (next, told.acknowledged) = (end, end);
    }
    Ok(())
}

/// The log opens, and its records are those that were appended, at least as many as were acknowledged.
///
/// A recorder goes on from what is shown here, so from now on it counts as acknowledged.
fn check(disk: &Disk, records: &[SignedRecord], told: &mut Told) -> Result<(), Violation> {
    let log: FileLog<Mount> = match FileLog::open_in(disk.mount()) {
        Ok((log, _)) => log,
        Err(LogError::NoLog { .. }) if !told.created => return Ok(()),
        Err(error) => return Err(Violation::Unopenable(error)),
    };
    let found = log.iter().collect::<Result<Vec<_>, _>>().map_err(Violation::Unopenable)?;
    if found.len() < told.acknowledged {
        return Err(Violation::Lost { acknowledged: told.acknowledged, found: found.len() });
    }
    told.acknowledged = found.len();
    if records.get(..found.len()) == Some(&found) { Ok(()) } else { Err(Violation::Wrong) }
}

fn calls_of_a_whole_run(records: &[SignedRecord]) -> u64 {
    let disk = Disk::default();
    write(&disk, records, &mut Told::default()).unwrap();
    disk.calls()
}

#[test]
fn a_run_without_faults_is_whole_after_the_power_goes() {
    let (disk, records, mut told) = (Disk::default(), run(), Told::default());
    write(&disk, &records, &mut told).unwrap();
    disk.restart(&mut Dice(0));
    check(&disk, &records, &mut told).unwrap();
    assert_eq!(told.acknowledged, records.len());
}

/// At every call: fail or lose power there; then lose power; then everything acknowledged is there, and the rest can
/// be appended.
#[test]
fn a_fault_at_any_call_loses_nothing_acknowledged() {
    let records = run();
    for call in 1..=calls_of_a_whole_run(&records) {
        for fault in [Fault::Fail, Fault::KillBefore, Fault::KillAfter] {
            for seed in 0..6 {
                let (disk, mut told, mut dice) = (Disk::default(), Told::default(), Dice(seed));
                disk.plan(call, fault);
                let failed = write(&disk, &records, &mut told).is_err();
                assert!(failed || fault == Fault::Fail, "call {call}, {fault:?}");
                disk.restart(&mut dice);
                check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("call {call}, {fault:?}: {v:?}"));
                write(&disk, &records, &mut told).unwrap();
                disk.restart(&mut dice);
                check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("call {call}, {fault:?}: {v:?}"));
            }
        }
    }
}

/// The same, with a second fault at every call of the recovery.
#[test]
fn a_fault_while_recovering_loses_nothing_acknowledged() {
    let records = run();
    for call in 8..=calls_of_a_whole_run(&records) {
        for second in 1.. {
            let (disk, mut told, mut dice) = (Disk::default(), Told::default(), Dice(call * 1000 + second));
            disk.plan(call, Fault::KillBefore);
            write(&disk, &records, &mut told).unwrap_err();
            disk.restart(&mut dice);
            let kinds = [Fault::Fail, Fault::KillBefore, Fault::KillAfter];
            let before = disk.calls();
            disk.plan(second, kinds[(call + second) as usize % 3]);
            let _ = check(&disk, &records, &mut told);
            let reached = disk.calls() >= before + second;
            disk.restart(&mut dice);
            check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("calls {call} and {second}: {v:?}"));
            if !reached {
                break;
            }
        }
    }
}

/// A failed write or sync on a machine that stays on: the log is opened again, goes on, and only then loses power.
#[test]
fn going_on_after_a_failed_sync_loses_nothing_acknowledged() {
    let records = run();
    for call in 1..=calls_of_a_whole_run(&records) {
        for seed in 0..6 {
            let (disk, mut told, mut dice) = (Disk::default(), Told::default(), Dice(seed));
            disk.plan(call, Fault::Fail);
            let _ = write(&disk, &records, &mut told);
            write(&disk, &records, &mut told).unwrap_or_else(|e| panic!("call {call}: {e}"));
            assert_eq!(told.acknowledged, records.len());
            disk.restart(&mut dice);
            check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("call {call}: {v:?}"));
        }
    }
}

/// The process is killed alone, between write and sync say; the next one shows what it finds; then the power goes.
#[test]
fn what_the_next_process_shows_is_durable() {
    let records = run();
    for call in 1..=calls_of_a_whole_run(&records) {
        for fault in [Fault::KillBefore, Fault::KillAfter] {
            for seed in 0..6 {
                let (disk, mut told, mut dice) = (Disk::default(), Told::default(), Dice(seed));
                disk.plan(call, fault);
                write(&disk, &records, &mut told).unwrap_err();
                disk.next_process();
                check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("call {call}, {fault:?}: {v:?}"));
                disk.restart(&mut dice);
                check(&disk, &records, &mut told).unwrap_or_else(|v| panic!("call {call}, {fault:?}: {v:?}"));
            }
        }
    }
}

/// Random groups, faults and restarts on one disk; `Err` if anything acknowledged is ever missing.
fn life(seed: u64, sync: Sync, records: &[SignedRecord]) -> Result<(), Violation> {
    let (disk, mut told, mut dice) = (Disk::with(sync), Told::default(), Dice(seed));
    for _ in 0..6 {
        let fault = [Fault::Fail, Fault::KillBefore, Fault::KillAfter][dice.roll(3) as usize];
        disk.plan(1 + dice.roll(30), fault);
        let until = 1 + dice.roll(records.len() as u64) as usize;
        let _ = write(&disk, &records[..until], &mut told);
        if dice.roll(2) == 0 {
            disk.restart(&mut dice);
        } else {
            disk.next_process();
        }
        check(&disk, records, &mut told)?;
    }
    disk.restart(&mut dice);
    check(&disk, records, &mut told)
}

fn lives() -> u64 {
    let full = std::env::var("CANDOR_CAMPAIGN").is_ok_and(|value| value == "full");
    if full { 30_000 } else { 300 }
}

#[test]
fn no_life_loses_anything_acknowledged() {
    let records = run();
    for seed in 0..lives() {
        life(seed, Sync::Honest, &records).unwrap_or_else(|v| panic!("seed {seed}: {v:?}"));
    }
}

/// The defects put back in: if acknowledging did not mean durable, the same campaign would notice.
#[test]
fn the_campaign_notices_an_acknowledgement_that_is_not_durable() {
    let records = run();
    for sync in [Sync::Lies, Sync::Late, Sync::LiesAboutNames] {
        let noticed = (0..300).filter(|seed| life(*seed, sync, &records).is_err()).count();
        assert!(noticed > 30, "{sync:?} is noticed in {noticed} of 300 lives");
    }
}

/// Disks that persist one write out of order: nothing acknowledged is lost. Either the log opens, or it is refused as
/// damaged and everything acknowledged is read from before the damage.
#[test]
fn writes_persisted_out_of_order_lose_nothing_acknowledged() {
    let records = run();
    let mut refused = 0;
    for call in 1..=calls_of_a_whole_run(&records) {
        for seed in 0..20 {
            let (disk, mut told, mut dice) = (Disk::default(), Told::default(), Dice(seed));
            disk.plan(call, Fault::KillBefore);
            write(&disk, &records, &mut told).unwrap_err();
            disk.restart_out_of_order(&mut dice);
            match check(&disk, &records, &mut told) {
                Ok(()) => {}
                Err(Violation::Unopenable(LogError::Damaged { .. })) => {
                    refused += 1;
                    let opened = candor_log::FileLogReader::open_intact_prefix_in(&mut disk.mount());
                    let (log, report, damage) = opened.unwrap();
                    assert!(matches!(damage, Some(LogError::Damaged { .. })));
                    let found = log.read(0..report.records).unwrap();
                    assert!(found.len() >= told.acknowledged, "call {call}, seed {seed}");
                    assert_eq!(found, records[..found.len()]);
                }
                Err(violation) => panic!("call {call}, seed {seed}: {violation:?}"),
            }
        }
    }
    assert!(refused > 0, "the disk never persisted out of order");
}

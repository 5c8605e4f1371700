//! Random lives of a log; and the defects put back in, to see that such lives notice them.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::{Defect, EIO, ENOSPC, Trouble};
use crate::full;
use crate::world::{Agents, Stop, Told, Violation, agents};

/// Random troubles, power cuts and ends of processes, one after the other on one machine.
fn life(seed: u64, defects: &[Defect], agents: &Agents) -> Result<(), Violation> {
    let (computer, mut told, mut dice) = (Computer::with(defects), Told::default(), Dice(seed));
    for _ in 0..4 {
        let trouble = match dice.roll(5) {
            0 => Trouble::Fail(EIO),
            1 => Trouble::Fail(ENOSPC),
            2 => Trouble::FailFromNow(EIO),
            3 => Trouble::KillBefore,
            _ => Trouble::KillAfter,
        };
        computer.plan(1 + dice.roll(600), trouble);
        let until = 1 + dice.roll(agents.records.len() as u64) as usize;
        if let Err(Stop::Violation(violation)) = told.hand_in(|| computer.disk(), agents, until) {
            return Err(violation);
        }
        if dice.roll(2) == 0 {
            computer.restart(&mut dice);
        } else {
            computer.next_process();
        }
        told.check_static(&computer)?;
    }
    told.check(|| computer.disk(), agents)?;
    computer.restart(&mut dice);
    told.check_static(&computer)?;
    told.check(|| computer.disk(), agents)
}

#[test]
fn no_life_loses_anything_or_forks() {
    let agents = agents(3, 5);
    for seed in 0..if full() { 5_000 } else { 60 } {
        life(seed, &[], &agents).unwrap_or_else(|violation| panic!("seed {seed}: {violation:?}"));
    }
}

#[test]
fn every_defect_that_is_put_back_is_noticed() {
    let agents = agents(3, 5);
    let defects = [
        // Acknowledged before it is durable, and after the next one is.
        Defect::NoSync("private/journal"),
        Defect::LateSync("private/journal"),
        // Signed before the tiles are durable.
        Defect::NoSync("public/tile"),
        // Files whose names are not durable.
        Defect::NoFolderSync,
        // A complete frame is taken for one that a crash left.
        Defect::CutFrame("private/journal"),
    ];
    for defect in defects {
        let lives = if full() { 500 } else { 40 };
        let noticed = (0..lives).filter(|seed| life(*seed, &[defect], &agents).is_err()).count();
        println!("{defect:?} is noticed in {noticed} of {lives} lives");
        assert!(noticed > 0, "{defect:?} is noticed in none of {lives} lives");
    }
}

/// One sync of the journal fails, then the power goes.
fn life_with_a_failing_sync(seed: u64, defects: &[Defect], agents: &Agents) -> Result<(), Violation> {
    let (computer, mut told, mut dice) = (Computer::with(defects), Told::default(), Dice(seed));
    computer.plan_at_sync("private/journal", 3 + dice.roll(5), Trouble::Fail(EIO));
    if let Err(Stop::Violation(violation)) = told.hand_in(|| computer.disk(), agents, usize::MAX) {
        return Err(violation);
    }
    assert!(computer.happened());
    computer.restart(&mut dice);
    told.check(|| computer.disk(), agents)
}

/// What a kernel forgot when a sync failed is not written by the next sync, whatever that says.
#[test]
fn a_sync_that_is_tried_again_is_noticed() {
    let agents = agents(3, 5);
    let lost = |defects: &[Defect]| {
        (0..40).filter(|seed| life_with_a_failing_sync(*seed, defects, &agents).is_err()).count()
    };
    assert_eq!(lost(&[]), 0);
    let noticed = lost(&[Defect::RetriedSync]);
    println!("a sync that is tried again is noticed in {noticed} of 40 lives");
    assert!(noticed > 10, "{noticed}");
}

/// A tile rots while nobody looks. A log that verifies before it signs refuses and names the file; one that verifies
/// something else than what is there signs, and whoever reads the files notices.
#[test]
fn a_checkpoint_that_is_signed_before_verification_is_noticed() {
    let agents = agents(3, 90);
    for defects in [&[][..], &[Defect::StaleReads][..]] {
        let (computer, mut told) = (Computer::with(defects), Told::default());
        assert!(told.hand_in(|| computer.disk(), &agents, 260).is_ok());
        // The hash of the first 256 entries: not written again before there are 512.
        let tile = "public/tile/1/000.p/1";
        let mut bytes = computer.read(tile).expect("a partial tile");
        bytes[10] ^= 1;
        computer.tamper(tile, Some(bytes));
        computer.next_process();
        let before = computer.read("public/checkpoint");
        let went_on = told.hand_in(|| computer.disk(), &agents, usize::MAX);
        if defects.is_empty() {
            assert!(matches!(went_on, Err(Stop::Pipeline)), "{went_on:?}");
            assert_eq!(computer.read("public/checkpoint"), before, "it signed nothing more");
        } else {
            assert!(went_on.is_ok(), "{went_on:?}");
            assert!(told.check_static(&computer).is_err(), "it signed what is not there");
        }
    }
}

//! An error or a power cut at every call to the file system, in recovery too.

use crate::disk::Dice;
use crate::disk::fault::Computer;
use crate::disk::machine::{EIO, ENOSPC, Trouble};
use crate::full;
use crate::world::{Agents, Stop, Told, Violation, agents};

const TROUBLES: [Trouble; 5] = [
    Trouble::Fail(EIO),
    Trouble::Fail(ENOSPC),
    Trouble::FailFromNow(ENOSPC),
    Trouble::KillBefore,
    Trouble::KillAfter,
];

/// What happens to the machine after the trouble.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// The power goes.
    PowerCut,
    /// The process ends; the next one starts on the same machine; later the power goes.
    NextProcess,
}

/// One run with trouble at one call, and everything that must hold after it.
pub(crate) fn trouble_at(
    computer: &Computer,
    agents: &Agents,
    told: &mut Told,
    (call, trouble, after): (u64, Trouble, After),
    dice: &mut Dice,
) -> Result<bool, Violation> {
    computer.plan(call, trouble);
    match told.hand_in(|| computer.disk(), agents, usize::MAX) {
        Err(Stop::Violation(violation)) => return Err(violation),
        Ok(()) | Err(Stop::Pipeline | Stop::Refused) => {}
    }
    let happened = computer.happened();
    end(computer, after, dice);
    told.check_static(computer)?;
    told.check(|| computer.disk(), agents)?;
    computer.restart(dice);
    told.check_static(computer)?;
    told.check(|| computer.disk(), agents)?;
    Ok(happened)
}

fn end(computer: &Computer, after: After, dice: &mut Dice) {
    match after {
        After::PowerCut => computer.restart(dice),
        After::NextProcess => computer.next_process(),
    }
}

/// Of the calls of a campaign, those that are tried: all, or one in so many.
fn step() -> u64 {
    if full() { 1 } else { 13 }
}

#[test]
fn a_run_without_trouble_is_whole_after_the_power_goes() {
    let (computer, agents, mut told) = (Computer::default(), agents(3, 8), Told::default());
    if let Err(stop) = told.hand_in(|| computer.disk(), &agents, usize::MAX) {
        panic!("{stop:?}");
    }
    assert_eq!(told.acknowledged.len(), agents.records.len());
    assert!(told.evidence.is_some() && told.remembered.all().len() > 3);
    println!("{} calls", computer.calls());
    computer.restart(&mut Dice(0));
    told.check_static(&computer).unwrap();
    told.check(|| computer.disk(), &agents).unwrap();
}

/// Creating, registering, appending, integrating, signing, publishing, keeping evidence, shutting down.
#[test]
fn trouble_at_any_call_loses_nothing_and_forks_nowhere() {
    let agents = agents(3, 6);
    let mut tried = 0;
    for (number, trouble) in TROUBLES.into_iter().enumerate() {
        for after in [After::PowerCut, After::NextProcess] {
            for call in (1 + number as u64..).step_by(step() as usize) {
                let (computer, mut told, mut dice) = (Computer::default(), Told::default(), Dice(call));
                let plan = (call, trouble, after);
                match trouble_at(&computer, &agents, &mut told, plan, &mut dice) {
                    Ok(true) => tried += 1,
                    Ok(false) => break,
                    Err(violation) => panic!("{plan:?}: {violation:?}\n{:#?}", computer.history()),
                }
            }
        }
    }
    println!("{tried} troubles");
    assert!(tried > 50);
}

/// Trouble, then trouble at any call of the recovery, then what must hold.
#[test]
fn trouble_while_recovering_loses_nothing_and_forks_nowhere() {
    let agents = agents(2, 5);
    let mut tried = 0;
    for first in (30..).step_by(if full() { 7 } else { 151 }) {
        let mut happened = false;
        for (number, second) in (1..).step_by(if full() { 3 } else { 29 }).enumerate() {
            let (computer, mut told, mut dice) =
                (Computer::default(), Told::default(), Dice(first * 1000 + second));
            computer.plan(first, Trouble::KillBefore);
            if let Err(Stop::Violation(violation)) = told.hand_in(|| computer.disk(), &agents, usize::MAX) {
                panic!("{first}: {violation:?}");
            }
            happened = computer.happened();
            computer.restart(&mut dice);
            let after = if number % 2 == 0 { After::PowerCut } else { After::NextProcess };
            let plan = (second, TROUBLES[number % TROUBLES.len()], after);
            match trouble_at(&computer, &agents, &mut told, plan, &mut dice) {
                Ok(true) => tried += 1,
                Ok(false) => break,
                Err(violation) => panic!("{first}, then {plan:?}: {violation:?}\n{:#?}", computer.history()),
            }
        }
        if !happened {
            break;
        }
    }
    println!("{tried} troubles in recovery");
    assert!(tried > 20);
}

/// A process dies between giving a file its name and making the name durable. The next one sees the file, and must not build
/// on it before the name is durable: the power goes later, and takes every name that nobody synced.
#[test]
fn names_that_a_dead_process_left_are_durable_before_the_next_builds_on_them() {
    let agents = agents(2, 5);
    let mut tried = 0;
    for sync in 1.. {
        // Looking only, and handing in the rest.
        for hands_in in [false, true] {
            let (computer, mut told) = (Computer::default(), Told::default());
            computer.plan_at_sync("folder p", sync, Trouble::KillBefore);
            if let Err(Stop::Violation(violation)) = told.hand_in(|| computer.disk(), &agents, usize::MAX) {
                panic!("{sync}: {violation:?}");
            }
            if !computer.happened() {
                println!("{tried} names");
                assert!(tried > 40, "{tried}");
                return;
            }
            computer.next_process();
            let seen = match hands_in {
                true => told.check(|| computer.disk(), &agents),
                false => told.check_some(|| computer.disk(), &agents),
            };
            seen.unwrap_or_else(|violation| panic!("{sync}: {violation:?}"));
            computer.restart(&mut Dice::losing_names());
            told.check_static(&computer)
                .and_then(|()| told.check(|| computer.disk(), &agents))
                .unwrap_or_else(|violation| panic!("{sync}, {hands_in}: {violation:?}"));
            tried += 1;
        }
    }
}

/// A registration that is answered is durable, also where a process that died had written it already.
#[test]
fn a_registration_that_a_dead_process_left_is_durable_when_it_is_answered_again() {
    let agents = agents(2, 1);
    for sync in 1.. {
        let (computer, mut told) = (Computer::default(), Told::default());
        let register_all = |told: &mut Told| {
            let log = told.open(|| computer.disk()).map_err(|_| ())?;
            agents.registrations.iter().try_for_each(|one| log.register(one.clone()).map_err(|_| ()))
        };
        computer.plan_at_sync("folder private", sync, Trouble::KillBefore);
        let killed = register_all(&mut told).is_err();
        if !computer.happened() {
            assert!(!killed && sync > 5, "{sync}");
            return;
        }
        computer.next_process();
        register_all(&mut told).expect("registered");
        computer.restart(&mut Dice::losing_names());
        let log = told.open(|| computer.disk()).expect("opens");
        assert_eq!(log.registrations(), agents.registrations, "{sync}");
    }
}

//! Windows and registers that a card may not have.

use crate::sample;
use candor_program::Card;
use candor_program::interval::{NameDefect, Part, ProgramError};
use candor_program::limits;
use candor_program::policy::{Comparison, Fact, Operand, Predicate};
use candor_program::state::Window;

fn validated(change: impl FnOnce(&mut Card)) -> Result<(), ProgramError> {
    let mut card = sample::witnessed();
    card.windows = vec![window("day", 86_400, 0)];
    change(&mut card);
    card.validate()
}

fn window(name: &str, seconds: u32, offset: u32) -> Window {
    Window { name: name.into(), seconds, offset }
}

#[test]
fn windows_have_a_length_and_a_smaller_offset() {
    for (seconds, offset, accepted) in [
        (1, 0, true),
        (2, 1, true),
        (u32::MAX, u32::MAX - 1, true),
        (0, 0, false),
        (1, 1, false),
        (2, 2, false),
        (u32::MAX, u32::MAX, false),
    ] {
        let expected = if accepted { Ok(()) } else { Err(ProgramError::Window { window: 1 }) };
        assert_eq!(validated(|card| card.windows.push(window("other", seconds, offset))), expected);
    }
}

#[test]
fn window_count_and_names() {
    let windows = |count: usize| (0..count).map(|index| window(&format!("w{index}"), 9, 0)).collect();
    assert_eq!(validated(|card| card.windows = windows(limits::WINDOWS)), Ok(()));
    let error = ProgramError::Count { part: Part::Windows, minimum: 0, limit: 4, got: 5 };
    assert_eq!(validated(|card| card.windows = windows(limits::WINDOWS + 1)), Err(error));
    let error = ProgramError::DuplicateName { part: Part::Windows, index: 1 };
    assert_eq!(validated(|card| card.windows.push(window("day", 9, 0))), Err(error));
    let error = ProgramError::Name { part: Part::Windows, index: 1, defect: NameDefect::Empty };
    assert_eq!(validated(|card| card.windows.push(window("", 9, 0))), Err(error));
}

#[test]
fn register_window() {
    assert_eq!(validated(|card| card.registers[3].window = Some(0)), Ok(()));
    let error = ProgramError::RegisterWindow { register: 3 };
    assert_eq!(validated(|card| card.registers[3].window = Some(1)), Err(error));
}

#[test]
fn register_predicate() {
    assert_eq!(validated(|card| card.registers[2].when = Some(4)), Ok(()));
    for when in [5, 64, 255] {
        let error = ProgramError::RegisterPredicate { register: 2 };
        assert_eq!(validated(|card| card.registers[2].when = Some(when)), Err(error));
    }
}

#[test]
fn register_source() {
    let source = |fact| move |card: &mut Card| card.registers[1].source = Operand::Fact { fact, offset: 1 };
    for fact in [Fact::Output(2), Fact::Elapsed(3), Fact::Issued(1), Fact::Register(1)] {
        assert_eq!(validated(source(fact)), Ok(()));
    }
    for fact in [Fact::Output(3), Fact::Elapsed(4), Fact::Issued(2), Fact::Feature(3)] {
        let error = ProgramError::FactIndex { part: Part::Registers, index: 1, fact };
        assert_eq!(validated(source(fact)), Err(error));
    }
    for fact in [Fact::After(0), Fact::Change(3)] {
        assert_eq!(validated(source(fact)), Err(ProgramError::RegisterCircular { register: 1, fact }));
    }
}

/// A predicate that a register changes with is known before registers change, on both its sides.
#[test]
fn register_circular() {
    for (fact, operand, circular) in [
        (Fact::After(3), Operand::Constant(0), Fact::After(3)),
        (Fact::Time, Fact::Change(0).into(), Fact::Change(0)),
    ] {
        let predicate = Predicate { fact, comparison: Comparison::Less, operand };
        let changed = |when| {
            move |card: &mut Card| {
                card.policy.predicates[4] = predicate;
                card.registers[2].when = when;
            }
        };
        assert_eq!(validated(changed(None)), Ok(()));
        let error = ProgramError::RegisterCircular { register: 2, fact: circular };
        assert_eq!(validated(changed(Some(4))), Err(error));
    }
}

//! Windows and registers.

use super::Part;
use super::agent::check_fact;
use super::error::{ProgramError, within};
use super::name;
use crate::card::Card;
use crate::digest::state_size;
use crate::limits;
use crate::policy::Fact;
use crate::state::Register;

pub(super) fn check(card: &Card) -> Result<(), ProgramError> {
    within(Part::Windows, 0, limits::WINDOWS, card.windows.len())?;
    name::unique(Part::Windows, card.windows.iter().map(|window| window.name.as_str()))?;
    let whole = |window: &crate::state::Window| window.seconds > 0 && window.offset < window.seconds;
    if let Some(window) = card.windows.iter().position(|window| !whole(window)) {
        return Err(ProgramError::Window { window });
    }
    within(Part::Registers, 0, limits::REGISTERS, card.registers.len())?;
    // A state's digest is filled up to a size that follows from the number of registers alone.
    let (expected, got) = (state_size(card.registers.len()), card.class.state_size);
    if usize::from(got) != expected {
        return Err(ProgramError::StateSize { expected, got });
    }
    name::unique(Part::Registers, card.registers.iter().map(|register| register.name.as_str()))?;
    let mut registers = card.registers.iter().enumerate();
    registers.try_for_each(|(index, register)| check_register(card, index, register))
}

fn check_register(card: &Card, index: usize, register: &Register) -> Result<(), ProgramError> {
    if register.window.is_some_and(|window| usize::from(window) >= card.windows.len()) {
        return Err(ProgramError::RegisterWindow { register: index });
    }
    let source = register.source.fact();
    if let Some(fact) = source {
        check_fact(card, Part::Registers, index, fact)?;
    }
    let mut read: Vec<Fact> = source.into_iter().collect();
    if let Some(when) = register.when {
        let predicate = card.policy.predicates.get(usize::from(when));
        read.extend(predicate.ok_or(ProgramError::RegisterPredicate { register: index })?.facts());
    }
    match read.into_iter().find(|fact| fact.follows_update()) {
        Some(fact) => Err(ProgramError::RegisterCircular { register: index, fact }),
        None => Ok(()),
    }
}

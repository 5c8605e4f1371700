//! Migration: what becomes of the registers when one program takes over from another (docs/spec/record.md, "Revise").

use crate::card::Card;
use crate::policy::{Fact, Operand};
use crate::state::{Register, State, Window};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// What becomes of one register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, BorshSerialize, BorshDeserialize)]
pub enum Fate {
    /// Both programs have it, defined alike: it keeps its value.
    Kept,
    /// Both programs have one of this name, but defined otherwise: it begins at its initial value.
    Restarted,
    /// Only the new program has it: it begins at its initial value.
    Added,
    /// Only the old program has it: its value is lost.
    Dropped,
}

/// A register by name, and what becomes of it.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct RegisterChange {
    /// Name.
    pub name: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// How a program's state becomes that of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migration {
    /// Every register of the new program in its order, then those that are dropped in the old one's.
    pub registers: Vec<RegisterChange>,
    /// For every register of the new program its index in the old one, where it is kept.
    kept: Vec<Option<usize>>,
}

impl Fate {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Restarted => "restarted",
            Self::Added => "added",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Migration {
    /// The migration between two programs: names and definitions decide, never positions.
    ///
    /// Owes: [`Card::validate`] of both.
    #[must_use]
    pub fn between(old: &Card, new: &Card) -> Self {
        let meaning = Meaning { old, new };
        let (mut registers, mut kept) = (Vec::new(), Vec::new());
        for register in &new.registers {
            let found = old.registers.iter().position(|other| other.name == register.name);
            let alike = found.filter(|index| {
                old.registers.get(*index).is_some_and(|other| meaning.same_register(other, register))
            });
            let fate = match (found, alike) {
                (_, Some(_)) => Fate::Kept,
                (Some(_), None) => Fate::Restarted,
                (None, None) => Fate::Added,
            };
            registers.push(RegisterChange { name: register.name.clone(), fate });
            kept.push(alike);
        }
        let dropped = |register: &&Register| new.registers.iter().all(|other| other.name != register.name);
        registers.extend(
            old.registers
                .iter()
                .filter(dropped)
                .map(|register| RegisterChange { name: register.name.clone(), fate: Fate::Dropped }),
        );
        Self { registers, kept }
    }

    /// The new program's state at a time. Windows that ended since the old state have begun anew.
    ///
    /// Owes: cards and state as [`Migration::between`] saw them; a time not before the state's.
    #[must_use]
    pub fn state(&self, old: &Card, new: &Card, before: &State, time: u64) -> State {
        let begun = before.begin(&old.registers, &old.windows, time);
        let value = |(register, kept): (&Register, &Option<usize>)| {
            kept.and_then(|index| begun.get(index).copied()).unwrap_or(register.initial)
        };
        State { time, registers: new.registers.iter().zip(&self.kept).map(value).collect() }
    }
}

/// Whether something of one program is the same in another, whatever places it has there.
struct Meaning<'a> {
    old: &'a Card,
    new: &'a Card,
}

impl Meaning<'_> {
    /// Initial value, window, source, condition and updates are the same.
    fn same_register(&self, old: &Register, new: &Register) -> bool {
        let updates = |register: &Register| (register.on_execute, register.on_deny, register.on_abstain);
        old.initial == new.initial
            && updates(old) == updates(new)
            && span(self.old, old.window) == span(self.new, new.window)
            && self.same_operand(old.source, new.source)
            && self.same_condition(old.when, new.when)
    }

    fn same_condition(&self, old: Option<u8>, new: Option<u8>) -> bool {
        let (Some(old), Some(new)) = (old, new) else { return old == new };
        let predicate = |card: &Card, index: u8| card.policy.predicates.get(usize::from(index)).copied();
        match (predicate(self.old, old), predicate(self.new, new)) {
            (Some(old), Some(new)) => {
                old.comparison == new.comparison
                    && self.same_fact(old.fact, new.fact)
                    && self.same_operand(old.operand, new.operand)
            }
            _ => false,
        }
    }

    fn same_operand(&self, old: Operand, new: Operand) -> bool {
        match (old, new) {
            (Operand::Constant(old), Operand::Constant(new)) => old == new,
            (Operand::Fact { fact, offset }, Operand::Fact { fact: new, offset: added }) => {
                offset == added && self.same_fact(fact, new)
            }
            _ => false,
        }
    }

    fn same_fact(&self, old: Fact, new: Fact) -> bool {
        let (old_head, new_head) = (&self.old.head, &self.new.head);
        match (old, new) {
            (Fact::ActionAmount, Fact::ActionAmount) | (Fact::ActionMagnitude, Fact::ActionMagnitude) => {
                self.old.amount_decimals == self.new.amount_decimals
            }
            // Numbers of names: those that had one before still have it.
            (Fact::ActionAsset, Fact::ActionAsset) => new_head.assets().starts_with(old_head.assets()),
            (Fact::ActionVenue, Fact::ActionVenue) => new_head.venues().starts_with(old_head.venues()),
            (Fact::ActionCode, Fact::ActionCode) => {
                let names = |card: &Card| -> Vec<String> {
                    card.head.actions().iter().map(|action| action.name.clone()).collect()
                };
                names(self.new).starts_with(&names(self.old))
            }
            (Fact::Time, Fact::Time) | (Fact::Sequence, Fact::Sequence) => true,
            (Fact::Feature(old), Fact::Feature(new)) => {
                let old = feature(self.old, old);
                old.is_some() && old == feature(self.new, new)
            }
            (Fact::Output(old), Fact::Output(new)) => {
                let name = |card: &Card, index: u16| {
                    card.head.actions().get(usize::from(index)).map(|action| action.name.clone())
                };
                let old = name(self.old, old);
                old.is_some() && old == name(self.new, new)
            }
            (Fact::Register(old), Fact::Register(new))
            | (Fact::After(old), Fact::After(new))
            | (Fact::Change(old), Fact::Change(new))
            | (Fact::Elapsed(old), Fact::Elapsed(new)) => {
                let name = |card: &Card, index: u16| {
                    card.registers.get(usize::from(index)).map(|register| register.name.clone())
                };
                let old = name(self.old, old);
                old.is_some() && old == name(self.new, new)
            }
            (Fact::Evidence(old), Fact::Evidence(new))
            | (Fact::Present(old), Fact::Present(new))
            | (Fact::Issued(old), Fact::Issued(new)) => {
                let slot = |card: &Card, index: u16| {
                    card.evidence.get(usize::from(index)).map(|slot| (slot.name.clone(), slot.decimals))
                };
                let old = slot(self.old, old);
                old.is_some() && old == slot(self.new, new)
            }
            _ => false,
        }
    }
}

/// Length and offset of a window; its name does not matter.
fn span(card: &Card, window: Option<u8>) -> Option<(u32, u32)> {
    let window: &Window = card.windows.get(usize::from(window?))?;
    Some((window.seconds, window.offset))
}

/// Where a feature comes from: name, plugin, pointer and scale. Its range may have changed.
fn feature(card: &Card, index: u16) -> Option<(String, String, String, u8)> {
    let feature = card.features.get(usize::from(index))?;
    let plugin = card.plugins.get(usize::from(feature.plugin))?;
    Some((feature.name.clone(), plugin.id.clone(), feature.pointer.clone(), feature.decimals))
}

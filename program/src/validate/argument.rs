//! Arguments that are facts fit their type at every decision, so that no transaction fails when it is made.

use super::error::ProgramError;
use crate::card::Card;
use crate::limits;
use crate::policy::Fact;
use crate::state::{Register, Update};
use crate::transaction::AbiType;

/// Lowest and highest value.
type Range = (i128, i128);

const I64: Range = (i64::MIN as i128, i64::MAX as i128);
/// Times and sequence numbers.
const TIMES: Range = (0, limits::TIME as i128 - 1);

/// `fact + offset` is there and of its type whenever an action is executed, in every state that records reach from the
/// initial one. An interval of integers is of a type if both its ends are.
///
/// Owes: that the type takes facts, and that the fact refers to something.
pub(super) fn check(
    card: &Card,
    argument: usize,
    abi_type: AbiType,
    fact: Fact,
    offset: i64,
) -> Result<(), ProgramError> {
    let range = match fact {
        Fact::ActionCode => Some((0, card.head.actions().len() as i128 - 1)),
        Fact::ActionAmount => amounts(card),
        Fact::Time | Fact::Sequence => Some(TIMES),
        Fact::Feature(index) => {
            card.features.get(usize::from(index)).map(|feature| (feature.min.into(), feature.max.into()))
        }
        Fact::Register(index) => card.registers.get(usize::from(index)).map(register),
        Fact::Elapsed(_) => return Err(ProgramError::ArgumentElapsed { argument }),
    };
    // Without a range there is no value: every action abstains.
    let Some((low, high)) = range else { return Ok(()) };
    let (low, high) = (low + i128::from(offset), high + i128::from(offset));
    if [low, high].into_iter().all(|end| abi_type.encode(end).is_some()) {
        Ok(())
    } else {
        Err(ProgramError::ArgumentRange { argument, low, high, abi_type })
    }
}

/// Amounts of the actions that act; `None` if none does.
fn amounts(card: &Card) -> Option<Range> {
    let amounts = || card.head.actions().iter().filter(|action| !action.abstain).map(|action| action.amount);
    Some((amounts().min()?.into(), amounts().max()?.into()))
}

/// Values that a register can have before a decision.
fn register(register: &Register) -> Range {
    let initial = i128::from(register.initial);
    match register.on_execute {
        Update::Keep => (initial, initial),
        Update::Time => (initial.min(TIMES.0), initial.max(TIMES.1)),
        Update::AddAmount | Update::Increment => I64,
    }
}

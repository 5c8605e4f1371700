//! Arguments that are facts fit their type at every decision, so that no transaction fails when it is made.

use super::error::ProgramError;
use crate::card::Card;
use crate::limits;
use crate::policy::{Fact, Operand};
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
    let range = match values(card, fact) {
        Values::Between(range) => range,
        // Every action abstains.
        Values::None => return Ok(()),
        Values::OrMissing => return Err(ProgramError::ArgumentMissing { argument, fact }),
    };
    let (low, high) = (range.0 + i128::from(offset), range.1 + i128::from(offset));
    if [low, high].into_iter().all(|end| abi_type.encode(end).is_some()) {
        Ok(())
    } else {
        Err(ProgramError::ArgumentRange { argument, low, high, abi_type })
    }
}

/// What a fact can be at an execution.
enum Values {
    Between(Range),
    /// It can be missing.
    OrMissing,
    /// There is no execution.
    None,
}

fn values(card: &Card, fact: Fact) -> Values {
    let of = |range: Option<Range>| range.map_or(Values::None, Values::Between);
    let last = |items: usize| Values::Between((0, items.saturating_sub(1) as i128));
    match fact {
        Fact::ActionCode => last(card.head.actions().len()),
        Fact::ActionAmount => of(amounts(card, |amount| amount.into())),
        Fact::ActionMagnitude => of(amounts(card, |amount| amount.unsigned_abs().into())),
        Fact::ActionAsset => last(card.head.assets().len()),
        Fact::ActionVenue => last(card.head.venues().len()),
        Fact::Time | Fact::Sequence => Values::Between(TIMES),
        Fact::Feature(index) => {
            of(card.features.get(usize::from(index)).map(|feature| (feature.min.into(), feature.max.into())))
        }
        Fact::Output(_) => of(card.operators.last().map(|operator| {
            let low = i128::from(operator.low());
            (low, low + i128::from(u16::MAX))
        })),
        Fact::Register(index) => {
            of(card.registers.get(usize::from(index)).map(|entry| register(card, entry)))
        }
        Fact::Evidence(index) => match card.evidence.get(usize::from(index)) {
            Some(slot) if slot.default.is_none() => Values::OrMissing,
            _ => Values::Between(I64),
        },
        Fact::Present(_) => Values::Between((0, 1)),
        Fact::After(_) | Fact::Change(_) | Fact::Elapsed(_) | Fact::Issued(_) => Values::OrMissing,
    }
}

/// Amounts of the actions that act; `None` if none does.
fn amounts(card: &Card, of: fn(i64) -> i128) -> Option<Range> {
    let amounts =
        || card.head.actions().iter().filter(|action| !action.abstain).map(|action| of(action.amount));
    Some((amounts().min()?, amounts().max()?))
}

/// Values that a register can have before a decision.
fn register(card: &Card, register: &Register) -> Range {
    let initial = i128::from(register.initial);
    let updates = [register.on_execute, register.on_deny, register.on_abstain];
    if updates.contains(&Update::Add) {
        return I64;
    }
    if !updates.contains(&Update::Set) {
        return (initial, initial);
    }
    let (low, high) = source(card, register);
    (initial.min(low.max(I64.0)), initial.max(high.min(I64.1)))
}

/// Values that a register can be set to; another register can be anything.
fn source(card: &Card, register: &Register) -> Range {
    match register.source {
        Operand::Constant(value) => (value.into(), value.into()),
        Operand::Fact { fact: Fact::ActionAmount | Fact::ActionMagnitude, .. }
        | Operand::Fact { fact: Fact::Register(_), .. } => I64,
        Operand::Fact { fact, offset } => match values(card, fact) {
            Values::Between((low, high)) => (low + i128::from(offset), high + i128::from(offset)),
            Values::OrMissing | Values::None => I64,
        },
    }
}

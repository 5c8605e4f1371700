//! Evidence: the statements of a record, and what each slot stands at (docs/spec/evidence.md).

use super::gadget::{bits, less, not, pick, power, range, zero};
use super::program::SlotWires;
use super::system::{System, Wire};
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::digest::fields::{StatementFields, TIME_BITS, VALUE_BITS};
use candor_program::evidence::Statement;

/// What a slot stands at.
pub(super) struct StandingWires {
    /// Value, signed: of the valid statement, or else the default; -2^63 where there is none either.
    pub(super) value: Wire,
    /// Whether there is neither.
    pub(super) missing: Wire,
    /// Whether there is a valid statement.
    pub(super) present: Wire,
    /// When the statement, valid or not, was issued.
    pub(super) issued: Wire,
}

/// The statements of a record, every field within its width; all zero where there is none.
pub(super) fn statements(
    system: &System,
    slots: &[SlotWires],
    known: &[Option<Statement>],
) -> Vec<StatementFields<Wire>> {
    system.enter("evidence");
    let of = |index: usize| {
        let known = StatementFields::of(known.get(index).copied().flatten());
        let present = system.witness(known.present);
        system.enforce(&present, &present, &present);
        let field = |value: Fr, width: u32| {
            let field = system.witness(value);
            range(system, &field, width as usize);
            field
        };
        let value = field(known.value, VALUE_BITS);
        let (issued, expires) = (field(known.issued, TIME_BITS), field(known.expires, TIME_BITS));
        // none of them is negative, so that their sum is zero where they are
        let sum = value.plus(&issued).plus(&expires);
        system.enforce(&sum, &not(&present), &zero());
        StatementFields { present, value, issued, expires }
    };
    (0..slots.len()).map(of).collect()
}

/// What every slot stands at. Shapes: a time below 2^62.
pub(super) fn standings(
    system: &System,
    slots: &[SlotWires],
    statements: &[StatementFields<Wire>],
    time: &Wire,
) -> Vec<StandingWires> {
    system.enter("evidence");
    let width = TIME_BITS as usize;
    let current: Vec<Wire> = statements
        .iter()
        .map(|statement| {
            let begun = not(&less(system, time, &statement.issued, width));
            let lasting = less(system, time, &statement.expires, width);
            statement.present.times(&begun).times(&lasting)
        })
        .collect();
    // by number of the slot that revokes: the time, plus 2^63, before which statements are revoked; -2^63 where none
    // does, 2^63, after every time, where that slot has no value
    let mut bounds = vec![zero()];
    for ((slot, statement), current) in slots.iter().zip(statements).zip(&current) {
        let otherwise = slot.default.plus(&not(&slot.has_default).scale(power(64)));
        bounds.push(otherwise.plus(&current.times(&statement.value.minus(&otherwise))));
    }
    slots
        .iter()
        .zip(statements)
        .zip(&current)
        .map(|((slot, statement), current)| {
            let bound = pick(&slot.revoked_by, &bounds);
            // issued + 2^63 is above 0 and below 2^64, a bound at most 2^64
            let margin = statement.issued.offset(power(63)).minus(&bound).offset(power(64));
            let stands = bits(system, &margin, 65).swap_remove(64);
            let present = current.times(&stands);
            let chosen = slot.default.plus(&present.times(&statement.value.minus(&slot.default)));
            StandingWires {
                value: chosen.offset(-power(63)),
                missing: not(&present).times(&not(&slot.has_default)),
                present,
                issued: statement.issued.clone(),
            }
        })
        .collect()
}

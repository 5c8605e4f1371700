//! State registers: what a decision begins with, and how it changes them (docs/spec/program.md, "State").

use super::facts::MISSING_LEFT;
use super::gadget::{flagged_bits, hinted_bit, is_zero, magnitude, not, or, pick, power, select, zero};
use super::program::RegisterWires;
use super::system::{System, Wire};
use candor_program::Fr;
use candor_program::arith::Arith;

/// Whether a register's predicate holds, and whether it lacks a fact.
pub(super) struct GuardWires {
    pub(super) holds: Wire,
    pub(super) missing: Wire,
}

/// A register as an outcome would leave it.
pub(super) struct NextWires {
    /// Value, signed; 64-bit where it is there.
    value: Wire,
    /// Whether nothing is missing and nothing overflows.
    pub(super) there: Wire,
}

impl NextWires {
    /// The value, zero where it is missing.
    pub(super) fn or_zero(&self) -> Wire {
        self.there.times(&self.value)
    }

    /// The value, or the register as it was where it is missing.
    pub(super) fn or(&self, register: &Wire) -> Wire {
        select(&self.there, &self.value, register)
    }
}

/// The registers at the beginning of a decision. Shapes: one flag a window.
pub(super) fn begin(
    system: &System,
    rules: &[RegisterWires],
    registers: &[Wire],
    ended: &[Wire],
) -> Vec<Wire> {
    system.enter("state");
    let mut by_number = vec![zero()];
    by_number.extend_from_slice(ended);
    let begun =
        |(rule, old): (&RegisterWires, &Wire)| select(&pick(&rule.window, &by_number), &rule.initial, old);
    rules.iter().zip(registers).map(begun).collect()
}

/// A guard that predicates still to be evaluated must confirm. Owes: [`GuardWires::confirm`].
pub(super) fn guard(system: &System, known: Option<bool>) -> GuardWires {
    let holds = hinted_bit(system, known.unwrap_or(false));
    GuardWires { holds, missing: hinted_bit(system, known.is_none()) }
}

impl GuardWires {
    /// Requires the guard to be what its predicate is. Shapes: by number, 0 for none; a predicate is 1 where it holds, 0 where
    /// not, 2 where it lacks a fact.
    pub(super) fn confirm(&self, system: &System, number: &[Wire], predicates: &[Wire]) {
        system.equal(&self.holds.plus(&self.missing).plus(&self.missing), &pick(number, predicates));
    }
}

/// A register after the update of two bits: keep, set, add or reset.
///
/// Shapes: a signed 64-bit register, a source within 2^65 plus [`MISSING_LEFT`] where it is missing.
pub(super) fn updated(
    system: &System,
    rule: &RegisterWires,
    register: &Wire,
    source: &Wire,
    guard: &GuardWires,
    update: &[Wire; 2],
) -> NextWires {
    let reset = update[0].times(&update[1]);
    let (set, add) = (update[0].minus(&reset), update[1].minus(&reset));
    let change = set
        .times(&source.minus(register))
        .plus(&add.times(source))
        .plus(&reset.times(&rule.initial.minus(register)));
    let value = register.plus(&guard.holds.times(&change));
    // value + 2^66 + 2^63 lies in 0..2^67, apart from a missing source; in range means 2^66 to 2^66 + 2^64 - 1
    let lifted = value.offset(power(66)).offset(power(63));
    let (bits, [lacks]) = flagged_bits(system, &lifted, 67, [MISSING_LEFT]);
    let weight = |bit: &Wire, weight: u64| bit.scale(Fr::from(weight));
    let high = bits[64].plus(&weight(&bits[65], 2)).plus(&weight(&bits[66], 4)).plus(&weight(&lacks, 8));
    let fits = is_zero(system, &high.offset(-Fr::from(4u64)));
    NextWires { value, there: fits.times(&not(&guard.missing)) }
}

/// The update's bits where nothing is executed: on denial, or on abstention.
pub(super) fn unexecuted(rule: &RegisterWires, abstain: &Wire) -> [Wire; 2] {
    let [_, denied, abstained] = &rule.updates;
    std::array::from_fn(|bit| select(abstain, &abstained[bit], &denied[bit]))
}

/// Magnitude of a register's change on execution, and whether that is missing. Shapes: signed 64-bit values.
pub(super) fn change(system: &System, register: &Wire, after: &Wire, there: &Wire) -> (Wire, Wire) {
    let (magnitude, bits) = magnitude(system, &after.minus(register), 64);
    let missing = or(&not(there), &bits[63]);
    (magnitude, missing)
}

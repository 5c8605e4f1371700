//! State registers: their digest, and their change on execution.

use super::gadget::{bits, inner, is_zero, not, one, power, select, sum};
use super::program::RegisterWires;
use super::system::{System, Wire};
use candor_program::arith::Arith;

/// What the registers would be after an execution, and whether any of them overflows.
///
/// Shapes: registers are signed 64-bit values, amounts too, times below 2^62.
pub(super) fn advanced(
    system: &System,
    rules: &[RegisterWires],
    registers: &[Wire],
    time: &Wire,
    amount: &Wire,
) -> (Vec<Wire>, Wire) {
    system.enter("state");
    let (mut next, mut overflows) = (Vec::new(), Vec::new());
    for (rule, register) in rules.iter().zip(registers) {
        let candidates = [register.clone(), time.clone(), register.plus(amount), register.plus(&one())];
        let value = inner(&rule.update, &candidates);
        // value + 2^64 lies in 0..2^65 for every candidate; in range means 2^63 <= value + 2^64 < 3 * 2^63
        let shifted = bits(system, &value.offset(power(64)), 65);
        let (high, top) = (&shifted[63], &shifted[64]);
        // in range: exactly one of the two upper bits is set
        let both = high.times(top);
        let exactly_one = high.plus(top).minus(&both).minus(&both);
        overflows.push(not(&exactly_one));
        next.push(value);
    }
    let count = sum(&overflows);
    let overflow = not(&is_zero(system, &count));
    (next, overflow)
}

/// The registers after a decision.
pub(super) fn after(executed: &Wire, registers: &[Wire], advanced: &[Wire]) -> Vec<Wire> {
    registers.iter().zip(advanced).map(|(old, new)| select(executed, new, old)).collect()
}

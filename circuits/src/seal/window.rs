//! Windows of time: how far into each a time lies, and whether it ended since the last record (docs/spec/program.md).

use super::gadget::{is_zero, less, not, one, range};
use super::program::WindowWires;
use super::system::{System, Wire};
use ark_ff::PrimeField;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::digest::fields::TIME_BITS;

/// Bits of a number of windows: times are below 2^62, offsets below 2^32.
const NUMBER_BITS: usize = 63;
/// Bits of a number of seconds within a window.
const SECONDS_BITS: usize = 32;

/// Seconds since the beginning of each window that a time lies in. Shapes: a time below 2^62.
pub(super) fn within(system: &System, windows: &[WindowWires], time: &Wire) -> Vec<Wire> {
    system.enter("windows");
    windows.iter().map(|window| divide(system, window, &time.plus(&window.offset)).1).collect()
}

/// Whether each window ended in the time elapsed since a record that lay so far within it, and how far within the present
/// one lies, unless none follows that asks.
///
/// Shapes: an elapsed time below 2^62.
pub(super) fn ended(
    system: &System,
    windows: &[WindowWires],
    within: &[Wire],
    elapsed: &Wire,
    last: bool,
) -> (Vec<Wire>, Vec<Wire>) {
    system.enter("windows");
    let step = |(window, within): (&WindowWires, &Wire)| {
        let since = within.plus(elapsed);
        if last {
            // since - seconds is above -2^32 and below the elapsed time
            let ended = not(&less(system, &since, &window.seconds, TIME_BITS as usize));
            (ended, since)
        } else {
            let (windows, within) = divide(system, window, &since);
            (not(&is_zero(system, &windows)), within)
        }
    };
    windows.iter().zip(within).map(step).unzip()
}

/// Quotient by a window's length, and remainder. Shapes: a sum below 2^63, which makes quotient times length below 2^95.
fn divide(system: &System, window: &WindowWires, sum: &Wire) -> (Wire, Wire) {
    let (dividend, seconds) = (integer(sum), integer(&window.seconds));
    let quotient = system.hint(Fr::from(dividend.checked_div(seconds).unwrap_or(0)));
    let remainder = system.hint(Fr::from(dividend.checked_rem(seconds).unwrap_or(0)));
    range(system, &quotient, NUMBER_BITS);
    range(system, &remainder, SECONDS_BITS);
    range(system, &window.seconds.minus(&remainder).minus(&one()), SECONDS_BITS);
    system.enforce(&quotient, &window.seconds, &sum.minus(&remainder));
    (quotient, remainder)
}

/// The lowest 128 bits of a value.
fn integer(wire: &Wire) -> u128 {
    let [low, high, ..] = wire.value().into_bigint().0;
    u128::from(low) | u128::from(high) << 64
}

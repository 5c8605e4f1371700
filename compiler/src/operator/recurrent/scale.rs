//! The steps of a recurrence's tensors: powers of two, the same at every time.

use super::cell::Extremes;
use super::plan::{Kind, Plan};
use super::unrolled::{Curve, curve, inner};
use crate::lowering::Scale;

/// Beyond this the logistic function is 0 or 1, to less than a step.
pub(super) const LOGISTIC_END: f64 = 12.0;
/// Most bits after the point.
const BITS: i32 = 16;
/// Fewest, for numbers as large as any weight can be.
const BITS_LEAST: i32 = -40;

/// The steps of a recurrence's tensors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scales {
    /// Arguments of the logistic table.
    pub(super) logistic: Scale,
    /// Results of the logistic table.
    pub(super) gate: Scale,
    /// Arguments of tables of their own, by function f, g, h.
    pub(super) arguments: [Scale; 3],
    /// Results of functions f, g, h that are no logistic ones.
    pub(super) results: [Scale; 3],
    /// Cell state.
    pub(super) cell: Scale,
    /// Hidden state.
    pub(super) hidden: Scale,
    /// What a reset gate multiplies after the contraction.
    pub(super) contracted: Scale,
}

/// Most bits after the point with which so large a number is still within 16 bits; `None` for what is no number.
fn bits(room: f64) -> Option<i32> {
    (BITS_LEAST..=BITS).rev().find(|bits| room * 2f64.powi(*bits) <= 32_768.0)
}

impl Scales {
    /// Steps for values as large as those seen, with so much room as a factor; `None` where they are beyond any number.
    ///
    /// Products need whole coefficients: `step * step * 2^16` is at least the step of the result.
    pub(super) fn new(plan: &Plan, seen: &Extremes, headroom: f64) -> Option<Self> {
        let direction = plan.directions.first()?;
        let functions = direction.activations.len();
        let is_logistic = |which: usize| {
            let all = |direction| which < functions && curve(plan, direction, which) == Curve::Logistic;
            plan.directions.iter().all(all)
        };
        let doubles = |which: usize| {
            is_logistic(which) && plan.directions.iter().all(|own| inner(plan, own, which) == 2.0)
        };
        let room = |largest: f64| headroom * largest;
        // The cell is looked up as it stands where it has the logistic table's step, but for a factor of 2.
        let shown = if doubles(2) { 2.0 } else { 1.0 };
        let logistic_room = room(seen.logistic).min(LOGISTIC_END);
        let logistic = if logistic_room.max(shown * room(seen.cell)) <= 8.0 { 12 } else { 11 };
        let own_cell = bits(room(seen.cell))?;
        let cell = match is_logistic(2) {
            true => own_cell.min(logistic + i32::from(doubles(2))),
            false => own_cell,
        };
        // Products of numbers between -1 and 1 do not leave them.
        let bounded = match plan.kind {
            Kind::Rnn => false,
            Kind::Gru => is_logistic(0) && is_logistic(1),
            Kind::Lstm => is_logistic(0) && is_logistic(2),
        };
        let hidden_room = room(seen.hidden);
        let bounded = bounded && seen.hidden <= 1.0;
        let hidden = bits(if bounded { hidden_room.min(1.0) } else { hidden_room })?;
        let gate = match plan.kind {
            Kind::Rnn => BITS,
            Kind::Gru => (BITS + hidden + i32::from(doubles(1))).div_euclid(2).min(BITS),
            Kind::Lstm => {
                let doubled = i32::from(doubles(1) && doubles(2));
                (BITS + hidden.min(cell) + doubled).div_euclid(2).min(BITS)
            }
        };
        let (mut arguments, mut results) = ([0; 3], [0; 3]);
        for which in 0..functions {
            arguments[which] = bits(room(seen.arguments[which]))?;
            let at_zero = |direction: &super::plan::Direction| direction.activations[which].of(0.0).abs();
            let constant = plan.directions.iter().map(at_zero).fold(0.0, f64::max);
            results[which] = bits(room(seen.results[which]) + constant)?.min(gate);
        }
        let argument = if is_logistic(1) { logistic } else { arguments[1] };
        let doubled = if doubles(1) { 2.0 } else { 1.0 };
        let contracted = bits(room(seen.contracted) * doubled)?.min(BITS + argument - gate);
        Some(Self {
            logistic: Scale::signed(logistic),
            gate: Scale::signed(gate),
            arguments: arguments.map(Scale::signed),
            results: results.map(Scale::signed),
            cell: Scale::signed(cell),
            hidden: Scale::signed(hidden),
            contracted: Scale::signed(contracted),
        })
    }
}

//! Ranges of tables: from what the function gives on the calibration samples, and what it can give at all.

use crate::onnx::Cause;
use candor_program::operator::rescale::SPAN;
use std::ops::RangeInclusive;

/// How a lookup's integers stand for results.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Real value of one step.
    pub(super) step: f64,
    /// Lowest integer.
    pub(super) low: i32,
    /// What the integer zero stands for.
    pub(super) zero: f64,
}

impl Range {
    /// Whole numbers have the step 1 and are exact, where 65,536 of them are enough. Shapes: a result for every entry of the table, of which
    /// `reached` are looked up for some input and number `zero` for padding; `room` above the samples is a factor.
    ///
    /// Errors: [`Cause::Overflow`] for samples without any finite result.
    pub(super) fn of(
        results: &[f64],
        reached: RangeInclusive<usize>,
        zero: usize,
        samples: &[Vec<f64>],
        room: f64,
    ) -> Result<Self, Cause> {
        let reached = results.get(reached).unwrap_or(results);
        let at_zero = results.get(zero).copied().unwrap_or(0.0);
        let (least, most) = extremes(reached.iter()).ok_or(Cause::Overflow)?;
        let is_whole = reached.iter().chain([&at_zero]).all(|result| result.fract() == 0.0);
        let (first, last) = (least.min(at_zero), most.max(at_zero));
        if is_whole && last - first <= SPAN as f64 {
            return Ok(Self { step: 1.0, low: (first - at_zero) as i32, zero: at_zero });
        }
        if samples.iter().flatten().any(|result| result.is_nan()) {
            return Err(Cause::Overflow);
        }
        let (low, high) = extremes(samples.iter().flatten()).unwrap_or((least, most));
        // A part of the results' width, and half of it of their size: they may hardly change on the samples.
        let part = room - 1.0;
        let room = part * (high - low) + part / 2.0 * low.abs().max(high.abs());
        let room = if room > 0.0 { room } else { 0.5 };
        // No further than the function goes at all.
        let (low, high) = ((low - room).max(least), (high + room).min(most));
        let far = low.abs().max(high.abs());
        let zero = match at_zero {
            x if x.is_nan() => 0.0,
            // No number of which calibration knows: the nearest one stands for it.
            x if x.abs() > far => x.clamp(low, high),
            x => x,
        };
        let (low, high) = (low.min(zero), high.max(zero));
        let width = if high > low { high - low } else { 1.0 };
        let step = width / (SPAN - 1) as f64;
        let lowest = -((zero - low) / step).round().clamp(0.0, SPAN as f64);
        Ok(Self { step, low: lowest as i32, zero })
    }

    /// A result less what zero stands for.
    pub(super) fn above_zero(&self, result: f64) -> f64 {
        if result.is_nan() { 0.0 } else { result - self.zero }
    }
}

/// Least and largest of the finite ones.
fn extremes<'a>(all: impl Iterator<Item = &'a f64>) -> Option<(f64, f64)> {
    let finite = all.copied().filter(|result| result.is_finite());
    finite.map(|result| (result, result)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
}

//! Requantisation to the very integer: `clamp(round(float(accumulator) * ratio) + zero)` in single precision, for every accumulator.
//!
//! The rule is a staircase of 255 thresholds for every channel. A rescale alone cannot place them all, so there are two looks:
//!
//! 1. `u`, about 256 times the result, biased down, tells the result `t` but for one step: `first = u / 256` is `t` or `t - 1`;
//! 2. the accumulator is compared with the threshold of `first + 1` itself, which is a line `slope * first + offset` and a small rest from a
//!    table over `first` and the channel: `d = accumulator - threshold`, and the result is `first`, and one more where `d >= 0`.
//!
//! At compile time every threshold of every channel is found by bisection of the rule, and `first` is checked on both sides of it: between two
//! thresholds the rule is constant and `first` rises, so that nothing else is left to check.

use super::product::Accumulator;
use super::scale::requantised;
use crate::lowering::{ROW, Scale, Site, Value};
use crate::onnx::Cause;
use std::rc::Rc;

/// Parts that a step of the result is cut into at the first look.
const PARTS: i64 = 256;
/// By how many of them the first look is too low.
const MARGIN: i64 = 64;
/// Largest coefficient of the program's operators.
const COEFFICIENT: f64 = (1u64 << 30) as f64;
/// Largest weight above its zero point.
const WEIGHT: f64 = 255.0;
/// Accumulators are integers of 32 bits.
const ACCUMULATOR: i64 = 1 << 31;
/// A scale of whole numbers from 0 on.
const WHOLE: Scale = Scale { step: 1.0, low: 0 };

/// How accumulators become integers of 8 bits.
pub(super) struct Rule {
    /// `scale * scale / scale`, one for all channels or one for each.
    pub(super) ratios: Vec<f32>,
    pub(super) zero: i64,
    pub(super) limits: (i64, i64),
}

impl Rule {
    fn of(&self, ratio: f32, accumulator: i64) -> i64 {
        requantised(accumulator, ratio, self.zero, self.limits)
    }

    /// The least accumulator of the rule's integers above the lowest, in their order.
    fn thresholds(&self, ratio: f32) -> Vec<i64> {
        let threshold = |integer: i64| {
            let (mut below, mut above) = (-ACCUMULATOR, ACCUMULATOR);
            while below + 1 < above {
                let middle = (below + above).div_euclid(2);
                if self.of(ratio, middle) >= integer { above = middle } else { below = middle }
            }
            above
        };
        (self.limits.0 + 1..=self.limits.1).map(threshold).collect()
    }
}

/// One channel's numbers.
struct Channel {
    /// What the accumulator is multiplied with at the first look, in units of 2^-16.
    factor: i64,
    /// The line through the thresholds.
    slope: i64,
    offset: i64,
    /// Threshold of `first + 1` above the line, for every `first`.
    rests: Vec<i16>,
}

impl Channel {
    /// The numbers for a ratio, checked at every threshold; `None` where no such numbers do.
    fn new(rule: &Rule, ratio: f32) -> Option<Self> {
        let exact = f64::from(ratio) * PARTS as f64 * 65_536.0;
        let mut unit = 1.0;
        while exact / unit * WEIGHT > COEFFICIENT {
            unit *= 2.0;
        }
        let factor = ((exact / unit).round() * unit) as i64;
        let thresholds = rule.thresholds(ratio);
        let slope = (1.0 / f64::from(ratio)).round() as i64;
        let offset = *thresholds.first()?;
        let rest =
            |(first, threshold): (usize, &i64)| i16::try_from(threshold - slope * first as i64 - offset).ok();
        let rests = thresholds.iter().enumerate().map(rest).collect::<Option<Vec<i16>>>()?;
        let channel = Self { factor, slope, offset, rests };
        let is_right = |accumulator: i64| {
            let first = channel.first(rule, accumulator);
            let more = accumulator >= thresholds[first as usize];
            rule.limits.0 + first + i64::from(more) == rule.of(ratio, accumulator)
        };
        thresholds.iter().all(|threshold| is_right(threshold - 1) && is_right(*threshold)).then_some(channel)
    }

    /// What is added at the first look, in units of 2^-16.
    fn bias(rule: &Rule) -> i64 {
        ((rule.zero - rule.limits.0) * PARTS + PARTS / 2 - MARGIN) << 16
    }

    /// The first look, above the lowest integer.
    fn first(&self, rule: &Rule, accumulator: i64) -> i64 {
        let sum = i128::from(accumulator) * i128::from(self.factor) + i128::from(Self::bias(rule));
        first((((sum + (1 << 15)) >> 16).clamp(0, 65_535)) as i64)
    }
}

/// All but the last step, which the second look adds.
fn first(parts: i64) -> i64 {
    (parts / PARTS).min(PARTS - 2)
}

/// The integers of a product's accumulators.
pub(super) fn lower(site: &mut Site<'_, '_, '_>, product: &Accumulator, rule: &Rule) -> Result<Value, Cause> {
    let refused = Cause::WorstCase { bits: 63 };
    let mut channels = Vec::with_capacity(rule.ratios.len());
    let mut rows = Vec::with_capacity(rule.ratios.len());
    for ratio in &rule.ratios {
        let channel = Channel::new(rule, *ratio).ok_or_else(|| refused.clone())?;
        rows.push(channel.rests.clone());
        channels.push(channel);
    }
    let (table, rows) = site.builder.rows(&rows).ok_or(refused)?;
    let numbers = |of: &dyn Fn(&Channel) -> f64| channels.iter().map(of).collect::<Vec<f64>>();
    let plain = product.lower(site, &[1.0])?;
    let shape = plain.shape.clone();
    let own = product.channels(&shape);
    let spread = |list: &[f64]| -> Vec<f64> {
        let number = |element: usize| list.get(own(element)).or(list.first()).copied().unwrap_or(0.0);
        (0..plain.elements()).map(number).collect()
    };
    let coarse = product.lower(site, &numbers(&|channel| channel.factor as f64 / 65_536.0))?;
    let bias = Channel::bias(rule) as f64 / 65_536.0;
    let parts = site.builder.clamped(&coarse.offset(&vec![bias; plain.elements()]), 1.0, 0)?;
    let first_look = |x: f64| first(x as i64) as f64;
    let first = site.builder.tabulated(&parts, &first_look, (WHOLE, WHOLE))?;
    let starts: Vec<f64> = rows.iter().map(|row| (row * ROW) as f64).collect();
    let place = site.builder.clamped(&first.offset(&spread(&starts)), 1.0, 0)?;
    let rest = site.builder.looked_up_in(&place, table)?;
    let line = site.scaled(&first, &spread(&numbers(&|channel| channel.slope as f64)))?;
    let offsets = spread(&numbers(&|channel| -channel.offset as f64));
    let above = plain.plus(&line, -1.0).plus(&rest, -1.0).offset(&offsets);
    let signed = Scale { step: 1.0, low: -32_768 };
    let above = site.builder.clamped(&above, 1.0, signed.low)?;
    let reached = |x: f64| f64::from(u8::from(x >= 0.0));
    let more = site.builder.tabulated(&above, &reached, (signed, Scale { step: 1.0, low: -1 }))?;
    // Their ends are integers like any other.
    [&first, &rest, &more].into_iter().for_each(|value| site.builder.may_saturate(value));
    let result = first.plus(&more, 1.0);
    let of = |sample: &Vec<f64>| -> Vec<f64> {
        let ratio =
            |element: usize| rule.ratios.get(own(element)).or(rule.ratios.first()).copied().unwrap_or(1.0);
        let integer = |(at, sum): (usize, &f64)| rule.of(ratio(at), sum.round() as i64) as f64;
        sample.iter().enumerate().map(integer).collect()
    };
    let samples = Rc::new(plain.samples.iter().map(of).collect());
    let least = rule.limits.0;
    let result = result.offset(&vec![least as f64; result.elements()]);
    let result = site.builder.clamped(&result, 1.0, least.min(0) as i32)?;
    Ok(Value { samples, ..result })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two looks give the rule's integer at every accumulator near a threshold, where alone they could differ.
    #[test]
    fn both_looks_together_are_the_rule() {
        for (ratio, zero, limits) in [
            (0.001_234_f32, 0, (0, 255)),
            (0.000_2, 128, (0, 255)),
            (0.031_25, -7, (-128, 127)),
            (0.5, 0, (-128, 127)),
            (0.9, 3, (0, 255)),
            (1.75, -128, (-128, 127)),
        ] {
            let rule = Rule { ratios: vec![ratio], zero, limits };
            let channel = Channel::new(&rule, ratio).unwrap();
            for threshold in rule.thresholds(ratio) {
                for accumulator in threshold - 3..threshold + 4 {
                    let first = channel.first(&rule, accumulator);
                    let line = channel.slope * first + channel.offset;
                    let above = accumulator - line - i64::from(channel.rests[first as usize]);
                    let got = limits.0 + first + i64::from(above >= 0);
                    assert_eq!(got, rule.of(ratio, accumulator), "{ratio} {accumulator}");
                }
            }
        }
    }

    #[test]
    fn ratios_that_no_numbers_do_are_refused() {
        // The thresholds of so small a ratio are no integers of 32 bits.
        let rule = Rule { ratios: vec![1e-9], zero: 0, limits: (0, 255) };
        assert!(Channel::new(&rule, 1e-9).is_none());
    }
}

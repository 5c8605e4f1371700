//! Integers that stay integers: what indices, truth values and counts are in the program.
//!
//! A value is *whole* where every element is a sum of integers: its terms read tensors of a whole step and multiply them by whole
//! factors, and its constants are whole. Together with bounds that hold for every input, and not only for the calibration samples, such
//! a value becomes a tensor of step 1 that is exact.

use super::builder::Builder;
use super::value::{Factors, Read, Term, Value};
use super::view::NOTHING;
use crate::onnx::Cause;
use candor_program::operator::rescale::SPAN;
use std::rc::Rc;

/// Lowest and highest real value.
pub(crate) type Bounds = (f64, f64);

/// Largest factor of a whole term: coefficients are then exact.
const FACTOR_LIMIT: f64 = (1u32 << 24) as f64;

impl Builder<'_> {
    /// Bounds of an element of a tensor, for every input in the declared ranges.
    pub(super) fn bounds_of(&self, tensor: usize, element: usize) -> Bounds {
        if let Some(bounds) = self.bounds.get(&tensor) {
            return *bounds;
        }
        let Some(physical) = self.tensors.get(tensor) else { return (0.0, 0.0) };
        let step = physical.steps.get(element).or(physical.steps.first()).copied().unwrap_or(1.0);
        let low = f64::from(physical.low);
        let span = if tensor == 0 { self.spans.get(element).copied().map(f64::from) } else { None };
        (low * step, (low + span.unwrap_or(SPAN as f64)) * step)
    }

    /// Bounds over all elements, for every input in the declared ranges; `None` where there are weights.
    pub(crate) fn bounds(&self, value: &Value) -> Option<Bounds> {
        let mut bounds: Vec<Bounds> =
            value.constants().iter().map(|constant| (*constant, *constant)).collect();
        for term in &value.terms {
            match term {
                Term::View(view) => {
                    for (bounds, index) in bounds.iter_mut().zip(view.indices.iter()) {
                        if *index != NOTHING {
                            let own = scaled(self.bounds_of(view.tensor, *index as usize), view.factor);
                            *bounds = (bounds.0 + own.0, bounds.1 + own.1);
                        }
                    }
                }
                Term::Sum(sum) => {
                    let count = sum.extents.get(sum.axes..).unwrap_or(&[]).iter().map(|n| f64::from(*n));
                    let count: f64 = count.product();
                    let one = match &sum.factors {
                        Factors::One(read) => self.extremes(read),
                        Factors::Two(left, right) => product(self.extremes(left), self.extremes(right)),
                        Factors::Weights { .. } => return None,
                    };
                    // Some of what is summed may be zeros of the view.
                    let own = scaled((one.0.min(0.0), one.1.max(0.0)), sum.factor * count);
                    for bounds in &mut bounds {
                        *bounds = (bounds.0 + own.0, bounds.1 + own.1);
                    }
                }
            }
        }
        let all = bounds.into_iter().reduce(|all, own| (all.0.min(own.0), all.1.max(own.1)));
        Some(all.unwrap_or((0.0, 0.0)))
    }

    fn extremes(&self, read: &Read) -> Bounds {
        let known = read.indices.iter().filter(|index| **index != NOTHING);
        let all = known.map(|index| self.bounds_of(read.tensor, *index as usize));
        all.reduce(|all, own| (all.0.min(own.0), all.1.max(own.1))).unwrap_or((0.0, 0.0))
    }

    /// Bounds of a value that is whole; `None` for any other.
    pub(crate) fn integers(&self, value: &Value) -> Option<Bounds> {
        let is_whole = |number: f64| number.fract() == 0.0 && number.abs() < 2f64.powi(40);
        let step = |step: &f64| is_whole(*step) && *step <= FACTOR_LIMIT;
        let reads =
            |tensor: usize, indices: &[u32]| match self.tensors.get(tensor).map(|own| own.steps.as_slice()) {
                None => false,
                Some([only]) => step(only),
                Some(steps) => indices.iter().filter_map(|index| steps.get(*index as usize)).all(step),
            };
        let factor = |factor: f64| is_whole(factor) && factor.abs() <= FACTOR_LIMIT;
        let term = |term: &Term| match term {
            Term::View(view) => factor(view.factor) && reads(view.tensor, &view.indices),
            Term::Sum(sum) => {
                factor(sum.factor)
                    && match &sum.factors {
                        Factors::One(read) => reads(read.tensor, &read.indices),
                        Factors::Two(left, right) => {
                            reads(left.tensor, &left.indices) && reads(right.tensor, &right.indices)
                        }
                        Factors::Weights { .. } => false,
                    }
            }
        };
        if value.terms.is_empty() || !value.constant.iter().all(|constant| is_whole(*constant)) {
            return None;
        }
        if value.terms.iter().all(term) { self.bounds(value) } else { None }
    }

    /// The whole numbers of a value, exact, with everything beyond 65,535 above the lowest taken for that. `None` where they do not fit or the
    /// value is not whole.
    pub(super) fn exact(&mut self, value: &Value, least: Option<f64>) -> Option<Result<Value, Cause>> {
        let (low, high) = self.integers(value)?;
        let low = least.unwrap_or(low).min(0.0);
        let high = high.max(0.0);
        if low < -(SPAN as f64) || high - low > SPAN as f64 {
            return None;
        }
        Some(self.clamped(value, 1.0, low as i32))
    }

    /// A tensor of this step whose values are clamped to the 65,536 steps from `low` on. Where the value is a sum of multiples of the
    /// step the result is exact.
    pub(crate) fn clamped(&mut self, value: &Value, step: f64, low: i32) -> Result<Value, Cause> {
        self.clamped_as(value, step, low, &|x| x)
    }

    /// The same where the result is a function of the value: what rounding makes of it.
    pub(super) fn clamped_as(
        &mut self,
        value: &Value,
        step: f64,
        low: i32,
        rounded: &dyn Fn(f64) -> f64,
    ) -> Result<Value, Cause> {
        let (least, most) = (f64::from(low) * step, (f64::from(low) + SPAN as f64) * step);
        let clamp = |sample: &Vec<f64>| sample.iter().map(|x| rounded(*x).clamp(least, most)).collect();
        let samples = Rc::new(value.samples.iter().map(clamp).collect());
        // A wider range would be no integers.
        if self.widened.contains_key(&self.operators.len()) {
            return Err(Cause::WorstCase { bits: 24 });
        }
        let bounds = self.bounds(value);
        let tensor = self.emit(value, step, low, samples)?;
        if let Some((low, high)) = bounds {
            // Half a step may be rounded away.
            let (low, high) =
                if self.integers(value).is_some() { (low, high) } else { (low - step, high + step) };
            self.bounds.insert(tensor, (low.clamp(least, most), high.clamp(least, most)));
        }
        self.clamping.insert(tensor);
        Ok(self.value(tensor, value.shape.clone()))
    }

    /// A tensor of the program whose saturation is meant.
    pub(crate) fn clamps(&self, operator: usize) -> bool {
        self.clamping.contains(&(operator + 1))
    }
}

fn scaled((low, high): Bounds, factor: f64) -> Bounds {
    if factor < 0.0 { (high * factor, low * factor) } else { (low * factor, high * factor) }
}

fn product(left: Bounds, right: Bounds) -> Bounds {
    let ends = [left.0 * right.0, left.0 * right.1, left.1 * right.0, left.1 * right.1];
    (
        ends.iter().copied().fold(f64::INFINITY, f64::min),
        ends.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    )
}

//! Exact integers: what the program's tensors can hold at most, a step that all parts of a value are multiples of, and comparisons.
//!
//! Where a value is a whole number of steps and 65,536 of them are enough for every input, it is computed at that step and nothing is
//! rounded: truth values, indices, counts, and the largest of several.

use super::builder::{Builder, Clamp, Physical, range};
use super::value::{Factors, Samples, Sum, Term, Value, View};
use super::view::NOTHING;
use crate::onnx::Cause;
use candor_program::operator::rescale::{EXCESS_LIMIT, SPAN};
use std::rc::Rc;

/// How far from a whole number a multiple of a step may seem to be.
const SLACK: f64 = 1e-6;
/// What a constant of single precision may be off, in parts of itself.
const SINGLE: f64 = 1.2e-7;
/// Largest magnitude, in steps, of what is rescaled: the excess of saturation stays below its limit.
const REACH: f64 = (EXCESS_LIMIT / 2) as f64;

/// `factor * (least, most)`, in order.
fn times(factor: f64, (least, most): (f64, f64)) -> (f64, f64) {
    let (a, b) = (factor * least, factor * most);
    (a.min(b), a.max(b))
}

impl Builder<'_> {
    /// Lowest and highest integer of a tensor.
    pub(super) fn bounded(&self, tensor: usize) -> (i32, i32) {
        let whole = |physical: &Physical| (physical.low, physical.low.saturating_add(SPAN as i32));
        self.reached.get(&tensor).copied().unwrap_or_else(|| self.tensors.get(tensor).map_or((0, 0), whole))
    }

    /// Notes the lowest and highest integer of the tensor that comes next.
    pub(super) fn bounded_by(&mut self, step: f64, (low, high): (i32, i32)) {
        let tensor = self.tensors.len();
        self.reached.insert(tensor, (low, high));
        self.bounds.insert(tensor, (f64::from(low) * step, f64::from(high) * step));
    }

    /// The same for all elements together, and zero.
    fn hull(&self, tensor: usize) -> (f64, f64) {
        let elements = self.tensors[tensor].extents.iter().product::<u32>() as usize;
        let elements = if tensor == 0 { elements } else { 1 };
        let all = (0..elements).map(|element| self.bounds_of(tensor, element));
        all.fold((0.0, 0.0), |all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    /// Lowest and highest real value of any element, for any input.
    pub(crate) fn reach(&self, value: &Value) -> (f64, f64) {
        let mut bounds: Vec<(f64, f64)> =
            value.constants().iter().map(|constant| (*constant, *constant)).collect();
        for term in &value.terms {
            match term {
                Term::View(view) => {
                    for (bound, index) in bounds.iter_mut().zip(view.indices.iter()) {
                        if *index != NOTHING {
                            let (least, most) =
                                times(view.factor, self.bounds_of(view.tensor, *index as usize));
                            *bound = (bound.0 + least, bound.1 + most);
                        }
                    }
                }
                Term::Sum(sum) => {
                    let (least, most) = self.sum_reach(sum);
                    bounds.iter_mut().for_each(|bound| *bound = (bound.0 + least, bound.1 + most));
                }
            }
        }
        let join = |all: (f64, f64), one: (f64, f64)| (all.0.min(one.0), all.1.max(one.1));
        bounds.into_iter().reduce(join).unwrap_or((0.0, 0.0))
    }

    fn sum_reach(&self, sum: &Sum) -> (f64, f64) {
        let count: f64 =
            sum.extents.get(sum.axes..).unwrap_or(&[]).iter().map(|extent| f64::from(*extent)).product();
        let (least, most) = match &sum.factors {
            Factors::One(read) => times(count, self.hull(read.tensor)),
            Factors::Weights { weights, read, .. } => {
                let (least, most) = self.hull(read.tensor);
                let row = |row: &[f64]| {
                    row.iter()
                        .map(|weight| times(*weight, (least, most)))
                        .fold((0.0, 0.0), |sum: (f64, f64), one| (sum.0 + one.0, sum.1 + one.1))
                };
                let rows = weights.chunks((count as usize).max(1)).map(row);
                rows.fold((0.0, 0.0), |all: (f64, f64), one| (all.0.min(one.0), all.1.max(one.1)))
            }
            Factors::Two(left, right) => {
                let (left, right) = (self.hull(left.tensor), self.hull(right.tensor));
                let (first, second) = (times(left.0, right), times(left.1, right));
                times(count, (first.0.min(second.0), first.1.max(second.1)))
            }
        };
        times(sum.factor, (least, most))
    }

    /// The largest step that every term's contribution is a multiple of; `None` where it is below `least`. Constants count where asked.
    fn unit(&self, value: &Value, constants: bool, least: f64) -> Option<f64> {
        let mut unit = 0.0;
        if constants {
            for constant in &value.constant {
                unit = common(unit, constant.abs(), least)?;
            }
        }
        for term in &value.terms {
            match term {
                Term::View(view) => {
                    for step in &self.tensors[view.tensor].steps {
                        unit = common(unit, (view.factor * step).abs(), least)?;
                    }
                }
                Term::Sum(sum) => match &sum.factors {
                    Factors::One(read) => {
                        for step in &self.tensors[read.tensor].steps {
                            unit = common(unit, (sum.factor * step).abs(), least)?;
                        }
                    }
                    Factors::Weights { weights, read, .. } => {
                        for step in &self.tensors[read.tensor].steps {
                            for weight in weights.iter() {
                                unit = common(unit, (sum.factor * weight * step).abs(), least)?;
                            }
                        }
                    }
                    Factors::Two(left, right) => {
                        let (left, right) = (&self.tensors[left.tensor], &self.tensors[right.tensor]);
                        let pairs = left.steps.iter().flat_map(|a| right.steps.iter().map(move |b| a * b));
                        for step in pairs {
                            unit = common(unit, (sum.factor * step).abs(), least)?;
                        }
                    }
                },
            }
        }
        (unit > 0.0).then_some(unit)
    }

    /// The step and the lowest integer at which a value is exact for every input.
    pub(super) fn whole_steps(&self, value: &Value, clamp: Clamp) -> Option<(f64, i32)> {
        let (least, most) = self.reach(value);
        let (least, most) = match clamp {
            Clamp::None => (least.min(0.0), most.max(0.0)),
            Clamp::Relu => (0.0, most.max(0.0)),
        };
        let unit = self.unit(value, true, (most - least) / SPAN as f64 * (1.0 - SLACK))?;
        let (least, most) = ((least / unit).round(), (most / unit).round());
        (most - least <= SPAN as f64).then_some((unit, least as i32))
    }

    /// The step of a value that is one number more than a whole number of steps everywhere, of which no two are further apart than 65,535.
    pub(super) fn grid(&self, value: &Value) -> Option<f64> {
        if !value.is_views() || value.constant.windows(2).any(|pair| pair[0] != pair[1]) {
            return None;
        }
        let (least, most) = self.reach(value);
        let unit = self.unit(value, false, (most - least) / SPAN as f64 * (1.0 - SLACK))?;
        (((most - least) / unit).round() <= SPAN as f64).then_some(unit)
    }

    /// A value whose numbers of whole size are held exactly: what a rounding to whole numbers is a function of.
    pub(crate) fn with_whole_numbers(&mut self, value: &Value) -> Result<Value, Cause> {
        if let [Term::View(view)] = value.terms.as_slice()
            && self.results.contains_key(&view.tensor)
        {
            return Ok(value.clone());
        }
        if self.whole_steps(value, Clamp::None).is_some() {
            return self.rescaled(value, Clamp::None);
        }
        let value = self.views(value)?;
        let (least, most) = range(&value.samples)?;
        let (least, most) = (least.min(0.0) * self.room, most.max(0.0) * self.room);
        let wanted = (most - least) / (SPAN - 1) as f64;
        // An even number of steps to one: halves decide a rounding.
        let step = if wanted <= 0.5 { 0.5 / (0.5 / wanted.max(1e-9)).floor() } else { wanted.ceil() };
        let low = (least / step).round().clamp(-(SPAN as f64), 0.0) as i32;
        self.at_step(&value, step, low, None)
    }

    /// Whether every element is a whole number for any input.
    pub(crate) fn is_whole(&self, value: &Value) -> bool {
        let whole = |unit: f64| (unit - unit.round()).abs() < SLACK && unit > 0.5;
        value.terms.is_empty() && value.constant.iter().all(|x| x.fract() == 0.0)
            || self.unit(value, true, 0.5).is_some_and(whole)
    }

    /// An affine operator at this step that holds the integers `low` to `low + 65535`. Shapes: `samples` as the value's; its own where `None`.
    ///
    /// Errors: [`Cause::WorstCase`] for a value that can be further out than saturation allows.
    pub(crate) fn at_step(
        &mut self,
        value: &Value,
        step: f64,
        low: i32,
        samples: Option<Samples>,
    ) -> Result<Value, Cause> {
        let (least, most) = self.reach(value);
        let furthest = least.abs().max(most.abs()) / step;
        if furthest.is_nan() || furthest >= REACH * 2.0 - 2.0 * SPAN as f64 {
            return Err(Cause::WorstCase { bits: libm::log2(furthest).ceil() as u32 });
        }
        if self.widened.contains_key(&self.operators.len()) {
            return Err(Cause::WorstCase { bits: libm::log2(furthest).ceil() as u32 });
        }
        let (bottom, top) = (f64::from(low) * step, (f64::from(low) + SPAN as f64) * step);
        let clamped = |sample: &Vec<f64>| sample.iter().map(|x| x.clamp(bottom, top)).collect();
        let samples = samples.unwrap_or_else(|| Rc::new(value.samples.iter().map(clamped).collect()));
        let tensor = self.emit(value, step, low, samples)?;
        self.clamping.insert(tensor);
        Ok(self.value(tensor, value.shape.clone()))
    }

    /// The finest step at which a value that goes as far as that can be compared with zero.
    fn comparison_step(&self, value: &Value, furthest: f64) -> f64 {
        let finest = furthest / REACH;
        if let Some(unit) = self.unit(value, false, finest) {
            return unit;
        }
        let views = value.terms.iter().filter_map(|term| match term {
            Term::View(view) => {
                self.tensors[view.tensor].steps.iter().map(|step| (view.factor * step).abs()).reduce(f64::min)
            }
            Term::Sum(_) => None,
        });
        let calibrated =
            || value.samples.iter().flatten().fold(0.0f64, |most, x| most.max(x.abs())) / SPAN as f64;
        let step = views.reduce(f64::min).unwrap_or_else(calibrated);
        if step > 0.0 { step.max(finest) } else { finest.max(f64::MIN_POSITIVE) }
    }

    /// How many steps a value is above zero (above the step below zero, if `or_zero`), 0 where it is not: exact where its parts have a
    /// common step.
    fn count_above(&mut self, value: &Value, or_zero: bool) -> Result<Value, Cause> {
        let bare = Value { constant: vec![], ..value.clone() };
        let (least, most) = self.reach(&bare);
        // Constants further out than anything else decide as well from there; NaN compares as false.
        let own = self.unit(&bare, false, 0.0).unwrap_or(0.0);
        let limit = 2.0 * (least.abs().max(most.abs()) + own);
        let within = |constant: f64| if constant.is_nan() { -limit } else { constant.clamp(-limit, limit) };
        let step = self.comparison_step(&bare, 1.5 * limit);
        // A whole number n of steps and a constant c: n > -c is n >= floor(-c) + 1.
        let whole = |constant: &f64| {
            let threshold = -within(*constant) / step;
            let nearest = threshold.round();
            let slack = (SINGLE * nearest.abs() + 1e-9).min(1e-3);
            let threshold = if (threshold - nearest).abs() <= slack { nearest } else { threshold };
            let first = if or_zero { threshold.ceil() } else { threshold.floor() + 1.0 };
            (1.0 - first) * step
        };
        let constant = value.constants().iter().map(whole).collect();
        let steps = |sample: &Vec<f64>| sample.iter().map(|x| (x / step).max(0.0)).collect();
        let samples: Samples = Rc::new(value.samples.iter().map(steps).collect());
        let count = self.at_step(&Value { constant, ..bare }, step, 0, Some(Rc::clone(&samples)))?;
        // In steps, not in what they stand for.
        Ok(Value { samples, ..count.times(1.0 / step) })
    }

    /// What is at most 1 of a whole number that is not negative.
    fn capped(&mut self, count: &Value, value: &Value, holds: fn(f64) -> bool) -> Result<Value, Cause> {
        let truth = |sample: &Vec<f64>| sample.iter().map(|x| f64::from(u8::from(holds(*x)))).collect();
        let samples = Rc::new(value.samples.iter().map(truth).collect());
        self.at_step(count, 1.0, 1 - SPAN as i32, Some(samples))
    }

    /// 1 where a value is above zero (or is zero, if `or_zero`), else 0: exact where its parts have a common step.
    pub(crate) fn above(&mut self, value: &Value, or_zero: bool) -> Result<Value, Cause> {
        let holds: fn(f64) -> bool = if or_zero { |x| x >= 0.0 } else { |x| x > 0.0 };
        if value.terms.is_empty() {
            return Ok(truths(value, holds));
        }
        let count = self.count_above(value, or_zero)?;
        self.capped(&count, value, holds)
    }

    /// 1 where a value is not zero, else 0.
    pub(crate) fn differs(&mut self, value: &Value) -> Result<Value, Cause> {
        if value.terms.is_empty() {
            return Ok(truths(value, |x| x != 0.0));
        }
        let above = self.count_above(value, false)?;
        let below = self.count_above(&value.times(-1.0), false)?;
        self.capped(&above.plus(&below, 1.0), value, |x| x != 0.0)
    }

    /// The conjunction of two truth values.
    pub(crate) fn both(&mut self, left: &Value, right: &Value) -> Result<Value, Cause> {
        let sum = left.plus(right, 1.0).offset(&vec![-1.0; left.elements()]);
        if sum.terms.is_empty() { Ok(truths(&sum, |x| x > 0.0)) } else { self.rescaled(&sum, Clamp::Relu) }
    }
}

/// Truth values of a constant.
fn truths(value: &Value, holds: fn(f64) -> bool) -> Value {
    let constants = value.constants().iter().map(|x| f64::from(u8::from(holds(*x)))).collect();
    Value::constant(value.shape.clone(), constants, value.samples.len())
}

/// A step that both numbers are multiples of, as far as double precision tells; `None` below `least`.
fn common(first: f64, second: f64, least: f64) -> Option<f64> {
    if first == 0.0 && second == 0.0 {
        return Some(0.0);
    }
    let (mut large, mut small) = if first > second { (first, second) } else { (second, first) };
    let slack = large * 1e-12;
    while small > slack.max(least * SLACK) {
        if small < least {
            return None;
        }
        let rest = large % small;
        // Just below a multiple is a multiple, too.
        (large, small) = (small, if rest.min(small - rest) < small * SLACK { 0.0 } else { rest });
    }
    (large >= least).then_some(large)
}

/// Whether a view reads every element of a tensor.
pub(super) fn covers(view: &View, elements: u32) -> bool {
    let mut read = vec![false; elements as usize];
    for index in view.indices.iter().filter(|index| **index != NOTHING) {
        if let Some(read) = read.get_mut(*index as usize) {
            *read = true;
        }
    }
    read.iter().all(|read| *read)
}

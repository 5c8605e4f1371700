//! Which of several: the largest along an axis, the first of the largest, one of two by a truth value.

use super::NOTHING;
use super::contraction::Labels;
use super::site::Site;
use super::value::{Samples, Term, Value};
use crate::onnx::Cause;
use candor_program::operator::rescale::SPAN;
use std::rc::Rc;

/// A constant below this hides what it stands beside, where that is far smaller.
const HIDES: f64 = -9_999.0;
/// How much smaller.
const FAR: f64 = 64.0;
/// How far below everything else a constant that hides is put: e^-16 is nothing beside 1 in 16 bits.
const HIDDEN: f64 = 16.0;
/// Elements that one sum picks from: more could leave the room of saturation.
const PICKED: usize = 128;

/// From which ratio of largest to least on a function has two tables.
const FINER_FROM: f64 = 32.0;
/// How much finer the table of small numbers is.
const FINER: f64 = 16.0;

/// Which of equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// The first.
    First,
    /// The last.
    Last,
}

impl Site<'_, '_, '_> {
    /// The same value on a grid of one step with at most 65,536 places, and the step.
    pub(crate) fn on_grid(&mut self, value: &Value) -> Result<(Value, f64), Cause> {
        if let Some(step) = self.builder.grid(value) {
            return Ok((value.clone(), step));
        }
        let value = self.builder.rescaled(value, super::Clamp::None)?;
        let step = match value.terms.as_slice() {
            [Term::View(view)] => self.builder.tensors[view.tensor].steps.first().copied(),
            _ => None,
        };
        Ok((value, step.ok_or(Cause::Overflow)?))
    }

    /// The largest along one axis, which stays with extent 1: pairs, pairs of pairs and so on, exact at the value's own step.
    pub(crate) fn largest(&mut self, value: &Value, axis: usize) -> Result<Value, Cause> {
        if value.shape[axis] <= 1 {
            return self.builder.views(value);
        }
        let (mut value, step) = self.on_grid(value)?;
        let constant = value.constant.first().copied().unwrap_or(0.0);
        let (least, most) = self.builder.reach(&value);
        let (least, most) = (least - constant, most - constant);
        while value.shape[axis] > 1 {
            let (size, half) = (value.shape[axis], value.shape[axis].div_ceil(2));
            let left = self.slice(&value, axis, 0..half)?;
            // An odd one out is compared with itself.
            let right = self.slice(&value, axis, size - half..size)?;
            let rest = self.builder.at_step(&left.plus(&right, -1.0), step, 0, None)?;
            value = right.plus(&rest, 1.0);
        }
        // The largest is no further out than any, which nobody sees from the sum.
        let low = (least / step).round();
        if low > 0.0 || (most / step).round() < 0.0 {
            return Ok(value);
        }
        let bare = Value { constant: vec![], ..value.offset(&vec![-constant; value.elements()]) };
        let held = self.builder.at_step(&bare, step, low as i32, None)?;
        Ok(if constant == 0.0 { held } else { held.offset(&vec![constant; value.elements()]) })
    }

    /// 1 at the first (or last) of the largest along an axis, 0 elsewhere.
    pub(crate) fn largest_place(&mut self, value: &Value, axis: usize, tie: Tie) -> Result<Value, Cause> {
        let (shape, size) = (value.shape.clone(), value.shape[axis]);
        let ones = vec![1.0; value.elements()];
        if size <= 1 {
            return Ok(Value::constant(shape, ones, self.samples()));
        }
        let (value, step) = self.on_grid(value)?;
        let largest = self.largest(&value, axis)?;
        let largest = self.broadcast(&largest, &shape)?;
        let inner: usize = shape[axis + 1..].iter().product();
        let samples = |tie: Option<Tie>| -> Samples {
            Rc::new(value.samples.iter().map(|sample| places(sample, size, inner, tie)).collect())
        };
        // 1 step above where it is the largest, at most 0 elsewhere.
        let near = value.plus(&largest, -1.0).times(1.0 / step).offset(&ones);
        let near = self.builder.at_step(&near, 1.0, 1 - SPAN as i32, Some(samples(None)))?;
        let hits = self.builder.at_step(&near, 1.0, 0, Some(samples(None)))?;
        // A hit with another before it is none.
        let labels = Labels::new(&shape, &[size - 1]);
        let all: Vec<usize> = (0..=shape.len()).collect();
        let others = labels.table(&all, |values| {
            let (place, distance) = (values[axis], values[shape.len()] + 1);
            let other = match tie {
                Tie::First => place.checked_sub(distance)?,
                Tie::Last => Some(place + distance).filter(|other| *other < size)?,
            };
            let index =
                |(own, extent): (usize, &usize)| (if own == axis { other } else { values[own] }, *extent);
            Some(shape.iter().enumerate().map(index).fold(0, |at, (value, extent)| at * extent + value))
        });
        let others = self.builder.summed(&labels, (&hits, &others))?;
        self.builder.at_step(&hits.plus(&others, -1.0), 1.0, 0, Some(samples(Some(tie))))
    }

    /// The number of the place that holds 1 along an axis, which stays with extent 1.
    pub(crate) fn index_of(&mut self, places: &Value, axis: usize) -> Result<Value, Cause> {
        let (mut shape, size) = (places.shape.clone(), places.shape[axis]);
        let rank = shape.len();
        shape[axis] = 1;
        let labels = Labels::new(&shape, &[size]);
        let own: Vec<usize> = (0..rank).map(|label| if label == axis { rank } else { label }).collect();
        let (table, indices) = (labels.axes(&own), labels.table(&[rank], |values| values.first().copied()));
        let numbers: Vec<f64> = (0..size).map(|index| index as f64).collect();
        let sum = self.builder.weighted(&labels, (places, &table), (&numbers, &indices))?;
        if sum.terms.is_empty() {
            return Ok(sum);
        }
        self.builder.at_step(&sum, 1.0, size as i32 - 1 - SPAN as i32, None)
    }

    /// What stands along axis 2 of a value `[outer, 1, size, inner]` where places `[outer, kept, size, inner]` hold 1: `[outer, kept, 1, inner]`.
    pub(crate) fn picked(&mut self, places: &Value, value: &Value) -> Result<Value, Cause> {
        let value = self.builder.rescaled(value, super::Clamp::None)?;
        let [Term::View(view)] = value.terms.as_slice() else { return Err(Cause::Overflow) };
        let (step, low) = {
            let tensor = &self.builder.tensors[view.tensor];
            (tensor.steps.first().copied().unwrap_or(1.0), tensor.low)
        };
        let mut result = None::<Value>;
        let size = value.shape[2];
        for first in (0..size).step_by(PICKED) {
            let block = first..size.min(first + PICKED);
            let (places, value) =
                (self.slice(places, 2, block.clone())?, self.slice(&value, 2, block.clone())?);
            let mut shape = places.shape.clone();
            shape[2] = 1;
            let labels = Labels::new(&shape, &[block.len()]);
            let (left, right) = (labels.axes(&[0, 1, 4, 3]), labels.axes(&[0, 4, 3]));
            let product = self.builder.product(&labels, (&places, &left), (&value, &right))?;
            let part = self.builder.at_step(&product, step, low, None)?;
            result = Some(match result {
                None => part,
                // Only one of them is not zero.
                Some(sum) => self.builder.at_step(&sum.plus(&part, 1.0), step, low, None)?,
            });
        }
        result.ok_or(Cause::Overflow)
    }

    /// A function with jumps at whole numbers and halves, by table: numbers that are one of these are so in the table.
    pub(crate) fn rounding(&mut self, value: &Value, function: &dyn Fn(f64) -> f64) -> Result<Value, Cause> {
        let exact = |x: f64| {
            let halves = (2.0 * x).round() / 2.0;
            if (x - halves).abs() <= 1e-9 * (1.0 + x.abs()) { halves } else { x }
        };
        let value =
            if value.terms.is_empty() { value.clone() } else { self.builder.with_whole_numbers(value)? };
        self.function(&value, &|x| function(exact(x)))
    }

    /// How far a value that is never above zero lies above `-depth`, 0 where it lies below.
    pub(crate) fn above_depth(&mut self, below: &Value, depth: f64) -> Result<Value, Cause> {
        let above = below.offset(&vec![depth; below.elements()]);
        let (least, most) = self.builder.reach(&above);
        let furthest = most.max(-least);
        // Not finer than saturation allows.
        let step = (depth / SPAN as f64).max(furthest / f64::from(1u32 << 23));
        self.builder.at_step(&above, step, 0, None)
    }

    /// A function like 1 / x of a value that is not below zero, 0 at zero. Where the value's numbers are far apart, a second table tells
    /// the small ones apart: one for what is below an end, saturating there, and one for what is above it.
    pub(crate) fn falling(&mut self, value: &Value, function: &dyn Fn(f64) -> f64) -> Result<Value, Cause> {
        let whole = |x: f64| if x <= 0.0 { 0.0 } else { function(x) };
        let seen = || value.samples.iter().flatten().copied().filter(|x| *x > 0.0);
        let (least, most) = (seen().fold(f64::INFINITY, f64::min), seen().fold(0.0, f64::max));
        let (_, furthest) = self.builder.reach(value);
        let wanted = self.builder.room * most / SPAN as f64;
        // As fine as saturation allows.
        let finer = libm::exp2(libm::log2(FINER.min(f64::from(1u32 << 23) / (furthest / wanted))).floor());
        if value.terms.is_empty() || most <= FINER_FROM * least || finer < 2.0 {
            return self.function(value, &whole);
        }
        let (step, small) = self.builder.low_end(value, wanted / finer)?;
        let end = step * SPAN as f64;
        let small =
            self.function(&small, &|x| if x <= 0.0 { 0.0 } else { function(x.min(end)) - function(end) })?;
        let large = self.function(value, &|x| function(x.max(end)) - function(end))?;
        Ok(small.plus(&large, 1.0).offset(&vec![function(end); value.elements()]))
    }

    /// A tensor of a value that is never further out than another one: it cannot saturate.
    pub(crate) fn within(&mut self, value: &Value, other: &Value) -> Result<Value, Cause> {
        let (least, most) = self.builder.reach(other);
        let (least, most) = (least.min(0.0), most.max(0.0));
        let step = (most - least) / SPAN as f64;
        if step <= 0.0 || value.terms.is_empty() {
            return self.builder.views(value);
        }
        let step = self.builder.product_step(value, step);
        let low = (least / step).round().clamp(-(SPAN as f64), 0.0) as i32;
        self.builder.at_step(value, step, low, None)
    }

    /// Two values one after the other along an axis.
    pub(crate) fn joined_along(&mut self, first: &Value, other: &Value, axis: usize) -> Result<Value, Cause> {
        let mut shape = first.shape.clone();
        let inner: usize = shape[axis + 1..].iter().product();
        let (own, more) = (first.shape[axis], other.shape[axis]);
        shape[axis] = own + more;
        let place = |element: usize, start: usize, size: usize| {
            let (outer, along) = (element / inner / (own + more), element / inner % (own + more));
            let along = along.checked_sub(start).filter(|along| *along < size);
            along.map_or(NOTHING, |along| ((outer * size + along) * inner + element % inner) as u32)
        };
        let elements: usize = shape.iter().product();
        let from = |start: usize, size: usize| {
            (0..elements).map(|element| place(element, start, size)).collect::<Vec<u32>>()
        };
        let first = self.moved(first, shape.clone(), &from(0, own))?;
        let other = self.moved(other, shape, &from(own, more))?;
        Ok(first.plus(&other, 1.0))
    }

    /// `yes` where the condition is 1, `no` where it is 0. Shapes: equal.
    pub(crate) fn choose(&mut self, condition: &Value, yes: &Value, no: &Value) -> Result<Value, Cause> {
        let (yes, no) = (self.beside(yes, no), self.beside(no, yes));
        if let Some(truths) = condition.fixed() {
            let from = |wanted: bool| -> Vec<u32> {
                let place = |(place, truth): (usize, &f64)| {
                    if (*truth != 0.0) == wanted { place as u32 } else { NOTHING }
                };
                truths.iter().enumerate().map(place).collect()
            };
            let shape = condition.shape.clone();
            let (yes, no) =
                (self.moved(&yes, shape.clone(), &from(true))?, self.moved(&no, shape, &from(false))?);
            return Ok(yes.plus(&no, 1.0));
        }
        // A negation is another order of the two.
        let is_negated = matches!(condition.terms.as_slice(), [Term::View(view)] if view.factor == -1.0)
            && condition.constants().iter().all(|constant| *constant == 1.0);
        if is_negated {
            let ones = vec![-1.0; condition.elements()];
            return self.switched(&condition.offset(&ones).times(-1.0), &no, &yes);
        }
        self.switched(condition, &yes, &no)
    }

    fn switched(&mut self, condition: &Value, yes: &Value, no: &Value) -> Result<Value, Cause> {
        let condition = self.builder.single(condition)?.0;
        let samples = {
            let rows = condition.samples.iter().zip(yes.samples.iter().zip(no.samples.iter()));
            let row = |(truths, (yes, no)): (&Vec<f64>, (&Vec<f64>, &Vec<f64>))| {
                let pick = |(truth, (yes, no)): (&f64, (&f64, &f64))| if *truth != 0.0 { *yes } else { *no };
                truths.iter().zip(yes.iter().zip(no)).map(pick).collect()
            };
            Rc::new(rows.map(row).collect())
        };
        let value = match (yes.fixed(), no.fixed()) {
            (Some(yes), Some(no)) => {
                let change: Vec<f64> = yes.iter().zip(&no).map(|(yes, no)| yes - no).collect();
                self.scaled(&condition, &change)?.offset(&no)
            }
            _ => {
                let (yes, no) = (self.one_or_fixed(yes)?, self.one_or_fixed(no)?);
                let (one, other) = (self.times(&condition, &yes)?, self.times(&condition, &no)?);
                // `no` and `condition * no` have one coefficient: what is not chosen leaves nothing behind.
                no.plus(&one, 1.0).plus(&other, -1.0)
            }
        };
        Ok(Value { samples, ..value })
    }

    fn one_or_fixed(&mut self, value: &Value) -> Result<Value, Cause> {
        if value.terms.is_empty() { Ok(value.clone()) } else { Ok(self.builder.single(value)?.0) }
    }

    /// A constant beside a value: numbers that only hide their place, such as minus infinity, are brought near enough to leave the
    /// others their precision.
    pub(crate) fn beside(&self, constant: &Value, other: &Value) -> Value {
        let Some(constants) = constant.fixed() else { return near_enough(constant, other) };
        let (least, most) = ends(other);
        let size = most.max(-least);
        let near = |x: &f64| match *x {
            x if x < HIDES && -x > FAR * size => 1.5 * least - HIDDEN - 1.5 * most,
            f64::INFINITY => 1.5 * most + HIDDEN - 1.5 * least,
            x => x,
        };
        let constants = constants.iter().map(near).collect();
        Value::constant(constant.shape.clone(), constants, self.samples())
    }

    /// A value held between two bounds, of which the upper one counts where they cross.
    pub(crate) fn held_between(&mut self, value: &Value, lower: f64, upper: f64) -> Result<Value, Cause> {
        let offset = |value: &Value, by: f64| value.offset(&vec![by; value.elements()]);
        let from_below = |site: &mut Self, value: &Value| -> Result<Value, Cause> {
            Ok(offset(&site.relu(&offset(value, -lower))?, lower))
        };
        let from_above = |site: &mut Self, value: &Value| -> Result<Value, Cause> {
            Ok(offset(&site.relu(&offset(&value.times(-1.0), upper))?.times(-1.0), upper))
        };
        if lower >= upper {
            return Ok(Value::constant(value.shape.clone(), vec![upper; value.elements()], self.samples()));
        }
        match (lower.is_finite(), upper.is_finite()) {
            (false, false) => return Ok(value.clone()),
            (true, false) => return from_below(self, value),
            (false, true) => return from_above(self, value),
            (true, true) => {}
        }
        let value = self.builder.views(value)?;
        let all = value.samples.iter().flatten().filter(|x| x.is_finite());
        let (least, most) = all.fold((0.0f64, 0.0f64), |(least, most), x| (least.min(*x), most.max(*x)));
        // As much of the range as is used, with room for half as much.
        let (bottom, top) = (lower.max(1.5 * least), upper.min(1.5 * most));
        let step = (top - bottom) / SPAN as f64;
        let (low, high) = self.builder.reach(&value);
        let is_far = (high - low) / step >= f64::from(1u32 << 22);
        if step <= 0.0 || is_far || value.terms.is_empty() || self.builder.grid(&value).is_some() {
            let value = from_below(self, &value)?;
            return from_above(self, &value);
        }
        let above = self.builder.at_step(&offset(&value, -bottom), step, 0, None)?;
        Ok(offset(&above, bottom))
    }
}

/// Least and largest of what does not hide, and zero.
fn ends(value: &Value) -> (f64, f64) {
    let seen = value.samples.iter().flatten().copied().filter(|x| x.is_finite() && *x > HIDES);
    seen.fold((0.0f64, 0.0f64), |(least, most), x| (least.min(x), most.max(x)))
}

/// A mask that depends on the input: zeros, and numbers that hide. It is scaled as a whole.
fn near_enough(mask: &Value, other: &Value) -> Value {
    let (least, most) = ends(other);
    let hides = |x: f64| x < HIDES && -x > FAR * most.max(-least);
    let mut nearest = f64::NEG_INFINITY;
    for x in mask.samples.iter().flatten().filter(|x| **x != 0.0) {
        if !hides(*x) {
            return mask.clone();
        }
        nearest = nearest.max(*x);
    }
    let near = 1.5 * least - HIDDEN - 1.5 * most;
    if nearest.is_finite() && nearest < near { mask.times(near / nearest) } else { mask.clone() }
}

/// 1 at all of the largest of every lane, or at the first or last of them.
fn places(sample: &[f64], size: usize, inner: usize, tie: Option<Tie>) -> Vec<f64> {
    let mut result = vec![0.0; sample.len()];
    for start in (0..sample.len()).filter(|at| (at / inner).is_multiple_of(size)) {
        let lane = || (0..size).map(|index| start + index * inner);
        let largest = lane().map(|at| sample[at]).fold(f64::NEG_INFINITY, f64::max);
        let mut hits = lane().filter(|at| sample[*at] == largest);
        match tie {
            None => hits.for_each(|at| result[at] = 1.0),
            Some(Tie::First) => hits.next().into_iter().for_each(|at| result[at] = 1.0),
            Some(Tie::Last) => hits.next_back().into_iter().for_each(|at| result[at] = 1.0),
        }
    }
    result
}

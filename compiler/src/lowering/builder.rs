//! Operators of the integer program as they are needed, with scales from the calibration samples.

use super::grid::covers;
use super::tables::Range;
use super::value::{Factors, Read, Samples, Sum, Term, Value, View};
use super::view::{Label, NOTHING, groups};
use crate::class::{Wiring, padded_log2};
use crate::onnx::Cause;
use candor_program::card::{OperatorWeights, Weights};
use candor_program::class::{Input, Operand, OperatorClass, TensorId, TermClass};
use candor_program::operator::lookup::ENTRIES;
use candor_program::operator::rescale::{SHIFT, SPAN};
use candor_program::operator::{Affine, Lookup, Operator, Rescale};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Largest integer weight or coefficient.
const WEIGHT_LIMIT: f64 = (1u64 << 30) as f64;
/// Smallest coefficient of a sum of many products: the nearest integer below is then near enough.
const COEFFICIENT: f64 = 4.0;
/// What a coefficient may be off, in parts of itself.
const OFF: f64 = 1e-4;
/// How many are many: what their factors lose evens out.
const MANY: u32 = 16;

/// A tensor of the program.
#[derive(Clone, Debug)]
pub(crate) struct Physical {
    /// Exact extents of its axes.
    pub(crate) extents: Vec<u32>,
    /// Real value of one integer step of every element; one entry where all have the same.
    pub(crate) steps: Vec<f64>,
    /// Lowest integer.
    pub(crate) low: i32,
    /// What the float model has in its place.
    pub(crate) samples: Samples,
}

impl Physical {
    pub(super) fn step(&self, element: usize) -> f64 {
        self.steps.get(element).or(self.steps.first()).copied().unwrap_or(1.0)
    }
}

/// What becomes of values below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clamp {
    /// They stay.
    None,
    /// They become zero.
    Relu,
}

/// The step and the lowest integer of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) step: f64,
    pub(crate) low: i32,
}

impl Scale {
    /// Numbers of both signs with so many bits after the point.
    pub(crate) fn signed(bits: i32) -> Self {
        Self { step: 2f64.powi(-bits), low: -32_768 }
    }

    /// Whether numbers of both signs of this size are within it.
    pub(crate) fn reaches(&self, size: f64) -> bool {
        let (low, high) = (f64::from(self.low), f64::from(self.low) + SPAN as f64);
        low * self.step <= -size && size <= high * self.step
    }
}

/// The integer program so far.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) tensors: Vec<Physical>,
    pub(crate) classes: Vec<OperatorClass>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) weights: Vec<OperatorWeights>,
    pub(crate) tables: Vec<Vec<u16>>,
    /// Node that each operator is made for.
    pub(crate) origins: Vec<String>,
    /// Number of each operator as it was made, where unused ones have been taken out since.
    pub(crate) numbers: Vec<usize>,
    /// Lowest and highest integer that tensors have, where the program's own operators bound them.
    pub(super) reached: BTreeMap<usize, (i32, i32)>,
    /// Tensors at a coarser step, by the tensor and the bits dropped.
    pub(super) coarse: BTreeMap<(usize, u32), usize>,
    /// Real results of each lookup for all entries of its table, by the tensor that holds them.
    pub(super) results: BTreeMap<usize, Rc<Vec<f64>>>,
    /// Node that is lowered now.
    pub(crate) node: String,
    /// Highest integer of every feature; without them that of the range.
    pub(crate) spans: Vec<u32>,
    /// Real bounds of tensors where they are known to be narrower than the range.
    pub(super) bounds: BTreeMap<usize, super::whole::Bounds>,
    /// Tensors whose saturation is meant.
    pub(super) clamping: BTreeSet<usize>,
    /// Room above the largest calibrated value before it saturates, as a factor.
    pub(crate) room: f64,
    /// The table of rows, and the rows in it.
    pub(super) rows: Option<(usize, Vec<Vec<i16>>)>,
    /// By how many bits the range of an operator is wider than calibration asks for.
    pub(super) widened: Cow<'a, BTreeMap<usize, u32>>,
}

impl<'a> Builder<'a> {
    /// A program of an input alone.
    pub(crate) fn new(input: Physical, room: f64, widened: Cow<'a, BTreeMap<usize, u32>>) -> Self {
        Self {
            tensors: vec![input],
            classes: vec![],
            operators: vec![],
            weights: vec![],
            tables: vec![],
            origins: vec![],
            numbers: vec![],
            reached: BTreeMap::new(),
            coarse: BTreeMap::new(),
            results: BTreeMap::new(),
            node: String::new(),
            spans: vec![],
            bounds: BTreeMap::new(),
            clamping: BTreeSet::new(),
            room,
            rows: None,
            widened,
        }
    }

    /// The class of the program so far.
    pub(crate) fn wiring(&self, input: Input) -> Wiring {
        // More tables than a program may have are refused with the card.
        let tables = u8::try_from(self.tables.len()).unwrap_or(u8::MAX);
        Wiring { input, operators: self.classes.clone(), tables }
    }

    /// The weights of the program so far.
    pub(crate) fn weights(&self) -> Weights {
        Weights { operators: self.weights.clone(), tables: self.tables.clone() }
    }

    /// Real value of one step of the last operator's output.
    pub(crate) fn output_step(&self) -> f64 {
        self.tensors.last().and_then(|tensor| tensor.steps.first()).copied().unwrap_or(0.0)
    }

    /// A tensor of the program as a value of this shape.
    pub(crate) fn value(&self, tensor: usize, shape: Vec<usize>) -> Value {
        let physical = &self.tensors[tensor];
        let elements: u32 = physical.extents.iter().product();
        let view = View { tensor, factor: 1.0, indices: Rc::new((0..elements).collect()) };
        Value {
            shape,
            terms: vec![Term::View(view)],
            constant: vec![],
            samples: Rc::clone(&physical.samples),
        }
    }

    /// A value of views alone: what else is summed becomes an operator.
    pub(crate) fn views(&mut self, value: &Value) -> Result<Value, Cause> {
        if value.is_views() { Ok(value.clone()) } else { self.rescaled(value, Clamp::None) }
    }

    /// A value that is one tensor of the program with one step, without constant.
    pub(crate) fn single(&mut self, value: &Value) -> Result<(Value, View), Cause> {
        if value.constant.iter().all(|constant| *constant == 0.0)
            && let [Term::View(view)] = value.terms.as_slice()
            && self.tensors[view.tensor].steps.len() == 1
        {
            return Ok((value.clone(), view.clone()));
        }
        let rescaled = self.rescaled(value, Clamp::None)?;
        match rescaled.terms.as_slice() {
            [Term::View(view)] => Ok((rescaled.clone(), view.clone())),
            _ => Err(Cause::Overflow),
        }
    }

    /// An affine operator with 16-bit values at the scale that the samples need. Integers stay what they are.
    pub(crate) fn rescaled(&mut self, value: &Value, clamp: Clamp) -> Result<Value, Cause> {
        if let Some(exact) = self.exact(value, (clamp == Clamp::Relu).then_some(0.0)) {
            return exact;
        }
        let samples: Samples = match clamp {
            Clamp::None => Rc::clone(&value.samples),
            Clamp::Relu => {
                let relu = |sample: &Vec<f64>| sample.iter().map(|x| x.max(0.0)).collect();
                Rc::new(value.samples.iter().map(relu).collect())
            }
        };
        if let Some((step, low)) = self.whole_steps(value, clamp) {
            return self.at_step(value, step, low, Some(samples));
        }
        let (least, most) = range(&samples)?;
        let (least, most) = (least.min(0.0) * self.room, most.max(0.0) * self.room);
        let width = if most - least > 0.0 { most - least } else { 1.0 };
        let wanted = width / (SPAN - 1) as f64;
        let value = &self.coarsened(value, wanted)?;
        let step = self.product_step(value, wanted);
        let value = &self.separated(value, step)?;
        let widened = self.widened.get(&self.operators.len()).copied().unwrap_or(0);
        let wanted = wanted * 2f64.powi(widened as i32);
        let step = self.product_step(value, wanted);
        // Zero is an integer of the range, whatever the range.
        let low = match clamp {
            Clamp::Relu => 0,
            Clamp::None if least == 0.0 && most == 0.0 => -32_768,
            Clamp::None => -((-least / width * SPAN as f64).round() as i32).clamp(0, SPAN as i32),
        };
        let tensor = self.emit(value, step, low, samples)?;
        Ok(self.value(tensor, value.shape.clone()))
    }

    /// What is never below zero, at a finer step than its range asks for: larger ones saturate, and saturating is meant. The step and the value.
    pub(super) fn low_end(&mut self, value: &Value, wanted: f64) -> Result<(f64, Value), Cause> {
        let value = self.coarsened(value, wanted)?;
        let step = self.product_step(&value, wanted);
        Ok((step, self.at_step(&value, step, 0, None)?))
    }

    /// Products whose coefficients would be too small for an integer are taken of coarser factors: a sum of many products of 16 bits each
    /// has more bits than its 16 and those that a rescale drops.
    fn coarsened(&mut self, value: &Value, wanted: f64) -> Result<Value, Cause> {
        let mut result = value.clone();
        for term in &mut result.terms {
            let Term::Sum(sum) = term else { continue };
            let Factors::Two(left, right) = &sum.factors else { continue };
            let unit = sum.factor * self.tensors[left.tensor].step(0) * self.tensors[right.tensor].step(0);
            let coefficient = (unit / wanted * f64::from(1u32 << SHIFT)).abs();
            let count: u32 = sum.extents.get(sum.axes..).unwrap_or(&[]).iter().product();
            let finest = if count >= MANY { COEFFICIENT } else { 1.0 };
            if coefficient >= finest || coefficient == 0.0 {
                continue;
            }
            let bits = libm::log2(finest / coefficient).ceil().min(24.0) as u32;
            let (first, second) =
                (bits.div_ceil(2), if left.tensor == right.tensor { bits.div_ceil(2) } else { bits / 2 });
            let left = Read { tensor: self.coarse(left.tensor, first)?, ..left.clone() };
            let right = Read { tensor: self.coarse(right.tensor, second)?, ..right.clone() };
            *term = Term::Sum(Rc::new(Sum { factors: Factors::Two(left, right), ..Sum::clone(sum) }));
        }
        Ok(result)
    }

    /// A tensor with fewer bits.
    fn coarse(&mut self, tensor: usize, bits: u32) -> Result<usize, Cause> {
        if bits == 0 {
            return Ok(tensor);
        }
        if let Some(known) = self.coarse.get(&(tensor, bits)) {
            return Ok(*known);
        }
        let source = &self.tensors[tensor];
        let (step, low) = (source.step(0) * 2f64.powi(bits as i32), source.low >> bits);
        let shape = source.extents.iter().map(|extent| *extent as usize).collect();
        let (value, samples) = (self.value(tensor, shape), Rc::clone(&source.samples));
        let known = self.emit(&value, step, low, samples)?;
        self.coarse.insert((tensor, bits), known);
        Ok(known)
    }

    /// Real value of one step of a sum of one tensor or of products of two; none for weights, which are rounded finely.
    fn sum_unit(&self, term: &Term) -> Option<f64> {
        let Term::Sum(sum) = term else { return None };
        let steps = match &sum.factors {
            Factors::One(only) => self.tensors[only.tensor].step(0),
            Factors::Two(left, right) => {
                self.tensors[left.tensor].step(0) * self.tensors[right.tensor].step(0)
            }
            Factors::Weights { .. } => return None,
        };
        Some((sum.factor * steps).abs()).filter(|unit| *unit > 0.0)
    }

    /// The step nearest above the wanted one at which the coefficient of a sum is an integer: it has no weights that could be rounded finely,
    /// and what its coefficient is off by counts for every summand.
    pub(super) fn product_step(&self, value: &Value, wanted: f64) -> f64 {
        let Some(unit) = value.terms.iter().find_map(|term| self.sum_unit(term)) else { return wanted };
        let coefficient = unit / wanted * f64::from(1u32 << SHIFT);
        if coefficient >= WEIGHT_LIMIT {
            wanted
        } else {
            unit * f64::from(1u32 << SHIFT) / coefficient.floor().max(1.0)
        }
    }

    /// Sums whose coefficients would not be whole numbers beside the first one's are computed on their own.
    fn separated(&mut self, value: &Value, step: f64) -> Result<Value, Cause> {
        let mut result = Value { terms: vec![], ..value.clone() };
        let scale = f64::from(1u32 << SHIFT) / step;
        // What coefficients are divided by where one of them is beyond an integer.
        let mut divisor = 1.0;
        for term in &value.terms {
            let Term::View(view) = term else { continue };
            while (view.factor * self.tensors[view.tensor].step(0) * scale).abs() / divisor > WEIGHT_LIMIT {
                divisor *= 2.0;
            }
        }
        for term in &value.terms {
            let unit = self.sum_unit(term).unwrap_or(0.0);
            let coefficient = unit * scale / divisor;
            let (Term::Sum(sum), true) = (
                term,
                (coefficient - coefficient.round()).abs() > OFF * coefficient && value.terms.len() > 1,
            ) else {
                result.terms.push(term.clone());
                continue;
            };
            let alone = Value {
                shape: value.shape.clone(),
                terms: vec![term.clone()],
                constant: vec![],
                samples: self.sum_samples(sum, value.samples.len()),
            };
            result.terms.extend(self.rescaled(&alone, Clamp::None)?.terms);
        }
        Ok(result)
    }

    pub(super) fn emit(
        &mut self,
        value: &Value,
        step: f64,
        low: i32,
        samples: Samples,
    ) -> Result<usize, Cause> {
        let (least, most) = self.reach(value);
        let extents = extents(&value.shape);
        let scale = f64::from(1u32 << SHIFT) / step;
        let mut terms = Vec::new();
        for term in &value.terms {
            self.terms(term, &extents, scale, &mut terms);
        }
        let bias: Vec<f64> = value.constants().iter().map(|constant| constant * scale).collect();
        let largest = terms.iter().map(Pending::largest).fold(0.0, f64::max);
        if !largest.is_finite() || !bias.iter().all(|bias| bias.is_finite()) {
            return Err(Cause::Overflow);
        }
        let mut multiplier = 1u32;
        while largest / f64::from(multiplier) > WEIGHT_LIMIT {
            multiplier = multiplier.checked_mul(2).ok_or(Cause::WeightRange { largest })?;
        }
        let unit = f64::from(multiplier);
        let (mut classes, mut data, mut dense) = (vec![], vec![], vec![]);
        let mut rounded = 0.0;
        for term in terms {
            rounded += self.rounded(&term, unit);
            let integer = |real: f64| (real / unit).round() as i32;
            let coefficient = term.coefficient.map_or(1, integer);
            data.push(candor_program::operator::Term { coefficient, summed: term.summed });
            classes.push(term.class);
            dense.extend(term.weights.map(|weights| weights.into_iter().map(integer).collect()));
        }
        let bias: Option<Vec<i64>> = bias
            .iter()
            .map(|bias| (bias.abs() < 2f64.powi(61)).then(|| (bias / unit).round() as i64))
            .collect();
        let bias = bias.ok_or(Cause::Overflow)?;
        if classes.is_empty() {
            // An operator has at least one term: a constant reads the input, times zero.
            let (class, term) = self.nothing(&extents);
            classes.push(class);
            data.push(term);
        }
        let rescale = Rescale { multiplier, low };
        let integer =
            |real: f64| (real / step + 0.5).floor().clamp(f64::from(low), f64::from(low) + SPAN as f64);
        let bounds = (integer(least - rounded * step) as i32, integer(most + rounded * step) as i32);
        let axes = extents.iter().map(|extent| padded_log2(*extent as usize)).collect();
        self.classes.push(OperatorClass::Affine { axes, terms: classes });
        self.operators.push(Operator::Affine(Affine { axes: extents.clone(), terms: data, rescale }));
        self.weights.push(OperatorWeights { dense, bias });
        // What sums is named, rather than what only reads the sum.
        let summing = value.terms.iter().find_map(|term| match term {
            Term::Sum(sum) => Some(sum.node.clone()),
            Term::View(_) => None,
        });
        self.origins.push(summing.unwrap_or_else(|| self.node.clone()));
        self.bounded_by(step, bounds);
        self.tensors.push(Physical { extents, steps: vec![step], low, samples });
        Ok(self.tensors.len() - 1)
    }

    /// By how many steps the rounding of a term's coefficients can move a result.
    fn rounded(&self, term: &Pending, unit: f64) -> f64 {
        let error = |real: &f64| (real - (real / unit).round() * unit).abs();
        let all = term.weights.as_deref().unwrap_or(&[]).iter().chain(&term.coefficient);
        let worst = all.map(error).fold(0.0, f64::max) / f64::from(1u32 << SHIFT);
        let count: f64 = term.summed.iter().map(|extent| f64::from(*extent)).product();
        let sources = term.class.operands().map(|operand| {
            let (low, high) = self.bounded(usize::from(operand.source.0));
            f64::from(low.unsigned_abs().max(high.unsigned_abs()))
        });
        worst * count * sources.product::<f64>()
    }

    /// A linear term that is zero everywhere.
    pub(super) fn nothing(&self, extents: &[u32]) -> (TermClass, candor_program::operator::Term) {
        let count: u32 = extents.iter().product();
        let read = Read {
            tensor: 0,
            labels: (0..extents.len() as u8).collect(),
            indices: Rc::new(vec![NOTHING; count as usize]),
        };
        let operand = self.operand(&read, extents, extents.len());
        (TermClass::Linear { operand, summed: vec![] }, candor_program::operator::Term::scaled(0))
    }

    /// The terms of the program that a term becomes; one for every step that its elements have.
    fn terms(&self, term: &Term, extents: &[u32], scale: f64, pending: &mut Vec<Pending>) {
        match term {
            Term::View(view) => {
                let source = &self.tensors[view.tensor];
                for (step, indices) in by_step(source, &view.indices) {
                    let labels = (0..extents.len() as u8).collect();
                    let read = Read { tensor: view.tensor, labels, indices: Rc::new(indices) };
                    let operand = self.operand(&read, extents, extents.len());
                    pending.push(Pending {
                        class: TermClass::Linear { operand, summed: vec![] },
                        coefficient: Some(view.factor * step * scale),
                        summed: vec![],
                        weights: None,
                    });
                }
            }
            Term::Sum(sum) => self.sum(sum, extents, scale, pending),
        }
    }

    fn sum(&self, sum: &Sum, axes: &[u32], scale: f64, pending: &mut Vec<Pending>) {
        let summed = sum.extents.get(sum.axes..).unwrap_or(&[]).to_vec();
        let log2: Vec<u8> = summed.iter().map(|extent| padded_log2(*extent as usize)).collect();
        let all: Vec<u32> = axes.iter().chain(&summed).copied().collect();
        let factor = sum.factor * scale;
        match &sum.factors {
            Factors::One(read) => {
                let source = &self.tensors[read.tensor];
                for (step, indices) in by_step(source, &read.indices) {
                    let read = Read { indices: Rc::new(indices), ..read.clone() };
                    let operand = self.operand(&read, &all, sum.axes);
                    let class = TermClass::Linear { operand, summed: log2.clone() };
                    let coefficient = Some(factor * step);
                    pending.push(Pending { class, coefficient, summed: summed.clone(), weights: None });
                }
            }
            Factors::Weights { labels, weights, read } => {
                let source = &self.tensors[read.tensor];
                for (step, indices) in by_step(source, &read.indices) {
                    let read = Read { indices: Rc::new(indices), ..read.clone() };
                    let operand = self.operand(&read, &all, all.len());
                    let contracted = log2.clone();
                    let class = TermClass::Weighted { weights: labels.clone(), operand, contracted };
                    let weights = weights.iter().map(|weight| weight * factor * step).collect();
                    pending.push(Pending {
                        class,
                        coefficient: None,
                        summed: summed.clone(),
                        weights: Some(weights),
                    });
                }
            }
            Factors::Two(left, right) => {
                let step = self.tensors[left.tensor].step(0) * self.tensors[right.tensor].step(0);
                let class = TermClass::Product {
                    left: self.operand(left, &all, all.len()),
                    right: self.operand(right, &all, all.len()),
                    contracted: log2,
                };
                pending.push(Pending { class, coefficient: Some(factor * step), summed, weights: None });
            }
        }
    }

    /// A read as views; labels from `whole` on must say how far they go.
    pub(super) fn operand(&self, read: &Read, extents: &[u32], whole: usize) -> Operand {
        let label = |number: &u8| Label {
            number: *number,
            extent: extents[usize::from(*number)],
            whole: usize::from(*number) < whole,
        };
        let labels: Vec<Label> = read.labels.iter().map(label).collect();
        let groups = groups(&labels, &self.tensors[read.tensor].extents, &read.indices);
        // Tensors are at most `limits::OPERATORS`, checked with the card.
        Operand { source: TensorId(read.tensor as u16), groups }
    }

    /// A table of a function, looked up at every element: `function(x) - function(0)`, to which the value adds `function(0)`.
    ///
    /// The function of a moved, scaled or shifted tensor is a table of that tensor, and a function of a looked-up one is a single table.
    pub(crate) fn looked_up(&mut self, value: &Value, function: &dyn Fn(f64) -> f64) -> Result<Value, Cause> {
        let constant = value.constant.first().copied().unwrap_or(0.0);
        let (view, constant) = match value.terms.as_slice() {
            [Term::View(view)]
                if view.tensor > 0
                    && value.constant.iter().all(|other| *other == constant)
                    && covers(view, self.tensors[view.tensor].extents.iter().product()) =>
            {
                (view.clone(), constant)
            }
            _ => match self.rescaled(value, Clamp::None)?.terms.as_slice() {
                [Term::View(view)] => (view.clone(), 0.0),
                _ => return Err(Cause::Overflow),
            },
        };
        let of = |real: f64| function(view.factor * real + constant);
        let (tensor, results) = match (&self.classes[view.tensor - 1], self.results.get(&view.tensor)) {
            (OperatorClass::Lookup { source, .. }, Some(inner)) => {
                (usize::from(source.0), inner.iter().map(|real| of(*real)).collect::<Vec<f64>>())
            }
            _ => {
                let source = &self.tensors[view.tensor];
                let real = |index: usize| (index as i64 + i64::from(source.low)) as f64 * source.step(0);
                (view.tensor, (0..ENTRIES).map(|index| of(real(index))).collect())
            }
        };
        let samples = &self.tensors[view.tensor].samples;
        let samples = samples.iter().map(|sample| sample.iter().map(|x| of(*x)).collect()).collect();
        let (tensor, zero) = self.table(tensor, results, samples)?;
        let view = View { tensor, factor: 1.0, indices: view.indices };
        let pick = |sample: &Vec<f64>| {
            view.indices.iter().map(|index| sample.get(*index as usize).copied().unwrap_or(0.0)).collect()
        };
        let samples = Rc::new(self.tensors[tensor].samples.iter().map(pick).collect());
        let result =
            Value { shape: value.shape.clone(), terms: vec![Term::View(view)], constant: vec![], samples };
        Ok(if zero == 0.0 { result } else { result.offset(&vec![zero; value.elements()]) })
    }

    /// A lookup of real results, one for every entry: the tensor, which holds results less that of zero, and that of zero.
    fn table(
        &mut self,
        source: usize,
        mut results: Vec<f64>,
        samples: Vec<Vec<f64>>,
    ) -> Result<(usize, f64), Cause> {
        let (lowest, bounds) = (self.tensors[source].low, self.bounded(source));
        let index = |integer: i32| usize::try_from(i64::from(integer) - i64::from(lowest)).unwrap_or(0);
        let reached = index(bounds.0)..=index(bounds.1).min(ENTRIES - 1);
        let scale = Range::of(&results, reached.clone(), index(0), &samples, self.room)?;
        results.iter_mut().for_each(|result| *result = scale.above_zero(*result));
        // Whatever the function says of zero: padding stays zero.
        results[index(0)] = 0.0;
        let less = |sample: &Vec<f64>| sample.iter().map(|result| scale.above_zero(*result)).collect();
        let samples: Samples = Rc::new(samples.iter().map(less).collect());
        let low = scale.low;
        let entry = |real: &f64| {
            let integer = (real / scale.step).round().clamp(f64::from(low), f64::from(low) + SPAN as f64);
            (integer as i64 - i64::from(low)) as u16
        };
        let table: Vec<u16> = results.iter().map(entry).collect();
        let entries = table.get(reached).unwrap_or(&table).iter().map(|entry| i32::from(*entry) + low);
        let bounds =
            entries.fold((0, 0), |(least, most): (i32, i32), entry| (least.min(entry), most.max(entry)));
        let found = self.tables.iter().enumerate().position(|(number, other)| {
            *other == table && !self.is_of_rows(number) && self.range_of(number) == Some((lowest, low))
        });
        let number = found.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        });
        // More tables than a program has are refused with the card.
        let table = u8::try_from(number).map_err(|_| Cause::Overflow)?;
        self.classes.push(OperatorClass::Lookup { source: TensorId(source as u16), table });
        self.operators.push(Operator::Lookup(Lookup { low }));
        self.weights.push(OperatorWeights { dense: vec![], bias: vec![] });
        self.origins.push(self.node.clone());
        let extents = self.tensors[source].extents.clone();
        self.bounded_by(scale.step, bounds);
        self.tensors.push(Physical { extents, steps: vec![scale.step], low, samples });
        self.results.insert(self.tensors.len() - 1, Rc::new(results));
        Ok((self.tensors.len() - 1, scale.zero))
    }

    /// Lowest value of the sources and of the results of a table.
    pub(super) fn range_of(&self, number: usize) -> Option<(i32, i32)> {
        self.classes.iter().zip(&self.operators).find_map(|pair| match pair {
            (OperatorClass::Lookup { source, table }, Operator::Lookup(lookup))
                if usize::from(*table) == number =>
            {
                Some((self.tensors[usize::from(source.0)].low, lookup.low))
            }
            _ => None,
        })
    }
}

/// A term whose coefficients are not rounded yet.
struct Pending {
    class: TermClass,
    coefficient: Option<f64>,
    summed: Vec<u32>,
    weights: Option<Vec<f64>>,
}

impl Pending {
    fn largest(&self) -> f64 {
        let weights = self.weights.as_deref().unwrap_or(&[]).iter().copied();
        weights.chain(self.coefficient).map(f64::abs).fold(0.0, f64::max)
    }
}

/// Indices by the step of what they read: one list where all elements have one step.
fn by_step(source: &Physical, indices: &[u32]) -> Vec<(f64, Vec<u32>)> {
    if let [step] = source.steps.as_slice() {
        return vec![(*step, indices.to_vec())];
    }
    let mut steps: Vec<f64> = Vec::new();
    for index in indices.iter().filter(|index| **index != NOTHING) {
        let step = source.step(*index as usize);
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    let only = |wanted: f64| {
        let keep = |index: &u32| {
            if *index != NOTHING && source.step(*index as usize) == wanted { *index } else { NOTHING }
        };
        (wanted, indices.iter().map(keep).collect())
    };
    steps.into_iter().map(only).collect()
}

/// The axes of a tensor of the program: those of more than one place, at least one.
pub(crate) fn extents(shape: &[usize]) -> Vec<u32> {
    let extents: Vec<u32> = shape.iter().filter(|size| **size != 1).map(|size| *size as u32).collect();
    if extents.is_empty() { vec![1] } else { extents }
}

pub(super) fn range(samples: &[Vec<f64>]) -> Result<(f64, f64), Cause> {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in samples.iter().flatten() {
        if !value.is_finite() {
            return Err(Cause::Overflow);
        }
        least = least.min(*value);
        most = most.max(*value);
    }
    if least > most { Ok((0.0, 0.0)) } else { Ok((least, most)) }
}

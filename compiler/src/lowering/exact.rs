//! Operators whose integers are worked out beforehand: comparisons and counts, where nothing may be rounded.

use super::builder::{Builder, Physical};
use super::value::{Read, Samples, Term, Value, View};
use super::view::NOTHING;
use crate::class::padded_log2;
use crate::onnx::Cause;
use crate::tensor::ElementType;
use candor_program::card::OperatorWeights;
use candor_program::class::{OperatorClass, TermClass};
use candor_program::operator::rescale::{SHIFT, SPAN};
use candor_program::operator::{Affine, Operator, Rescale};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Two factors whose product is [`SPAN`]: a step above a cut times the first, clamped, times the second, clamped, is a bit, and no step
/// leaves the excess that a rescale is proven for.
pub(crate) const FIRST: i64 = 255;
const SECOND: i32 = 257;
/// Longest distance whose product with [`SPAN`] stays within that excess: one factor does.
pub(crate) const SINGLE_SPAN: i64 = 255;

/// An operator on integers: the sum of its parts and biases, clamped to 0 and 65,535.
pub(crate) struct Exact {
    /// Exact extents of its axes.
    pub(crate) extents: Vec<u32>,
    /// What is summed.
    pub(crate) parts: Vec<Part>,
    /// What is added. Shapes: one for every position.
    pub(crate) bias: Vec<i64>,
    /// What the sum is multiplied with before it is rounded and 16 bits are dropped.
    pub(crate) multiplier: u32,
    /// Real value of one integer step.
    pub(crate) step: f64,
}

/// The multiplier with which a sum stays as it is.
pub(crate) const UNIT: u32 = 1 << SHIFT;

/// A summand of integers: the operator's axes are labels 0, 1, ..., those summed over follow.
pub(crate) struct Part {
    /// Extents of the labels summed over.
    pub(crate) summed: Vec<u32>,
    /// What is read, as its integers are.
    pub(crate) read: Read,
    /// Axes of the weights and the weights, row-major over these axes and then the labels summed over.
    pub(crate) weights: Option<(Vec<u8>, Vec<i32>)>,
    /// What is multiplied with, without weights.
    pub(crate) coefficient: i32,
}

impl Part {
    /// Integers times a coefficient.
    pub(crate) fn read(read: Read, coefficient: i32) -> Self {
        Self { summed: vec![], read, weights: None, coefficient }
    }

    /// The same without labels of extent 1; where all axes have it label 0 stays.
    fn without_single(self, axes: &[u32]) -> Self {
        let all: Vec<u32> = axes.iter().chain(&self.summed).copied().collect();
        let is_single = axes.iter().all(|extent| *extent == 1);
        let mut next = 0u8;
        let mut number = |(label, extent): (usize, &u32)| {
            let is_kept = *extent != 1 || is_single && label == 0;
            next += u8::from(is_kept);
            is_kept.then(|| next - 1)
        };
        let numbers: Vec<Option<u8>> = all.iter().enumerate().map(&mut number).collect();
        let renumbered = |labels: &[u8]| -> Vec<u8> {
            labels.iter().filter_map(|label| numbers.get(usize::from(*label)).copied().flatten()).collect()
        };
        let read = Read { labels: renumbered(&self.read.labels), ..self.read };
        let summed: Vec<u32> = self.summed.into_iter().filter(|extent| *extent != 1).collect();
        match self.weights {
            Some((labels, entries)) if !renumbered(&labels).is_empty() || !summed.is_empty() => {
                let weights = Some((renumbered(&labels), entries));
                Self { summed, read, weights, coefficient: self.coefficient }
            }
            Some((_, entries)) => Self::read(read, entries.first().copied().unwrap_or(0)),
            None => Self { summed, read, weights: None, coefficient: self.coefficient },
        }
    }
}

impl Builder<'_> {
    /// The tensor of an operator on integers. Nothing of it counts as saturated.
    ///
    /// Owes: that no sum is so far out of range that its excess is not proven. It has no samples.
    pub(crate) fn integral(&mut self, exact: Exact) -> usize {
        let Exact { extents: whole_extents, parts, bias, multiplier, step } = exact;
        let extents =
            super::builder::extents(&whole_extents.iter().map(|extent| *extent as usize).collect::<Vec<_>>());
        let (mut classes, mut terms, mut dense) = (vec![], vec![], vec![]);
        for part in parts {
            let part = part.without_single(&whole_extents);
            let all: Vec<u32> = extents.iter().chain(&part.summed).copied().collect();
            let whole = if part.weights.is_some() { all.len() } else { extents.len() };
            let operand = self.operand(&part.read, &all, whole);
            let summed = part.summed.iter().map(|extent| padded_log2(*extent as usize)).collect();
            classes.push(match part.weights {
                Some((weights, entries)) => {
                    dense.push(entries);
                    TermClass::Weighted { weights, operand, contracted: summed }
                }
                None => TermClass::Linear { operand, summed },
            });
            terms.push(candor_program::operator::Term { coefficient: part.coefficient, summed: part.summed });
        }
        if classes.is_empty() {
            let (class, term) = self.nothing(&extents);
            classes.push(class);
            terms.push(term);
        }
        let axes = extents.iter().map(|extent| padded_log2(*extent as usize)).collect();
        self.classes.push(OperatorClass::Affine { axes, terms: classes });
        let rescale = Rescale { multiplier, low: 0 };
        self.operators.push(Operator::Affine(Affine { axes: extents.clone(), terms, rescale }));
        self.weights.push(OperatorWeights { dense, bias });
        self.origins.push(self.node.clone());
        self.tensors.push(Physical { extents, steps: vec![step], low: 0, samples: Rc::new(vec![]) });
        let tensor = self.tensors.len() - 1;
        self.clamping.insert(tensor);
        tensor
    }
}

/// Elements of a value, each as one integer of the program that stands for a number.
pub(crate) struct Numbers {
    elements: Vec<Number>,
    element_type: ElementType,
}

/// An integer n of the program, from `low` to `low + span`, that stands for `scale * n + offset`.
#[derive(Clone, Copy)]
struct Number {
    /// Tensor and index; none for a constant.
    place: Option<(usize, u32)>,
    low: i64,
    span: i64,
    scale: f64,
    offset: f64,
}

/// Where a monotonous test of a number changes: it holds where `sign * n + offset` is at least 1.
pub(crate) struct Cut {
    pub(crate) sign: i32,
    pub(crate) offset: i64,
}

impl Numbers {
    /// The elements of a value; where they are sums of several tensors, or do not go the same way in every row, they are computed first.
    ///
    /// Shapes: the value has `rows * width` elements.
    pub(crate) fn of(
        builder: &mut Builder<'_>,
        value: &Value,
        (rows, width): (usize, usize),
        element_type: ElementType,
    ) -> Result<Self, Cause> {
        if let Some(numbers) = Self::separate(builder, value, element_type)
            && numbers.is_uniform(rows, width)
        {
            return Ok(numbers);
        }
        let (value, _) = builder.single(value)?;
        Self::separate(builder, &value, element_type).ok_or(Cause::Overflow)
    }

    fn separate(builder: &Builder<'_>, value: &Value, element_type: ElementType) -> Option<Self> {
        let constants = value.constants();
        let constant = |offset: &f64| Number { place: None, low: 0, span: 0, scale: 0.0, offset: *offset };
        let mut elements: Vec<Number> = constants.iter().map(constant).collect();
        for term in &value.terms {
            let Term::View(view) = term else { return None };
            let tensor = builder.tensors.get(view.tensor)?;
            for (element, index) in elements.iter_mut().zip(view.indices.iter()) {
                if *index == NOTHING {
                    continue;
                }
                if element.place.is_some() {
                    return None;
                }
                element.place = Some((view.tensor, *index));
                element.low = i64::from(tensor.low);
                let known = if view.tensor == 0 { builder.spans.get(*index as usize) } else { None };
                element.span = known.map_or(SPAN, |span| i64::from(*span).min(SPAN));
                element.scale = view.factor * tensor.step(*index as usize);
            }
        }
        Some(Self { elements, element_type })
    }

    /// Whether every column goes one way in all rows.
    fn is_uniform(&self, rows: usize, width: usize) -> bool {
        let way = |number: &Number| (number.place.is_some(), number.scale < 0.0);
        let column = |column: usize| {
            let mut ways = (0..rows).filter_map(|row| self.elements.get(row * width + column)).map(way);
            let first = ways.next();
            ways.all(|way| Some(way) == first)
        };
        (0..width).all(column)
    }

    /// Every tensor that is read, with the index for each element or [`NOTHING`].
    pub(crate) fn tensors(&self) -> Vec<(usize, Vec<u32>)> {
        let tensors: BTreeSet<usize> =
            self.elements.iter().filter_map(|element| element.place.map(|(tensor, _)| tensor)).collect();
        let index = |element: &Number, wanted: usize| match element.place {
            Some((tensor, index)) if tensor == wanted => index,
            _ => NOTHING,
        };
        let list = |tensor: usize| self.elements.iter().map(|element| index(element, tensor)).collect();
        tensors.into_iter().map(|tensor| (tensor, list(tensor))).collect()
    }

    /// Highest minus lowest integer of any element.
    pub(crate) fn span(&self) -> i64 {
        self.elements.iter().map(|element| element.span).max().unwrap_or(0)
    }

    /// Where an element passes from numbers for which a test does not hold to larger ones for which it does.
    ///
    /// Owes: that the test holds for every number above one for which it holds.
    pub(crate) fn cut(&self, element: usize, holds: impl Fn(f64) -> bool) -> Cut {
        let Some(number) = self.elements.get(element) else { return Cut { sign: 0, offset: 0 } };
        let holds_at = |integer: i64| holds(number.at(integer, self.element_type));
        if number.place.is_none() || number.scale == 0.0 {
            return Cut { sign: 0, offset: i64::from(holds_at(0)) };
        }
        let upwards = number.scale > 0.0;
        // The least integer from which on the test gives what it gives at the upper end.
        let (mut least, mut end) = (number.low, number.low + number.span + 1);
        while least < end {
            let middle = least + (end - least) / 2;
            if holds_at(middle) == upwards {
                end = middle;
            } else {
                least = middle + 1;
            }
        }
        if upwards { Cut { sign: 1, offset: 1 - least } } else { Cut { sign: -1, offset: least } }
    }
}

impl Number {
    /// The number that an integer stands for, as the float model has it: a decimal is the nearest float to it.
    fn at(&self, integer: i64, element_type: ElementType) -> f64 {
        let number = match self.unit() {
            Some((unit, first)) => (integer as f64 + first) / unit,
            None => self.scale * integer as f64 + self.offset,
        };
        if element_type == ElementType::Double { number } else { ElementType::Float.round(number) }
    }

    /// Steps in 1 and the offset in steps, where both are whole numbers.
    fn unit(&self) -> Option<(f64, f64)> {
        let unit = (1.0 / self.scale).round();
        let first = self.offset * unit;
        let is_whole = |got: f64, whole: f64| (got - whole).abs() <= 1e-9 * whole.abs().max(1.0);
        let fits = unit != 0.0 && is_whole(1.0 / self.scale, unit) && is_whole(first, first.round());
        (fits && unit.abs() < 2f64.powi(52) && first.abs() < 2f64.powi(52)).then(|| (unit, first.round()))
    }
}

impl Builder<'_> {
    /// One bit for every cut of an element, as a value of this shape.
    ///
    /// Shapes: as many cuts as elements of the shape; `samples` are those of the numbers and `of` says what a sample makes of them.
    pub(crate) fn bits(
        &mut self,
        numbers: &Numbers,
        cuts: Vec<(usize, Cut)>,
        shape: Vec<usize>,
        samples: &Samples,
        of: &dyn Fn(&[f64]) -> Vec<f64>,
    ) -> Value {
        let bits = self.bits_above(numbers, &cuts);
        let samples = Rc::new(samples.iter().map(|sample| of(sample)).collect());
        Value { samples, ..self.value(bits, shape) }
    }

    /// Whether elements are equal to numbers, as a value of this shape. Shapes: as many pairs as elements of the shape.
    pub(crate) fn equal(
        &mut self,
        numbers: &Numbers,
        pairs: &[(usize, f64)],
        shape: Vec<usize>,
        samples: &Samples,
        element_type: ElementType,
    ) -> Value {
        let least =
            pairs.iter().map(|(place, wanted)| (*place, numbers.cut(*place, |number| number >= *wanted)));
        let above =
            pairs.iter().map(|(place, wanted)| (*place, numbers.cut(*place, |number| number > *wanted)));
        let cuts: Vec<(usize, Cut)> = least.chain(above).collect();
        let bits = self.bits_above(numbers, &cuts);
        let count = pairs.len() as u32;
        let view = |first: u32, factor: f64| {
            let indices = Rc::new((first..first + count).collect());
            Term::View(View { tensor: bits, factor, indices })
        };
        let is_equal = |sample: &Vec<f64>| {
            let rounded = |place: usize| {
                let number = sample.get(place).copied().unwrap_or(0.0);
                if element_type == ElementType::Double { number } else { ElementType::Float.round(number) }
            };
            pairs.iter().map(|(place, wanted)| f64::from(u8::from(rounded(*place) == *wanted))).collect()
        };
        let samples = Rc::new(samples.iter().map(is_equal).collect());
        Value { shape, terms: vec![view(0, 1.0), view(count, -1.0)], constant: vec![], samples }
    }

    /// A tensor of bits, 0 or 65,535 each, which counts as 1.
    fn bits_above(&mut self, numbers: &Numbers, cuts: &[(usize, Cut)]) -> usize {
        let count = cuts.len() as u32;
        let single = numbers.span() <= SINGLE_SPAN;
        let factor = if single { SPAN } else { FIRST };
        let mut parts = Vec::new();
        for (tensor, indices) in numbers.tensors() {
            for sign in [1, -1] {
                let index = |(element, cut): &(usize, Cut)| {
                    let own = indices.get(*element).copied().unwrap_or(NOTHING);
                    if cut.sign == sign { own } else { NOTHING }
                };
                let indices: Vec<u32> = cuts.iter().map(index).collect();
                if indices.iter().any(|index| *index != NOTHING) {
                    let read = Read { tensor, labels: vec![0], indices: Rc::new(indices) };
                    parts.push(Part::read(read, sign * factor as i32));
                }
            }
        }
        let bias = cuts.iter().map(|(_, cut)| factor * cut.offset).collect();
        let step = if single { 1.0 / SPAN as f64 } else { 1.0 };
        let distances = self.integral(Exact { extents: vec![count], parts, bias, multiplier: UNIT, step });
        if single { distances } else { self.saturated(distances, &[count]) }
    }

    /// Distances of [`FIRST`] for every step above a cut as bits.
    pub(crate) fn saturated(&mut self, distances: usize, extents: &[u32]) -> usize {
        let count: u32 = extents.iter().product();
        let labels = (0..extents.len() as u8).collect();
        let read = Read { tensor: distances, labels, indices: Rc::new((0..count).collect()) };
        self.integral(Exact {
            extents: extents.to_vec(),
            parts: vec![Part::read(read, SECOND)],
            bias: vec![0; count as usize],
            multiplier: UNIT,
            step: 1.0 / SPAN as f64,
        })
    }
}

//! Softmax, LogSoftmax, Hardmax.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Tie, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor, View};

/// Softmax and its kin.
pub(super) struct Softmax;

/// How far below the largest an exponential still counts: e^-12 is less than half a step of 1 in 16 bits.
const DEPTH: f64 = 12.0;
/// Numbers that are nearer together than this have an argument of their own range.
const SHALLOW: f64 = 4.0;

static FORMS: [Form; 3] = [
    Form::new("Hardmax", 1, 1).attributes(&["axis"]),
    Form::new("LogSoftmax", 1, 1).attributes(&["axis"]),
    Form::new("Softmax", 1, 1).attributes(&["axis"]),
];

impl Operator for Softmax {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let (input, values) = (call.input(0)?, call.floats(0)?);
        let rows = rows(call, input.shape())?;
        let mut output = vec![0.0; values.len()];
        let function: fn(&mut [f64]) = match call.operator() {
            "Hardmax" => hardmax,
            "LogSoftmax" => log_softmax,
            _ => softmax,
        };
        let mut row = Vec::with_capacity(rows.length);
        for start in rows.starts {
            row.clear();
            row.extend((0..rows.length).map(|index| values[start + index * rows.step]));
            function(&mut row);
            row.iter().enumerate().for_each(|(index, &value)| output[start + index * rows.step] = value);
        }
        Ok(vec![Tensor::made(input.element_type(), input.shape().to_vec(), Data::Float(output))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let input = site.input(0)?;
        let shape = input.shape.clone();
        let is_old = site.call.opset() < 13;
        let axis = site.call.attributes().integer("axis", if is_old { 1 } else { -1 })?;
        // Up to operator set 12 that axis and all after it are one.
        let (folded, axis) = if is_old {
            let place =
                if axis == shape.len() as i64 { shape.len() } else { site.call.axis(axis, shape.len())? };
            (vec![shape[..place].iter().product(), shape[place..].iter().product()], 1)
        } else {
            (shape.clone(), site.call.axis(axis, shape.len())?)
        };
        let place: Vec<u32> = (0..input.elements() as u32).collect();
        let input = site.moved(&input, folded.clone(), &place)?;
        if site.call.operator() == "Hardmax" {
            let output = site.largest_place(&input, axis, Tie::First)?;
            let place: Vec<u32> = (0..output.elements() as u32).collect();
            return Ok(vec![site.moved(&output, shape, &place)?]);
        }
        let (below, powers, sum) = powers(site, &input, axis)?;
        let output = match site.call.operator() {
            "LogSoftmax" => {
                let logarithm = site.function(&sum, &|x| if x < 1.0 { 0.0 } else { libm::log(x) })?;
                let logarithm = site.broadcast(&logarithm, &folded)?;
                below.plus(&logarithm, -1.0)
            }
            "Softmax" => shares(site, &powers, &sum)?,
            _ => return Err(Cause::NotLowered),
        };
        let place: Vec<u32> = (0..output.elements() as u32).collect();
        Ok(vec![site.moved(&output, shape, &place)?])
    }
}

/// A softmax along an axis.
pub(super) fn lowered(site: &mut Site<'_, '_, '_>, input: &Value, axis: usize) -> Result<Value, Cause> {
    let (_, powers, sum) = powers(site, input, axis)?;
    shares(site, &powers, &sum)
}

/// What lies below the largest, its exponentials and their sum.
fn powers(site: &mut Site<'_, '_, '_>, input: &Value, axis: usize) -> Result<(Value, Value, Value), Cause> {
    let input = site.builder.views(input)?;
    let largest = site.largest(&input, axis)?;
    let largest = site.broadcast(&largest, &input.shape)?;
    let below = input.plus(&largest, -1.0);
    let powers = exponentials(site, &below)?;
    let sum = site.sum(&powers, &[axis])?;
    Ok((below, powers, sum))
}

/// Exponentials of what is never above zero. Beside a largest one of 1 those below e^-12 are nothing in 16 bits, so that the argument ends
/// there, however far below the largest a number is.
pub(super) fn exponentials(site: &mut Site<'_, '_, '_>, below: &Value) -> Result<Value, Cause> {
    let deepest = below.samples.iter().flatten().copied().fold(0.0, f64::min) * -1.5;
    let depth = if deepest < SHALLOW { deepest.max(f64::MIN_POSITIVE.sqrt()) } else { DEPTH };
    let above = site.above_depth(below, depth)?;
    // Zero is also what padding holds.
    let zero = if depth < DEPTH { libm::exp(-depth) } else { 0.0 };
    site.function(&above, &|x| if x <= 0.0 { zero } else { libm::exp(x - depth) })
}

/// Exponentials over their sum.
fn shares(site: &mut Site<'_, '_, '_>, powers: &Value, sum: &Value) -> Result<Value, Cause> {
    // The largest power is 1, so that no true sum is smaller; zero is padding.
    let inverse = site.falling(sum, &|x| 1.0 / x.max(1.0))?;
    let inverse = site.builder.single(&inverse)?.0;
    let inverse = site.broadcast(&inverse, &powers.shape)?;
    site.times(powers, &inverse)
}

/// What is normalised together: entries at equal distances.
struct Rows {
    starts: Vec<usize>,
    length: usize,
    step: usize,
}

/// One axis; up to operator set 12 that axis and all after it as one.
fn rows(call: &Call<'_>, shape: &[usize]) -> Result<Rows, Cause> {
    let is_old = call.opset() < 13;
    let axis = call.attributes().integer("axis", if is_old { 1 } else { -1 })?;
    if is_old {
        let place = if axis == shape.len() as i64 { shape.len() } else { call.axis(axis, shape.len())? };
        let (outer, inner): (usize, usize) =
            (shape[..place].iter().product(), shape[place..].iter().product());
        return Ok(Rows { starts: (0..outer).map(|row| row * inner).collect(), length: inner, step: 1 });
    }
    let axis = call.axis(axis, shape.len())?;
    let mut others = View::of(shape);
    let step = others.strides[axis] as usize;
    others.shape[axis] = usize::from(shape[axis] > 0);
    Ok(Rows { starts: others.offsets().collect(), length: shape[axis], step })
}

/// The largest entry is taken off first, and for good: added back, it would swallow the logarithm of the sum.
fn softmax(row: &mut [f64]) {
    let total = shifted(row);
    row.iter_mut().for_each(|value| *value = libm::exp(*value) / total);
}

fn log_softmax(row: &mut [f64]) {
    let total = libm::log(shifted(row));
    row.iter_mut().for_each(|value| *value -= total);
}

/// Takes the largest entry off all of them; gives the sum of their exponentials.
fn shifted(row: &mut [f64]) -> f64 {
    let peak = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|value| *value -= peak);
    row.iter().map(|value| libm::exp(*value)).sum()
}

/// 1 for the first of the largest entries.
fn hardmax(row: &mut [f64]) {
    let best = crate::network::arg_max(row);
    row.iter_mut().enumerate().for_each(|(index, value)| *value = f64::from(u8::from(index == best)));
}

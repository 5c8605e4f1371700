//! Gather, GatherElements, GatherND: entries at given indices.

use super::{Call, Form, Operator};
use crate::lowering::{Entries, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Offsets, Tensor, View, strides};

/// Entries at given indices.
pub(super) struct Gather;

static FORMS: [Form; 3] = [
    Form::new("Gather", 2, 2).attributes(&["axis"]).since(1),
    Form::new("GatherElements", 2, 2).attributes(&["axis"]).since(11),
    Form::new("GatherND", 2, 2).attributes(&["batch_dims"]).since(11),
];

impl Operator for Gather {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let (shape, positions) = match call.operator() {
            "Gather" => gather(call)?,
            "GatherElements" => gather_elements(call)?,
            _ => gather_nd(call)?,
        };
        let refused = || call.wrong_shape(1, "indices of the data");
        Ok(vec![call.input(0)?.picked(shape, positions.into_iter()).ok_or_else(refused)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        if !site.varies(1) {
            return site.moves(self, &[0]);
        }
        let entries = match site.call.operator() {
            "Gather" => chosen(site)?,
            "GatherElements" => chosen_elements(site)?,
            _ => chosen_tuples(site)?,
        };
        // Integers that are gathered stay integers, whatever is chosen, or the zero of none.
        let data = site.input(0)?;
        let bounds = match data.fixed() {
            Some(numbers) => {
                numbers.into_iter().fold((0.0, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)))
            }
            None => site.builder.bounds(&data).unwrap_or((-32_768.0, 32_767.0)),
        };
        let is_integer = !site.call.input(0)?.element_type().is_float();
        if is_integer && bounds.0 > -32_768.0 && bounds.1 < 32_768.0 {
            return Ok(vec![site.builder.clamped(&entries, 1.0, bounds.0.min(0.0) as i32)?]);
        }
        // Of constant entries the range is known, whichever the calibration data choose.
        let is_product = entries.terms.len() != 1;
        if data.fixed().is_none() || is_product || is_integer || !entries.constant.is_empty() {
            return Ok(vec![entries]);
        }
        let (least, most) = site.builder.reach(&entries);
        let furthest = least.abs().max(most.abs());
        let step = ((bounds.1 - bounds.0) / SPAN).max(furthest / FURTHEST);
        if step > 0.0 && step.is_finite() {
            let low = (bounds.0 / step).floor().clamp(-SPAN, 0.0) as i32;
            return Ok(vec![site.builder.at_step(&entries, step, low, None)?]);
        }
        Ok(vec![entries])
    }
}

/// The place of an index that may count from the end.
pub(super) fn index(call: &Call<'_>, got: i64, size: usize) -> Result<usize, Cause> {
    let place = if got < 0 { got.saturating_add(size as i64) } else { got };
    match usize::try_from(place) {
        Ok(place) if place < size => Ok(place),
        _ => Err(Cause::Index { tensor: call.label(1), got, size }),
    }
}

/// Whole slices at indices that vary.
fn chosen(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let call = site.call;
    let (data, indices) = (site.input(0)?, site.input(1)?);
    let axis = call.axis(call.attributes().integer("axis", 0)?, data.shape.len())?;
    let size = data.shape[axis];
    let (before, after) = (&data.shape[..axis], &data.shape[axis + 1..]);
    let shape = [before, indices.shape.as_slice(), after].concat();
    let (outer, inner) = (before.iter().product(), after.iter().product::<usize>());
    let number = site.numbered(1, &indices, size, call.opset() >= 11)?;
    let flat = [outer, indices.elements(), inner];
    let place = |values: &[usize], entry: usize| Some((values[0] * size + entry) * inner + values[1]);
    let entries = Entries { value: &data, labels: &[0, 2], place: &place, size };
    let number = Value { shape: vec![indices.elements()], ..number };
    let entries = site.chosen(&flat, (&number, &[1]), &entries)?;
    reshaped(site, entries, shape)
}

/// One entry for every index that varies.
fn chosen_elements(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let call = site.call;
    let (data, indices) = (site.input(0)?, site.input(1)?);
    let axis = call.axis(call.attributes().integer("axis", 0)?, data.shape.len())?;
    // Checks the shapes; the numbers of indices that vary are zeros here.
    element_positions(&call, axis)?;
    let size = data.shape[axis];
    let number = site.numbered(1, &indices, size, true)?;
    let mut others: Vec<usize> = strides(&data.shape).iter().map(|step| *step as usize).collect();
    let step = std::mem::take(&mut others[axis]);
    let labels: Vec<usize> = (0..indices.shape.len()).collect();
    let place = |values: &[usize], entry: usize| {
        Some(values.iter().zip(&others).map(|(value, step)| value * step).sum::<usize>() + entry * step)
    };
    // Entries do not depend on where along the axis they are put.
    let own: Vec<usize> = labels.iter().copied().filter(|label| *label != axis).collect();
    let spread = |values: &[usize], entry: usize| {
        let mut all = values.to_vec();
        all.insert(axis, 0);
        place(&all, entry)
    };
    let entries = Entries { value: &data, labels: &own, place: &spread, size };
    site.chosen(&indices.shape.clone(), (&number, &labels), &entries)
}

/// Numbers of tuples of indices, one for each; the sizes of the axes that they lead into.
pub(super) fn numbered_tuples(site: &mut Site<'_, '_, '_>, tuples: &Tuples) -> Result<(Value, usize), Cause> {
    let (data, indices) = (site.call.input(0)?.shape().to_vec(), site.input(1)?);
    let sizes = &data[tuples.batch..tuples.batch + tuples.length];
    let rank = indices.shape.len();
    let shape = indices.shape[..rank - 1].to_vec();
    let mut numbers = Vec::with_capacity(sizes.len());
    for (component, size) in sizes.iter().enumerate() {
        let part = site.slice(&indices, rank - 1, component..component + 1)?;
        let part = Value { shape: shape.clone(), ..part };
        numbers.push(site.numbered(1, &part, *size, true)?);
    }
    Ok((site.joined(&numbers, sizes)?, sizes.iter().product()))
}

/// Slices at tuples of indices that vary.
fn chosen_tuples(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let call = site.call;
    let tuples = Tuples::new(&call, call.attributes().integer("batch_dims", 0)?)?;
    let data = site.input(0)?;
    let (number, size) = numbered_tuples(site, &tuples)?;
    let shared: usize = data.shape[..tuples.batch].iter().product();
    let each = number.elements() / shared.max(1);
    let shape = [number.shape.as_slice(), &data.shape[tuples.batch + tuples.length..]].concat();
    let inner = tuples.inner;
    let number = Value { shape: vec![shared, each], ..number };
    let place = |values: &[usize], entry: usize| Some((values[0] * size + entry) * inner + values[1]);
    let entries = Entries { value: &data, labels: &[0, 2], place: &place, size };
    let entries = site.chosen(&[shared, each, inner], (&number, &[0, 1]), &entries)?;
    reshaped(site, entries, shape)
}

/// The same elements in another shape.
pub(super) fn reshaped(site: &mut Site<'_, '_, '_>, value: Value, shape: Vec<usize>) -> Result<Value, Cause> {
    let from: Vec<u32> = (0..value.elements() as u32).collect();
    site.moved(&value, shape, &from)
}

/// Highest minus lowest integer of a tensor.
const SPAN: f64 = candor_program::operator::rescale::SPAN as f64;
/// Steps that a sum may be away from zero: what saturates stays below the program's limit.
const FURTHEST: f64 = (candor_program::operator::rescale::EXCESS_LIMIT - 3 * 65_536) as f64;

type Picked = (Vec<usize>, Vec<usize>);

/// Whole slices along one axis.
fn gather(call: &Call<'_>) -> Result<Picked, Cause> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(call.attributes().integer("axis", 0)?, data.rank())?;
    let (before, size, after) = (&data.shape()[..axis], data.shape()[axis], &data.shape()[axis + 1..]);
    let shape = [before, indices.shape(), after].concat();
    let elements = call.elements(&shape)?;
    let places = call.integers(1)?.iter().map(|&got| index(call, got, size));
    let places = places.collect::<Result<Vec<usize>, Cause>>()?;
    let (outer, inner): (usize, usize) = (before.iter().product(), after.iter().product());
    let mut positions = Vec::with_capacity(elements);
    for block in 0..outer {
        for place in &places {
            let start = (block * size + place) * inner;
            positions.extend(start..start + inner);
        }
    }
    Ok((shape, positions))
}

/// One entry for every index; the index stands for one axis, its own place for the others.
fn gather_elements(call: &Call<'_>) -> Result<Picked, Cause> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(call.attributes().integer("axis", 0)?, data.rank())?;
    Ok((indices.shape().to_vec(), element_positions(call, axis)?))
}

/// The position in the data that every index of the second input stands for.
pub(super) fn element_positions(call: &Call<'_>, axis: usize) -> Result<Vec<usize>, Cause> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let fits = indices.rank() == data.rank()
        && (0..data.rank()).all(|other| other == axis || indices.shape()[other] <= data.shape()[other]);
    if !fits {
        return Err(call.wrong_shape(1, format!("no larger than {:?} but for axis {axis}", data.shape())));
    }
    let mut others = strides(data.shape());
    let step = std::mem::take(&mut others[axis]) as usize;
    let walk = Offsets::new(indices.shape(), &others, 0);
    let place = |(start, &got): (usize, &i64)| Ok(start + index(call, got, data.shape()[axis])? * step);
    walk.zip(call.integers(1)?).map(place).collect()
}

/// Slices at tuples of indices, which stand in the last axis.
fn gather_nd(call: &Call<'_>) -> Result<Picked, Cause> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let batch = call.attributes().integer("batch_dims", 0)?;
    let tuples = Tuples::new(call, batch)?;
    let slice = &data.shape()[tuples.batch + tuples.length..];
    let shape = [&indices.shape()[..indices.rank() - 1], slice].concat();
    let elements = call.elements(&shape)?;
    let mut positions = Vec::with_capacity(elements);
    for start in tuples.starts(call)? {
        positions.extend(start..start + tuples.inner);
    }
    Ok((shape, positions))
}

/// Indices that come in tuples along the last axis of the second input, after some axes that both tensors share.
pub(super) struct Tuples {
    /// Number of shared axes.
    pub(super) batch: usize,
    /// Number of indices in a tuple.
    pub(super) length: usize,
    /// Number of entries of a slice.
    pub(super) inner: usize,
}

impl Tuples {
    pub(super) fn new(call: &Call<'_>, batch: i64) -> Result<Self, Cause> {
        let (data, indices) = (call.input(0)?, call.input(1)?);
        let refused = || call.wrong_shape(1, format!("tuples of indices into {:?}", data.shape()));
        let &length = indices.shape().last().ok_or_else(refused)?;
        let batch = usize::try_from(batch).map_err(|_| call.unsupported("batch_dims", batch, "0 or more"))?;
        let shared = data.shape().get(..batch).is_some_and(|own| indices.shape().get(..batch) == Some(own));
        if !shared || batch >= indices.rank() || batch.saturating_add(length) > data.rank() {
            return Err(refused());
        }
        Ok(Self { batch, length, inner: data.shape()[batch + length..].iter().product() })
    }

    /// Where the slice of every tuple begins.
    pub(super) fn starts(&self, call: &Call<'_>) -> Result<Vec<usize>, Cause> {
        let (data, indices) = (call.input(0)?, call.input(1)?);
        let view = View::of(data.shape());
        let shared: usize = data.shape()[..self.batch].iter().product();
        let tuples = indices.shape()[..indices.rank() - 1].iter().product::<usize>();
        let stride: usize = data.shape()[self.batch..].iter().product();
        let integers = call.integers(1)?;
        let start = |tuple: usize| {
            let mut position = tuple.checked_div(tuples / shared.max(1)).unwrap_or(0) * stride;
            for (axis, &got) in integers[tuple * self.length..][..self.length].iter().enumerate() {
                let axis = self.batch + axis;
                position += index(call, got, data.shape()[axis])? * view.strides[axis] as usize;
            }
            Ok(position)
        };
        (0..tuples).map(start).collect()
    }
}

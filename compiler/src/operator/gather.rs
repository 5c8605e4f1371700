//! Gather, GatherElements, GatherND: entries at given indices.

use super::{Call, Form, Operator};
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
}

/// The place of an index that may count from the end.
pub(super) fn index(call: &Call<'_>, got: i64, size: usize) -> Result<usize, Cause> {
    let place = if got < 0 { got.saturating_add(size as i64) } else { got };
    match usize::try_from(place) {
        Ok(place) if place < size => Ok(place),
        _ => Err(Cause::Index { tensor: call.label(1), got, size }),
    }
}

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

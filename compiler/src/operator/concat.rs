//! Concat, Expand, Tile: larger tensors out of smaller ones.

use super::{Call, Form, Operator};
use crate::onnx::{Cause, RANK};
use crate::tensor::{Data, Offsets, Tensor, View, broadcast_shape};

/// Larger tensors out of smaller ones.
pub(super) struct Concat;

static FORMS: [Form; 3] = [
    Form::variadic("Concat").attributes(&["axis"]),
    Form::new("Expand", 2, 2).static_inputs(&[1]),
    Form::new("Tile", 2, 2).static_inputs(&[1]),
];

impl Operator for Concat {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let output = match call.operator() {
            "Concat" => {
                let inputs = call.all_inputs()?;
                let axis = call.attributes().required_integer("axis")?;
                concat(call, &inputs, call.axis(axis, call.input(0)?.rank())?)?
            }
            "Expand" => expand(call)?,
            _ => tile(call)?,
        };
        Ok(vec![output])
    }
}

/// Tensors that differ in one axis at most, one behind the other along it.
pub(super) fn concat(call: &Call<'_>, inputs: &[&Tensor], axis: usize) -> Result<Tensor, Cause> {
    let first = call.input(0)?;
    let mut shape = first.shape().to_vec();
    for (index, input) in inputs.iter().enumerate().skip(1) {
        call.same_type(0, index)?;
        let fits = input.rank() == shape.len()
            && (0..shape.len()).all(|other| other == axis || input.shape()[other] == shape[other]);
        if !fits {
            return Err(call.wrong_shape(index, format!("{:?} but for axis {axis}", first.shape())));
        }
        shape[axis] = shape[axis].saturating_add(input.shape()[axis]);
    }
    let elements = call.elements(&shape)?;
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    fn joined<'t, T: Clone + 't>(
        parts: impl Iterator<Item = Option<(&'t [T], usize)>> + Clone,
        outer: usize,
        elements: usize,
    ) -> Option<Vec<T>> {
        let mut data = Vec::with_capacity(elements);
        for block in 0..outer {
            for part in parts.clone() {
                let (part, length) = part?;
                data.extend_from_slice(part.get(block * length..(block + 1) * length)?);
            }
        }
        Some(data)
    }
    let length = |input: &Tensor| input.shape()[axis] * inner;
    let parts = inputs.iter();
    let data = match first.data() {
        Data::Float(_) => {
            joined(parts.map(|t| Some((t.as_floats()?, length(t)))), outer, elements).map(Data::Float)
        }
        Data::Integer(_) => {
            joined(parts.map(|t| Some((t.as_integers()?, length(t)))), outer, elements).map(Data::Integer)
        }
        Data::Bool(_) => {
            joined(parts.map(|t| Some((t.as_bools()?, length(t)))), outer, elements).map(Data::Bool)
        }
        Data::Text(_) => {
            joined(parts.map(|t| Some((t.as_texts()?, length(t)))), outer, elements).map(Data::Text)
        }
    };
    let data = data.ok_or_else(|| call.wrong_type(1, first.element_type().name()))?;
    Tensor::made(first.element_type(), shape, data)
}

/// Sizes out of an input of integers.
pub(super) fn sizes(call: &Call<'_>, index: usize) -> Result<Vec<usize>, Cause> {
    let sizes = call.integers(index)?;
    if sizes.len() > RANK {
        return Err(Cause::Rank { tensor: call.label(index), got: sizes.len(), limit: RANK });
    }
    let size =
        |&got: &i64| usize::try_from(got).map_err(|_| Cause::Dimension { tensor: call.label(index), got });
    sizes.iter().map(size).collect()
}

fn expand(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let wanted = sizes(call, 1)?;
    let refused = || call.wrong_shape(0, format!("one that broadcasts with {wanted:?}"));
    // In both directions: where the tensor is larger it stays so.
    let shape = broadcast_shape(input.shape(), &wanted).ok_or_else(refused)?;
    call.elements(&shape)?;
    input.broadcast(&shape).ok_or_else(refused)
}

/// Every axis repeated: a walk with two axes for each, the first of which does not move.
fn tile(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let repeats = sizes(call, 1)?;
    if repeats.len() != input.rank() {
        return Err(call.wrong_shape(1, format!("{} numbers", input.rank())));
    }
    let whole = View::of(input.shape());
    let (mut shape, mut walk, mut strides) = (Vec::new(), Vec::new(), Vec::new());
    for ((&size, &count), stride) in input.shape().iter().zip(&repeats).zip(whole.strides) {
        shape.push(size.saturating_mul(count));
        walk.extend([count, size]);
        strides.extend([0, stride]);
    }
    call.elements(&shape)?;
    let refused = || call.wrong_shape(0, "a tensor");
    input.picked(shape, Offsets::new(&walk, &strides, 0)).ok_or_else(refused)
}

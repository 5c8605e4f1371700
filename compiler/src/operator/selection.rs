//! NonZero and Compress: how many entries there are depends on numbers, so those must be constants.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Entries that fulfil a condition.
pub(super) struct Selection;

static FORMS: [Form; 2] = [
    Form::new("Compress", 2, 2).attributes(&["axis"]).static_inputs(&[1]).since(9),
    Form::new("NonZero", 1, 1).static_inputs(&[0]).since(9),
];

impl Operator for Selection {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        Ok(vec![if call.operator() == "NonZero" { non_zero(call)? } else { compress(call)? }])
    }

    /// Compress: what is kept is known. (NonZero has constants alone.)
    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        site.moves(self, &[0])
    }
}

/// The indices of all entries that are not zero: one row for every axis.
fn non_zero(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let found: Vec<usize> = match input.data() {
        Data::Float(data) => (0..data.len()).filter(|&at| data[at] != 0.0).collect(),
        Data::Integer(data) => (0..data.len()).filter(|&at| data[at] != 0).collect(),
        Data::Bool(data) => (0..data.len()).filter(|&at| data[at]).collect(),
        Data::Text(_) => return Err(call.wrong_type(0, "FLOAT")),
    };
    let shape = [input.rank(), found.len()];
    let mut indices = Vec::with_capacity(call.elements(&shape)?);
    let mut inner: usize = input.shape().iter().product();
    for &size in input.shape() {
        inner = inner.checked_div(size).unwrap_or(0);
        indices.extend(found.iter().map(|&at| (at / inner.max(1) % size.max(1)) as i64));
    }
    Tensor::made(ElementType::Int64, shape.to_vec(), Data::Integer(indices))
}

/// The slices along an axis (or the entries of the flat tensor) for which the condition holds.
fn compress(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let (mut shape, axis) = match call.attributes().optional_integer("axis")? {
        Some(axis) => (input.shape().to_vec(), call.axis(axis, input.rank())?),
        None => (vec![input.elements()], 0),
    };
    let condition = call.bools(1)?;
    let size = shape[axis];
    let kept: Vec<usize> = (0..condition.len()).filter(|&at| condition[at]).collect();
    if call.input(1)?.rank() != 1 || kept.last().is_some_and(|&last| last >= size) {
        return Err(call.wrong_shape(1, format!("at most {size} truth values")));
    }
    let (outer, inner): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
    shape[axis] = kept.len();
    let mut positions = Vec::with_capacity(call.elements(&shape)?);
    for block in 0..outer {
        for at in &kept {
            let start = (block * size + at) * inner;
            positions.extend(start..start + inner);
        }
    }
    let refused = || call.wrong_shape(0, "a tensor");
    input.picked(shape, positions.into_iter()).ok_or_else(refused)
}

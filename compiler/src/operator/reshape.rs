//! Reshape, Flatten, Squeeze, Unsqueeze: other axes for the same numbers in the same order.

use super::{Call, Form, Operator};
use crate::onnx::{Cause, RANK};
use crate::tensor::Tensor;

/// Other axes for the same numbers.
pub(super) struct Reshape;

static FORMS: [Form; 4] = [
    Form::new("Reshape", 2, 2).attributes(&["allowzero"]).static_inputs(&[1]),
    Form::new("Flatten", 1, 1).attributes(&["axis"]),
    Form::new("Squeeze", 1, 2).attributes(&["axes"]).static_inputs(&[1]),
    Form::new("Unsqueeze", 1, 2).attributes(&["axes"]).static_inputs(&[1]),
];

impl Operator for Reshape {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let shape = shape(call)?;
        let refused = || Cause::Reshape {
            tensor: call.label(0),
            from: input.shape().to_vec(),
            to: shape.iter().map(|&size| size as i64).collect(),
        };
        Ok(vec![input.reshaped(shape.clone()).ok_or_else(refused)?])
    }
}

/// The new shape.
fn shape(call: &Call<'_>) -> Result<Vec<usize>, Cause> {
    let from = call.input(0)?.shape();
    match call.operator() {
        "Reshape" => {
            let to = call.integers(1)?;
            let allow_zero = call.attributes().flag("allowzero", false)?;
            let refused = || Cause::Reshape { tensor: call.label(0), from: from.to_vec(), to: to.to_vec() };
            reshaped(from, to, allow_zero).ok_or_else(refused)
        }
        "Flatten" => {
            let axis = call.attributes().integer("axis", 1)?;
            // The axis may stand behind the last one.
            let place = if axis == from.len() as i64 { from.len() } else { call.axis(axis, from.len())? };
            let (outer, inner) = from.split_at(place);
            Ok(vec![outer.iter().product(), inner.iter().product()])
        }
        "Squeeze" => squeeze(call, from),
        _ => unsqueeze(call, from),
    }
}

/// The shape that a reshape asks for: -1 takes what is left, 0 keeps the size; `None` where the number of elements changes.
fn reshaped(from: &[usize], to: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
    if to.len() > RANK {
        return None;
    }
    let total: usize = from.iter().product();
    let mut shape = Vec::with_capacity(to.len());
    let mut inferred = None;
    for (axis, &size) in to.iter().enumerate() {
        shape.push(match size {
            -1 if inferred.is_none() => {
                inferred = Some(axis);
                1
            }
            0 if !allow_zero => *from.get(axis)?,
            size => usize::try_from(size).ok()?,
        });
    }
    let known = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
    if let Some(axis) = inferred {
        *shape.get_mut(axis)? = total.checked_div(known)?;
    }
    let product = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
    (product == total).then_some(shape)
}

fn squeeze(call: &Call<'_>, from: &[usize]) -> Result<Vec<usize>, Cause> {
    let gone = match call.list("axes", 1, 13)? {
        None => (0..from.len()).filter(|&axis| from[axis] == 1).collect(),
        Some(axes) => call.axes(axes, from.len())?,
    };
    if let Some(axis) = gone.iter().find(|&&axis| from[axis] != 1) {
        return Err(call.wrong_shape(0, format!("axis {axis} of size 1")));
    }
    Ok((0..from.len()).filter(|axis| !gone.contains(axis)).map(|axis| from[axis]).collect())
}

fn unsqueeze(call: &Call<'_>, from: &[usize]) -> Result<Vec<usize>, Cause> {
    let axes = call.list("axes", 1, 13)?.ok_or(Cause::AttributeMissing { attribute: "axes".into() })?;
    let rank = from.len() + axes.len();
    if rank > RANK {
        return Err(Cause::Rank { tensor: call.label(0), got: rank, limit: RANK });
    }
    let new = call.axes(axes, rank)?;
    let mut rest = from.iter();
    let size = |axis| if new.contains(&axis) { Some(1) } else { rest.next().copied() };
    Ok((0..rank).filter_map(size).collect())
}

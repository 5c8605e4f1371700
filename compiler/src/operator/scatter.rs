//! ScatterElements, Scatter, ScatterND: entries written at given indices.

use super::gather::{Tuples, element_positions};
use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Entries written at given indices.
pub(super) struct Scatter;

static FORMS: [Form; 3] = [
    Form::new("Scatter", 3, 3).attributes(&["axis"]).since(9).until(10),
    Form::new("ScatterElements", 3, 3).attributes(&["axis", "reduction"]).since(11),
    Form::new("ScatterND", 3, 3).attributes(&["reduction"]).since(11),
];

impl Operator for Scatter {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        call.same_type(0, 2)?;
        let (data, indices, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
        let positions = if call.operator() == "ScatterND" {
            let tuples = Tuples::new(call, 0)?;
            let slice = &data.shape()[tuples.length..];
            let expected = [&indices.shape()[..indices.rank() - 1], slice].concat();
            if updates.shape() != expected {
                return Err(call.wrong_shape(2, format!("{expected:?}")));
            }
            tuples.starts(call)?.iter().flat_map(|&start| start..start + tuples.inner).collect()
        } else {
            if updates.shape() != indices.shape() {
                return Err(call.wrong_shape(2, format!("{:?}", indices.shape())));
            }
            element_positions(call, call.axis(call.attributes().integer("axis", 0)?, data.rank())?)?
        };
        let reduction = call.attributes().text("reduction", "none")?;
        if !["none", "add", "mul", "max", "min"].contains(&reduction) {
            return Err(call.unsupported("reduction", reduction, "none, add, mul, max or min"));
        }
        let written = written(data, updates, &positions, reduction)
            .ok_or_else(|| call.wrong_type(2, data.element_type().name()))?;
        Ok(vec![Tensor::made(data.element_type(), data.shape().to_vec(), written)?])
    }
}

/// The data with the updates at their positions, in order. `None` where the types do not allow it.
fn written(data: &Tensor, updates: &Tensor, positions: &[usize], reduction: &str) -> Option<Data> {
    fn write<T: Clone>(data: &[T], updates: &[T], positions: &[usize], join: impl Fn(&T, &T) -> T) -> Vec<T> {
        let mut data = data.to_vec();
        for (&position, update) in positions.iter().zip(updates) {
            if let Some(entry) = data.get_mut(position) {
                *entry = join(entry, update);
            }
        }
        data
    }
    let element_type: ElementType = data.element_type();
    Some(match (data.data(), updates.data()) {
        (Data::Float(data), Data::Float(updates)) => {
            Data::Float(write(data, updates, positions, |&old, &new| match reduction {
                "add" => old + new,
                "mul" => old * new,
                "max" => old.max(new),
                "min" => old.min(new),
                _ => new,
            }))
        }
        (Data::Integer(data), Data::Integer(updates)) => {
            Data::Integer(write(data, updates, positions, |&old, &new| {
                let (old, new) = (element_type.widen(old), element_type.widen(new));
                element_type.wrap(match reduction {
                    "add" => old + new,
                    "mul" => old.wrapping_mul(new),
                    "max" => old.max(new),
                    "min" => old.min(new),
                    _ => new,
                })
            }))
        }
        (Data::Bool(data), Data::Bool(updates)) if reduction == "none" => {
            Data::Bool(write(data, updates, positions, |_, &new| new))
        }
        (Data::Text(data), Data::Text(updates)) if reduction == "none" => {
            Data::Text(write(data, updates, positions, |_, new| new.clone()))
        }
        _ => return None,
    })
}

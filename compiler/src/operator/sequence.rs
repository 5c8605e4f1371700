//! ReverseSequence: the first entries along an axis in reverse.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Tensor, strides};

/// The first entries along an axis in reverse; how many is known before the model runs.
pub(super) struct Sequence;

static FORMS: [Form; 1] = [Form::new("ReverseSequence", 2, 2)
    .attributes(&["batch_axis", "time_axis"])
    .static_inputs(&[1])
    .since(10)];

impl Operator for Sequence {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let shape = input.shape();
        let batch = call.axis(call.attributes().integer("batch_axis", 1)?, shape.len())?;
        let time = call.axis(call.attributes().integer("time_axis", 0)?, shape.len())?;
        if batch == time {
            return Err(Cause::Axis { tensor: call.label(0), got: time as i64, rank: shape.len() });
        }
        let refused = || call.wrong_shape(1, format!("[{}], of numbers up to {}", shape[batch], shape[time]));
        let lengths: Vec<usize> =
            call.integers(1)?.iter().filter_map(|length| usize::try_from(*length).ok()).collect();
        if lengths.len() != shape[batch] || lengths.iter().any(|length| *length > shape[time]) {
            return Err(refused());
        }
        let steps = strides(shape);
        let (batch_step, time_step) = (steps[batch] as usize, steps[time] as usize);
        let position = |place: usize| {
            let (sample, at) = (place / batch_step % shape[batch], place / time_step % shape[time]);
            if at < lengths[sample] {
                place - at * time_step + (lengths[sample] - 1 - at) * time_step
            } else {
                place
            }
        };
        let elements = call.elements(shape)?;
        let reversed = input.picked(shape.to_vec(), (0..elements).map(position));
        Ok(vec![reversed.ok_or_else(refused)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        site.moves(self, &[0])
    }
}

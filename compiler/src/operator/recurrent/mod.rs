//! Recurrent nets: RNN, GRU and LSTM, in every direction, with all that ONNX gives them.

mod activation;
mod cell;
mod plan;
mod scale;
mod unrolled;

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor};
use cell::{Extremes, Weights};
use plan::{B, CELL, HIDDEN, Kind, LENGTHS, PEEPHOLES, Plan, R, W, X};

/// Recurrent nets.
pub(super) struct Recurrent;

static FORMS: [Form; 3] = [
    Form::new("RNN", 3, 6)
        .attributes(&[
            "activation_alpha",
            "activation_beta",
            "activations",
            "clip",
            "direction",
            "hidden_size",
            "layout",
        ])
        .static_inputs(&[LENGTHS])
        .outputs(2),
    Form::new("GRU", 3, 6)
        .attributes(&[
            "activation_alpha",
            "activation_beta",
            "activations",
            "clip",
            "direction",
            "hidden_size",
            "layout",
            "linear_before_reset",
        ])
        .static_inputs(&[LENGTHS])
        .outputs(2),
    Form::new("LSTM", 3, 8)
        .attributes(&[
            "activation_alpha",
            "activation_beta",
            "activations",
            "clip",
            "direction",
            "hidden_size",
            "input_forget",
            "layout",
        ])
        .static_inputs(&[LENGTHS])
        .outputs(3),
];

impl Operator for Recurrent {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let plan = Plan::read(call)?;
        call.spend(plan.work())?;
        call.elements(&plan.sequence_shape())?;
        let optional = |index: usize| Ok::<_, Cause>(call.optional_floats(index)?.unwrap_or(&[]));
        let weights = Weights {
            input: call.floats(W)?,
            recurrent: call.floats(R)?,
            bias: optional(B)?,
            peepholes: optional(PEEPHOLES)?,
        };
        let zeros = vec![0.0; call.elements(&plan.state_shape())?];
        let initial = |index: usize| Ok::<_, Cause>(call.optional_floats(index)?.unwrap_or(&zeros));
        let initial = (initial(HIDDEN)?, initial(CELL)?);
        let states = cell::run(&plan, &weights, call.floats(X)?, initial, &mut Extremes::default());
        let element_type = call.input(X)?.element_type();
        let tensor = |shape, data| Tensor::made(element_type, shape, Data::Float(data));
        let mut outputs =
            vec![tensor(plan.sequence_shape(), states.sequence)?, tensor(plan.state_shape(), states.hidden)?];
        if plan.kind == Kind::Lstm {
            outputs.push(tensor(plan.state_shape(), states.cell)?);
        }
        Ok(outputs)
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        unrolled::lower(site)
    }
}

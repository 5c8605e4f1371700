//! Transpose, DepthToSpace, SpaceToDepth: axes in another order.

use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Tensor, View};

/// Axes in another order.
pub(super) struct Transpose;

static FORMS: [Form; 3] = [
    Form::new("Transpose", 1, 1).attributes(&["perm"]),
    Form::new("DepthToSpace", 1, 1).attributes(&["blocksize", "mode"]),
    Form::new("SpaceToDepth", 1, 1).attributes(&["blocksize", "mode"]),
];

impl Operator for Transpose {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let rank = input.rank();
        let order = match call.operator() {
            "Transpose" => match call.attributes().optional_integers("perm")? {
                None => (0..rank).rev().collect(),
                Some(order) if order.len() == rank => call.axes(order, rank)?,
                Some(order) => {
                    return Err(call.unsupported("perm", format!("{order:?}"), "every axis once"));
                }
            },
            operator => return blocks(call, operator),
        };
        let view = permuted(input.shape(), &order);
        Ok(vec![input.viewed(&view).ok_or_else(|| call.wrong_shape(0, "a tensor"))?])
    }
}

/// The view with the axes in this order.
///
/// Owes: every axis stands once.
pub(super) fn permuted(shape: &[usize], order: &[usize]) -> View {
    let view = View::of(shape);
    View {
        shape: order.iter().map(|&axis| view.shape[axis]).collect(),
        strides: order.iter().map(|&axis| view.strides[axis]).collect(),
        start: 0,
    }
}

/// DepthToSpace and SpaceToDepth: split two axes, permute, merge.
fn blocks(call: &Call<'_>, operator: &str) -> Result<Vec<Tensor>, Cause> {
    let input = call.input(0)?;
    let &[batch, channels, height, width] = input.shape() else {
        return Err(call.wrong_shape(0, "[N, C, H, W]"));
    };
    let block = call.attributes().required_integer("blocksize")?;
    let size = usize::try_from(block).ok().filter(|&size| size > 0 && size <= 1 << 16);
    let size = size.ok_or_else(|| call.unsupported("blocksize", block, "a positive number"))?;
    let mode = call.attributes().text("mode", "DCR")?;
    let (split, order, shape): (Vec<usize>, [usize; 6], Vec<usize>) = match (operator, mode) {
        ("SpaceToDepth", "DCR" | "CRD") => (
            vec![batch, channels, height / size, size, width / size, size],
            if mode == "DCR" { [0, 3, 5, 1, 2, 4] } else { [0, 1, 3, 5, 2, 4] },
            vec![batch, channels * size * size, height / size, width / size],
        ),
        (_, "DCR" | "CRD") => {
            let depth = channels / (size * size);
            let (split, order) = if mode == "DCR" {
                (vec![batch, size, size, depth, height, width], [0, 3, 4, 1, 5, 2])
            } else {
                (vec![batch, depth, size, size, height, width], [0, 1, 4, 2, 5, 3])
            };
            (split, order, vec![batch, depth, height * size, width * size])
        }
        (_, got) => return Err(call.unsupported("mode", got, "DCR or CRD")),
    };
    let refused = || call.wrong_shape(0, format!("sizes that {size} divides"));
    let split = input.reshaped(split).ok_or_else(refused)?;
    let permuted = split.viewed(&permuted(split.shape(), &order)).ok_or_else(refused)?;
    Ok(vec![permuted.reshaped(shape).ok_or_else(refused)?])
}

//! ArgMax, ArgMin, TopK: where the largest entries are.

use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor, View};
use std::cmp::Ordering;

/// Where the largest entries are.
pub(super) struct Order;

static FORMS: [Form; 4] = [
    Form::new("ArgMax", 1, 1).attributes(&["axis", "keepdims", "select_last_index"]),
    Form::new("ArgMin", 1, 1).attributes(&["axis", "keepdims", "select_last_index"]),
    Form::new("TopK", 1, 1).attributes(&["axis", "k"]).outputs(2).until(9),
    Form::new("TopK", 2, 2)
        .attributes(&["axis", "largest", "sorted"])
        .outputs(2)
        .static_inputs(&[1])
        .since(10),
];

impl Operator for Order {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        if call.operator() == "TopK" { top(call) } else { Ok(vec![extreme(call)?]) }
    }
}

type Comparison<'c> = Box<dyn Fn(usize, usize) -> Ordering + 'c>;

/// How two entries of a tensor compare; NaN counts as larger than any number.
fn comparison<'c>(call: &Call<'c>) -> Result<Comparison<'c>, Cause> {
    let input = call.input(0)?;
    let element_type = input.element_type();
    match input.data() {
        Data::Float(data) => Ok(Box::new(|a, b| {
            let (left, right) = (data[a], data[b]);
            left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
        })),
        Data::Integer(data) => {
            Ok(Box::new(move |a, b| element_type.widen(data[a]).cmp(&element_type.widen(data[b]))))
        }
        _ => Err(call.wrong_type(0, "FLOAT")),
    }
}

/// The view of all entries whose index along an axis is 0, and the step along it.
fn along(shape: &[usize], axis: usize) -> (View, usize) {
    let mut view = View::of(shape);
    let step = view.strides[axis] as usize;
    view.shape[axis] = usize::from(shape[axis] > 0);
    (view, step)
}

fn extreme(call: &Call<'_>) -> Result<Tensor, Cause> {
    let shape = call.input(0)?.shape();
    let axis = call.axis(call.attributes().integer("axis", 0)?, shape.len())?;
    if shape[axis] == 0 {
        return Err(call.wrong_shape(0, format!("at least one entry along axis {axis}")));
    }
    let last_wins = call.attributes().flag("select_last_index", false)?;
    let wanted = if call.operator() == "ArgMax" { Ordering::Greater } else { Ordering::Less };
    let compare = comparison(call)?;
    let (others, step) = along(shape, axis);
    let best = |start: usize| {
        let better = |best: usize, index: usize| match compare(start + index * step, start + best * step) {
            Ordering::Equal => last_wins,
            order => order == wanted,
        };
        (1..shape[axis]).fold(0, |best, index| if better(best, index) { index } else { best }) as i64
    };
    let data = others.offsets().map(best).collect();
    let mut result = others.shape.clone();
    if !call.attributes().flag("keepdims", true)? {
        result.remove(axis);
    }
    Tensor::made(ElementType::Int64, result, Data::Integer(data))
}

fn top(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let input = call.input(0)?;
    let shape = input.shape();
    let axis = call.axis(call.attributes().integer("axis", -1)?, shape.len())?;
    let got =
        if call.opset() < 10 { call.attributes().required_integer("k")? } else { call.scalar_integer(1)? };
    let count = usize::try_from(got).ok().filter(|&count| count <= shape[axis]);
    let count = count.ok_or_else(|| Cause::Value { tensor: "k".into(), got: got.to_string() })?;
    let largest = call.attributes().flag("largest", true)?;
    let compare = comparison(call)?;
    let (others, step) = along(shape, axis);
    let mut result = shape.to_vec();
    result[axis] = count;
    let to = View::of(&result);
    let to_step = to.strides[axis] as usize;
    let starts = View { shape: others.shape.clone(), strides: to.strides, start: 0 };
    let mut positions = vec![0; call.elements(&result)?];
    let mut indices = vec![0i64; positions.len()];
    for (start, target) in others.offsets().zip(starts.offsets()) {
        let mut order: Vec<usize> = (0..shape[axis]).collect();
        // Stable: of equal entries the first stays first.
        order.sort_by(|&a, &b| {
            let order = compare(start + a * step, start + b * step);
            if largest { order.reverse() } else { order }
        });
        for (rank, &index) in order.iter().take(count).enumerate() {
            positions[target + rank * to_step] = start + index * step;
            indices[target + rank * to_step] = index as i64;
        }
    }
    let refused = || call.wrong_shape(0, "a tensor");
    let values = input.picked(result.clone(), positions.into_iter()).ok_or_else(refused)?;
    Ok(vec![values, Tensor::made(ElementType::Int64, result, Data::Integer(indices))?])
}

//! ArgMax, ArgMin, TopK: where the largest entries are.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, Site, Tie, Value};
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

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        if site.call.operator() == "TopK" {
            return lower_top(site);
        }
        let mut input = site.input(0)?;
        let axis = site.call.axis(site.call.attributes().integer("axis", 0)?, input.shape.len())?;
        if site.call.operator() == "ArgMin" {
            input = input.times(-1.0);
        }
        let is_last = site.call.attributes().flag("select_last_index", false)?;
        let places = site.largest_place(&input, axis, if is_last { Tie::Last } else { Tie::First })?;
        let mut index = site.index_of(&places, axis)?;
        if !site.call.attributes().flag("keepdims", true)? {
            index.shape.remove(axis);
        }
        Ok(vec![index])
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

/// Number of entries that are wanted.
fn wanted(call: &Call<'_>, size: usize) -> Result<usize, Cause> {
    let got =
        if call.opset() < 10 { call.attributes().required_integer("k")? } else { call.scalar_integer(1)? };
    let count = usize::try_from(got).ok().filter(|&count| count <= size);
    count.ok_or_else(|| Cause::Value { tensor: "k".into(), got: got.to_string() })
}

/// Every entry's rank is the number of entries before it: larger ones, and equal ones that stand earlier.
fn lower_top(site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
    let input = site.input(0)?;
    let shape = input.shape.clone();
    let axis = site.call.axis(site.call.attributes().integer("axis", -1)?, shape.len())?;
    let (size, count) = (shape[axis], wanted(&site.call, shape[axis])?);
    let sign = if site.call.attributes().flag("largest", true)? { 1.0 } else { -1.0 };
    let (outer, inner): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
    let places: Vec<u32> = (0..input.elements() as u32).collect();
    let lanes = site.moved(&input.times(sign), vec![outer, 1, size, inner], &places)?;
    let (lanes, step) = site.on_grid(&lanes)?;
    // Every pair: [outer, other, own, inner].
    let pairs = [outer, size, size, inner];
    let at = |pick: fn(usize, usize) -> usize| -> Vec<u32> {
        let labels = Labels::new(&pairs, &[]);
        let place =
            |values: &[usize]| Some((values[0] * size + pick(values[1], values[2])) * inner + values[3]);
        labels.table(&[0, 1, 2, 3], place).places
    };
    let other = site.moved(&lanes, pairs.to_vec(), &at(|other, _| other))?;
    let own = site.moved(&lanes, pairs.to_vec(), &at(|_, own| own))?;
    // An equal one that stands earlier is a step larger.
    let earlier: Vec<f64> = (0..outer * size * size * inner)
        .map(|place| if place / inner / size % size < place / inner % size { step } else { 0.0 })
        .collect();
    let before = site.builder.above(&other.plus(&own, -1.0).offset(&earlier), false)?;
    let rank = site.sum(&before, &[1])?;
    let rank = site.builder.single(&rank)?.0;
    // 1 where the rank is the wanted one: [outer, wanted, own, inner].
    let chosen = [outer, count, size, inner];
    let rank = site.broadcast(&rank, &chosen)?;
    let numbers: Vec<f64> =
        (0..outer * count * size * inner).map(|place| -((place / inner / size % count) as f64)).collect();
    let distance = rank.offset(&numbers);
    let (above, below) = (site.relu(&distance)?, site.relu(&distance.times(-1.0))?);
    let near = above.plus(&below, 1.0).times(-1.0).offset(&vec![1.0; outer * count * size * inner]);
    let places = site.relu(&near)?;
    let mut result = shape;
    result[axis] = count;
    let values = site.picked(&places, &lanes)?.times(sign);
    let indices = site.index_of(&places, 2)?;
    let all: Vec<u32> = (0..values.elements() as u32).collect();
    Ok(vec![site.moved(&values, result.clone(), &all)?, site.moved(&indices, result, &all)?])
}

fn top(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let input = call.input(0)?;
    let shape = input.shape();
    let axis = call.axis(call.attributes().integer("axis", -1)?, shape.len())?;
    let count = wanted(call, shape[axis])?;
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

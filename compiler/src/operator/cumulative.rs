//! CumSum and CumProd: sums and products of all entries up to each.

use super::{Call, Form, Operator};
use crate::lowering::{Labels, NOTHING, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor, View};

/// Sums and products of all entries up to each.
pub(super) struct Cumulative;

static FORMS: [Form; 2] = [
    Form::new("CumProd", 2, 2).attributes(&["exclusive", "reverse"]).static_inputs(&[1]).since(26),
    Form::new("CumSum", 2, 2).attributes(&["exclusive", "reverse"]).static_inputs(&[1]).since(11),
];

impl Operator for Cumulative {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let shape = input.shape();
        let axis = call.axis(call.scalar_integer(1)?, shape.len())?;
        let exclusive = call.attributes().flag("exclusive", false)?;
        let reverse = call.attributes().flag("reverse", false)?;
        let mut starts = View::of(shape);
        let step = starts.strides[axis] as usize;
        starts.shape[axis] = usize::from(shape[axis] > 0);
        let size = shape[axis];
        let lanes = starts.offsets().map(|start| {
            let place = move |index: usize| if reverse { size - 1 - index } else { index };
            (0..size).map(move |index| start + place(index) * step)
        });
        let is_sum = call.operator() == "CumSum";
        let element_type = input.element_type();
        let data = match input.data() {
            Data::Float(data) => {
                let (join, first): (fn(f64, f64) -> f64, f64) =
                    if is_sum { (|a, b| a + b, 0.0) } else { (|a, b| a * b, 1.0) };
                Data::Float(accumulated(data, lanes, exclusive, first, join))
            }
            Data::Integer(data) => {
                let join = |a: i64, b: i64| {
                    let (a, b) = (element_type.widen(a), element_type.widen(b));
                    element_type.wrap(if is_sum { a + b } else { a.wrapping_mul(b) })
                };
                Data::Integer(accumulated(data, lanes, exclusive, i64::from(!is_sum), join))
            }
            _ => return Err(call.wrong_type(0, "FLOAT")),
        };
        Ok(vec![Tensor::made(element_type, shape.to_vec(), data)?])
    }

    /// Sums over a window that ends, or begins, at every entry.
    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let input = site.input(0)?;
        let axis = call.axis(call.scalar_integer(1)?, input.shape.len())?;
        let gap = usize::from(call.attributes().flag("exclusive", false)?);
        let reverse = call.attributes().flag("reverse", false)?;
        let (size, inner) = (input.shape[axis], input.shape[axis + 1..].iter().product::<usize>());
        let outer: usize = input.shape[..axis].iter().product();
        if call.operator() != "CumSum" {
            let products = lower_products(site, &input, axis, (gap == 1, reverse))?;
            return Ok(vec![products]);
        }
        let labels = Labels::new(&[outer, size, inner], &[size]);
        let table = labels.table(&[0, 1, 2, 3], |values| {
            let distance = values[3] + gap;
            let at = if reverse { Some(values[1] + distance) } else { values[1].checked_sub(distance) };
            let at = at.filter(|at| *at < size)?;
            Some((values[0] * size + at) * inner + values[2])
        });
        let sums = site.builder.summed(&labels, (&input, &table))?;
        Ok(vec![super::gather::reshaped(site, sums, input.shape)?])
    }
}

/// Products of all entries up to each: a multiplication for every entry of a lane.
fn lower_products(
    site: &mut Site<'_, '_, '_>,
    input: &Value,
    axis: usize,
    (exclusive, reverse): (bool, bool),
) -> Result<Value, Cause> {
    let (shape, size) = (input.shape.clone(), input.shape[axis]);
    let mut slice = shape.clone();
    slice[axis] = 1;
    let mut product = Value::constant(slice.clone(), vec![1.0; slice.iter().product()], site.samples());
    let mut result = Value::constant(shape.clone(), vec![0.0; input.elements()], site.samples());
    let inner: usize = shape[axis + 1..].iter().product();
    for step in 0..size {
        let at = if reverse { size - 1 - step } else { step };
        let entry = site.slice(input, axis, at..at + 1)?;
        let next = site.times(&product, &entry)?;
        let next = site.builder.views(&next)?;
        let place = |place: usize| {
            let (outer, own, inside) = (place / (size * inner), place / inner % size, place % inner);
            if own == at { (outer * inner + inside) as u32 } else { NOTHING }
        };
        let from: Vec<u32> = (0..input.elements()).map(place).collect();
        let shown = if exclusive { &product } else { &next };
        result = result.plus(&site.moved(shown, shape.clone(), &from)?, 1.0);
        product = next;
    }
    Ok(result)
}

/// Every entry joined with all before it in its lane; without itself where that is asked for.
fn accumulated<T: Copy>(
    data: &[T],
    lanes: impl Iterator<Item = impl Iterator<Item = usize>>,
    exclusive: bool,
    first: T,
    join: impl Fn(T, T) -> T,
) -> Vec<T> {
    let mut result = data.to_vec();
    for lane in lanes {
        let mut total = first;
        for at in lane {
            let next = join(total, data[at]);
            result[at] = if exclusive { total } else { next };
            total = next;
        }
    }
    result
}

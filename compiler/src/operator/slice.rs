//! Slice and Split: parts of a tensor.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Tensor, View};

/// Parts of a tensor.
pub(super) struct Slice;

static FORMS: [Form; 3] = [
    Form::new("Slice", 1, 1).attributes(&["axes", "ends", "starts"]).until(9),
    Form::new("Slice", 3, 5).static_inputs(&[1, 2, 3, 4]).since(10),
    Form::new("Split", 1, 2).attributes(&["axis", "num_outputs", "split"]).static_inputs(&[1]).any_outputs(),
];

impl Operator for Slice {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let views = if call.operator() == "Slice" { vec![slice(call)?] } else { split(call)? };
        let part = |view: &View| input.viewed(view).ok_or_else(|| call.wrong_shape(0, "a tensor"));
        views.iter().map(part).collect()
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        site.moves(self, &[0])
    }
}

fn slice(call: &Call<'_>) -> Result<View, Cause> {
    let mut view = View::of(call.input(0)?.shape());
    let rank = view.shape.len();
    let attributes = call.attributes();
    let (starts, ends, axes, steps) = if call.opset() < 10 {
        let ends = attributes.required_integers("ends")?;
        (attributes.required_integers("starts")?, ends, attributes.optional_integers("axes")?, None)
    } else {
        (call.integers(1)?, call.integers(2)?, call.optional_integers(3)?, call.optional_integers(4)?)
    };
    let all: Vec<i64> = (0..starts.len() as i64).collect();
    let axes = call.axes(axes.unwrap_or(&all), rank)?;
    let ones = vec![1; starts.len()];
    let steps = steps.unwrap_or(&ones);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(call.wrong_shape(1, "as many starts as ends, axes and steps"));
    }
    for (((&start, &end), &axis), &step) in starts.iter().zip(ends).zip(&axes).zip(steps) {
        if step == 0 {
            return Err(Cause::Value { tensor: call.label(4), got: "a step of 0".into() });
        }
        let (first, count) = range(view.shape[axis] as i64, start, end, step);
        view.start += view.strides[axis] * first as isize;
        view.shape[axis] = count;
        // A step beyond the axis would leave the data, and is never made.
        view.strides[axis] = if count > 1 { view.strides[axis].saturating_mul(step as isize) } else { 0 };
    }
    Ok(view)
}

/// First index and number of indices from `start` to before `end`; both may count from the end and lie beyond it.
fn range(size: i64, start: i64, end: i64, step: i64) -> (i64, usize) {
    let from_end = |index: i64| if index < 0 { index.saturating_add(size) } else { index };
    // Backwards, the index before the first is as far as an end may lie.
    let (lowest, highest) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let start = from_end(start).clamp(if step > 0 { 0 } else { lowest }, highest);
    let end = from_end(end).clamp(lowest, highest);
    let distance = if step > 0 { end - start } else { start - end };
    let count = if distance <= 0 { 0 } else { (distance as u64).div_ceil(step.unsigned_abs()) };
    if count == 0 { (0, 0) } else { (start, count as usize) }
}

fn split(call: &Call<'_>) -> Result<Vec<View>, Cause> {
    let whole = View::of(call.input(0)?.shape());
    let axis = call.axis(call.attributes().integer("axis", 0)?, whole.shape.len())?;
    let size = whole.shape[axis];
    let parts = call.node().outputs.len();
    if let Some(count) = call.attributes().optional_integer("num_outputs")?
        && usize::try_from(count) != Ok(parts)
    {
        return Err(call.unsupported("num_outputs", count, "the number of outputs"));
    }
    let sizes = match call.list("split", 1, 13)? {
        Some(sizes) => {
            let size = |&got: &i64| {
                usize::try_from(got).map_err(|_| Cause::Dimension { tensor: call.label(1), got })
            };
            sizes.iter().map(size).collect::<Result<Vec<usize>, Cause>>()?
        }
        // All equal but the last, which takes what is left.
        None => {
            let each = size.div_ceil(parts.max(1));
            (0..parts).map(|part| size.saturating_sub(part * each).min(each)).collect()
        }
    };
    let total = sizes.iter().try_fold(0usize, |total, &size| total.checked_add(size));
    if sizes.len() != parts || total != Some(size) {
        return Err(call.wrong_shape(0, format!("an axis {axis} that splits into {sizes:?}")));
    }
    let mut views = Vec::with_capacity(parts);
    let mut start = 0;
    for part in sizes {
        let mut view = whole.clone();
        view.start = whole.strides[axis] * start as isize;
        view.shape[axis] = part;
        views.push(view);
        start += part;
    }
    Ok(views)
}

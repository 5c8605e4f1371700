//! OneHot, Trilu, EyeLike: numbers placed by their position.

use super::shape::element_type;
use super::{Call, Form, Operator};
use crate::lowering::{NOTHING, STEP, Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Numbers placed by their position.
pub(super) struct Pattern;

static FORMS: [Form; 2] = [
    Form::new("OneHot", 3, 3).attributes(&["axis"]).static_inputs(&[1]).since(9),
    Form::new("Trilu", 1, 2).attributes(&["upper"]).static_inputs(&[1]).since(14),
];

impl Operator for Pattern {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        Ok(vec![if call.operator() == "OneHot" { one_hot(call)? } else { triangle(call)? }])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        Ok(vec![if site.call.operator() == "OneHot" { lower_one_hot(site)? } else { lower_triangle(site)? }])
    }
}

/// An identity matrix of the input's shape.
pub(super) struct Eye;

static EYE_FORMS: [Form; 1] = [Form::new("EyeLike", 1, 1).attributes(&["dtype", "k"]).since(9)];

impl Operator for Eye {
    fn forms(&self) -> &'static [Form] {
        &EYE_FORMS
    }

    fn reads_only_shapes(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let &[rows, columns] = call.input(0)?.shape() else { return Err(call.wrong_shape(0, "two axes")) };
        let to = element_type(call, "dtype", call.input(0)?.element_type())?;
        let diagonal = call.attributes().integer("k", 0)?;
        let is_one = |at: usize| (at % columns) as i64 == ((at / columns) as i64).saturating_add(diagonal);
        let ones = (0..rows * columns).map(is_one);
        let data = match to {
            ElementType::Bool => Data::Bool(ones.collect()),
            ElementType::Text => return Err(call.unsupported("dtype", "STRING", "a type of numbers")),
            _ if to.is_float() => Data::Float(ones.map(|one| f64::from(u8::from(one))).collect()),
            _ => Data::Integer(ones.map(i64::from).collect()),
        };
        Ok(vec![Tensor::made(to, vec![rows, columns], data)?])
    }
}

/// One of two values for every index and every class: the second where they are equal.
fn one_hot(call: &Call<'_>) -> Result<Tensor, Cause> {
    let indices = call.input(0)?;
    let numbers = indices.to_floats().ok_or_else(|| call.wrong_type(0, "INT64"))?;
    let depth = match call.input(1)?.to_floats().as_deref() {
        Some(&[depth]) if depth >= 1.0 => call.elements(&[depth as usize])?,
        _ => return Err(call.wrong_shape(1, "one number, 1 or more")),
    };
    let values = call.input(2)?;
    if values.shape() != [2] {
        return Err(call.wrong_shape(2, "[2]"));
    }
    let axis = call.axis(call.attributes().integer("axis", -1)?, indices.rank() + 1)?;
    let mut shape = indices.shape().to_vec();
    shape.insert(axis, depth);
    let elements = call.elements(&shape)?;
    let inner: usize = shape[axis + 1..].iter().product();
    let position = |at: usize| {
        let (outer, class) = (at / (depth * inner), at / inner % depth);
        let index = numbers[outer * inner + at % inner];
        let index = if index < 0.0 { index + depth as f64 } else { index };
        usize::from(index == class as f64)
    };
    let refused = || call.wrong_shape(2, "[2]");
    values.picked(shape, (0..elements).map(position)).ok_or_else(refused)
}

/// The same for indices that vary: `off + (on - off) * [index == class]`.
fn lower_one_hot(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let call = site.call;
    let depth = match call.input(1)?.to_floats().as_deref() {
        Some(&[depth]) if depth >= 1.0 => call.elements(&[depth as usize])?,
        _ => return Err(call.wrong_shape(1, "one number, 1 or more")),
    };
    let values = site.input(2)?;
    if values.shape != [2] {
        return Err(call.wrong_shape(2, "[2]"));
    }
    let indices = site.input(0)?;
    let axis = call.axis(call.attributes().integer("axis", -1)?, indices.shape.len() + 1)?;
    let number = site.numbered(0, &indices, depth, true)?;
    let classes = site.one_hot(&number, depth)?;
    let inner: usize = indices.shape[axis..].iter().product();
    let mut shape = indices.shape.clone();
    shape.insert(axis, depth);
    let place = |at: usize| {
        let (outer, class, inside) = (at / (depth * inner), at / inner % depth, at % inner);
        ((outer * inner + inside) * depth + class) as u32
    };
    let from: Vec<u32> = (0..classes.elements()).map(place).collect();
    let mut classes = site.moved(&classes, shape.clone(), &from)?;
    if site.varies(2) {
        // A factor of a product has one step, at which it is exact.
        classes = site.builder.clamped(&classes, STEP, 0)?;
    }
    let off = site.moved(&values, shape.clone(), &vec![0; from.len()])?;
    let on = site.moved(&values, shape, &vec![1; from.len()])?;
    let difference = on.plus(&off, -1.0);
    let bounds = site.builder.bounds(&values);
    let result = site.times(&classes, &difference)?.plus(&off, 1.0);
    match bounds {
        Some((low, high))
            if !call.input(2)?.element_type().is_float() && low > -32_768.0 && high < 32_768.0 =>
        {
            site.builder.clamped(&result, 1.0, low.min(0.0) as i32)
        }
        _ => Ok(result),
    }
}

fn lower_triangle(site: &mut Site<'_, '_, '_>) -> Result<Value, Cause> {
    let call = site.call;
    let input = site.input(0)?;
    let &[.., rows, columns] = input.shape.as_slice() else {
        return Err(call.wrong_shape(0, "two axes or more"));
    };
    let upper = call.attributes().flag("upper", true)?;
    let diagonal = match (call.optional(1), site.varies(1)) {
        (None, _) => 0,
        (Some(_), false) => call.scalar_integer(1)?,
        (Some(_), true) => return Err(Cause::NotConstant { tensor: call.label(1) }),
    };
    let from = |at: usize| {
        let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
        let first = row.saturating_add(diagonal);
        let stays = if upper { column >= first } else { column <= first };
        if stays { at as u32 } else { NOTHING }
    };
    let from: Vec<u32> = (0..input.elements()).map(from).collect();
    site.moved(&input, input.shape.clone(), &from)
}

/// The entries on one side of a diagonal; zeros on the other.
fn triangle(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let &[.., rows, columns] = input.shape() else { return Err(call.wrong_shape(0, "two axes or more")) };
    let upper = call.attributes().flag("upper", true)?;
    let diagonal = if call.optional(1).is_some() { call.scalar_integer(1)? } else { 0 };
    let stays = |at: usize| {
        let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
        let first = row.saturating_add(diagonal);
        if upper { column >= first } else { column <= first }
    };
    fn kept<T: Copy + Default>(data: &[T], stays: impl Fn(usize) -> bool) -> Vec<T> {
        data.iter().enumerate().map(|(at, &value)| if stays(at) { value } else { T::default() }).collect()
    }
    let data = match input.data() {
        Data::Float(data) => Data::Float(kept(data, stays)),
        Data::Integer(data) => Data::Integer(kept(data, stays)),
        Data::Bool(data) => Data::Bool(kept(data, stays)),
        Data::Text(_) => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(input.element_type(), input.shape().to_vec(), data)
}

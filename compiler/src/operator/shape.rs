//! Shape, Size, Constant, ConstantOfShape, EyeLike, Range: tensors that are known before the model runs.

use super::concat::sizes;
use super::{Call, Form, Operator};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Tensor};

/// Tensors made of shapes.
pub(super) struct Shape;

static SHAPE_FORMS: [Form; 2] =
    [Form::new("Shape", 1, 1).attributes(&["end", "start"]), Form::new("Size", 1, 1)];

impl Operator for Shape {
    fn forms(&self) -> &'static [Form] {
        &SHAPE_FORMS
    }

    fn reads_only_shapes(&self) -> bool {
        true
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let shape = call.input(0)?.shape();
        if call.operator() == "Size" {
            return Ok(vec![Tensor::integer(shape.iter().product::<usize>() as i64)]);
        }
        let rank = shape.len() as i64;
        let place =
            |index: i64| (if index < 0 { index.saturating_add(rank) } else { index }).clamp(0, rank) as usize;
        let start = place(call.attributes().integer("start", 0)?);
        let end = place(call.attributes().integer("end", rank)?);
        let sizes = shape.get(start..end).unwrap_or_default();
        Ok(vec![Tensor::integers(sizes.iter().map(|&size| size as i64).collect())])
    }
}

/// Tensors made of constants.
pub(super) struct Constant;

static CONSTANT_FORMS: [Form; 3] = [
    Form::new("Constant", 0, 0).attributes(&[
        "value",
        "value_float",
        "value_floats",
        "value_int",
        "value_ints",
        "value_string",
        "value_strings",
    ]),
    Form::new("ConstantOfShape", 1, 1).attributes(&["value"]).static_inputs(&[0]),
    Form::new("Range", 3, 3).static_inputs(&[0, 1, 2]).since(11),
];

impl Operator for Constant {
    fn forms(&self) -> &'static [Form] {
        &CONSTANT_FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let output = match call.operator() {
            "Constant" => constant(call)?,
            "ConstantOfShape" => constant_of_shape(call)?,
            _ => range(call)?,
        };
        Ok(vec![output])
    }
}

fn constant(call: &Call<'_>) -> Result<Tensor, Cause> {
    let attributes = call.attributes();
    let mut names = attributes.names();
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err(Cause::AttributeType {
            attribute: "value".into(),
            expected: "TENSOR (exactly one value)",
        });
    };
    let float =
        |shape: Vec<usize>, values: Vec<f64>| Tensor::made(ElementType::Float, shape, Data::Float(values));
    let text =
        |shape: Vec<usize>, values: Vec<String>| Tensor::made(ElementType::Text, shape, Data::Text(values));
    let absent = || Cause::AttributeMissing { attribute: name.to_owned() };
    match name {
        "value" => Ok(attributes.optional_tensor(name)?.ok_or_else(absent)?.clone()),
        "value_float" => float(Vec::new(), vec![attributes.float(name, 0.0)?]),
        "value_floats" => {
            let values = attributes.optional_floats(name)?.ok_or_else(absent)?;
            float(vec![values.len()], values.iter().map(|&value| f64::from(value)).collect())
        }
        "value_int" => Ok(Tensor::integer(attributes.required_integer(name)?)),
        "value_ints" => Ok(Tensor::integers(attributes.required_integers(name)?.to_vec())),
        "value_string" => text(Vec::new(), vec![attributes.required_text(name)?.to_owned()]),
        _ => {
            let values = attributes.optional_texts(name)?.ok_or_else(absent)?;
            text(vec![values.len()], values.to_vec())
        }
    }
}

fn constant_of_shape(call: &Call<'_>) -> Result<Tensor, Cause> {
    let shape = sizes(call, 0)?;
    let elements = call.elements(&shape)?;
    let value = match call.attributes().optional_tensor("value")? {
        Some(value) if value.elements() == 1 => value.clone(),
        Some(_) => {
            return Err(Cause::AttributeType {
                attribute: "value".into(),
                expected: "TENSOR of one element",
            });
        }
        None => Tensor::made(ElementType::Float, vec![1], Data::Float(vec![0.0]))?,
    };
    let refused = || call.wrong_shape(0, "a shape");
    value.picked(shape, std::iter::repeat_n(0, elements)).ok_or_else(refused)
}

/// `start, start + delta, ...` up to before `limit`.
fn range(call: &Call<'_>) -> Result<Tensor, Cause> {
    call.same_type(0, 1)?;
    call.same_type(0, 2)?;
    let element_type = call.input(0)?.element_type();
    let refused = |got: &str| Cause::Value { tensor: call.label(2), got: got.into() };
    if element_type.is_float() {
        let (&[start], &[limit], &[delta]) = (call.floats(0)?, call.floats(1)?, call.floats(2)?) else {
            return Err(call.wrong_shape(0, "one number"));
        };
        let count = ((limit - start) / delta).ceil().max(0.0);
        if !count.is_finite() {
            return Err(refused("a step that never arrives"));
        }
        let elements = call.elements(&[count as usize])?;
        let data = (0..elements).map(|index| start + index as f64 * delta).collect();
        return Tensor::made(element_type, vec![elements], Data::Float(data));
    }
    let (start, limit) = (i128::from(call.scalar_integer(0)?), i128::from(call.scalar_integer(1)?));
    let delta = i128::from(call.scalar_integer(2)?);
    let distance = if delta > 0 { limit - start } else { start - limit };
    if delta == 0 {
        return Err(refused("a step of 0"));
    }
    let count = if distance <= 0 { 0 } else { (distance as u128).div_ceil(delta.unsigned_abs()) };
    let elements = call.elements(&[usize::try_from(count).unwrap_or(usize::MAX)])?;
    let data = (0..elements).map(|index| element_type.wrap(start + index as i128 * delta)).collect();
    Tensor::made(element_type, vec![elements], Data::Integer(data))
}

/// The element type that an attribute names by its code, or the default.
pub(super) fn element_type(call: &Call<'_>, name: &str, default: ElementType) -> Result<ElementType, Cause> {
    match call.attributes().optional_integer(name)? {
        None => Ok(default),
        Some(code) => ElementType::from_code(code)
            .ok_or_else(|| call.unsupported(name, crate::onnx::element_type_name(code), "FLOAT")),
    }
}

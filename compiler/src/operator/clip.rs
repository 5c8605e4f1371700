//! Clip and PRelu: functions of one number whose parameters are tensors.

use super::arithmetic::zip;
use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, Tensor, broadcast_strides};

/// Functions of one number whose parameters are tensors.
pub(super) struct Clip;

static FORMS: [Form; 3] = [
    Form::new("Clip", 1, 1).attributes(&["max", "min"]).until(10),
    Form::new("Clip", 1, 3).since(11),
    Form::new("PRelu", 2, 2),
];

impl Operator for Clip {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        Ok(vec![if call.operator() == "Clip" { clip(call)? } else { leaky(call)? }])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let input = site.input(0)?;
        if site.call.operator() == "Clip" {
            return Ok(vec![lower_clip(site, &input)?]);
        }
        let input = site.builder.views(&input)?;
        let slope = site.broadcast(&site.input(1)?, &input.shape)?;
        let above = site.relu(&input)?;
        let below = site.times(&input.plus(&above, -1.0), &slope)?;
        Ok(vec![above.plus(&below, 1.0)])
    }
}

/// Constant bounds are those of the tensor itself; others are compared with every element.
fn lower_clip(site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
    let attribute = |name: &str, default: f64| {
        if site.call.opset() < 11 { site.call.attributes().float(name, default) } else { Ok(default) }
    };
    let (mut lower, mut upper) = (attribute("min", f64::NEG_INFINITY)?, attribute("max", f64::INFINITY)?);
    let fixed =
        |site: &Site<'_, '_, '_>, index: usize| site.fixed(index).and_then(|bound| bound.first().copied());
    lower = fixed(site, 1).unwrap_or(lower);
    upper = fixed(site, 2).unwrap_or(upper);
    if !site.varies(1) && !site.varies(2) {
        return site.held_between(input, lower, upper);
    }
    let mut value = site.builder.views(input)?;
    if site.varies(1) {
        let bound = site.broadcast(&site.input(1)?, &input.shape)?;
        value = site.larger(&value, &bound)?;
    } else {
        value = site.held_between(&value, lower, f64::INFINITY)?;
    }
    if site.varies(2) {
        let bound = site.broadcast(&site.input(2)?, &input.shape)?;
        site.smaller(&value, &bound)
    } else {
        site.held_between(&value, f64::NEG_INFINITY, upper)
    }
}

/// The upper bound wins where it is below the lower one.
fn clip(call: &Call<'_>) -> Result<Tensor, Cause> {
    let input = call.input(0)?;
    let bound = |index: usize| match call.optional(index) {
        Some(bound) if bound.elements() != 1 => Err(call.wrong_shape(index, "one number")),
        Some(_) => call.same_type(0, index).map(|()| true),
        None => Ok(false),
    };
    let (has_min, has_max) = (bound(1)?, bound(2)?);
    let data = match input.data() {
        Data::Float(data) => {
            let (mut min, mut max) = (f64::NEG_INFINITY, f64::INFINITY);
            if call.opset() < 11 {
                min = call.attributes().float("min", min)?;
                max = call.attributes().float("max", max)?;
            }
            if has_min {
                min = call.floats(1)?[0];
            }
            if has_max {
                max = call.floats(2)?[0];
            }
            // Not `f64::max`, which would turn a NaN into a bound.
            let bounded = |x: f64| if x < min { min } else { x };
            Data::Float(data.iter().map(|&x| bounded(x)).map(|x| if x > max { max } else { x }).collect())
        }
        Data::Integer(data) => {
            let element_type = input.element_type();
            let (mut min, mut max) = element_type.integer_range().unwrap_or((0, 0));
            if has_min {
                min = element_type.widen(call.integers(1)?[0]);
            }
            if has_max {
                max = element_type.widen(call.integers(2)?[0]);
            }
            let clipped = |&x: &i64| element_type.wrap(element_type.widen(x).max(min).min(max));
            Data::Integer(data.iter().map(clipped).collect())
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(input.element_type(), input.shape().to_vec(), data)
}

/// The input where it is not negative, else times its slope.
fn leaky(call: &Call<'_>) -> Result<Tensor, Cause> {
    call.same_type(0, 1)?;
    let (input, slope) = (call.input(0)?, call.input(1)?);
    if broadcast_strides(slope.shape(), input.shape()).is_none() {
        return Err(call.wrong_shape(1, format!("one that broadcasts to {:?}", input.shape())));
    }
    let element_type = input.element_type();
    let data = match (input.data(), slope.data()) {
        (Data::Float(values), Data::Float(slopes)) => Data::Float(zip(call, 1, input, slope, |a, b| {
            if values[a] < 0.0 { values[a] * slopes[b] } else { values[a] }
        })?),
        (Data::Integer(values), Data::Integer(slopes)) => {
            Data::Integer(zip(call, 1, input, slope, |a, b| {
                let product = || element_type.widen(values[a]) * element_type.widen(slopes[b]);
                if values[a] < 0 { element_type.wrap(product()) } else { values[a] }
            })?)
        }
        _ => return Err(call.wrong_type(0, "FLOAT")),
    };
    Tensor::made(element_type, input.shape().to_vec(), data)
}

//! QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.

use super::scale::{Spread, dequantised, limits, quantised, scales, zero_points};
use crate::lowering::{Scale, Site, Value};
use crate::onnx::Cause;
use crate::operator::shape::element_type;
use crate::operator::{Call, Form, Operator};
use crate::tensor::{Data, ElementType, Tensor};
use std::rc::Rc;

/// Floats to integers and back.
pub(in crate::operator) struct Linear;

static FORMS: [Form; 3] = [
    Form::new("QuantizeLinear", 2, 3)
        .attributes(&["axis", "block_size", "output_dtype", "precision", "saturate"])
        .since(10),
    Form::new("DequantizeLinear", 2, 3).attributes(&["axis", "block_size", "output_dtype"]).since(10),
    Form::new("DynamicQuantizeLinear", 1, 1).since(11).outputs(3),
];

impl Operator for Linear {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        match call.operator() {
            "QuantizeLinear" => {
                let plan = Plan::read(call)?;
                let of = |(element, x): (usize, &f64)| plan.quantised(element, *x);
                let data = call.floats(0)?.iter().enumerate().map(of).collect();
                let shape = call.input(0)?.shape().to_vec();
                Ok(vec![Tensor::made(plan.element_type, shape, Data::Integer(data))?])
            }
            "DequantizeLinear" => {
                let plan = Plan::read(call)?;
                let of = |(element, x): (usize, &i64)| {
                    let number = plan.spread.of(element);
                    dequantised(*x, plan.scales[number], plan.zeros[number])
                };
                let data = call.integers(0)?.iter().enumerate().map(of).collect();
                let shape = call.input(0)?.shape().to_vec();
                Ok(vec![Tensor::made(plan.element_type, shape, Data::Float(data))?.rounded()])
            }
            _ => dynamic(call),
        }
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        if site.call.operator() == "DynamicQuantizeLinear" {
            let tensor = site.call.node().outputs.get(1).cloned().unwrap_or_default();
            return Err(Cause::NotConstant { tensor });
        }
        if let Some(index) = [1, 2].into_iter().find(|index| site.varies(*index)) {
            return Err(Cause::NotConstant { tensor: site.call.label(index) });
        }
        let (plan, input) = (Plan::read(&site.call)?, site.input(0)?);
        if site.call.operator() == "QuantizeLinear" {
            return Ok(vec![plan.lower(site, &input)?]);
        }
        let of = |list: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..input.elements()).map(|element| list(plan.spread.of(element))).collect()
        };
        let zeros = of(&|number| -(plan.zeros[number] as f64));
        let factors = of(&|number| f64::from(plan.scales[number]));
        Ok(vec![site.scaled(&input.offset(&zeros), &factors)?])
    }
}

/// The scales and zero points of a node.
struct Plan {
    spread: Spread,
    scales: Vec<f32>,
    zeros: Vec<i64>,
    /// Of the output.
    element_type: ElementType,
    /// Of the integers.
    limits: (i64, i64),
}

impl Plan {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let spread = Spread::read(call, 1)?;
        let scales = scales(call, 1)?;
        let zeros = zero_points(call, 2, scales.len())?;
        let (element_type, integers) = if call.operator() == "QuantizeLinear" {
            call.floats(0)?;
            let default = call.optional(2).map_or(ElementType::Uint8, Tensor::element_type);
            let element_type = match call.attributes().integer("output_dtype", 0)? {
                0 => default,
                _ => element_type(call, "output_dtype", default)?,
            };
            (element_type, element_type)
        } else {
            call.integers(0)?;
            let default = call.input(1)?.element_type();
            let element_type = match call.attributes().integer("output_dtype", 0)? {
                0 => default,
                _ => element_type(call, "output_dtype", default)?,
            };
            (element_type, call.input(0)?.element_type())
        };
        let is_int32 = call.operator() == "DequantizeLinear" && integers == ElementType::Int32;
        let wide = is_int32.then_some((i64::from(i32::MIN), i64::from(i32::MAX)));
        let limits = limits(integers).or(wide).ok_or_else(|| call.wrong_type(0, "INT8 or UINT8"))?;
        Ok(Self { spread, scales, zeros, element_type, limits })
    }

    fn quantised(&self, element: usize, x: f64) -> i64 {
        let number = self.spread.of(element);
        quantised(x, self.scales[number], self.zeros[number], self.limits)
    }

    /// What floats are rounded to. Of one tensor of the program every integer has its own, by a table; sums round halves up.
    fn lower(&self, site: &mut Site<'_, '_, '_>, input: &Value) -> Result<Value, Cause> {
        let (least, most) = self.limits;
        if self.spread == Spread::Tensor
            && let Some((scale, offset)) = site.builder.stands_alone(input)
        {
            let of = |x: f64| self.quantised(0, x + offset) as f64;
            let bare = input.offset(&vec![-offset; input.elements()]);
            let results = Scale { step: 1.0, low: (least - of(0.0) as i64) as i32 };
            return site.builder.tabulated(&bare, &of, (scale, results));
        }
        let input = if input.has_product() { site.builder.views(input)? } else { input.clone() };
        let of = |list: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..input.elements()).map(|element| list(self.spread.of(element))).collect()
        };
        let factors = of(&|number| 1.0 / f64::from(self.scales[number]));
        let zeros = of(&|number| self.zeros[number] as f64);
        let rounded = |sample: &Vec<f64>| -> Vec<f64> {
            sample.iter().enumerate().map(|(element, x)| self.quantised(element, *x) as f64).collect()
        };
        let samples = Rc::new(input.samples.iter().map(rounded).collect());
        let fine = site.scaled(&input, &factors)?.offset(&zeros);
        let value = site.builder.clamped(&fine, 1.0, least.min(0) as i32)?;
        let beyond = value.offset(&vec![-(most as f64); value.elements()]);
        let beyond = site.builder.clamped(&beyond, 1.0, 0)?;
        let within = site.builder.clamped(&value.plus(&beyond, -1.0), 1.0, least.min(0) as i32)?;
        site.builder.know(&within, (least as f64, most as f64));
        Ok(Value { samples, ..within })
    }
}

/// The range of the numbers, zero among them, in 255 steps.
fn dynamic(call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
    let numbers = call.floats(0)?;
    let least = numbers.iter().copied().fold(0.0, f64::min) as f32;
    let most = numbers.iter().copied().fold(0.0, f64::max) as f32;
    let scale = if least == most { 1.0 } else { (most - least) / 255.0 };
    let zero = (-least / scale).clamp(0.0, 255.0).round_ties_even() as i64;
    let of = |x: &f64| quantised(*x, scale, zero, (0, 255));
    let shape = call.input(0)?.shape().to_vec();
    let data = numbers.iter().map(of).collect();
    Ok(vec![
        Tensor::made(ElementType::Uint8, shape, Data::Integer(data))?,
        Tensor::made(ElementType::Float, vec![], Data::Float(vec![f64::from(scale)]))?,
        Tensor::made(ElementType::Uint8, vec![], Data::Integer(vec![zero]))?,
    ])
}

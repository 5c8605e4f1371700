//! ReduceSum, ReduceMean, ReduceMax and their kin: one number out of many, along axes.

use super::{Call, Form, Operator};
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::tensor::{Data, ElementType, Offsets, Tensor, strides};

/// One number out of many, along axes.
pub(super) struct Reduce;

const ATTRIBUTES: &[&str] = &["axes", "keepdims", "noop_with_empty_axes"];

const fn form(name: &'static str) -> Form {
    Form::new(name, 1, 2).attributes(ATTRIBUTES).static_inputs(&[1])
}

static FORMS: [Form; 10] = [
    form("ReduceL1"),
    form("ReduceL2"),
    form("ReduceLogSum"),
    form("ReduceLogSumExp"),
    form("ReduceMax"),
    form("ReduceMean"),
    form("ReduceMin"),
    form("ReduceProd"),
    form("ReduceSum"),
    form("ReduceSumSquare"),
];

impl Operator for Reduce {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let input = call.input(0)?;
        let axes = axes(call)?;
        let groups = Groups::new(input.shape(), &axes, call.attributes().flag("keepdims", true)?);
        let element_type = input.element_type();
        let data = match input.data() {
            Data::Float(data) => Data::Float(groups.reduce(data, float_function(call.operator()))),
            Data::Integer(data) => Data::Integer(groups.reduce(data, |group: &[i64]| {
                let wide: Vec<i128> = group.iter().map(|&value| element_type.widen(value)).collect();
                integer_function(call.operator(), element_type, &wide)
            })),
            Data::Bool(data) if call.operator() == "ReduceMax" => {
                Data::Bool(groups.reduce(data, |group: &[bool]| group.contains(&true)))
            }
            Data::Bool(data) if call.operator() == "ReduceMin" => {
                Data::Bool(groups.reduce(data, |group: &[bool]| !group.contains(&false)))
            }
            _ => return Err(call.wrong_type(0, "FLOAT")),
        };
        Ok(vec![Tensor::made(element_type, groups.shape, data)?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let input = site.input(0)?;
        let axes = axes(&call)?;
        let count: usize = axes.iter().map(|axis| input.shape[*axis]).product();
        let kept = match call.operator() {
            "ReduceSum" => site.sum(&input, &axes)?,
            "ReduceMean" => site.sum(&input, &axes)?.times(1.0 / count.max(1) as f64),
            "ReduceMax" | "ReduceMin" => {
                let sign = if call.operator() == "ReduceMax" { 1.0 } else { -1.0 };
                let mut value = input.times(sign);
                for axis in &axes {
                    value = site.largest(&value, *axis)?;
                }
                value.times(sign)
            }
            "ReduceSumSquare" | "ReduceL2" => {
                let input = site.builder.single(&input)?.0;
                let sum = site.sum_of_squares(&input, &axes)?;
                if call.operator() == "ReduceL2" { site.function(&sum, &|x| x.max(0.0).sqrt())? } else { sum }
            }
            "ReduceLogSum" => {
                let sum = site.sum(&input, &axes)?;
                site.function(&sum, &libm::log)?
            }
            "ReduceLogSumExp" => {
                let input = site.builder.views(&input)?;
                let mut largest = input.clone();
                for axis in &axes {
                    largest = site.largest(&largest, *axis)?;
                }
                let below = input.plus(&site.broadcast(&largest, &input.shape)?, -1.0);
                let powers = super::softmax::exponentials(site, &below)?;
                let sum = site.sum(&powers, &axes)?;
                // The largest power is 1, so that no true sum is smaller.
                largest.plus(&site.function(&sum, &|x| libm::log(x.max(1.0)))?, 1.0)
            }
            "ReduceProd" => {
                let mut value = input.clone();
                for axis in &axes {
                    value = lower_product(site, &value, *axis)?;
                }
                value
            }
            "ReduceL1" => {
                let input = site.builder.views(&input)?;
                let (above, below) = (site.relu(&input)?, site.relu(&input.times(-1.0))?);
                site.sum(&above.plus(&below, 1.0), &axes)?
            }
            _ => return Err(Cause::NotLowered),
        };
        // Of integers what is no integer is cut off.
        let is_cut =
            matches!(call.operator(), "ReduceMean" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp");
        let kept = if is_cut && call.input(0)?.element_type().is_integer() {
            site.rounding(&kept, &f64::trunc)?
        } else {
            kept
        };
        let shape = Groups::new(&input.shape, &axes, call.attributes().flag("keepdims", true)?).shape;
        let places: Vec<u32> = (0..kept.elements() as u32).collect();
        Ok(vec![site.moved(&kept, shape, &places)?])
    }
}

/// The product along an axis, which stays with extent 1: pairs, pairs of pairs and so on.
fn lower_product(site: &mut Site<'_, '_, '_>, value: &Value, axis: usize) -> Result<Value, Cause> {
    let mut value = value.clone();
    if value.shape[axis] == 0 {
        let shape: Vec<usize> =
            value.shape.iter().enumerate().map(|(own, size)| if own == axis { 1 } else { *size }).collect();
        let ones = vec![1.0; shape.iter().product()];
        return Ok(Value::constant(shape, ones, site.samples()));
    }
    while value.shape[axis] > 1 {
        value = site.builder.single(&value)?.0;
        let (size, half) = (value.shape[axis], value.shape[axis] / 2);
        let (left, right) = (site.slice(&value, axis, 0..half)?, site.slice(&value, axis, half..2 * half)?);
        let product = site.times(&left, &right)?;
        value = if size % 2 == 0 {
            product
        } else {
            let rest = site.slice(&value, axis, 2 * half..size)?;
            site.joined_along(&product, &rest, axis)?
        };
    }
    Ok(value)
}

/// The axes that go, in order.
fn axes(call: &Call<'_>) -> Result<Vec<usize>, Cause> {
    let rank = call.input(0)?.rank();
    // ReduceSum got its axes as an input five operator sets before the others.
    let since = if call.operator() == "ReduceSum" { 13 } else { 18 };
    match call.list("axes", 1, since)? {
        Some(axes) if !axes.is_empty() => call.axes(axes, rank),
        _ if call.attributes().flag("noop_with_empty_axes", false)? => Ok(Vec::new()),
        _ => Ok((0..rank).collect()),
    }
}

/// The elements of a tensor in groups: one group for every place of the axes that stay.
#[derive(Debug)]
pub(super) struct Groups {
    /// Shape of the result.
    pub(super) shape: Vec<usize>,
    starts: Offsets,
    members: Vec<usize>,
}

impl Groups {
    /// Groups along these axes, which become 1 or go.
    pub(super) fn new(shape: &[usize], axes: &[usize], keep: bool) -> Self {
        let all = strides(shape);
        let pick = |reduced: bool| -> (Vec<usize>, Vec<isize>) {
            let chosen = (0..shape.len()).filter(|axis| axes.contains(axis) == reduced);
            chosen.map(|axis| (shape[axis], all[axis])).unzip()
        };
        let (kept_shape, kept_strides) = pick(false);
        let (group_shape, group_strides) = pick(true);
        let result = (0..shape.len())
            .filter(|axis| keep || !axes.contains(axis))
            .map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] });
        Self {
            shape: result.collect(),
            starts: Offsets::new(&kept_shape, &kept_strides, 0),
            members: Offsets::new(&group_shape, &group_strides, 0).collect(),
        }
    }

    /// One result for every group.
    pub(super) fn reduce<T: Copy, R>(&self, data: &[T], result: impl Fn(&[T]) -> R) -> Vec<R> {
        let mut group = Vec::with_capacity(self.members.len());
        let one = |start: usize| {
            group.clear();
            group.extend(self.members.iter().map(|member| data[start + member]));
            result(&group)
        };
        self.starts.clone().map(one).collect()
    }
}

/// The function of a group of floats. An empty group gives the function's neutral number.
fn float_function(operator: &str) -> fn(&[f64]) -> f64 {
    match operator {
        "ReduceL1" => |group| group.iter().map(|x| x.abs()).sum::<f64>() + 0.0,
        "ReduceL2" => |group| group.iter().map(|x| x * x).sum::<f64>().abs().sqrt(),
        "ReduceLogSum" => |group| libm::log(group.iter().sum::<f64>() + 0.0),
        "ReduceLogSumExp" => log_sum_exp,
        "ReduceMax" => |group| group.iter().copied().fold(f64::NEG_INFINITY, larger),
        "ReduceMean" => |group| group.iter().sum::<f64>() / group.len() as f64,
        "ReduceMin" => |group| -group.iter().map(|x| -x).fold(f64::NEG_INFINITY, larger),
        "ReduceProd" => |group| group.iter().product(),
        "ReduceSumSquare" => |group| group.iter().map(|x| x * x).sum::<f64>() + 0.0,
        // An empty sum of floats is -0 in Rust.
        _ => |group| group.iter().sum::<f64>() + 0.0,
    }
}

/// The larger one; NaN where one of them is.
fn larger(left: f64, right: f64) -> f64 {
    if left.is_nan() || left > right { left } else { right }
}

/// `ln(sum e^x)`, without overflow.
fn log_sum_exp(group: &[f64]) -> f64 {
    let peak = group.iter().copied().fold(f64::NEG_INFINITY, larger);
    if peak.is_infinite() {
        peak
    } else {
        peak + libm::log(group.iter().map(|x| libm::exp(x - peak)).sum::<f64>())
    }
}

/// The function of a group of integers; what is no integer is rounded towards zero.
fn integer_function(operator: &str, element_type: ElementType, group: &[i128]) -> i64 {
    let sum = || group.iter().sum::<i128>();
    let squares = || group.iter().map(|x| x.wrapping_mul(*x)).fold(0i128, i128::wrapping_add);
    let (lowest, highest) = element_type.integer_range().unwrap_or((0, 0));
    let result = match operator {
        "ReduceL1" => group.iter().map(|x| x.abs()).sum(),
        "ReduceL2" => (squares() as f64).sqrt() as i128,
        "ReduceLogSum" => libm::log(sum() as f64) as i128,
        "ReduceLogSumExp" => {
            let floats: Vec<f64> = group.iter().map(|&x| x as f64).collect();
            log_sum_exp(&floats) as i128
        }
        "ReduceMax" => group.iter().copied().max().unwrap_or(lowest),
        "ReduceMean" => sum().checked_div(group.len() as i128).unwrap_or(0),
        "ReduceMin" => group.iter().copied().min().unwrap_or(highest),
        "ReduceProd" => {
            group.iter().fold(1i128, |product, x| i128::from(element_type.wrap(product.wrapping_mul(*x))))
        }
        "ReduceSumSquare" => squares(),
        _ => sum(),
    };
    element_type.wrap(result)
}

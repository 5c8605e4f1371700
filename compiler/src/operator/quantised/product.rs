//! Products of quantised tensors: QLinearMatMul and QLinearConv, and the bare accumulators of MatMulInteger and ConvInteger.

use super::exact::{self, Rule};
use super::scale::{limits, requantised, scales};
use crate::graph::Node;
use crate::lowering::{Site, Value};
use crate::onnx::Cause;
use crate::operator::convolution::{self, Convolution};
use crate::operator::matrix::{self, Matrix};
use crate::operator::{Budget, Call, Form, Operator};
use crate::tensor::{Data, ElementType, Tensor};

/// Products of quantised tensors.
pub(in crate::operator) struct Product;

const WINDOW: &[&str] = &["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

static FORMS: [Form; 4] = [
    Form::new("QLinearMatMul", 8, 8).since(10),
    Form::new("QLinearConv", 8, 9).attributes(WINDOW).since(10),
    Form::new("MatMulInteger", 2, 4).since(10),
    Form::new("ConvInteger", 2, 4).attributes(WINDOW).since(10),
];

impl Operator for Product {
    fn forms(&self) -> &'static [Form] {
        &FORMS
    }

    fn evaluate(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Cause> {
        let plan = Plan::read(call)?;
        let accumulated = plan.accumulated(call, &plan.numbers(call, 0)?, &plan.numbers(call, 1)?)?;
        let shape = accumulated.shape().to_vec();
        let sums = accumulated.as_floats().unwrap_or(&[]).iter().enumerate();
        let channels = channels(plan.is_convolution, call.input(plan.data[1])?.shape(), &shape);
        let sum = |element: usize, sum: f64| sum as i64 + plan.bias.get(channels(element)).unwrap_or(&0);
        let Some(output) = &plan.output else {
            let wrap = |(element, value): (usize, &f64)| ElementType::Int32.wrap(sum(element, *value).into());
            return Ok(vec![Tensor::made(
                ElementType::Int32,
                shape,
                Data::Integer(sums.map(wrap).collect()),
            )?]);
        };
        let of = |(element, value): (usize, &f64)| {
            let ratio = output.ratio(channels(element));
            requantised(sum(element, *value), ratio, output.zero, output.limits)
        };
        Ok(vec![Tensor::made(output.element_type, shape, Data::Integer(sums.map(of).collect()))?])
    }

    fn lower(&self, site: &mut Site<'_, '_, '_>) -> Result<Vec<Value>, Cause> {
        let call = site.call;
        let (is_convolution, data, _) = places(&call);
        let may_vary = |index: usize| index == data[0] || index == data[1] && !is_convolution;
        let varies = (0..call.input_count()).find(|index| site.varies(*index) && !may_vary(*index));
        if let Some(index) = varies {
            return Err(Cause::NotConstant { tensor: call.label(index) });
        }
        let plan = Plan::read(&call)?;
        let product = Accumulator {
            left: shifted(site, data[0], &[plan.zeros.0])?,
            right: shifted(site, data[1], &plan.zeros.1)?,
            is_convolution: plan.is_convolution,
            bias: plan.bias.clone(),
        };
        let Some(output) = &plan.output else {
            return Ok(vec![product.lower(site, &[1.0])?]);
        };
        if output.ratios.len() > 1 && product.right.fixed().is_none() {
            return Err(call.wrong_shape(4, "one number, where no operand is constant"));
        }
        let rule = Rule { ratios: output.ratios.clone(), zero: output.zero, limits: output.limits };
        Ok(vec![exact::lower(site, &product, &rule)?])
    }
}

/// An operand as exact integers above its zero point.
fn shifted(site: &mut Site<'_, '_, '_>, index: usize, zeros: &[i64]) -> Result<Value, Cause> {
    let value = site.input(index)?;
    let zero = zero_of(zeros, &value.shape, site.call.operator().contains("Conv"));
    let offsets: Vec<f64> = (0..value.elements()).map(|element| -(zero(element) as f64)).collect();
    Ok(value.offset(&offsets))
}

/// The zero point of every element of the right operand: one, or one for every output channel.
fn zero_of<'z>(zeros: &'z [i64], shape: &[usize], is_convolution: bool) -> impl Fn(usize) -> i64 + 'z {
    let columns = shape.last().copied().unwrap_or(1).max(1);
    let inner = shape.iter().skip(1).product::<usize>().max(1);
    move |element| match zeros {
        [zero] => *zero,
        zeros if is_convolution => zeros.get(element / inner).copied().unwrap_or(0),
        zeros => zeros.get(element % columns).copied().unwrap_or(0),
    }
}

/// A product of two tensors of integers, that every output channel has a factor for.
pub(super) struct Accumulator {
    /// Activations above their zero point.
    pub(super) left: Value,
    /// Weights (or activations) above theirs.
    pub(super) right: Value,
    pub(super) is_convolution: bool,
    /// What is added for every output channel; empty for zeros.
    pub(super) bias: Vec<i64>,
}

impl Accumulator {
    /// The accumulators times their channels' factors, one for all or one for each.
    pub(super) fn lower(&self, site: &mut Site<'_, '_, '_>, factors: &[f64]) -> Result<Value, Cause> {
        let factor = |channel: usize| factors.get(channel).or(factors.first()).copied().unwrap_or(1.0);
        let product = match self.right.fixed() {
            Some(weights) => {
                let channel = self.channels_of_weights();
                let weights: Vec<f64> =
                    weights.iter().enumerate().map(|(at, weight)| weight * factor(channel(at))).collect();
                if self.is_convolution {
                    self.convolved(site, &weights)?
                } else {
                    let right = Value::constant(self.right.shape.clone(), weights, site.samples());
                    matrix::multiplied(site, self.left.clone(), right)?
                }
            }
            None => {
                // Both are tensors of the program: integers as they stand, read without their zero points.
                let whole = |site: &mut Site<'_, '_, '_>, value: &Value| match value.fixed() {
                    Some(_) => Ok(value.clone()),
                    None => site.builder.clamped(value, 1.0, -32_768),
                };
                let left = whole(site, &self.left)?;
                let right = whole(site, &self.right)?;
                matrix::multiplied(site, left, right)?.times(factor(0))
            }
        };
        let channels = self.channels(&product.shape);
        let bias = |element: usize| {
            let channel = channels(element);
            self.bias.get(channel).map_or(0.0, |bias| *bias as f64 * factor(channel))
        };
        let bias: Vec<f64> = (0..product.elements()).map(bias).collect();
        Ok(product.offset(&bias))
    }

    /// The output channel of an element of the product.
    pub(super) fn channels(&self, shape: &[usize]) -> impl Fn(usize) -> usize + use<> {
        channels(self.is_convolution, &self.right.shape, shape)
    }

    fn channels_of_weights(&self) -> impl Fn(usize) -> usize + use<> {
        let inner = self.right.shape.iter().skip(1).product::<usize>().max(1);
        let (columns, is_convolution) = (columns(&self.right.shape), self.is_convolution);
        move |element| if is_convolution { element / inner } else { element % columns }
    }

    fn convolved(&self, site: &mut Site<'_, '_, '_>, weights: &[f64]) -> Result<Value, Cause> {
        let node = Node { operator: "Conv".into(), ..site.call.node().clone() };
        let double = |shape: &[usize], data: Vec<f64>| {
            Tensor::made(ElementType::Double, shape.to_vec(), Data::Float(data))
        };
        let input = double(&self.left.shape, vec![0.0; self.left.elements()])?;
        let kernel = double(&self.right.shape, weights.to_vec())?;
        let (operands, budget) = ([Some(&input), Some(&kernel)], Budget::default());
        convolution::lower_call(site, &Call::new(&node, &operands, &budget), &self.left, weights)
    }
}

/// Columns of the right operand of a matrix product.
fn columns(right: &[usize]) -> usize {
    if right.len() < 2 { 1 } else { right.last().copied().unwrap_or(1).max(1) }
}

/// The output channel of an element of a product.
fn channels(is_convolution: bool, right: &[usize], shape: &[usize]) -> impl Fn(usize) -> usize + use<> {
    let (columns, plane) = (columns(right), shape.iter().skip(2).product::<usize>().max(1));
    let outputs = shape.get(1).copied().unwrap_or(1).max(1);
    move |element| if is_convolution { element / plane % outputs } else { element % columns }
}

/// Whether the node is a convolution, the places of its operands, and of their zero points.
fn places(call: &Call<'_>) -> (bool, [usize; 2], [usize; 2]) {
    let (data, zeros) =
        if call.operator().starts_with("QLinear") { ([0, 3], [2, 5]) } else { ([0, 1], [2, 3]) };
    (call.operator().contains("Conv"), data, zeros)
}

/// What integers become.
struct Output {
    ratios: Vec<f32>,
    zero: i64,
    element_type: ElementType,
    limits: (i64, i64),
}

impl Output {
    fn ratio(&self, channel: usize) -> f32 {
        self.ratios.get(channel).or(self.ratios.first()).copied().unwrap_or(1.0)
    }
}

/// What a node asks for.
struct Plan {
    is_convolution: bool,
    /// Places of the two operands.
    data: [usize; 2],
    zeros: (i64, Vec<i64>),
    bias: Vec<i64>,
    output: Option<Output>,
}

impl Plan {
    fn read(call: &Call<'_>) -> Result<Self, Cause> {
        let (is_convolution, data, zeros) = places(call);
        let is_linear = call.operator().starts_with("QLinear");
        for index in data {
            let got = call.input(index)?.element_type();
            if !matches!(got, ElementType::Int8 | ElementType::Uint8) {
                return Err(call.wrong_type(index, "INT8 or UINT8"));
            }
        }
        let right = call.input(data[1])?.shape();
        let outputs = match (is_convolution, right) {
            (true, [outputs, ..]) => *outputs,
            (false, [_, .., columns]) => *columns,
            _ => 1,
        };
        let one = |index: usize| match call.optional_integers(index)? {
            None => Ok(0),
            Some([zero]) => Ok(*zero),
            Some(_) => Err(call.wrong_shape(index, "one number")),
        };
        let several = match call.optional_integers(zeros[1])? {
            None => vec![0],
            Some(list) if list.len() == 1 || list.len() == outputs => list.to_vec(),
            Some(_) => return Err(call.wrong_shape(zeros[1], format!("one number, or {outputs}"))),
        };
        let zeros = (one(zeros[0])?, several);
        let mut plan = Self { is_convolution, data, zeros, bias: vec![], output: None };
        if !is_linear {
            return Ok(plan);
        }
        let (left, right, result) = (scales(call, 1)?, scales(call, 4)?, scales(call, 6)?);
        let single = |index: usize, scales: &[f32]| match scales {
            [scale] => Ok(*scale),
            _ => Err(call.wrong_shape(index, "one number")),
        };
        let (left, result) = (single(1, &left)?, single(6, &result)?);
        if right.len() != 1 && right.len() != outputs {
            return Err(call.wrong_shape(4, format!("one number, or {outputs}")));
        }
        let element_type = call.input(7)?.element_type();
        if !matches!(element_type, ElementType::Int8 | ElementType::Uint8) {
            return Err(call.wrong_type(7, "INT8 or UINT8"));
        }
        let limits = limits(element_type).ok_or_else(|| call.wrong_type(7, "INT8 or UINT8"))?;
        let ratios = right.iter().map(|scale| left * scale / result).collect();
        plan.output = Some(Output { ratios, zero: one(7)?, element_type, limits });
        if is_convolution && let Some(bias) = call.optional_integers(8)? {
            if bias.len() != outputs {
                return Err(call.wrong_shape(8, format!("[{outputs}]")));
            }
            plan.bias = bias.to_vec();
        }
        Ok(plan)
    }

    /// An operand above its zero point, in double precision, where integers of 32 bits are exact.
    fn numbers(&self, call: &Call<'_>, operand: usize) -> Result<Tensor, Cause> {
        let index = self.data[operand];
        let (shape, left) = (call.input(index)?.shape(), [self.zeros.0]);
        let zeros = if operand == 0 { left.as_slice() } else { &self.zeros.1 };
        let zero = zero_of(zeros, shape, self.is_convolution);
        let above = |(element, value): (usize, &i64)| (value - zero(element)) as f64;
        let data = call.integers(index)?.iter().enumerate().map(above).collect();
        Tensor::made(ElementType::Double, shape.to_vec(), Data::Float(data))
    }

    fn accumulated(&self, call: &Call<'_>, left: &Tensor, right: &Tensor) -> Result<Tensor, Cause> {
        let operator = if self.is_convolution { "Conv" } else { "MatMul" };
        let inputs = self.data.iter().map(|index| call.label(*index)).collect();
        let node = Node { operator: operator.into(), inputs, ..call.node().clone() };
        let (operands, budget) = ([Some(left), Some(right)], Budget::default());
        let inner = Call::new(&node, &operands, &budget);
        let family: &dyn Operator = if self.is_convolution { &Convolution } else { &Matrix };
        let outputs = family.evaluate(&inner)?;
        let output = outputs.into_iter().next().ok_or(Cause::OnlyConstants)?;
        call.spend((output.elements() as u64).saturating_mul(right.elements() as u64 + 1))?;
        Ok(output)
    }
}

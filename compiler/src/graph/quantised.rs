//! Quantised products that a file writes as DequantizeLinear, a product of floats, QuantizeLinear.
//!
//! A runtime computes such a chain with integers, and so does the graph: Conv, MatMul and Gemm between quantised tensors become QLinearConv and
//! QLinearMatMul, and what only moves or compares numbers of one scale works on the integers. Everything else stays as it is written.

use super::{Graph, Node, Step, Value};
use crate::tensor::{Data, ElementType, Tensor};
use std::collections::BTreeMap;

/// DequantizeLinear nodes of constants that were folded: the value made, the node and its operands.
pub(super) type Folded = BTreeMap<usize, (Node, Vec<Option<usize>>)>;

/// Operators that give the same on integers of one scale as on the floats that they stand for.
const SAME: [&str; 6] = ["Flatten", "MaxPool", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

/// Joins every such chain of the graph, and leaves out the nodes that nothing reads any more.
pub(super) fn join(graph: &mut Graph, folded: &Folded) {
    if !graph.steps.iter().any(|step| step.node.operator == "QuantizeLinear") {
        return;
    }
    let mut steps = Vec::with_capacity(graph.steps.len());
    for place in 0..graph.steps.len() {
        let joined = Chain { graph, folded }.joined(place);
        match joined {
            Some(joined) => {
                let new = joined.into_steps(graph, place);
                steps.extend(new);
            }
            None => steps.push(graph.steps[place].clone()),
        }
    }
    graph.steps = steps;
    let mut read: Vec<bool> = vec![false; graph.values.len()];
    graph.outputs.iter().for_each(|output| read[*output] = true);
    let mut kept = Vec::with_capacity(graph.steps.len());
    for step in graph.steps.drain(..).rev() {
        if step.outputs.iter().flatten().any(|output| read[*output]) {
            step.inputs.iter().flatten().for_each(|input| read[*input] = true);
            kept.push(step);
        }
    }
    kept.reverse();
    graph.steps = kept;
}

/// Integers with one scale and zero point: indices of values.
#[derive(Clone, Copy)]
struct Quantised {
    integers: usize,
    scale: usize,
    zero: Option<usize>,
}

/// What a chain becomes.
enum Joined {
    /// The node in the middle, on the integers.
    Same { middle: usize, integers: usize },
    /// A product.
    Product { middle: usize, left: Quantised, right: Quantised, bias: Option<usize>, output: Quantised },
}

struct Chain<'g> {
    graph: &'g Graph,
    folded: &'g Folded,
}

impl Chain<'_> {
    fn constant(&self, index: usize) -> Option<&Tensor> {
        self.graph.values[index].constant.as_ref()
    }

    fn maker(&self, value: usize) -> Option<usize> {
        self.graph.steps.iter().position(|step| step.outputs.contains(&Some(value)))
    }

    fn is_byte(&self, value: usize) -> bool {
        matches!(self.graph.values[value].element_type, ElementType::Int8 | ElementType::Uint8)
    }

    /// What QuantizeLinear or DequantizeLinear reads, where all but the numbers is constant.
    fn operands(&self, inputs: &[Option<usize>]) -> Option<Quantised> {
        let (integers, scale) = (inputs.first().copied().flatten()?, inputs.get(1).copied().flatten()?);
        let zero = inputs.get(2).copied().flatten();
        let is_constant = |index: usize| self.constant(index).is_some();
        (is_constant(scale) && zero.is_none_or(is_constant)).then_some(Quantised { integers, scale, zero })
    }

    fn one(&self, index: usize) -> Option<f64> {
        let tensor = self.constant(index)?;
        (tensor.elements() == 1).then(|| tensor.to_floats()?.first().copied())?
    }

    /// The integers behind a value: a node's, or a constant's.
    fn source(&self, value: usize) -> Option<(&Node, Quantised)> {
        let (node, inputs) = match self.folded.get(&value) {
            Some((node, inputs)) => (node, inputs),
            None => {
                let step = &self.graph.steps[self.maker(value)?];
                (&step.node, &step.inputs)
            }
        };
        let plain = node.operator == "DequantizeLinear" && !node.attributes.has("block_size");
        Some((node, self.operands(inputs).filter(|_| plain)?))
    }

    /// The integers behind a value with one scale.
    fn tensor(&self, value: usize) -> Option<Quantised> {
        let (_, source) = self.source(value)?;
        let single =
            self.one(source.scale).is_some() && source.zero.is_none_or(|zero| self.one(zero).is_some());
        (single && self.is_byte(source.integers)).then_some(source)
    }

    /// What a QuantizeLinear and the nodes before it become; `None` where they stay.
    fn joined(&self, place: usize) -> Option<Joined> {
        let step = &self.graph.steps[place];
        let byte = step.outputs.first().copied().flatten().is_some_and(|output| self.is_byte(output));
        if step.node.operator != "QuantizeLinear" || !byte || step.node.attributes.has("block_size") {
            return None;
        }
        let output = self.operands(&step.inputs)?;
        self.one(output.scale)?;
        let mut middle = self.maker(output.integers)?;
        if self.graph.steps[middle].node.operator == "Relu" {
            // Where the zero point is the lowest integer, what is below zero saturates.
            let lowest = match (output.zero, step.outputs.first().copied().flatten()) {
                (None, _) => true,
                (Some(zero), Some(made)) => {
                    let (least, _) = self.graph.values[made].element_type.integer_range()?;
                    self.one(zero)? == least as f64
                }
                _ => false,
            };
            middle =
                lowest.then(|| self.maker(self.graph.steps[middle].inputs.first().copied().flatten()?))??;
        }
        let node = &self.graph.steps[middle];
        let left = self.tensor(node.inputs.first().copied().flatten()?)?;
        if SAME.contains(&node.node.operator.as_str()) {
            let zero = |quantised: Quantised| quantised.zero.map_or(Some(0.0), |zero| self.one(zero));
            let made = step.outputs.first().copied().flatten()?;
            let same = self.one(left.scale)? == self.one(output.scale)?
                && zero(left)? == zero(output)?
                && self.graph.values[left.integers].element_type == self.graph.values[made].element_type;
            return same.then_some(Joined::Same { middle, integers: left.integers });
        }
        self.product(middle, left, output)
    }

    fn product(&self, middle: usize, left: Quantised, output: Quantised) -> Option<Joined> {
        let step = &self.graph.steps[middle];
        let attributes = &step.node.attributes;
        let turned = attributes.integer("transB", 0).ok()? != 0;
        let columns = match step.node.operator.as_str() {
            "Conv" => 0,
            "MatMul" => 1,
            "Gemm" => {
                let plain = attributes.float("alpha", 1.0).ok()? == 1.0
                    && attributes.float("beta", 1.0).ok()? == 1.0
                    && attributes.integer("transA", 0).ok()? == 0;
                plain.then_some(usize::from(!turned))?
            }
            _ => return None,
        };
        let weights = step.inputs.get(1).copied().flatten()?;
        let (source, right) = self.source(weights)?;
        let shape = &self.graph.values[right.integers].shape;
        let scales = self.constant(right.scale)?;
        if !self.is_byte(right.integers) {
            return None;
        }
        if scales.elements() != 1 {
            let axis = source.attributes.integer("axis", 1).ok()?;
            let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
            let fits = axis == columns as i64 && (step.node.operator == "Conv" || shape.len() == 2);
            fits.then_some(())?;
        }
        let is_constant = self.constant(right.integers).is_some();
        if !is_constant && step.node.operator != "MatMul" {
            return None;
        }
        let bias = match step.inputs.get(2).copied().flatten() {
            None => None,
            Some(bias) => Some(self.bias(bias, left, scales)?),
        };
        Some(Joined::Product { middle, left, right, bias, output })
    }

    /// The integers of a bias whose scale is the product of the other two.
    fn bias(&self, value: usize, left: Quantised, right: &Tensor) -> Option<usize> {
        let (_, source) = self.source(value)?;
        let integers = self.constant(source.integers)?;
        let zero = source.zero.map_or(Some(true), |zero| {
            Some(self.constant(zero)?.as_integers()?.iter().all(|zero| *zero == 0))
        })?;
        let (left, own) = (self.one(left.scale)? as f32, self.constant(source.scale)?.to_floats()?);
        let right = right.to_floats()?;
        let close = |(place, own): (usize, &f64)| {
            let right = right.get(place).or(right.first()).copied().unwrap_or(0.0);
            let expected = f64::from(left * right as f32);
            (own - expected).abs() <= 1e-6 * expected
        };
        let fits = zero
            && integers.rank() == 1
            && integers.element_type() == ElementType::Int32
            && (own.len() == 1 && right.len() == 1 || own.len() == right.len())
            && own.iter().enumerate().all(close);
        fits.then_some(source.integers)
    }
}

impl Joined {
    /// The steps instead of a QuantizeLinear, which make the same value.
    fn into_steps(self, graph: &mut Graph, place: usize) -> Vec<Step> {
        let quantise = graph.steps[place].clone();
        match self {
            Self::Same { middle, integers } => {
                let mut step = graph.steps[middle].clone();
                step.inputs[0] = Some(integers);
                step.outputs = vec![quantise.outputs[0]];
                step.node.outputs.truncate(1);
                vec![step]
            }
            Self::Product { middle, left, right, bias, output } => {
                let product = graph.steps[middle].clone();
                let made = quantise.outputs[0].unwrap_or_default();
                let element_type = graph.values[made].element_type;
                let (first, second) =
                    (graph.values[left.integers].element_type, graph.values[right.integers].element_type);
                let point = |graph: &mut Graph, zero: Option<usize>, element_type: ElementType| {
                    zero.or_else(|| Some(constant(graph, element_type, vec![], vec![0])))
                };
                let mut inputs = vec![
                    Some(left.integers),
                    Some(left.scale),
                    point(graph, left.zero, first),
                    Some(right.integers),
                    Some(right.scale),
                    point(graph, right.zero, second),
                    Some(output.scale),
                    point(graph, output.zero, element_type),
                ];
                if product.node.operator == "Gemm" {
                    return gemm(graph, &product, inputs, bias, made);
                }
                inputs.extend(bias.map(Some));
                let operator = if product.node.operator == "Conv" { "QLinearConv" } else { "QLinearMatMul" };
                vec![step(&product, operator, inputs, made, product.node.attributes.clone())]
            }
        }
    }
}

/// A Gemm is a convolution of one place, which has a bias.
fn gemm(
    graph: &mut Graph,
    product: &Step,
    mut inputs: Vec<Option<usize>>,
    bias: Option<usize>,
    made: usize,
) -> Vec<Step> {
    let turned = product.node.attributes.integer("transB", 0).unwrap_or(0) != 0;
    let (left, right) = (inputs[0].unwrap_or_default(), inputs[3].unwrap_or_default());
    let rows = graph.values[left].shape.clone();
    let (element_type, shape) = (graph.values[right].element_type, graph.values[right].shape.clone());
    let weights = graph.values[right].constant.as_ref().and_then(Tensor::as_integers).unwrap_or(&[]);
    let (outputs, inner) = if turned { (shape[0], shape[1]) } else { (shape[1], shape[0]) };
    let at = |place: usize| {
        let (output, input) = (place / inner.max(1), place % inner.max(1));
        weights[if turned { place } else { input * outputs + output }]
    };
    let weights: Vec<i64> = (0..outputs * inner).map(at).collect();
    inputs[3] = Some(constant(graph, element_type, vec![outputs, inner, 1], weights));
    let first = made_value(graph, left, vec![rows[0], inner, 1]);
    let last = made_value(graph, made, vec![rows[0], outputs, 1]);
    let int64 = ElementType::Int64;
    let into = constant(graph, int64, vec![3], vec![rows[0] as i64, inner as i64, 1]);
    let back = constant(graph, int64, vec![2], vec![rows[0] as i64, outputs as i64]);
    inputs[0] = Some(first);
    inputs.extend(bias.map(Some));
    let none = super::Attributes::default;
    vec![
        step(product, "Reshape", vec![Some(left), Some(into)], first, none()),
        step(product, "QLinearConv", inputs, last, none()),
        step(product, "Reshape", vec![Some(last), Some(back)], made, none()),
    ]
}

fn step(
    like: &Step,
    operator: &str,
    inputs: Vec<Option<usize>>,
    made: usize,
    attributes: super::Attributes,
) -> Step {
    let names = inputs.iter().map(|input| input.map_or_else(String::new, |input| format!("#{input}")));
    let node = Node {
        name: like.node.name.clone(),
        operator: operator.to_owned(),
        domain: String::new(),
        opset: like.node.opset,
        inputs: names.collect(),
        outputs: vec![format!("#{made}")],
        attributes,
    };
    Step { node, inputs, outputs: vec![Some(made)] }
}

fn constant(graph: &mut Graph, element_type: ElementType, shape: Vec<usize>, data: Vec<i64>) -> usize {
    let constant = Tensor::new(element_type, shape.clone(), Data::Integer(data));
    graph.values.push(Value { name: String::new(), element_type, shape, constant });
    graph.values.len() - 1
}

/// A value like another one in a new shape.
fn made_value(graph: &mut Graph, like: usize, shape: Vec<usize>) -> usize {
    let Value { name, element_type, .. } = graph.values[like].clone();
    graph.values.push(Value { name, element_type, shape, constant: None });
    graph.values.len() - 1
}

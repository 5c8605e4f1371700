//! A graph of one node.

use super::{Graph, Node, Step, Value};
use crate::onnx::Cause;
use crate::operator;
use crate::tensor::Tensor;

/// What a node is given in one place.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'t> {
    /// Nothing.
    Absent,
    /// A constant.
    Constant(&'t Tensor),
    /// An input of the graph, of this shape and type; the shapes of the outputs are those for these numbers.
    Input(&'t Tensor),
}

impl Graph {
    /// The graph of one node, whose outputs are the graph's.
    ///
    /// Errors: what the node refuses.
    pub fn single(node: &Node, operands: &[Operand<'_>]) -> Result<Self, Cause> {
        let tensors: Vec<Option<&Tensor>> = operands
            .iter()
            .map(|operand| match operand {
                Operand::Absent => None,
                Operand::Constant(tensor) | Operand::Input(tensor) => Some(*tensor),
            })
            .collect();
        let outputs = operator::evaluate(node, &tensors)?;
        let value = |name: String, tensor: &Tensor, constant: bool| Value {
            name,
            element_type: tensor.element_type(),
            shape: tensor.shape().to_vec(),
            constant: constant.then(|| tensor.clone()),
        };
        let (mut values, mut inputs, mut reads) = (Vec::new(), Vec::new(), Vec::new());
        for (place, operand) in operands.iter().enumerate() {
            let (tensor, constant) = match operand {
                Operand::Absent => {
                    reads.push(None);
                    continue;
                }
                Operand::Constant(tensor) => (tensor, true),
                Operand::Input(tensor) => (tensor, false),
            };
            if !constant {
                inputs.push(values.len());
            }
            reads.push(Some(values.len()));
            values.push(value(format!("input {place}"), tensor, constant));
        }
        let mut node = node.clone();
        if node.name.is_empty() {
            node.name.clone_from(&node.operator);
        }
        let name = |read: &Option<usize>| read.map_or(String::new(), |value| values[value].name.clone());
        node.inputs = reads.iter().map(name).collect();
        let wanted = node.outputs.len().min(outputs.len());
        node.outputs = (0..wanted).map(|place| format!("output {place}")).collect();
        let first = values.len();
        values.extend(
            outputs.iter().zip(&node.outputs).map(|(output, name)| value(name.clone(), output, false)),
        );
        let outputs: Vec<usize> = (first..values.len()).collect();
        let steps = vec![Step { node, inputs: reads, outputs: outputs.iter().copied().map(Some).collect() }];
        Ok(Self { values, steps, inputs, outputs, unused_nodes: vec![] })
    }
}

//! The float model's values for one input.

use super::{Graph, refused_input};
use crate::onnx::{Cause, Obstacle};
use crate::operator::{self, Budget, Call};
use crate::tensor::Tensor;

impl Graph {
    /// The outputs for one input each, in double precision and one order of summation.
    ///
    /// Errors: an input of another element type or shape; a node that cannot compute on these numbers.
    pub fn evaluate(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, Box<Obstacle>> {
        let values = self.evaluate_all(inputs)?;
        let output = |&index: &usize| {
            let value = &self.values[index];
            let tensor = values[index].as_ref().or(value.constant.as_ref());
            tensor.cloned().ok_or_else(|| {
                let cause = Cause::MissingTensor { tensor: value.name.clone() };
                Box::new(Obstacle { node: value.name.clone(), operator: "graph output".into(), cause })
            })
        };
        self.outputs.iter().map(output).collect()
    }

    /// Every value that is not a constant, at its index.
    ///
    /// Errors: as [`Self::evaluate`].
    pub fn evaluate_all(&self, inputs: &[Tensor]) -> Result<Vec<Option<Tensor>>, Box<Obstacle>> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.values.len()];
        if inputs.len() != self.inputs.len() {
            let (got, count) = (inputs.len(), self.inputs.len());
            return Err(refused_input("inputs", Cause::InputCount { got, minimum: count, maximum: count }));
        }
        for (&index, input) in self.inputs.iter().zip(inputs) {
            let declared = &self.values[index];
            if input.element_type() != declared.element_type {
                return Err(refused_input(
                    &declared.name,
                    Cause::ElementType {
                        tensor: declared.name.clone(),
                        got: input.element_type().name().into(),
                        expected: declared.element_type.name(),
                    },
                ));
            }
            if input.shape() != declared.shape {
                return Err(refused_input(
                    &declared.name,
                    Cause::Shape {
                        tensor: declared.name.clone(),
                        got: input.shape().to_vec(),
                        expected: format!("{:?}", declared.shape),
                    },
                ));
            }
            values[index] = Some(input.clone());
        }
        let budget = Budget::default();
        for step in &self.steps {
            let refused = |cause| {
                Box::new(Obstacle {
                    node: step.node.name.clone(),
                    operator: step.node.operator.clone(),
                    cause,
                })
            };
            let operands: Vec<Option<&Tensor>> = step
                .inputs
                .iter()
                .map(|input| {
                    input.and_then(|index| values[index].as_ref().or(self.values[index].constant.as_ref()))
                })
                .collect();
            let (family, _) = operator::find(&step.node).map_err(refused)?;
            let outputs =
                operator::run(family, &Call::new(&step.node, &operands, &budget)).map_err(refused)?;
            for (output, tensor) in step.outputs.iter().zip(outputs) {
                if let Some(index) = *output {
                    values[index] = Some(tensor);
                }
            }
        }
        Ok(values)
    }
}

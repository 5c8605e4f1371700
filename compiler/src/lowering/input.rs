//! The model's input as the program has it.

use crate::class::padded_log2;
use crate::graph::Graph;
use crate::quantise::power_of_ten;
use crate::tensor::{Data, Tensor};
use candor_program::class::Input as InputClass;
use candor_program::feature::Feature;

/// Features above their minimum, each with its own step.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Exact extents of the tensor of features.
    pub(crate) extents: Vec<u32>,
    /// Real value of one integer step of every feature; one entry where all have the same.
    pub(crate) steps: Vec<f64>,
    /// Highest integer of every feature.
    pub(crate) spans: Vec<u32>,
    /// Real value of every feature's minimum.
    pub(crate) offsets: Vec<f64>,
    /// Real features of every calibration sample.
    pub(crate) samples: Vec<Vec<f64>>,
    /// Room above the largest calibrated value before it saturates, as a factor.
    pub(crate) room: f64,
}

/// Room that is tried first.
pub(crate) const ROOM: f64 = 1.5;

impl Input {
    /// Shapes: samples have one number for every feature.
    pub(crate) fn new(class: &InputClass, features: &[Feature], samples: Vec<Vec<f64>>) -> Self {
        let steps: Vec<f64> = features.iter().map(|feature| 1.0 / power_of_ten(feature.decimals)).collect();
        let offsets = features.iter().zip(&steps).map(|(feature, step)| feature.min as f64 * step).collect();
        let same = steps.windows(2).all(|pair| pair[0] == pair[1]);
        let steps = if same { steps.first().copied().into_iter().collect() } else { steps };
        let spans = features.iter().map(|feature| u32::try_from(feature.span()).unwrap_or(u32::MAX));
        Self {
            extents: class.extents(features.len()),
            steps,
            spans: spans.collect(),
            offsets,
            samples,
            room: ROOM,
        }
    }
}

/// Several axes where the model has one input with several of more than one place.
pub(crate) fn input_class(graph: &Graph, features: usize) -> InputClass {
    let vector = InputClass::Vector { log2: padded_log2(features) };
    let [input] = graph.inputs() else { return vector };
    let extents: Vec<u32> =
        graph.values()[*input].shape.iter().filter(|size| **size != 1).map(|size| *size as u32).collect();
    if extents.len() < 2 { vector } else { InputClass::Tensor { extents } }
}

impl Graph {
    /// The inputs' tensors, from one number for every element of all of them, in order; `None` where there are not as many.
    #[must_use]
    pub fn tensors(&self, numbers: &[f64]) -> Option<Vec<Tensor>> {
        let mut first = 0;
        let mut inputs = Vec::new();
        for index in self.inputs() {
            let value = &self.values()[*index];
            let elements: usize = value.shape.iter().product();
            let own = numbers.get(first..first + elements)?;
            first += elements;
            let data = if value.element_type.is_float() {
                Data::Float(own.to_vec())
            } else if value.element_type.is_integer() {
                Data::Integer(own.iter().map(|number| *number as i64).collect())
            } else {
                Data::Bool(own.iter().map(|number| *number != 0.0).collect())
            };
            inputs.push(Tensor::new(value.element_type, value.shape.clone(), data)?);
        }
        (first == numbers.len()).then_some(inputs)
    }

    /// What the float model has at a value for these features; `None` where it cannot be computed.
    pub(crate) fn float(&self, features: &[f64], value: usize) -> Option<Vec<f64>> {
        let inputs = self.tensors(features)?;
        self.evaluate_all(&inputs).ok()?.get(value)?.as_ref()?.to_floats()
    }
}

//! A node as an integer program, compared with the float evaluator on inputs drawn between the least and the largest number of those given.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses a part")]

use candor_compiler::graph::{Graph, Node, Operand};
use candor_compiler::tensor::Tensor;
use candor_compiler::{Trial, TrialError};

/// Samples that scales are chosen from, and as many that are compared.
const SAMPLES: usize = 24;

/// A node with drawn inputs.
pub struct Lowered {
    /// The graph of the node.
    pub graph: Graph,
    /// The integer program of its first output.
    pub trial: Trial,
    drawn: Vec<Vec<f64>>,
}

/// The program of a node's output.
pub fn lower(node: &Node, operands: &[Operand<'_>], output: usize) -> Result<Lowered, TrialError> {
    let graph = Graph::single(node, operands).unwrap();
    let inputs: Vec<&Tensor> = operands
        .iter()
        .filter_map(|operand| if let Operand::Input(tensor) = operand { Some(*tensor) } else { None })
        .collect();
    let given: Vec<f64> = inputs.iter().flat_map(|tensor| tensor.to_floats().unwrap()).collect();
    let mut state = 0u64;
    let mut draw = || {
        let mut sample = Vec::with_capacity(given.len());
        for tensor in &inputs {
            let numbers = tensor.to_floats().unwrap();
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for _ in &numbers {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let number = least + (most - least) * ((state >> 33) as f64 / 2f64.powi(31));
                sample.push(if tensor.element_type().is_float() { number } else { number.round() });
            }
        }
        sample
    };
    let mut samples: Vec<Vec<f64>> = vec![given.clone()];
    samples.extend((0..SAMPLES).map(|_| draw()));
    let drawn: Vec<Vec<f64>> = [given.clone()].into_iter().chain((0..SAMPLES).map(|_| draw())).collect();
    let trial = Trial::new(&graph, output, &samples)?;
    Ok(Lowered { graph, trial, drawn })
}

impl Lowered {
    /// Largest difference from the float model, at the inputs that the features hold.
    pub fn worst(&self, output: usize) -> f64 {
        let mut worst = 0.0f64;
        for sample in &self.drawn {
            let held = self.trial.held(sample);
            let inputs = self.graph.tensors(&held).unwrap();
            let float = self.graph.evaluate(&inputs).unwrap()[output].to_floats().unwrap();
            let got = self.trial.run(&held).unwrap();
            assert_eq!(got.len(), float.len());
            for (got, float) in got.iter().zip(&float) {
                worst = worst.max((got - float).abs());
            }
        }
        worst
    }
}

/// The first output of a node is within a bound of the float evaluator's.
pub fn assert_within(node: &Node, operands: &[Operand<'_>], bound: f64) {
    let worst = lower(node, operands, 0).unwrap().worst(0);
    assert!(worst <= bound, "{}: {worst} is beyond {bound}", node.operator);
}

/// The first output of a node is the float evaluator's, once it is rounded to the whole numbers that it stands for.
pub fn assert_exact(node: &Node, operands: &[Operand<'_>]) {
    let worst = lower(node, operands, 0).unwrap().worst(0);
    assert!(worst < 1e-6, "{}: {worst}", node.operator);
}

//! The nets of `fixtures/nets`: their integers decide as onnxruntime did on observations that nothing was trained on.

use crate::support::{fixture, setup};
use candor_compiler::graph::{Graph, Options};
use candor_compiler::{AgentSource, lower};

/// Decisions of 120 that are the same, and the largest difference of an output.
fn follows(name: &str, same: usize, bound: f64) {
    let source = AgentSource::read(&fixture(&format!("nets/{name}/agent.toml"))).unwrap();
    let lowered = lower(&source, &setup()).unwrap();
    println!("{}", lowered.report);
    let reference = lowered.report.reference.as_ref().unwrap();
    assert_eq!((reference.agreement.observations, reference.unmatched), (120, 0));
    assert!(reference.agreement.same_action >= same, "{}", reference.agreement);
    assert!(reference.agreement.worst_error.unwrap() < bound, "{}", reference.agreement);
    assert!(!lowered.report.calibration.sampled);
}

#[test]
fn a_small_convolutional_net() {
    follows("digits", 120, 0.01);
}

#[test]
fn lenet() {
    follows("lenet", 120, 0.01);
}

#[test]
fn a_block_of_a_transformer() {
    follows("transformer", 120, 0.05);
}

#[test]
fn a_recurrent_net() {
    follows("gru", 119, 0.01);
}

/// The same integers as onnxruntime's: logits differ in no digit that single precision has.
#[test]
fn a_net_of_8_bit_integers() {
    follows("digits-int8", 120, 1e-4);
    let bytes = std::fs::read(fixture("nets/digits-int8/model.onnx")).unwrap();
    let graph = Graph::read(&bytes, &Options::default()).unwrap();
    let operators: Vec<&str> = graph.steps().iter().map(|step| step.node.operator.as_str()).collect();
    let product = ["QLinearConv", "MaxPool"];
    let last = ["Flatten", "Reshape", "QLinearConv", "Reshape", "DequantizeLinear"];
    assert_eq!(operators, [&["Mul", "QuantizeLinear"], &product[..], &product[..], &last[..]].concat());
}

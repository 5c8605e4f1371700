//! What onnxruntime computes for the same nodes: `tests/vectors/runtime.py` made `tests/vectors/runtime.jsonl`.

use crate::support::cases;
use candor_compiler::operator::evaluate;
use candor_compiler::tensor::Tensor;

/// Single precision and other orders of sums.
const BOUND: f64 = 2e-6;

fn check(operators: &[&str]) -> usize {
    let cases = cases();
    let mut compared = 0;
    for (number, case) in cases.iter().enumerate() {
        if !operators.contains(&case.node.operator.as_str()) {
            continue;
        }
        let inputs: Vec<Option<&Tensor>> = case.inputs.iter().map(Option::as_ref).collect();
        let outputs = evaluate(&case.node, &inputs).unwrap();
        for (got, expected) in outputs.iter().zip(&case.outputs) {
            assert_eq!(got.element_type(), expected.element_type(), "case {number}");
            assert_eq!(got.shape(), expected.shape(), "case {number}");
            match (got.as_floats(), expected.as_floats()) {
                (Some(got), Some(expected)) => {
                    for (got, expected) in got.iter().zip(expected) {
                        let close = (got - expected).abs() <= BOUND * (1.0 + expected.abs());
                        assert!(close, "case {number}, {}: {got}, {expected}", case.node.operator);
                    }
                }
                // Integers are the same.
                _ => assert_eq!(got, expected, "case {number}, {}", case.node.operator),
            }
        }
        compared += 1;
    }
    compared
}

#[test]
fn recurrent_nets() {
    assert_eq!(check(&["RNN", "GRU", "LSTM"]), 37);
}

#[test]
fn quantised_numbers() {
    assert_eq!(check(&["QuantizeLinear"]), 9);
    assert_eq!(check(&["QLinearMatMul", "QLinearConv", "MatMulInteger", "ConvInteger"]), 15);
}

#[test]
fn dequantised_numbers_are_those_of_single_precision() {
    let mut compared = 0;
    for case in cases().iter().filter(|case| case.node.operator == "DequantizeLinear") {
        let inputs: Vec<Option<&Tensor>> = case.inputs.iter().map(Option::as_ref).collect();
        assert_eq!(evaluate(&case.node, &inputs).unwrap(), case.outputs);
        compared += 1;
    }
    assert_eq!(compared, 6);
}

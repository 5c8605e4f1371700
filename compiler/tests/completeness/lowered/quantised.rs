//! Quantised tensors as integers: those of the float model, every one of them.

use crate::lowered::{assert_exact, assert_within, lower};
use crate::support::{cases, f, int, integers, node};
use candor_compiler::graph::Operand::{self, Constant, Input};
use candor_compiler::tensor::{Data, ElementType, Tensor};

fn scalar(value: f64) -> Tensor {
    f(&[], &[value])
}

fn point(element_type: ElementType, value: i64) -> Tensor {
    Tensor::new(element_type, vec![], Data::Integer(vec![value])).unwrap()
}

#[test]
fn products_are_the_same_integers() {
    let mut compared = 0;
    for (number, case) in cases().iter().enumerate() {
        if !case.node.operator.starts_with("QLinear") && !case.node.operator.ends_with("Integer") {
            continue;
        }
        let operand = |(index, tensor)| if index == 0 { Input(tensor) } else { Constant(tensor) };
        let operands: Vec<Operand<'_>> = case.inputs.iter().flatten().enumerate().map(operand).collect();
        if case.node.operator.starts_with("QLinear") {
            let lowered = lower(&case.node, &operands, 0).unwrap();
            assert_eq!(lowered.worst(0), 0.0, "case {number}, {}", case.node.operator);
        } else {
            // Bare accumulators have 32 bits, of which the samples' range is kept.
            assert!(lower(&case.node, &operands, 0).unwrap().trial.worst_error() < 16.0);
        }
        compared += 1;
    }
    assert_eq!(compared, 15);
}

#[test]
fn products_of_two_activations_are_the_same_integers() {
    let case = cases().into_iter().find(|case| case.node.operator == "QLinearMatMul").unwrap();
    let operand = |(index, tensor)| if index == 0 || index == 3 { Input(tensor) } else { Constant(tensor) };
    let operands: Vec<Operand<'_>> = case.inputs.iter().flatten().enumerate().map(operand).collect();
    assert_eq!(lower(&case.node, &operands, 0).unwrap().worst(0), 0.0);
}

#[test]
fn constants_may_stand_on_the_left() {
    let case = cases().into_iter().find(|case| case.node.operator == "QLinearMatMul").unwrap();
    let operand = |(index, tensor)| if index == 3 { Input(tensor) } else { Constant(tensor) };
    let operands: Vec<Operand<'_>> = case.inputs.iter().flatten().enumerate().map(operand).collect();
    assert_eq!(lower(&case.node, &operands, 0).unwrap().worst(0), 0.0);
}

#[test]
fn numbers_of_the_input_are_quantised_exactly() {
    let x = f(&[2, 3], &[-2.5, 0.15, 0.45, 1.0, 3.2, 0.0]);
    for (element_type, zero) in [(ElementType::Uint8, 100), (ElementType::Int8, -5)] {
        let (scale, zero) = (scalar(0.0123), point(element_type, zero));
        assert_exact(&node("QuantizeLinear"), &[Input(&x), Constant(&scale), Constant(&zero)]);
    }
    // Without a zero point the integers are unsigned.
    assert_exact(&node("QuantizeLinear"), &[Input(&x), Constant(&scalar(0.0123))]);
}

#[test]
fn scales_of_an_axis_round_to_within_one() {
    let x = f(&[2, 3], &[-2.5, 0.15, 0.45, 1.0, 3.2, 0.0]);
    let (scale, zero) = (f(&[3], &[0.0123, 0.02, 0.5]), integers(ElementType::Uint8, &[100, 128, 0]));
    assert_within(&node("QuantizeLinear"), &[Input(&x), Constant(&scale), Constant(&zero)], 1.0);
}

#[test]
fn dequantised_integers() {
    let x = Tensor::new(ElementType::Int8, vec![2, 3], Data::Integer(vec![-128, 127, 0, 1, -1, 77])).unwrap();
    let (scale, zero) = (f(&[3], &[0.25, 0.5, 0.0625]), integers(ElementType::Int8, &[3, 0, -4]));
    let node = node("DequantizeLinear").with("axis", int(1));
    assert_within(&node, &[Input(&x), Constant(&scale), Constant(&zero)], 2e-3);
    assert_within(&node, &[Input(&x), Constant(&scalar(0.25))], 1e-3);
}

//! What the integer program refuses of operators that the float model computes.

use crate::support::{f, file, graph, i, int64s, node, sized};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::graph::{Graph, Node, Operand};
use candor_compiler::onnx::Cause;
use candor_compiler::{Trial, TrialError};

/// The one obstacle of a node.
fn refused(node: &Node, operands: &[Operand<'_>]) -> Cause {
    let graph = Graph::single(node, operands).unwrap();
    let sample = operands.iter().filter_map(|operand| match operand {
        Input(tensor) => tensor.to_floats(),
        _ => None,
    });
    cause(Trial::new(&graph, 0, &[sample.flatten().collect()]))
}

fn cause(trial: Result<Trial, TrialError>) -> Cause {
    match trial {
        Err(TrialError::Obstacles { mut obstacles }) if obstacles.len() == 1 => obstacles.remove(0).cause,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

fn not_constant(input: usize) -> Cause {
    Cause::NotConstant { tensor: format!("input {input}") }
}

#[test]
fn divisors_that_vary() {
    let (left, right) = (i(&[2], &[7, 9]), i(&[2], &[2, 3]));
    for operator in ["Mod", "Div"] {
        assert_eq!(refused(&node(operator), &[Input(&left), Input(&right)]), not_constant(1));
        // Not the same for all elements.
        assert_eq!(refused(&node(operator), &[Input(&left), Constant(&right)]), not_constant(1));
    }
}

#[test]
fn powers_of_what_has_no_logarithm() {
    let (base, exponent) = (f(&[2], &[0.0, 2.0]), f(&[2], &[0.5, 3.0]));
    assert_eq!(refused(&node("Pow"), &[Input(&base), Input(&exponent)]), not_constant(1));
    let (base, exponent) = (i(&[2], &[1, 2]), i(&[2], &[1, 3]));
    assert_eq!(refused(&node("Pow"), &[Input(&base), Input(&exponent)]), not_constant(1));
}

#[test]
fn bits_of_two_inputs() {
    let (left, right) = (i(&[2], &[7, 9]), i(&[2], &[2, 3]));
    for operator in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"] {
        assert_eq!(refused(&node(operator), &[Input(&left), Input(&right)]), not_constant(1));
        assert_eq!(refused(&node(operator), &[Input(&left), Constant(&right)]), not_constant(1));
    }
}

#[test]
fn statistics_that_vary() {
    let (input, channel) = (f(&[1, 2], &[0.5, 1.0]), f(&[2], &[1.0, 2.0]));
    for varying in 1..5 {
        let mut operands = vec![Input(&input)];
        operands
            .extend((1..5).map(|place| if place == varying { Input(&channel) } else { Constant(&channel) }));
        assert_eq!(refused(&node("BatchNormalization"), &operands), not_constant(varying));
    }
}

#[test]
fn an_output_that_is_the_same_for_every_input() {
    let bytes = file(17, vec![sized("x", &[2])], &["c"], vec![], vec![int64s("c", &[1, 2])]);
    let trial = Trial::new(&graph(&bytes), 0, &[vec![0.0, 1.0]]);
    assert_eq!(cause(trial), Cause::OnlyConstants);
}

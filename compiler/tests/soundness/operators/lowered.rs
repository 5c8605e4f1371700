//! What the integer program refuses of operators that the float model computes.

use crate::support::{Axis, counting, f, file, file_node, graph, i, input, int64s, ints, node, sized, text};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::graph::{Graph, Node, Operand};
use candor_compiler::onnx::Cause;
use candor_compiler::{Trial, TrialError};
use rten_onnx::onnx::DataType;

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

#[test]
fn a_diagonal_that_varies() {
    let (data, diagonal) = (f(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), i(&[], &[1]));
    assert_eq!(refused(&node("Trilu"), &[Constant(&data), Input(&diagonal)]), not_constant(1));
}

#[test]
fn places_of_the_largest() {
    let data = f(&[1, 1, 3], &[1.0, 2.0, 3.0]);
    let node = node("MaxPool").with("kernel_shape", ints(&[2])).with_outputs(2);
    assert_eq!(refused(&node, &[Input(&data)]), Cause::OutputRange { got: 2, minimum: 1, maximum: 1 });
}

#[test]
fn tables_end_at_their_limit() {
    const LIMIT: usize = 32_000;
    let index = i(&[1], &[5]);
    let table = |size: usize| counting(&[size]);
    let graph = |size| Graph::single(&node("Gather"), &[Constant(&table(size)), Input(&index)]).unwrap();
    assert!(Trial::new(&graph(LIMIT), 0, &[vec![5.0], vec![31_000.0]]).is_ok());
    let got = cause(Trial::new(&graph(LIMIT + 1), 0, &[vec![5.0]]));
    assert_eq!(got, Cause::Choices { got: LIMIT + 1, limit: LIMIT });
    let (tuple, data) = (i(&[1, 2], &[0, 5]), counting(&[2, 16_001]));
    let got = refused(&node("GatherND"), &[Constant(&data), Input(&tuple)]);
    assert_eq!(got, Cause::Choices { got: 32_002, limit: LIMIT });
}

#[test]
fn an_axis_that_two_operands_repeat_for_a_third() {
    let (single, several) = (f(&[1, 2], &[1.0, 2.0]), f(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let equation = "...i,...i,...i->...i";
    let node = node("Einsum").with("equation", text(equation));
    let expected = Cause::AttributeValue {
        attribute: "equation".into(),
        got: equation.into(),
        supported: "two operands a node",
    };
    assert_eq!(refused(&node, &[Input(&single), Input(&single), Input(&several)]), expected);
}

#[test]
fn indices_that_are_rounded() {
    // Products with a fraction, cut off to integers, are not what the float model cuts off.
    let nodes =
        vec![file_node("Mul", &["x", "x"], &["square"]), file_node("Gather", &["table", "square"], &["y"])];
    let input = input("x", DataType::INT64, &[Axis::Size(1)]);
    let bytes = file(17, vec![input], &["y"], nodes, vec![int64s("table", &[4, 7, 9])]);
    let got = cause(Trial::new(&graph(&bytes), 0, &[vec![0.0], vec![60_000.0]]));
    assert_eq!(got, Cause::Inexact { tensor: "square".into() });
}

#[test]
fn an_index_beyond_the_range_gives_zeros() {
    let index = i(&[1], &[0]);
    let data = f(&[4], &[1.5, -2.0, 3.0, 0.25]);
    let graph = Graph::single(&node("Gather"), &[Constant(&data), Input(&index)]).unwrap();
    let trial = Trial::new(&graph, 0, &[vec![-9.0], vec![0.0], vec![9.0]]).unwrap();
    for got in [-9.0, -5.0, 4.0, 5.0, 9.0] {
        assert_eq!(trial.run(&[got]).unwrap(), [0.0], "{got}");
    }
    for (got, expected) in [(-4.0, 1.5), (-1.0, 0.25), (0.0, 1.5), (3.0, 0.25)] {
        assert!((trial.run(&[got]).unwrap()[0] - expected).abs() < 1e-3, "{got}");
    }
}

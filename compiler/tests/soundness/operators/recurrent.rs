//! What recurrent and quantised nodes refuse.

use crate::support::{f, i, int, integers, node, refused, text};
use candor_compiler::graph::{Attribute, Graph, Node, Operand};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{Data, ElementType, Tensor};
use candor_compiler::{Trial, TrialError};

/// X, W and R of one step, one sequence, one number and one unit with so many gates.
fn operands(gates: usize) -> [Tensor; 3] {
    let weights = f(&[1, gates, 1], &vec![0.5; gates]);
    [f(&[2, 1, 1], &[1.0, -1.0]), weights.clone(), weights]
}

fn texts(values: &[&str]) -> Attribute {
    Attribute::Texts(values.iter().map(|value| (*value).into()).collect())
}

#[test]
fn attributes_of_recurrent_nets() {
    let [x, w, r] = operands(1);
    let value = |node: Node, name: &str| match refused(&node, &[&x, &w, &r]) {
        Cause::AttributeValue { attribute, .. } => assert_eq!(attribute, name),
        other => panic!("{other:?}"),
    };
    value(node("RNN").with("direction", text("backward")), "direction");
    value(node("RNN").with("layout", int(2)), "layout");
    value(node("RNN").with("hidden_size", int(2)), "hidden_size");
    value(node("RNN").with("clip", Attribute::Float(0.0)), "clip");
    value(node("RNN").with("clip", Attribute::Float(f32::NAN)), "clip");
    value(node("RNN").with("activations", texts(&["Tanh", "Tanh"])), "activations");
    value(node("RNN").with("activations", texts(&["Cosh"])), "activations");
    // These two have no parameter that goes without saying.
    for name in ["Affine", "ScaledTanh"] {
        let got = refused(&node("RNN").with("activations", texts(&[name])), &[&x, &w, &r]);
        assert_eq!(got, Cause::AttributeMissing { attribute: "activation_alpha".into() });
    }
    let got = refused(&node("RNN").with("linear_before_reset", int(1)), &[&x, &w, &r]);
    assert_eq!(got, Cause::Attribute { attribute: "linear_before_reset".into() });
}

#[test]
fn shapes_of_recurrent_nets() {
    let [x, w, r] = operands(4);
    let lstm = node("LSTM");
    let wrong = |inputs: &[&Tensor]| match refused(&lstm, inputs) {
        Cause::Shape { got, .. } => got,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(&[&f(&[2, 1], &[1.0, 2.0]), &w, &r]), [2, 1]);
    assert_eq!(wrong(&[&f(&[0, 1, 1], &[]), &w, &r]), [0, 1, 1]);
    assert_eq!(wrong(&[&x, &f(&[1, 3, 1], &[0.0; 3]), &r]), [1, 3, 1]);
    assert_eq!(wrong(&[&x, &w, &f(&[1, 4, 2], &[0.0; 8])]), [1, 4, 1]);
    assert_eq!(wrong(&[&x, &w, &f(&[4], &[0.0; 4])]), [4]);
    assert_eq!(wrong(&[&x, &w, &r, &f(&[1, 7], &[0.0; 7])]), [1, 7]);
    let bias = f(&[1, 8], &[0.0; 8]);
    assert_eq!(wrong(&[&x, &w, &r, &bias, &integers(ElementType::Int32, &[1, 1])]), [2]);
    let lengths = integers(ElementType::Int32, &[2]);
    assert_eq!(wrong(&[&x, &w, &r, &bias, &lengths, &f(&[1, 1], &[0.0])]), [1, 1]);
    let state = f(&[1, 1, 1], &[0.0]);
    assert_eq!(wrong(&[&x, &w, &r, &bias, &lengths, &state, &f(&[1], &[0.0])]), [1]);
    assert_eq!(wrong(&[&x, &w, &r, &bias, &lengths, &state, &state, &f(&[1, 4], &[0.0; 4])]), [1, 4]);
    for got in [3, -1] {
        let lengths = integers(ElementType::Int32, &[got]);
        let refusal = refused(&lstm, &[&x, &w, &r, &bias, &lengths]);
        assert!(matches!(refusal, Cause::Value { got: value, .. } if value == got.to_string()));
    }
}

#[test]
fn types_of_recurrent_nets() {
    let [x, w, _] = operands(1);
    let r = Tensor::new(ElementType::Double, vec![1, 1, 1], Data::Float(vec![0.5])).unwrap();
    assert!(matches!(refused(&node("RNN"), &[&x, &w, &r]), Cause::ElementType { .. }));
}

fn trial(node: &Node, operands: &[Operand<'_>]) -> Cause {
    let graph = Graph::single(node, operands).unwrap();
    let elements = graph.inputs().iter().map(|index| graph.values()[*index].shape.iter().product::<usize>());
    let samples = vec![vec![1.0; elements.sum()]];
    match Trial::new(&graph, 0, &samples) {
        Err(TrialError::Obstacles { mut obstacles }) => obstacles.remove(0).cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_that_depend_on_the_input() {
    use Operand::{Constant, Input};
    let [x, w, r] = operands(1);
    let got = trial(&node("RNN"), &[Input(&x), Input(&w), Constant(&r)]);
    assert!(matches!(got, Cause::NotConstant { .. }), "{got:?}");
    let (image, kernel) = (byte(&[1, 1, 1, 1], &[3]), byte(&[1, 1, 1, 1], &[2]));
    let got = trial(&node("ConvInteger"), &[Input(&image), Input(&kernel)]);
    assert!(matches!(got, Cause::NotConstant { .. }), "{got:?}");
}

fn byte(shape: &[usize], data: &[i64]) -> Tensor {
    Tensor::new(ElementType::Uint8, shape.to_vec(), Data::Integer(data.to_vec())).unwrap()
}

#[test]
fn scales_that_depend_on_the_input() {
    use Operand::{Constant, Input};
    let (x, scale) = (f(&[2], &[1.0, 2.0]), f(&[], &[0.5]));
    let got = trial(&node("QuantizeLinear"), &[Constant(&x), Input(&scale)]);
    assert!(matches!(got, Cause::NotConstant { .. }), "{got:?}");
    // Its scale is made of the numbers themselves.
    let dynamic = node("DynamicQuantizeLinear").with_outputs(3);
    assert_eq!(trial(&dynamic, &[Input(&x)]), Cause::NotConstant { tensor: "output 1".into() });
}

#[test]
fn a_ratio_that_no_thresholds_fit() {
    use Operand::{Constant, Input};
    let (a, scale, zero) = (byte(&[1, 1], &[200]), f(&[], &[1e-5]), byte(&[], &[0]));
    let operands = [
        Input(&a),
        Constant(&scale),
        Constant(&zero),
        Constant(&a),
        Constant(&scale),
        Constant(&zero),
        Constant(&f(&[], &[1.0])),
        Constant(&zero),
    ];
    assert_eq!(trial(&node("QLinearMatMul"), &operands), Cause::WorstCase { bits: 63 });
}

#[test]
fn scales_and_zero_points() {
    let x = f(&[2, 3], &[0.0; 6]);
    let quantise = node("QuantizeLinear");
    for scale in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let got = refused(&quantise, &[&x, &f(&[], &[scale])]);
        assert!(matches!(got, Cause::Value { .. }), "{got:?}");
    }
    let shape = |node: &Node, inputs: &[&Tensor]| {
        let got = refused(node, inputs);
        assert!(matches!(got, Cause::Shape { .. }), "{got:?}");
    };
    shape(&quantise, &[&x, &f(&[2], &[1.0; 2])]);
    shape(&quantise, &[&x, &f(&[3], &[1.0; 3]), &byte(&[2], &[0; 2])]);
    shape(&quantise.clone().with("block_size", int(2)), &[&x, &f(&[2, 3], &[1.0; 6])]);
    let got = refused(&quantise.clone().with("axis", int(2)), &[&x, &f(&[3], &[1.0; 3])]);
    assert!(matches!(got, Cause::Axis { .. }), "{got:?}");
    let got = refused(&quantise.clone().with("block_size", int(-1)), &[&x, &f(&[2, 3], &[1.0; 6])]);
    assert!(matches!(got, Cause::AttributeValue { .. }), "{got:?}");
    let wrong = |node: &Node, inputs: &[&Tensor]| {
        let got = refused(node, inputs);
        assert!(matches!(got, Cause::ElementType { .. }), "{got:?}");
    };
    let one = f(&[], &[1.0]);
    wrong(&quantise, &[&x, &one, &Tensor::integer(0)]);
    wrong(&quantise, &[&i(&[1], &[1]), &one]);
    wrong(&node("DequantizeLinear"), &[&x, &one]);
    wrong(&node("DequantizeLinear"), &[&i(&[1], &[1]), &one]);
}

#[test]
fn operands_of_quantised_products() {
    let (a, one, zero) = (byte(&[1, 2], &[1, 2]), f(&[], &[1.0]), byte(&[], &[0]));
    let b = byte(&[2, 1], &[3, 4]);
    let product = node("QLinearMatMul");
    let refusal = |inputs: [&Tensor; 8]| refused(&product, &inputs);
    let two = f(&[2], &[1.0; 2]);
    let wide = integers(ElementType::Uint16, &[0]);
    for index in [1, 4, 6] {
        let mut inputs = [&a, &one, &zero, &b, &one, &zero, &one, &zero];
        inputs[index] = &two;
        assert!(matches!(refusal(inputs), Cause::Shape { .. }), "{index}");
    }
    for index in [2, 5, 7] {
        let mut inputs = [&a, &one, &zero, &b, &one, &zero, &one, &zero];
        let points = byte(&[3], &[0; 3]);
        inputs[index] = &points;
        assert!(matches!(refusal(inputs), Cause::Shape { .. }), "{index}");
    }
    assert!(matches!(refusal([&a, &one, &zero, &b, &one, &zero, &one, &wide]), Cause::ElementType { .. }));
    assert!(matches!(refusal([&x(), &one, &zero, &b, &one, &zero, &one, &zero]), Cause::ElementType { .. }));
    let image = byte(&[1, 1, 1, 1], &[1]);
    let bias = integers(ElementType::Int32, &[0, 0]);
    let inputs = [&image, &one, &zero, &image, &one, &zero, &one, &zero, &bias];
    assert!(matches!(refused(&node("QLinearConv"), &inputs), Cause::Shape { .. }));
}

fn x() -> Tensor {
    f(&[1, 2], &[1.0, 2.0])
}

//! Chains of DequantizeLinear, a product of floats and QuantizeLinear, which become products of integers where they are ones.

use crate::support::{Axis, file, file_node, graph, input, node};
use candor_compiler::graph::Graph;
use candor_compiler::operator::evaluate;
use candor_compiler::tensor::{Data, ElementType, Tensor};
use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, NodeProto, TensorProto};

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
        ..Default::default()
    }
}

fn bytes(name: &str, dims: &[i64], data_type: DataType, values: &[u8]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(data_type),
        raw_data: Some(values.to_vec().into()),
        ..Default::default()
    }
}

fn int32s(name: &str, values: &[i32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::INT32),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
        ..Default::default()
    }
}

fn with(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.into()),
        r#type: Some(AttributeType::INT),
        i: Some(value),
        ..Default::default()
    });
    node
}

/// `x`, UINT8 of two numbers, times two columns, perhaps with a bias and a Relu; the zero point of the output is a UINT8.
fn chain(product: &str, bias_scale: Option<f32>, relu: bool, zero: u8, weight_scales: &[f32]) -> Graph {
    let mut nodes = vec![
        file_node("DequantizeLinear", &["x", "xs", "xz"], &["xf"]),
        with(file_node("DequantizeLinear", &["w", "ws", "wz"], &["wf"]), "axis", 1),
    ];
    let mut inputs = vec!["xf", "wf"];
    if bias_scale.is_some() {
        nodes.push(with(file_node("DequantizeLinear", &["b", "bs"], &["bf"]), "axis", 0));
        inputs.push("bf");
    }
    nodes.push(file_node(product, &inputs, &["p"]));
    if relu {
        nodes.push(file_node("Relu", &["p"], &["r"]));
    }
    let last = if relu { "r" } else { "p" };
    nodes.push(file_node("QuantizeLinear", &[last, "ys", "yz"], &["y"]));
    let count = weight_scales.len() as i64;
    let scales: Vec<f32> = weight_scales.iter().map(|scale| bias_scale.unwrap_or(0.5) * scale).collect();
    let dims = if count == 1 { vec![] } else { vec![count] };
    let initializers = vec![
        floats("xs", &[], &[0.5]),
        bytes("xz", &[], DataType::UINT8, &[3]),
        bytes("w", &[2, 2], DataType::INT8, &[1, 2, 3, 252]),
        floats("ws", &dims, weight_scales),
        bytes("wz", &dims, DataType::INT8, &vec![0; weight_scales.len()]),
        int32s("b", &[10, -20]),
        floats("bs", &dims, &scales),
        floats("ys", &[], &[0.25]),
        bytes("yz", &[], DataType::UINT8, &[zero]),
    ];
    let x = input("x", DataType::UINT8, &[Axis::Size(1), Axis::Size(2)]);
    graph(&file(13, vec![x], &["y"], nodes, initializers))
}

fn operators(graph: &Graph) -> Vec<&str> {
    graph.steps().iter().map(|step| step.node.operator.as_str()).collect()
}

fn run(graph: &Graph, x: [i64; 2]) -> Vec<i64> {
    let x = Tensor::new(ElementType::Uint8, vec![1, 2], Data::Integer(x.to_vec())).unwrap();
    graph.evaluate(&[x]).unwrap()[0].as_integers().unwrap().to_vec()
}

#[test]
fn products_become_products_of_integers() {
    let product = chain("MatMul", None, false, 100, &[0.125]);
    assert_eq!(operators(&product), ["QLinearMatMul"]);
    // (7, 17) times ((1, 2), (3, -4)) is (58, -54), a fourth of which is rounded to even.
    assert_eq!(run(&product, [10, 20]), [100 + 14, 100 - 14]);
    let columns = chain("MatMul", None, false, 100, &[0.125, 0.5]);
    assert_eq!(operators(&columns), ["QLinearMatMul"]);
    assert_eq!(run(&columns, [10, 20]), [114, 46]);
    let gemm = chain("Gemm", Some(0.5), false, 100, &[0.125, 0.5]);
    assert_eq!(operators(&gemm), ["Reshape", "QLinearConv", "Reshape"]);
    assert_eq!(run(&gemm, [10, 20]), [117, 26]);
}

#[test]
fn a_relu_is_the_end_of_the_range() {
    let lowest = chain("MatMul", None, true, 0, &[0.125]);
    assert_eq!(operators(&lowest), ["QLinearMatMul"]);
    assert_eq!(run(&lowest, [10, 20]), [14, 0]);
    let inside = chain("MatMul", None, true, 100, &[0.125]);
    assert_eq!(operators(&inside), ["DequantizeLinear", "MatMul", "Relu", "QuantizeLinear"]);
    assert_eq!(run(&inside, [10, 20]), [114, 100]);
}

#[test]
fn a_bias_of_another_scale_is_a_float() {
    let gemm = chain("Gemm", Some(0.75), false, 100, &[0.125, 0.5]);
    assert_eq!(operators(&gemm), ["DequantizeLinear", "Gemm", "QuantizeLinear"]);
}

#[test]
fn moves_of_one_scale_are_moves_of_integers() {
    let moved = |scale: f32| {
        let nodes = vec![
            file_node("DequantizeLinear", &["x", "xs"], &["xf"]),
            file_node("Transpose", &["xf"], &["t"]),
            file_node("QuantizeLinear", &["t", "ys"], &["y"]),
        ];
        let scales = vec![floats("xs", &[], &[0.5]), floats("ys", &[], &[scale])];
        let x = input("x", DataType::UINT8, &[Axis::Size(1), Axis::Size(2)]);
        graph(&file(13, vec![x], &["y"], nodes, scales))
    };
    assert_eq!(operators(&moved(0.5)), ["Transpose"]);
    assert_eq!(run(&moved(0.5), [10, 20]), [10, 20]);
    assert_eq!(operators(&moved(0.25)), ["DequantizeLinear", "Transpose", "QuantizeLinear"]);
    assert_eq!(run(&moved(0.25), [10, 20]), [20, 40]);
}

#[test]
fn a_range_that_is_found_when_the_model_runs() {
    let x = Tensor::float(&[3], &[-1.0, 0.0, 1.55]).unwrap();
    let dynamic = node("DynamicQuantizeLinear").with_outputs(3);
    let outputs = evaluate(&dynamic, &[Some(&x)]).unwrap();
    // The scale is 0.01: 2.55 in 255 steps.
    assert_eq!(outputs[0].as_integers().unwrap(), [0, 100, 255]);
    assert_eq!(outputs[1].as_floats().unwrap(), [f64::from(2.55f32 / 255.0)]);
    assert_eq!(outputs[2].as_integers().unwrap(), [100]);
}

#[test]
fn blocks_of_an_axis_have_scales() {
    let x = Tensor::float(&[1, 4], &[1.0, 2.0, 3.0, 4.0]).unwrap();
    let scale = Tensor::float(&[1, 2], &[1.0, 0.5]).unwrap();
    let quantise = node("QuantizeLinear").with("block_size", crate::support::int(2));
    let integers = evaluate(&quantise, &[Some(&x), Some(&scale)]).unwrap().remove(0);
    assert_eq!(integers.as_integers().unwrap(), [1, 2, 6, 8]);
    let back = node("DequantizeLinear").with("block_size", crate::support::int(2));
    let floats = evaluate(&back, &[Some(&integers), Some(&scale)]).unwrap().remove(0);
    assert_eq!(floats, x);
}

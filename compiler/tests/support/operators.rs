//! Single nodes, and small graphs written on the spot.

#![allow(dead_code, unreachable_pub, reason = "each test tree uses a part")]

use candor_compiler::graph::{Attribute, Graph, GraphError, Node, Options};
use candor_compiler::onnx::{Cause, Obstacle};
use candor_compiler::operator::evaluate;
use candor_compiler::tensor::{Data, ElementType, Tensor};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};

/// Newest operator set in the tests that do not ask for another.
pub const OPSET: i64 = 21;

/// A node of a recent operator set.
pub fn node(operator: &str) -> Node {
    Node::new(operator, OPSET)
}

/// An INT attribute.
pub fn int(value: i64) -> Attribute {
    Attribute::Integer(value)
}

/// An INTS attribute.
pub fn ints(values: &[i64]) -> Attribute {
    Attribute::Integers(values.to_vec())
}

/// A STRING attribute.
pub fn text(value: &str) -> Attribute {
    Attribute::Text(value.into())
}

/// A node of a tree: its mode, feature, threshold and the numbers of the two after it.
pub type TreeNode<'n> = (&'n str, i64, f32, i64, i64);

/// An ensemble of trees without weights of leaves.
pub fn trees(operator: &str, trees: &[&[TreeNode<'_>]]) -> Node {
    let nodes: Vec<_> = trees
        .iter()
        .enumerate()
        .flat_map(|(tree, nodes)| nodes.iter().enumerate().map(move |(number, node)| (tree, number, *node)))
        .collect();
    let list = |of: &dyn Fn(&(usize, usize, TreeNode<'_>)) -> i64| {
        Attribute::Integers(nodes.iter().map(of).collect())
    };
    Node::new(operator, 3)
        .in_domain("ai.onnx.ml")
        .with("nodes_treeids", list(&|(tree, ..)| *tree as i64))
        .with("nodes_nodeids", list(&|(_, number, _)| *number as i64))
        .with("nodes_featureids", list(&|(.., node)| node.1))
        .with("nodes_truenodeids", list(&|(.., node)| node.3))
        .with("nodes_falsenodeids", list(&|(.., node)| node.4))
        .with("nodes_values", Attribute::Floats(nodes.iter().map(|(.., node)| node.2).collect()))
        .with("nodes_modes", Attribute::Texts(nodes.iter().map(|(.., node)| node.0.to_owned()).collect()))
}

/// A FLOAT tensor.
pub fn f(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor::float(shape, data).unwrap()
}

/// An INT64 tensor.
pub fn i(shape: &[usize], data: &[i64]) -> Tensor {
    Tensor::int64(shape, data).unwrap()
}

/// A BOOL tensor.
pub fn b(shape: &[usize], data: &[bool]) -> Tensor {
    Tensor::bool(shape, data).unwrap()
}

/// A tensor of integers of another width.
pub fn integers(element_type: ElementType, data: &[i64]) -> Tensor {
    Tensor::new(element_type, vec![data.len()], Data::Integer(data.to_vec())).unwrap()
}

/// 0, 1, 2, ... as floats.
pub fn counting(shape: &[usize]) -> Tensor {
    let data: Vec<f64> = (0..shape.iter().product()).map(|index: usize| index as f64).collect();
    f(shape, &data)
}

/// All outputs of a node.
pub fn outputs(node: &Node, inputs: &[&Tensor]) -> Vec<Tensor> {
    let inputs: Vec<Option<&Tensor>> = inputs.iter().copied().map(Some).collect();
    evaluate(node, &inputs).unwrap()
}

/// The first output of a node.
pub fn run(node: &Node, inputs: &[&Tensor]) -> Tensor {
    outputs(node, inputs).remove(0)
}

/// Why a node is refused.
pub fn refused(node: &Node, inputs: &[&Tensor]) -> Cause {
    let inputs: Vec<Option<&Tensor>> = inputs.iter().copied().map(Some).collect();
    evaluate(node, &inputs).unwrap_err()
}

/// A tensor has this shape, and these floats to 12 digits.
pub fn assert_close(got: &Tensor, shape: &[usize], expected: &[f64]) {
    assert_eq!(got.shape(), shape);
    let got = got.as_floats().unwrap();
    assert_eq!(got.len(), expected.len());
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let close = got == expected
            || (got.is_nan() && expected.is_nan())
            || (got - expected).abs() <= 1e-12 * (1.0 + expected.abs());
        assert!(close, "{index}: {got}, expected {expected}");
    }
}

/// A dimension of an input: a size, a name, or nothing.
pub enum Axis {
    /// A size.
    Size(i64),
    /// A name.
    Named(&'static str),
    /// Nothing.
    Unknown,
}

/// An input with its shape.
pub fn input(name: &str, element_type: DataType, shape: &[Axis]) -> ValueInfoProto {
    let dimension = |axis: &Axis| match axis {
        Axis::Size(size) => Dimension { dim_value: Some(*size), ..Default::default() },
        Axis::Named(name) => Dimension { dim_param: Some((*name).into()), ..Default::default() },
        Axis::Unknown => Dimension::default(),
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dimension).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(element_type), shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind) }
}

/// A float input of fixed size.
pub fn sized(name: &str, shape: &[i64]) -> ValueInfoProto {
    let axes: Vec<Axis> = shape.iter().map(|&size| Axis::Size(size)).collect();
    input(name, DataType::FLOAT, &axes)
}

/// A node of a file.
pub fn file_node(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto {
        name: Some(format!("{operator}_{}", outputs.first().unwrap_or(&""))),
        op_type: Some(operator.into()),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: outputs.iter().map(|name| (*name).into()).collect(),
        ..Default::default()
    }
}

/// The bytes of a file.
pub fn file(
    opset: i64,
    inputs: Vec<ValueInfoProto>,
    outputs: &[&str],
    nodes: Vec<NodeProto>,
    initializer: Vec<TensorProto>,
) -> Vec<u8> {
    let output = outputs.iter().map(|name| sized(name, &[1]));
    let graph =
        GraphProto { node: nodes, initializer, input: inputs, output: output.collect(), value_info: vec![] };
    ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(opset) }],
        ..Default::default()
    }
    .write_buf()
    .unwrap()
}

/// An initializer of INT64.
pub fn int64s(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::INT64),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
        ..Default::default()
    }
}

/// The graph of a file.
pub fn graph(bytes: &[u8]) -> Graph {
    Graph::read(bytes, &Options::default()).unwrap()
}

/// The obstacles of a file.
pub fn obstacles(bytes: &[u8], options: &Options) -> Vec<Obstacle> {
    match Graph::read(bytes, options) {
        Err(GraphError::Obstacles { obstacles }) => obstacles,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// A file of which the FLOAT initializer `c` of two numbers, which is the output, lies in another file.
pub fn file_with_external(entries: &[(&str, &str)]) -> Vec<u8> {
    let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
        key: Some(key.into()),
        value: Some(value.into()),
    };
    let tensor = TensorProto {
        name: Some("c".into()),
        dims: vec![2],
        data_type: Some(DataType::FLOAT),
        external_data: entries.iter().map(entry).collect(),
        ..Default::default()
    };
    file(17, vec![], &["c"], vec![], vec![tensor])
}

/// A node with its inputs and what onnxruntime makes of them.
pub struct Case {
    pub node: Node,
    pub inputs: Vec<Option<Tensor>>,
    pub outputs: Vec<Tensor>,
}

/// The cases of `tests/vectors/runtime.jsonl`.
pub fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/runtime.jsonl"));
    text.unwrap().lines().map(|line| case(&serde_json::from_str(line).unwrap())).collect()
}

fn case(line: &serde_json::Value) -> Case {
    let list = |name: &str| line[name].as_array().unwrap().clone();
    let mut node = Node::new(line["operator"].as_str().unwrap(), line["opset"].as_i64().unwrap())
        .with_outputs(list("outputs").len());
    for (name, value) in line["attributes"].as_object().unwrap() {
        node.attributes.insert(name, attribute(value));
    }
    Case {
        node,
        inputs: list("inputs").iter().map(|value| (!value.is_null()).then(|| tensor(value))).collect(),
        outputs: list("outputs").iter().map(tensor).collect(),
    }
}

fn attribute(value: &serde_json::Value) -> Attribute {
    let first = value.as_array().map_or(value, |list| &list[0]);
    let list = || value.as_array().unwrap().iter();
    match (value.is_array(), first.is_string(), first.is_i64()) {
        (false, true, _) => Attribute::Text(value.as_str().unwrap().into()),
        (false, _, true) => Attribute::Integer(value.as_i64().unwrap()),
        (false, ..) => Attribute::Float(value.as_f64().unwrap() as f32),
        (true, true, _) => Attribute::Texts(list().map(|text| text.as_str().unwrap().into()).collect()),
        (true, _, true) => Attribute::Integers(list().map(|value| value.as_i64().unwrap()).collect()),
        (true, ..) => Attribute::Floats(list().map(|value| value.as_f64().unwrap() as f32).collect()),
    }
}

fn tensor(value: &serde_json::Value) -> Tensor {
    let list = |name: &str| value[name].as_array().unwrap().clone();
    let shape = list("shape").iter().map(|size| size.as_u64().unwrap() as usize).collect();
    let element_type = match value["type"].as_str().unwrap() {
        "FLOAT" => ElementType::Float,
        "INT8" => ElementType::Int8,
        "UINT8" => ElementType::Uint8,
        "INT32" => ElementType::Int32,
        other => panic!("{other}"),
    };
    let numbers = list("data");
    let data = if element_type.is_float() {
        Data::Float(numbers.iter().map(|number| number.as_f64().unwrap()).collect())
    } else {
        Data::Integer(numbers.iter().map(|number| number.as_i64().unwrap()).collect())
    };
    Tensor::new(element_type, shape, data).unwrap()
}

/// An initializer of FLOAT.
pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
        ..Default::default()
    }
}

/// An INT attribute of a file's node.
pub fn integer_attribute(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        i: Some(value),
        r#type: Some(AttributeType::INT),
        ..Default::default()
    }
}

/// The attribute `axes` of a file's node.
pub fn axes(values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some("axes".into()),
        ints: values.to_vec(),
        r#type: Some(AttributeType::INTS),
        ..Default::default()
    }
}

/// `y = x + c` for two floats, where `c` lies in `w.bin`.
pub fn external_sum() -> Vec<u8> {
    let entry = StringStringEntryProto { key: Some("location".into()), value: Some("w.bin".into()) };
    let tensor = TensorProto {
        name: Some("c".into()),
        dims: vec![2],
        data_type: Some(DataType::FLOAT),
        external_data: vec![entry],
        ..Default::default()
    };
    file(17, vec![sized("x", &[1, 2])], &["y"], vec![file_node("Add", &["x", "c"], &["y"])], vec![tensor])
}

/// The bytes of `w.bin`: 0.5 and -1.5.
pub fn external_sum_weights() -> Vec<u8> {
    [0.5f32, -1.5].iter().flat_map(|weight| weight.to_le_bytes()).collect()
}

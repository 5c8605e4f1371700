use crate::support::{
    Axis, f, file, file_node, file_with_external, graph, i, input, int64s, obstacles, sized,
};
use candor_compiler::ModelError;
use candor_compiler::graph::{ExternalDigestError, ExternalFile, Graph, GraphError, Options, read_tensor};
use candor_compiler::onnx::{Cause, MODEL_BYTES, OPSET_NEWEST, Obstacle, WireProblem};
use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, NodeProto, TensorProto, ValueInfoProto};

fn causes(found: &[Obstacle]) -> Vec<(&str, &Cause)> {
    found.iter().map(|obstacle| (obstacle.node.as_str(), &obstacle.cause)).collect()
}

/// The one obstacle of a file of operator set 17.
fn only(inputs: Vec<ValueInfoProto>, nodes: Vec<NodeProto>, tensors: Vec<TensorProto>) -> Obstacle {
    let mut found = obstacles(&file(17, inputs, &["y"], nodes, tensors), &Options::default());
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn x() -> Vec<ValueInfoProto> {
    vec![sized("x", &[2])]
}

#[test]
fn every_obstacle_is_listed_at_once() {
    let nodes = vec![
        file_node("Teleport", &["x"], &["a"]),
        file_node("Reshape", &["x", "x"], &["b"]),
        file_node("Add", &["a", "missing"], &["c"]),
        file_node("Add", &["x"], &["d"]),
        file_node("Sum", &["c", "b", "d"], &["y"]),
    ];
    let found = obstacles(&file(17, x(), &["y", "z"], nodes, vec![]), &Options::default());
    let expected = [
        ("Add_c", &Cause::MissingTensor { tensor: "missing".into() }),
        ("Teleport_a", &Cause::Operator),
        ("Reshape_b", &Cause::ShapeFromData { tensor: "x".into() }),
        ("Add_d", &Cause::InputCount { got: 1, minimum: 2, maximum: 2 }),
        ("z", &Cause::MissingTensor { tensor: "z".into() }),
    ];
    assert_eq!(causes(&found), expected);
    for obstacle in &found {
        assert!(!obstacle.cause.remedy().is_empty());
    }
}

#[test]
fn graphs_that_are_not_well_formed() {
    let relu = |from: &str, to: &str| file_node("Relu", &[from], &[to]);
    let duplicate = Cause::DuplicateTensor { tensor: "y".into() };
    assert_eq!(only(x(), vec![relu("x", "y"), relu("x", "y")], vec![]).cause, duplicate);
    let twice = only(vec![sized("x", &[2]), sized("x", &[2])], vec![relu("x", "y")], vec![]);
    assert_eq!(twice.cause, Cause::DuplicateTensor { tensor: "x".into() });
    let tensors = vec![int64s("c", &[1]), int64s("c", &[1])];
    let initializer = only(x(), vec![relu("x", "y")], tensors);
    assert_eq!(initializer.cause, Cause::DuplicateTensor { tensor: "c".into() });
    let later = only(x(), vec![relu("a", "y"), relu("x", "a")], vec![]);
    assert_eq!(later.cause, Cause::UsedBeforeMade { tensor: "a".into(), maker: "Relu_a".into() });
    let own = only(x(), vec![relu("y", "y")], vec![]);
    assert_eq!(own.cause, Cause::UsedBeforeMade { tensor: "y".into(), maker: "Relu_y".into() });
    let wanted = Options { outputs: vec!["z".into()], ..Options::default() };
    let found = obstacles(&file(17, x(), &["y"], vec![relu("x", "y")], vec![]), &wanted);
    assert_eq!(causes(&found), [("z", &Cause::OutputMissing { outputs: vec!["y".into()] })]);
    let none = obstacles(&file(17, x(), &[], vec![], vec![]), &Options::default());
    assert_eq!(none[0].cause, Cause::OutputMissing { outputs: vec![] });
}

#[test]
fn inputs_without_a_static_shape() {
    let cause = |axes: &[Axis]| {
        only(vec![input("x", DataType::FLOAT, axes)], vec![file_node("Relu", &["x"], &["y"])], vec![]).cause
    };
    let dynamic = |name: &str| Cause::DynamicDimension { index: 1, name: name.into() };
    assert_eq!(cause(&[Axis::Size(1), Axis::Named("length")]), dynamic("length"));
    assert_eq!(cause(&[Axis::Size(1), Axis::Unknown]), dynamic(""));
    assert_eq!(cause(&[Axis::Size(1), Axis::Size(-1)]), dynamic(""));
    assert_eq!(cause(&[Axis::Size(1), Axis::Size(-2)]), Cause::Dimension { tensor: "x".into(), got: -2 });
    let many: Vec<Axis> = (0..9).map(|_| Axis::Size(1)).collect();
    assert_eq!(cause(&many), Cause::Rank { tensor: "x".into(), got: 9, limit: 8 });
    let large = [Axis::Size(1 << 13), Axis::Size(1 << 13), Axis::Size(2)];
    assert_eq!(cause(&large), Cause::Elements { tensor: "x".into(), limit: 1 << 26 });
    let mut shapeless = sized("x", &[2]);
    shapeless.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape = None;
    let found = only(vec![shapeless], vec![file_node("Relu", &["x"], &["y"])], vec![]);
    assert_eq!(found.cause, Cause::InputShapeMissing);
    let complex = input("x", DataType::COMPLEX64, &[Axis::Size(1)]);
    let found = only(vec![complex], vec![file_node("Relu", &["x"], &["y"])], vec![]);
    let got = "COMPLEX64".to_owned();
    assert_eq!(found.cause, Cause::ElementType { tensor: "x".into(), got, expected: "FLOAT" });
}

#[test]
fn attributes_that_cannot_be_read() {
    let with = |attribute: AttributeProto| {
        let mut node = file_node("Softmax", &["x"], &["y"]);
        node.attribute.push(AttributeProto { name: Some("axis".into()), ..attribute });
        only(x(), vec![node], vec![]).cause
    };
    let graph = with(AttributeProto {
        r#type: Some(AttributeType::GRAPH),
        g: Some(Default::default()),
        ..Default::default()
    });
    assert_eq!(graph, Cause::Subgraph { attribute: "axis".into() });
    let float =
        with(AttributeProto { r#type: Some(AttributeType::FLOAT), f: Some(1.0), ..Default::default() });
    assert_eq!(float, Cause::AttributeType { attribute: "axis".into(), expected: "INT" });
    let tensor = with(AttributeProto { r#type: Some(AttributeType::TENSOR), ..Default::default() });
    assert_eq!(tensor, Cause::AttributeType { attribute: "axis".into(), expected: "TENSOR" });
    let mut twice = file_node("Softmax", &["x"], &["y"]);
    let axis = AttributeProto { name: Some("axis".into()), i: Some(0), ..Default::default() };
    twice.attribute = vec![axis.clone(), axis];
    assert_eq!(only(x(), vec![twice], vec![]).cause, Cause::Attribute { attribute: "axis".into() });
}

#[test]
fn initializers_that_are_not_what_they_say() {
    let cause = |change: &dyn Fn(&mut TensorProto)| {
        let mut tensor = int64s("c", &[1, 2]);
        change(&mut tensor);
        only(x(), vec![file_node("Gather", &["x", "c"], &["y"])], vec![tensor]).cause
    };
    let size = |expected: u64, got: u64| Cause::DataSize { tensor: "c".into(), expected, got };
    assert_eq!(cause(&|tensor| tensor.dims = vec![3]), size(24, 16));
    assert_eq!(cause(&|tensor| tensor.raw_data = None), size(2, 0));
    assert_eq!(cause(&|tensor| tensor.dims = vec![-1]), Cause::Dimension { tensor: "c".into(), got: -1 });
    assert_eq!(
        cause(&|tensor| tensor.dims = vec![1; 9]),
        Cause::Rank { tensor: "c".into(), got: 9, limit: 8 }
    );
    let elements = Cause::Elements { tensor: "c".into(), limit: 1 << 26 };
    assert_eq!(cause(&|tensor| tensor.dims = vec![1 << 40, 1 << 40]), elements);
    let found = cause(&|tensor| tensor.data_type = Some(DataType::COMPLEX64));
    assert_eq!(found, Cause::ElementType { tensor: "c".into(), got: "COMPLEX64".into(), expected: "FLOAT" });
}

#[test]
fn files_that_are_no_models() {
    let read = |bytes: &[u8]| Graph::read(bytes, &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(read(&[]), GraphError::Model { source: ModelError::NoGraph });
    assert!(matches!(read(&[0xff]), GraphError::Model { source: ModelError::Malformed { .. } }));
    // An empty graph (field 7) without an operator set.
    assert_eq!(read(&[0x3a, 0]), GraphError::Model { source: ModelError::NoOpset });
    let newer = file(OPSET_NEWEST + 1, x(), &["y"], vec![file_node("Relu", &["x"], &["y"])], vec![]);
    let got = OPSET_NEWEST + 1;
    assert_eq!(read(&newer), GraphError::Model { source: ModelError::Opset { got } });
    let newest = file(OPSET_NEWEST, x(), &["y"], vec![file_node("Relu", &["x"], &["y"])], vec![]);
    assert!(Graph::read(&newest, &Options::default()).is_ok());
    let large = vec![0u8; MODEL_BYTES as usize + 1];
    assert_eq!(read(&large), GraphError::TooLarge { got_bytes: MODEL_BYTES + 1, limit_bytes: MODEL_BYTES });
    // At the limit the bytes are looked at.
    let GraphError::Model { source: ModelError::Malformed { source } } = read(&large[1..]) else {
        panic!("not malformed")
    };
    assert_eq!(source.problem, WireProblem::FieldNumber);
}

#[test]
fn files_that_are_no_tensors() {
    assert!(matches!(read_tensor(&[0xff]), Err(GraphError::Model { .. })));
    // dims 1, STRING, one byte that is not UTF-8.
    let Err(GraphError::Obstacles { obstacles }) = read_tensor(&[0x08, 1, 0x10, 8, 0x32, 1, 0xff]) else {
        panic!("accepted")
    };
    let got = "a text that is not UTF-8".to_owned();
    assert_eq!(obstacles[0].cause, Cause::Value { tensor: String::new(), got });
}

#[test]
fn inputs_of_an_evaluation_are_as_declared() {
    let nodes = vec![file_node("Gather", &["x", "at"], &["y"])];
    let at = input("at", DataType::INT64, &[Axis::Size(1)]);
    let graph = graph(&file(17, vec![sized("x", &[2]), at], &["y"], nodes, vec![]));
    let refused = |inputs: &[candor_compiler::tensor::Tensor]| graph.evaluate(inputs).unwrap_err().cause;
    let (x, at) = (f(&[2], &[1.0, 2.0]), i(&[1], &[1]));
    assert_eq!(graph.evaluate(&[x.clone(), at.clone()]).unwrap()[0], f(&[1], &[2.0]));
    assert_eq!(refused(std::slice::from_ref(&x)), Cause::InputCount { got: 1, minimum: 2, maximum: 2 });
    let shape = Cause::Shape { tensor: "x".into(), got: vec![1], expected: "[2]".into() };
    assert_eq!(refused(&[f(&[1], &[1.0]), at.clone()]), shape);
    let kind = Cause::ElementType { tensor: "at".into(), got: "FLOAT".into(), expected: "INT64" };
    assert_eq!(refused(&[x.clone(), f(&[1], &[1.0])]), kind);
    let index = Cause::Index { tensor: "at".into(), got: 2, size: 2 };
    assert_eq!(refused(&[x, i(&[1], &[2])]), index);
}

#[test]
fn files_beside_the_model_are_those_of_their_digest_and_long_enough() {
    // SHA-256 of no bytes.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let got: [u8; 32] = hex::decode(empty).unwrap().try_into().unwrap();
    let error = ExternalDigestError { expected: [7; 32], got };
    assert_eq!(ExternalFile::verified(Vec::new(), [7; 32]), Err(error));
    assert!(error.to_string().contains(empty));
    let file = ExternalFile::verified(Vec::new(), got).unwrap();
    let mut options = Options::default();
    options.external.insert("w.bin".into(), file);
    let cause = |entries: &[(&str, &str)]| {
        let mut found = obstacles(&file_with_external(entries), &options);
        assert_eq!(found.len(), 1);
        found.remove(0).cause
    };
    let absent = Cause::ExternalData { tensor: "c".into(), location: "other.bin".into() };
    assert_eq!(cause(&[("location", "other.bin")]), absent);
    let outside = Cause::ExternalRange { tensor: "c".into(), location: "w.bin".into(), got: 0 };
    for (offset, length) in
        [("1", "0"), ("0", "1"), ("-1", "0"), ("18446744073709551615", "18446744073709551615")]
    {
        assert_eq!(cause(&[("location", "w.bin"), ("offset", offset), ("length", length)]), outside);
    }
    assert_eq!(cause(&[("location", "w.bin")]), Cause::DataSize { tensor: "c".into(), expected: 8, got: 0 });
}

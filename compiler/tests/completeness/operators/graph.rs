use crate::support::{
    Axis, assert_close, f, file, file_node, file_with_external, graph, i, input, int64s, sized,
};
use candor_compiler::graph::{ExternalFile, Graph, Options, graph_inputs, operators, read_tensor};
use candor_compiler::operator::known;
use candor_compiler::tensor::ElementType;
use rten_onnx::onnx::{DataType, TensorProto};

#[test]
fn what_does_not_depend_on_the_inputs_is_folded() {
    // Reshape(x, Concat(Shape(x)[0:1], [-1])), as exporters write it.
    let nodes = vec![
        file_node("Shape", &["x"], &["shape"]),
        file_node("Gather", &["shape", "zero"], &["batch"]),
        file_node("Concat", &["batch", "rest"], &["target"]),
        file_node("Reshape", &["x", "target"], &["y"]),
    ];
    let mut nodes = nodes;
    nodes[2].attribute.push(rten_onnx::onnx::AttributeProto {
        name: Some("axis".into()),
        i: Some(0),
        ..Default::default()
    });
    let x = input("x", DataType::FLOAT, &[Axis::Named("batch"), Axis::Size(2), Axis::Size(3)]);
    let bytes = file(17, vec![x], &["y"], nodes, vec![int64s("zero", &[0]), int64s("rest", &[-1])]);
    let graph = graph(&bytes);
    assert_eq!(graph.steps().len(), 1);
    assert_eq!(graph.steps()[0].node.operator, "Reshape");
    let target = graph.values().iter().find(|value| value.name == "target").unwrap();
    assert_eq!(target.constant, Some(i(&[2], &[1, -1])));
    let output = &graph.values()[graph.outputs()[0]];
    assert_eq!((output.element_type, output.shape.as_slice()), (ElementType::Float, &[1, 6][..]));
    let data: Vec<f64> = (0..6).map(f64::from).collect();
    let got = graph.evaluate(&[f(&[1, 2, 3], &data)]).unwrap();
    assert_close(&got[0], &[1, 6], &data);
    assert_eq!(operators(&bytes).unwrap(), ["Shape", "Gather", "Concat", "Reshape"]);
    assert_eq!(graph_inputs(&bytes).unwrap(), ["x"]);
}

#[test]
fn inputs_with_initializers_are_constants() {
    let c = input("c", DataType::INT64, &[Axis::Size(1)]);
    let nodes = vec![file_node("Gather", &["x", "c"], &["y"])];
    let bytes = file(9, vec![c, sized("x", &[2])], &["y"], nodes, vec![int64s("c", &[1])]);
    assert_eq!(graph_inputs(&bytes).unwrap(), ["x"]);
    assert_eq!(graph(&bytes).evaluate(&[f(&[2], &[3.0, 4.0])]).unwrap(), [f(&[1], &[4.0])]);
}

#[test]
fn batches_are_one_and_names_may_be_bound() {
    let shape = |axes: &[Axis], options: &Options| {
        let bytes = file(
            17,
            vec![input("x", DataType::FLOAT, axes)],
            &["y"],
            vec![file_node("Relu", &["x"], &["y"])],
            vec![],
        );
        Graph::read(&bytes, options).unwrap().values()[0].shape.clone()
    };
    let none = Options::default();
    for batch in [Axis::Named("n"), Axis::Unknown, Axis::Size(-1), Axis::Size(0), Axis::Size(1)] {
        assert_eq!(shape(&[batch, Axis::Size(4)], &none), [1, 4]);
    }
    assert_eq!(shape(&[Axis::Size(3), Axis::Size(4)], &none), [3, 4]);
    let mut bound = Options::default();
    bound.dimensions.insert("length".into(), 7);
    assert_eq!(shape(&[Axis::Named("n"), Axis::Named("length")], &bound), [1, 7]);
    let mut shaped = Options::default();
    shaped.shapes.insert("x".into(), vec![2, 0]);
    assert_eq!(shape(&[Axis::Named("n"), Axis::Named("length")], &shaped), [2, 0]);
}

#[test]
fn several_inputs_and_outputs_in_any_choice() {
    let nodes = vec![
        file_node("Add", &["a", "b"], &["sum"]),
        file_node("Sub", &["a", "b"], &["difference"]),
        file_node("Relu", &["difference"], &["unused"]),
    ];
    let bytes = file(9, vec![sized("a", &[2]), sized("b", &[1])], &["sum", "difference"], nodes, vec![]);
    let inputs = [f(&[2], &[1.0, 2.0]), f(&[1], &[5.0])];
    let whole = graph(&bytes);
    assert_eq!(whole.inputs(), [0, 1]);
    assert_eq!(whole.unused_nodes(), ["Relu_unused"]);
    let got = whole.evaluate(&inputs).unwrap();
    assert_close(&got[0], &[2], &[6.0, 7.0]);
    assert_close(&got[1], &[2], &[-4.0, -3.0]);
    let options = Options { outputs: vec!["difference".into(), "difference".into()], ..Options::default() };
    let part = Graph::read(&bytes, &options).unwrap();
    assert_eq!(part.unused_nodes(), ["Add_sum", "Relu_unused"]);
    let got = part.evaluate(&inputs).unwrap();
    assert_eq!(got[0], got[1]);
}

#[test]
fn inputs_may_be_fixed_and_outputs_may_be_constant() {
    let nodes = vec![file_node("Expand", &["x", "shape"], &["y"]), file_node("Identity", &["shape"], &["z"])];
    let shape = input("shape", DataType::INT64, &[Axis::Size(1)]);
    let bytes = file(17, vec![sized("x", &[1]), shape], &["y", "z"], nodes, vec![]);
    let mut options = Options::default();
    options.constants.insert("shape".into(), i(&[1], &[3]));
    let graph = Graph::read(&bytes, &options).unwrap();
    assert_eq!(graph.inputs().len(), 1);
    let got = graph.evaluate(&[f(&[1], &[4.0])]).unwrap();
    assert_close(&got[0], &[3], &[4.0; 3]);
    assert_eq!(got[1], i(&[1], &[3]));
}

#[test]
fn initializers_of_every_element_type_are_read() {
    let read = |data_type: DataType, raw: &[u8]| {
        let tensor = TensorProto {
            name: Some("c".into()),
            dims: vec![1],
            data_type: Some(data_type),
            raw_data: Some(raw.to_vec().into()),
            ..Default::default()
        };
        let x = input("x", DataType::FLOAT, &[Axis::Size(1)]);
        let bytes = file(17, vec![x], &["c"], vec![], vec![tensor]);
        graph(&bytes).evaluate(&[f(&[1], &[0.0])]).unwrap().remove(0)
    };
    assert_eq!(read(DataType::DOUBLE, &1.5f64.to_le_bytes()).as_floats().unwrap(), [1.5]);
    assert_eq!(read(DataType::UINT8, &[255]).as_integers().unwrap(), [255]);
    assert_eq!(read(DataType::INT8, &[255]).as_integers().unwrap(), [-1]);
    assert_eq!(read(DataType::INT32, &[254, 255, 255, 255]).as_integers().unwrap(), [-2]);
    assert_eq!(read(DataType::BOOL, &[1]).as_bools().unwrap(), [true]);
    assert_eq!(read(DataType::FLOAT16, &[0, 0x3c]).as_floats().unwrap(), [1.0]);
}

#[test]
fn typed_fields_of_a_tensor_file_are_read() {
    // TensorProto: dims 1 (field 1), data_type (2), and one value in the field of its type.
    let read = |bytes: &[u8]| read_tensor(bytes).unwrap();
    assert_eq!(read(&[0x08, 1, 0x10, 7, 0x38, 5]), i(&[1], &[5]));
    assert_eq!(read(&[0x08, 1, 0x10, 3, 0x2a, 1, 5]).as_integers().unwrap(), [5]);
    assert_eq!(read(&[0x08, 1, 0x10, 13, 0x5a, 1, 5]).as_integers().unwrap(), [5]);
    assert_eq!(read(&[0x08, 1, 0x10, 8, 0x32, 1, b'a']).as_texts().unwrap(), ["a"]);
    assert_eq!(read(&[0x08, 1, 0x10, 10, 0x2a, 2, 0x80, 0x78]).as_floats().unwrap(), [1.0]);
    assert_eq!(read(&[0x08, 1, 0x10, 9, 0x2a, 1, 1]).as_bools().unwrap(), [true]);
}

#[test]
fn every_operator_has_one_form_for_each_operator_set() {
    let forms = known();
    for (index, form) in forms.iter().enumerate() {
        assert!(form.since <= form.until && form.inputs_min <= form.inputs_max, "{}", form.name);
        for other in &forms[index + 1..] {
            let same = (form.domain, form.name) == (other.domain, other.name);
            assert!(!same || form.until < other.since || other.until < form.since, "{}", form.name);
        }
    }
}

/// SHA-256 of the bytes 0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64: an entry of padding, then 1.0 and 2.0.
const WEIGHTS: &str = "75664b4da1c08de9e8fad52303cc458b3e420edde6591e58761e138cc5e3f163";

#[test]
fn weights_in_another_file_are_read_where_it_is_handed_over() {
    let bytes = [[0; 4], 1f32.to_le_bytes(), 2f32.to_le_bytes()].concat();
    let digest = hex::decode(WEIGHTS).unwrap().try_into().unwrap();
    let mut options = Options::default();
    options.external.insert("w.bin".into(), ExternalFile::verified(bytes, digest).unwrap());
    let whole = [("location", "w.bin"), ("offset", "4"), ("length", "8")];
    for entries in [&whole[..], &whole[..2]] {
        let graph = Graph::read(&file_with_external(entries), &options).unwrap();
        assert_eq!(graph.evaluate(&[]).unwrap(), [f(&[2], &[1.0, 2.0])]);
    }
}

//! Causes that no file of fixtures/models/bad shows, and several obstacles at once.

use crate::support::{manifest, model, node, setup, source, variant, weights, with_integer};
use candor_compiler::report::Note;
use candor_compiler::{AgentSource, Cause, CompileError, Lowered, Obstacle, SourceFile, lower};
use rten_onnx::onnx::{Dimension, ModelProto, NodeProto, TensorProto};

fn obstacles(
    inputs: usize,
    outputs: usize,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
) -> Vec<Obstacle> {
    let bytes = model(inputs as i64, outputs as i64, nodes, tensors);
    match lower(&source(&manifest(inputs, outputs), bytes), &setup()) {
        Err(CompileError::Unsupported { obstacles, .. }) => obstacles,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

fn only(inputs: usize, outputs: usize, nodes: Vec<NodeProto>, tensors: Vec<TensorProto>) -> Cause {
    let mut found = obstacles(inputs, outputs, nodes, tensors);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).cause
}

#[test]
fn all_obstacles_are_listed_at_once() {
    let nodes = vec![
        node("Tanh", &["x"], "a"),
        node("Gemm", &["a", "nan", "missing"], "b"),
        node("Erf", &["b"], "c"),
        node("Relu", &["c"], "y"),
    ];
    let found = obstacles(2, 2, nodes, vec![weights("nan", &[2, 2], &[1.0, f32::NAN, 0.0, 0.0])]);
    let variants: Vec<_> =
        found.iter().map(|obstacle| (obstacle.node.as_str(), variant(&obstacle.cause))).collect();
    let expected =
        [("Gemm_b", "MissingTensor"), ("Tanh_a", "Operator"), ("Gemm_b", "NotFinite"), ("Erf_c", "Operator")];
    assert_eq!(variants.iter().map(|(node, cause)| (*node, cause.as_str())).collect::<Vec<_>>(), expected);
}

#[test]
fn a_broadcast_that_enlarges_the_activation_is_refused() {
    let cause = only(1, 3, vec![node("Add", &["x", "c"], "y")], vec![weights("c", &[3], &[1.0, 2.0, 3.0])]);
    assert!(matches!(cause, Cause::Shape { got, .. } if got == [3]));
    let cause = only(2, 2, vec![node("Add", &["x", "c"], "y")], vec![weights("c", &[2, 1], &[1.0, 2.0])]);
    assert!(matches!(cause, Cause::Shape { .. }));
}

#[test]
fn rows_stay_rows() {
    let rows = TensorProto {
        name: Some("rows".into()),
        dims: vec![2],
        data_type: Some(rten_onnx::onnx::DataType::INT64),
        int64_data: vec![4, 2],
        ..Default::default()
    };
    let nodes = vec![node("Reshape", &["x", "rows"], "r"), node("MatMul", &["r", "w"], "y")];
    let cause = only(8, 3, nodes, vec![rows.clone(), weights("w", &[2, 3], &[0.5; 6])]);
    assert!(matches!(cause, Cause::Shape { got, .. } if got == [4, 2]));
    let cause = only(8, 8, vec![node("Reshape", &["x", "rows"], "y")], vec![rows]);
    assert!(matches!(cause, Cause::Shape { got, .. } if got == [4, 2]));
}

#[test]
fn the_weight_stands_on_the_right() {
    let cause = only(2, 2, vec![node("MatMul", &["w", "x"], "y")], vec![weights("w", &[2, 2], &[1.0; 4])]);
    assert!(matches!(cause, Cause::Shape { .. }));
}

#[test]
fn inverses_stay_finite() {
    let cause = only(2, 2, vec![node("Div", &["x", "w"], "y")], vec![weights("w", &[2], &[1.0, 1e-13])]);
    assert!(matches!(cause, Cause::ZeroDivisor { index: 1, .. }));
    // Dividing by an activation is a table and a product.
    let divided = model(2, 2, vec![node("Div", &["w", "x"], "y")], vec![weights("w", &[2], &[1.0, 1.0])]);
    let lowered = lower(&source(&manifest(2, 2), divided), &setup()).unwrap();
    assert_eq!(lowered.card.class.tables, 1);
}

#[test]
fn constants_and_counts_are_checked() {
    let cause = only(
        2,
        2,
        vec![node("Add", &["w", "w"], "c"), node("Add", &["x", "c"], "y")],
        vec![weights("w", &[2], &[1.0, 1.0])],
    );
    assert_eq!(cause, Cause::OnlyConstants);
    let mut no_output = node("Relu", &["x"], "");
    no_output.output.push("y".into());
    let cause = only(2, 2, vec![no_output], vec![]);
    assert!(matches!(cause, Cause::OutputCount { got: 2 }));
    let dropout = node("Dropout", &["x", "", "x"], "y");
    assert!(matches!(only(2, 2, vec![dropout], vec![]), Cause::InputCount { got: 3, .. }));
    let cast = with_integer(node("Cast", &["x"], "y"), "to", 7);
    assert!(matches!(only(2, 2, vec![cast], vec![]), Cause::AttributeValue { .. }));
    let flatten = with_integer(node("Flatten", &["x"], "y"), "axis", 3);
    assert!(matches!(only(2, 2, vec![flatten], vec![]), Cause::AttributeValue { .. }));
    let mut last = with_integer(node("ArgMax", &["x"], "y"), "axis", 1);
    last = with_integer(last, "select_last_index", 1);
    assert!(matches!(only(2, 2, vec![last], vec![]), Cause::AttributeValue { .. }));
    assert!(matches!(only(2, 2, vec![node("Reshape", &["x", "x"], "y")], vec![]), Cause::NotConstant { .. }));
}

#[test]
fn products_beyond_double_precision_are_refused() {
    let mut nodes = Vec::new();
    for index in 0..30 {
        let (from, to) =
            (if index == 0 { "x".into() } else { format!("t{index}") }, format!("t{}", index + 1));
        nodes.push(node("Mul", &[&from, "w"], &to));
    }
    nodes.push(node("Relu", &["t30"], "y"));
    assert_eq!(only(1, 1, nodes, vec![weights("w", &[1], &[5e11])]), Cause::Overflow);
}

/// `y = factor * x + offset`, calibrated on the smallest feature only.
fn calibrated_near_zero(factor: f32, offset: f32) -> Result<Lowered, CompileError> {
    let nodes = vec![node("MatMul", &["x", "w"], "h"), node("Add", &["h", "b"], "y")];
    let tensors = vec![weights("w", &[1, 1], &[factor]), weights("b", &[1], &[offset])];
    let line = r#"{"time":1,"plugins":{"p":["0.0000"]}}"#;
    let calibration = Some(SourceFile { path: "c.jsonl".into(), bytes: line.into() });
    lower(&AgentSource { calibration, ..source(&manifest(1, 1), model(1, 1, nodes, tensors)) }, &setup())
}

#[test]
fn worst_cases_far_beyond_the_calibration_data_widen_the_range_or_are_refused() {
    let widened = calibrated_near_zero(1e6, 100.0).unwrap();
    assert!(widened.report.notes.contains(&Note::Widened { operator: 0, bits: 4 }), "{}", widened.report);
    let cause = |result: Result<Lowered, CompileError>| match result {
        Err(CompileError::Unsupported { mut obstacles, .. }) => obstacles.remove(0).cause,
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert!(matches!(cause(calibrated_near_zero(1e6, 1e-3)), Cause::WorstCase { .. }));
    assert!(matches!(cause(calibrated_near_zero(5e11, 1e-6)), Cause::WeightRange { .. }));
}

#[test]
fn a_constant_output_is_refused() {
    let nodes = vec![node("Identity", &["w"], "y")];
    let cause = only(2, 2, nodes, vec![weights("w", &[1, 2], &[1.0; 2])]);
    assert_eq!(cause, Cause::ConstantOutput { output: "y".into() });
}

#[test]
fn nodes_stand_in_order() {
    let nodes = vec![node("Relu", &["h"], "y"), node("Add", &["x", "w"], "h")];
    let cause = only(2, 2, nodes, vec![weights("w", &[2], &[1.0; 2])]);
    assert_eq!(cause, Cause::UsedBeforeMade { tensor: "h".into(), maker: "Add_h".into() });
}

#[test]
fn a_batch_is_dynamic_or_one() {
    let with_batch = |batch: i64| {
        let mut proto = ModelProto::parse_buf(&model(2, 2, vec![node("Relu", &["x"], "y")], vec![])).unwrap();
        let input = &mut proto.graph.as_mut().unwrap().input[0];
        let shape = input.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
        shape.dim[0] = Dimension { dim_value: Some(batch), dim_param: None };
        lower(&source(&manifest(2, 2), proto.write_buf().unwrap()), &setup())
    };
    for batch in [-1, 0, 1] {
        assert!(with_batch(batch).is_ok(), "{batch}");
    }
    match with_batch(2) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert_eq!(obstacles[0].cause, Cause::FixedBatch { got: 2 });
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn sparse_initializers_are_refused() {
    let mut proto = ModelProto::parse_buf(&model(2, 2, vec![node("Relu", &["x"], "y")], vec![])).unwrap();
    proto.ir_version = None;
    let opset_import = std::mem::take(&mut proto.opset_import);
    let bytes = proto.write_buf().unwrap();
    // Field 7 and a length of one byte, then the graph; field 15 of the graph is its list of sparse initializers.
    assert_eq!((bytes[0], usize::from(bytes[1])), (0x3a, bytes.len() - 2));
    let mut sparse = vec![0x3a, bytes[1] + 2];
    sparse.extend(&bytes[2..]);
    sparse.extend([0x7a, 0]);
    sparse.extend(ModelProto { opset_import, ..Default::default() }.write_buf().unwrap());
    match lower(&source(&manifest(2, 2), sparse), &setup()) {
        Err(CompileError::Unsupported { obstacles, .. }) => assert_eq!(obstacles[0].cause, Cause::Sparse),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn operators_after_folding_have_a_limit() {
    let chain = |layers: usize| {
        let mut nodes = Vec::new();
        for index in 0..layers {
            let from = if index == 0 { "x".into() } else { format!("r{index}") };
            let to = if index + 1 == layers { "y".into() } else { format!("r{}", index + 1) };
            nodes.push(node("Sub", &[&from, "w"], &format!("s{index}")));
            nodes.push(node("Relu", &[&format!("s{index}")], &to));
        }
        let bytes = model(1, 1, nodes, vec![weights("w", &[1], &[0.001])]);
        lower(&source(&manifest(1, 1), bytes), &setup())
    };
    assert_eq!(chain(1024).unwrap().card.operators.len(), 1024);
    match chain(1025) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert_eq!(obstacles[0].cause, Cause::OperatorCount { got: 1025, limit: 1024 });
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn names_of_foreign_files_are_escaped() {
    let mut evil = node("Evil\u{1b}[31m", &["x"], "y");
    evil.name = Some("line\nbreak`".repeat(40));
    let found = obstacles(1, 1, vec![evil], vec![]);
    let shown = found[0].to_string();
    assert!(!shown.contains('\n') && !shown.contains('\u{1b}'), "{shown}");
    assert!(shown.contains("...`"), "{shown}");
}

//! Every file of fixtures/models/bad is refused for its own reason, with the place at fault named.

use crate::support::{fixture, manifest, setup, source, variant};
use candor_compiler::{Category, CompileError, ModelError, lower};
use std::fs;

/// File without its ending, and the variants of its obstacles or of its model error.
const EXPECTED: &[(&str, &str)] = &[
    ("argmax_axis", "AttributeValue"),
    ("argmax_batch", "AttributeValue"),
    ("claim_constant", "Elements"),
    ("claim_constant_of_shape", "Elements"),
    ("claim_initializer", "Elements"),
    ("claim_input", "Elements Elements"),
    ("cycle", "UsedBeforeMade"),
    ("cycle_self", "UsedBeforeMade"),
    ("dangling_input", "MissingTensor"),
    ("dangling_output", "OutputMissing"),
    ("data_long", "DataSize"),
    ("data_short", "DataSize"),
    ("dims_negative", "Dimension"),
    ("dims_overflow", "Elements"),
    ("dims_overflow_zero", "Elements"),
    ("dims_zero", "Dimension"),
    ("duplicate_initializer", "DuplicateTensor"),
    ("duplicate_output", "DuplicateTensor"),
    ("dynamic_inner", "DynamicDimension"),
    ("empty", "NoGraph"),
    ("external_data", "ExternalData"),
    ("gemm_attribute_type", "AttributeType"),
    ("gemm_attribute_unknown", "Attribute"),
    ("gemm_bias", "Shape"),
    ("gemm_inner", "Shape"),
    ("gemm_no_inputs", "InputCount"),
    ("gemm_rank", "Shape"),
    ("gemm_trans_a", "AttributeValue"),
    ("gemm_two_activations", "NotConstant"),
    ("huge_weight", "Magnitude"),
    ("infinite_bias", "NotFinite"),
    ("infinite_weight", "NotFinite"),
    ("input_is_initializer", "InputMissing OnlyConstants"),
    ("mul_activations", "ProductOfActivations"),
    ("nan_alpha", "NotFinite"),
    ("nan_weight", "NotFinite"),
    ("nested", "Repeated"),
    ("no_graph", "NoGraph"),
    ("no_input", "MissingTensor InputMissing"),
    ("no_opset", "NoOpset"),
    ("no_output", "OutputMissing"),
    ("no_shape", "InputShapeMissing"),
    ("op_conv", "Operator"),
    ("op_lstm", "Operator"),
    ("op_other_domain", "Domain"),
    ("op_softmax", "NotLast"),
    ("op_tanh", "Operator"),
    ("op_unknown", "Operator"),
    ("opset_unknown", "Opset"),
    ("random", "FieldNumber"),
    ("reshape_size", "Reshape"),
    ("text", "WireType"),
    ("trailing", "LongVarint"),
    ("truncated", "UnexpectedEnd"),
    ("two_inputs", "SeveralInputs"),
    ("type_double", "MixedTypes"),
    ("type_float16", "ElementType"),
    ("type_input_double", "MixedTypes"),
    ("type_int64", "MixedTypes"),
    ("type_int8", "ElementType"),
    ("type_string", "ElementType"),
    ("type_unknown", "ElementType"),
    ("zero_divisor", "ZeroDivisor"),
];

/// Files that were refused when all models were perceptrons, and are graphs today.
const GRAPHS: &[&str] = &["op_conv.onnx", "op_lstm.onnx", "op_tanh.onnx", "mul_activations.onnx"];

#[test]
fn bad_models_are_refused_for_their_reason_and_by_name() {
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(fixture("models/bad/index.json")).unwrap()).unwrap();
    let index = index.as_object().unwrap();
    assert!(index.len() >= EXPECTED.len());
    let mut graphs = Vec::new();
    for (file, entry) in index {
        let bytes = fs::read(fixture("models/bad").join(file)).unwrap();
        let Err(error) = lower(&source(&manifest(8, 3), bytes), &setup()) else {
            graphs.push(file.as_str());
            continue;
        };
        let message = error.to_string();
        let names = entry["names"].as_array().unwrap();
        let named = names.is_empty() || names.iter().any(|name| message.contains(name.as_str().unwrap()));
        assert!(named, "{file}: {message}");
        let stem = file.trim_end_matches(".onnx");
        if let Some((_, expected)) = EXPECTED.iter().find(|(name, _)| *name == stem) {
            assert_eq!(variants(&error), *expected, "{file}: {message}");
        }
    }
    assert_eq!(graphs, GRAPHS);
    for (stem, _) in EXPECTED {
        assert!(index.contains_key(&format!("{stem}.onnx")), "{stem}");
    }
}

#[test]
fn kinds_of_refusal_do_not_mix() {
    let category = |file: &str| {
        let bytes = fs::read(fixture("models/bad").join(file)).unwrap();
        lower(&source(&manifest(8, 3), bytes), &setup()).unwrap_err().category()
    };
    assert_eq!(category("type_string.onnx"), Category::Unsupported);
    assert_eq!(category("opset_unknown.onnx"), Category::Unsupported);
    assert_eq!(category("truncated.onnx"), Category::Malformed);
    assert_eq!(category("empty.onnx"), Category::Malformed);
}

fn variants(error: &CompileError) -> String {
    match error {
        CompileError::Unsupported { obstacles, .. } => {
            obstacles.iter().map(|obstacle| variant(&obstacle.cause)).collect::<Vec<_>>().join(" ")
        }
        CompileError::Model { source: ModelError::Malformed { source }, .. } => variant(&source.problem),
        CompileError::Model { source, .. } => variant(source),
        other => variant(other),
    }
}

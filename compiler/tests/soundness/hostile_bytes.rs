//! No bytes make the compiler panic, hang or allocate more than they are worth.

use crate::support::{Numbers, fixture, manifest, setup, source};
use candor_compiler::graph::ExternalFiles;
use candor_compiler::onnx::WireProblem;
use candor_compiler::{CompileError, ModelError, agent_toml_template, lower};
use std::fs;

#[test]
fn every_prefix_of_a_model_is_refused() {
    let model = fs::read(fixture("models/linear.onnx")).unwrap();
    let text = manifest(8, 3);
    let mut accepted = 0;
    for length in 0..model.len() {
        match lower(&source(&text, model[..length].to_vec()), &setup()) {
            Ok(_) => accepted += 1,
            Err(CompileError::Model { .. } | CompileError::Unsupported { .. }) => {}
            Err(other) => panic!("{length}: {other}"),
        }
    }
    // A prefix that ends between two fields, after graph and opset, is a whole model.
    assert!(accepted <= 2, "{accepted}");
}

#[test]
fn mutated_models_never_panic() {
    let text = manifest(8, 3);
    let mut numbers = Numbers(1);
    for name in ["residual", "scaler_mul_add", "constant_nodes", "reshape_zero"] {
        let model = fs::read(fixture("models").join(format!("{name}.onnx"))).unwrap();
        for _ in 0..500 {
            let mut bytes = model.clone();
            for _ in 0..=numbers.below(3) {
                // Names, shapes and wiring stand among the weights; structure is hit often enough in short files.
                let at = numbers.below(bytes.len());
                match numbers.below(4) {
                    0 => bytes[at] = numbers.below(256) as u8,
                    1 => bytes[at] ^= 1 << numbers.below(8),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, numbers.below(256) as u8),
                }
            }
            let _ = lower(&source(&text, bytes.clone()), &setup());
            let _ = agent_toml_template(&bytes, "model.onnx", &ExternalFiles::new());
        }
    }
}

#[test]
fn mutated_manifests_never_panic() {
    let text = manifest(2, 2);
    let mut numbers = Numbers(2);
    for _ in 0..2000 {
        let mut bytes = text.clone().into_bytes();
        let at = numbers.below(bytes.len());
        match numbers.below(3) {
            0 => bytes[at] = numbers.below(256) as u8,
            1 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = lower(&source(&text, Vec::new()), &setup());
    }
}

#[test]
fn length_prefixes_beyond_the_file_are_refused() {
    for field in 0..32u8 {
        for length in [1u64 << 31, 1 << 62, u64::MAX - 9, u64::MAX] {
            let mut bytes = vec![field << 3 | 2];
            let mut rest = length;
            while rest >= 128 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            let error = lower(&source(&manifest(8, 3), bytes), &setup()).unwrap_err();
            assert!(matches!(error, CompileError::Model { .. }), "{field} {length}: {error}");
        }
    }
}

#[test]
fn fields_of_another_type_and_texts_that_are_none_are_refused() {
    let problem = |bytes: &[u8]| match lower(&source(&manifest(8, 3), bytes.to_vec()), &setup()) {
        Err(CompileError::Model { source: ModelError::Malformed { source }, .. }) => source.problem,
        other => panic!("{:?}", other.map(|_| ())),
    };
    // ModelProto.graph as an integer.
    assert_eq!(problem(&[0x38, 1]), WireProblem::FieldType { message: "ModelProto", field: 7 });
    // ModelProto.opset_import.domain as one byte 0xff.
    assert_eq!(
        problem(&[0x42, 3, 0x0a, 1, 0xff]),
        WireProblem::Text { message: "OperatorSetIdProto", field: 1 }
    );
    // TensorProto.float_data of three bytes.
    assert_eq!(
        problem(&[0x3a, 7, 0x2a, 5, 0x22, 3, 0, 0, 0]),
        WireProblem::PackedLength { message: "TensorProto", field: 4 }
    );
}

//! Graphs that are no perceptrons, and what is wrong with how agent.toml names them.

use crate::support::{fixture, manifest, setup, source};
use candor_compiler::{Cause, CompileError, lower};
use std::fs;

#[test]
fn an_input_of_another_name_is_refused() {
    let bytes = fs::read(fixture("graphs/attention.onnx")).unwrap();
    let text = manifest(64, 3).replacen("input = \"x\"", "input = \"features\"", 1);
    match lower(&source(&text, bytes), &setup()) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert_eq!(obstacles.len(), 1, "{obstacles:?}");
            assert_eq!(obstacles[0].node, "features");
            assert_eq!(obstacles[0].cause, Cause::InputMissing { inputs: vec!["x".into()] });
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn decimals_of_an_input_of_integers_are_refused() {
    let bytes = fs::read(fixture("graphs/embedding.onnx")).unwrap();
    match lower(&source(&manifest(8, 3), bytes), &setup()) {
        Err(CompileError::Unsupported { obstacles, .. }) => {
            assert_eq!(obstacles.len(), 1, "{obstacles:?}");
            assert_eq!(obstacles[0].cause, Cause::Decimals { tensor: "x".into(), got: 4 });
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

//! Every model of fixtures/models compiles, and its integers stay close to onnxruntime's answers.

use crate::support::{fixture, manifest, run, setup, source};
use candor_compiler::lower;
use std::fs;

/// Largest error of an output, as a part of the largest one: eleven bits of it are right on inputs drawn evenly over the
/// whole declared range.
const TOLERANCE: f64 = 1.0 / 2048.0;

#[test]
fn integers_stay_close_to_onnxruntime() {
    let mut names: Vec<_> = fs::read_dir(fixture("models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    names.sort();
    assert!(names.len() >= 40);
    for path in names {
        check(&path);
    }
}

fn check(path: &std::path::Path) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let lines = fs::read_to_string(path.with_extension("jsonl")).unwrap();
    let rows: Vec<(Vec<f64>, Vec<f64>)> = lines.lines().map(row).collect();
    let is_arg_max = name.starts_with("argmax");
    let outputs = if is_arg_max { 3 } else { rows[0].1.len() };
    let output_name = fs::read(path).unwrap();
    let text = manifest(rows[0].0.len(), outputs);
    let text = if name.starts_with("sklearn") { rename(&text, &name) } else { text };
    let lowered =
        lower(&source(&text, output_name), &setup()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let largest = rows.iter().flat_map(|(_, y)| y).fold(0.0f64, |largest, y| largest.max(y.abs()));
    let mut worst = 0.0f64;
    for (x, expected) in &rows {
        let input: Vec<u16> = x.iter().map(|x| ((x + 3.0) * 10_000.0).round() as u16).collect();
        let outputs = run(&lowered, &input);
        if is_arg_max {
            let best = (0..3).rev().max_by(|a, b| outputs[*a].total_cmp(&outputs[*b])).unwrap();
            assert_eq!(best as f64, expected[0], "{name}: {outputs:?}");
        } else {
            for (output, expected) in outputs.iter().zip(expected) {
                worst = worst.max((output - expected).abs() / largest);
            }
        }
    }
    println!("{name}: worst error {worst:.1e} of the largest output");
    assert!(worst <= TOLERANCE, "{name}: {worst}\n{}", lowered.report);
}

/// Names of input and output as skl2onnx writes them.
fn rename(manifest: &str, name: &str) -> String {
    let output = if name == "sklearn_regressor" { "variable" } else { "add_result2" };
    manifest
        .replace("input = \"x\"", "input = \"cast_input\"")
        .replace("output = \"y\"", &format!("output = \"{output}\""))
}

fn row(line: &str) -> (Vec<f64>, Vec<f64>) {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let list =
        |key: &str| value[key].as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect();
    (list("x"), list("y"))
}

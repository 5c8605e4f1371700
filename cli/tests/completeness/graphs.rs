//! Models that are no perceptrons, the whole path: a template, records, a proof, a replay and a seal.

use crate::project::{Project, fixture};
use serde_json::{Map, Value, json};

/// Sixty-four features a line, one line a day.
fn observations(days: u64) -> String {
    let line = |day: u64| {
        let features: Map<String, Value> = (0..64u64)
            .map(|place| {
                let number = (place * 7919 + day * 104_729).wrapping_mul(2_654_435_761) % 59_999;
                (format!("feature_{place}"), json!(format!("{:.4}", number as f64 / 10_000.0 - 3.0)))
            })
            .collect();
        json!({"time": 1_700_000_000 + 86_400 * day, "plugins": {"data": {"features": features}}}).to_string()
    };
    (0..days).map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn whole_path(name: &str) {
    let project = Project::empty();
    let model = std::fs::read(fixture(&format!("graphs/{name}.onnx"))).unwrap();
    let model = project.write("model.onnx", model);
    project.run(&["init", &model]).ok();
    project.run(&["setup", "--development", "--powers", "12"]).ok();
    project.run(&["agent-key"]).ok();
    let manifest = project.folder().join("agent.toml");
    project.run(&["compile", manifest.to_str().unwrap()]).ok();
    let days = project.write("days.jsonl", observations(6));
    project.run(&["record", &days]).ok();
    let (code, proven) = project.json(&["prove", "--range", "0..5"]);
    assert_eq!(code, 0, "{proven}");
    let expected = project.store().join("expected.json");
    let expected = expected.to_str().unwrap();
    let (code, verified) = project.json(&project.trusting(&["verify"], expected));
    assert_eq!(code, 0, "{verified}");
    let (code, replayed) = project.json(&project.trusting(&["replay"], expected));
    assert_eq!(code, 0, "{replayed}");
}

#[test]
fn a_convolutional_net() {
    whole_path("convolutional");
}

#[test]
fn attention() {
    whole_path("attention");
}

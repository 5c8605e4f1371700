//! Models that are no perceptrons, the whole path: a template or a description, records, a proof and a replay.

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
    let manifest = project.folder().join("agent.toml");
    from_manifest(&project, manifest.to_str().unwrap(), observations(6));
}

/// Six observations or more from the description on.
fn from_manifest(project: &Project, manifest: &str, observations: String) {
    project.run(&["setup", "--development", "--powers", "12"]).ok();
    project.run(&["agent-key"]).ok();
    project.run(&["compile", manifest]).ok();
    let days = project.write("days.jsonl", observations);
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

/// The first claims of fixtures/trees: every one is decided as the float model decides it.
fn claims(name: &str) {
    let claims = std::fs::read_to_string(fixture("trees/observations.jsonl")).unwrap();
    let claims: Vec<&str> = claims.lines().take(12).collect();
    let project = Project::empty();
    let manifest = fixture(&format!("trees/{name}.toml"));
    from_manifest(&project, manifest.to_str().unwrap(), claims.join("\n") + "\n");
    let reference = std::fs::read_to_string(fixture(&format!("trees/{name}.reference.jsonl"))).unwrap();
    for (sequence, answer) in reference.lines().take(12).enumerate() {
        let answer: Value = serde_json::from_str(answer).unwrap();
        let number = sequence.to_string();
        let (_, record) = project.json(&["inspect", &project.path("log"), "--record", &number]);
        assert_eq!(record["record"]["requested"]["name"], answer["action"], "{record}");
    }
}

#[test]
fn boosted_trees() {
    claims("boosted");
}

#[test]
fn a_forest() {
    claims("forest");
}

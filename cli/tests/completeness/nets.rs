//! The nets of `fixtures/nets`, the whole path: a convolutional net, a transformer and a recurrent net.

use crate::project::{Project, fixture};

fn whole_path(name: &str) {
    let project = Project::empty();
    let file = |file: &str| std::fs::read(fixture(&format!("nets/{name}/{file}"))).unwrap();
    for copied in ["agent.toml", "model.onnx", "calibration.jsonl", "reference.jsonl", "observations.jsonl"] {
        project.write(copied, file(copied));
    }
    let lines = String::from_utf8(file("observations.jsonl")).unwrap();
    let some: String = lines.lines().take(2).map(|line| format!("{line}\n")).collect();
    project.run(&["setup", "--development", "--powers", "14"]).ok();
    project.run(&["agent-key"]).ok();
    let manifest = project.folder().join("agent.toml");
    project.run(&["compile", manifest.to_str().unwrap()]).ok();
    let some = project.write("some.jsonl", some);
    project.run(&["record", &some]).ok();
    let (code, proven) = project.json(&["prove", "--range", "0..1"]);
    assert_eq!(code, 0, "{proven}");
    let expected = project.store().join("expected.json");
    let (code, verified) = project.json(&project.trusting(&["verify"], expected.to_str().unwrap()));
    assert_eq!(code, 0, "{verified}");
}

#[test]
fn lenet() {
    whole_path("lenet");
}

#[test]
fn a_small_convolutional_net() {
    whole_path("digits");
}

#[test]
fn a_block_of_a_transformer() {
    whole_path("transformer");
}

#[test]
fn a_recurrent_net() {
    whole_path("gru");
}

//! Models and ceremonies that are none, or that ask for too much.

use crate::exit_codes::without_data;
use crate::project::{Project, fixture};
use std::fs;

fn compile(project: &Project, model: &str, code: i32, names: &[&str]) {
    let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
    let toml = toml.replace("\"model.onnx\"", &format!("{model:?}"));
    let toml = project.write("agent.toml", without_data(&toml));
    project.refuses(&["compile", &toml], code, names);
}

#[test]
fn a_truncated_foreign_or_huge_model_is_refused() {
    let project = Project::compiled();
    let bytes = fs::read(fixture("sp500/model.onnx")).unwrap();
    for length in [0, 1, 100, bytes.len() / 2, bytes.len() - 1] {
        let model = project.write("model.onnx", &bytes[..length]);
        compile(&project, &model, 3, &["model.onnx"]);
    }
    let text = project.write("model.onnx", "this is no model");
    compile(&project, &text, 3, &["model.onnx"]);
    let path = project.folder().join("model.onnx");
    fs::File::create(&path).unwrap().set_len(64 << 30).unwrap();
    compile(&project, path.to_str().unwrap(), 5, &["model.onnx"]);
    compile(&project, "missing.onnx", 2, &["missing.onnx"]);
}

#[test]
fn weights_that_are_no_numbers_or_elsewhere_are_refused_by_name() {
    let project = Project::compiled();
    for (name, places) in [
        ("nan_weight", &["fc1.weight", "NaN"][..]),
        ("infinite_weight", &["fc2.weight"]),
        ("infinite_bias", &["fc3.bias"]),
        ("external_data", &["fc1.weight"]),
        ("claim_initializer", &["w"]),
        ("op_unknown", &["act1", "Rleu"]),
    ] {
        let model = fixture(&format!("models/bad/{name}.onnx"));
        compile(&project, model.to_str().unwrap(), 9, places);
    }
}

#[test]
fn a_program_that_records_depend_on_is_not_replaced_by_accident() {
    let project = Project::recorded(3);
    let toml = fs::read_to_string(fixture("sp500/agent.toml")).unwrap();
    let model = fixture("sp500/model.onnx");
    let toml =
        toml.replace("\"model.onnx\"", &format!("{:?}", model.to_str().unwrap())).replace("259200", "1");
    let toml = project.write("agent.toml", without_data(&toml));
    project.refuses(&["compile", &toml], 2, &["3 records of another program", "--force"]);
    project.run(&["compile", &toml, "--force"]).ok();
    let days = project.write("days.jsonl", crate::project::observations(3..4));
    project.refuses(&["record", &days], 4, &["last record is of program"]);
}

#[test]
fn a_ceremony_s_file_that_is_cut_off_changed_or_none_is_refused() {
    let project = Project::empty();
    let bytes = fs::read(fixture("ptau/test12.ptau")).unwrap();
    let refused = |content: &[u8]| {
        let file = project.write("pot.ptau", content);
        project.refuses(&["setup", "--ptau", &file], 3, &["pot.ptau"]);
    };
    refused(b"");
    refused(b"not a ceremony");
    refused(&bytes[..bytes.len() / 2]);
    let mut changed = bytes.clone();
    // In the middle of the G1 powers.
    changed[100_000] ^= 1;
    refused(&changed);
    // Nothing is wrong with a file that is merely too short for what was asked.
    let sound = project.write("pot.ptau", &bytes);
    let names = ["pot.ptau", "2^12 powers, 2^13 were asked for", "--powers"];
    project.refuses(&["setup", "--ptau", &sound, "--powers", "13"], 2, &names);
    assert!(!project.store().exists());
    project.run(&["setup", "--ptau", &sound, "--powers", "12"]).ok();
}

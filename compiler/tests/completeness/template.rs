//! The agent.toml that `candor init` writes compiles as it stands, for every model that compiles.

use crate::support::{fixture, setup, source};
use candor_compiler::graph::ExternalFiles;
use candor_compiler::report::Note;
use candor_compiler::{CompileError, agent_toml_template, lower};
use std::fs;

#[test]
fn templates_compile_as_they_stand() {
    for entry in fs::read_dir(fixture("models")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "onnx") {
            continue;
        }
        let model = fs::read(&path).unwrap();
        let text =
            agent_toml_template(&model, "some folder/\"model\" \u{1}.onnx", &ExternalFiles::new()).unwrap();
        let lowered =
            lower(&source(&text, model), &setup()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(lowered.card.name, "-model---");
        assert_eq!(lowered.card.features[0].name, "feature_0");
        assert!(lowered.report.notes.contains(&Note::NoCalibration));
        assert!(!lowered.report.notes.contains(&Note::NeverActs));
    }
}

#[test]
fn templates_of_unsupported_models_say_why() {
    let model = fs::read(fixture("models/bad/type_string.onnx")).unwrap();
    assert!(matches!(
        agent_toml_template(&model, "m.onnx", &ExternalFiles::new()),
        Err(CompileError::Unsupported { .. })
    ));
    let model = fs::read(fixture("models/bad/text.onnx")).unwrap();
    assert!(matches!(
        agent_toml_template(&model, "m.onnx", &ExternalFiles::new()),
        Err(CompileError::Model { .. })
    ));
}

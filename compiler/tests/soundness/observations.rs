//! Files of observations and of reference answers: refused with file, line and reason.

use crate::support::{manifest, model, node, setup, source};
use candor_compiler::{AgentSource, Category, CompileError, Lowered, ReferenceError, SourceFile, lower};
use candor_program::observation::ObservationError;
use std::path::Path;

fn agent() -> AgentSource {
    source(&manifest(2, 2), model(2, 2, vec![node("Relu", &["x"], "y")], vec![]))
}

fn file(name: &str, text: &[u8]) -> Option<SourceFile> {
    Some(SourceFile { path: name.into(), bytes: text.to_vec() })
}

const GOOD: &str = r#"{"time":1,"plugins":{"p":["0.5","-0.25"]}}"#;

fn calibrated(text: &[u8]) -> Result<Lowered, CompileError> {
    lower(&AgentSource { calibration: file("c.jsonl", text), ..agent() }, &setup())
}

fn referenced(answers: &str) -> Result<Lowered, CompileError> {
    let reference = file("r.jsonl", answers.as_bytes());
    lower(&AgentSource { reference, observations: file("o.jsonl", GOOD.as_bytes()), ..agent() }, &setup())
}

#[test]
fn calibration_lines_are_named() {
    assert!(calibrated(format!("{GOOD}\r\n\n{GOOD}\n").as_bytes()).is_ok());
    let missing = format!("{GOOD}\n\n{{\"time\":1,\"plugins\":{{\"p\":[\"0.5\"]}}}}\n");
    match calibrated(missing.as_bytes()) {
        Err(CompileError::Observation { path, line: 3, .. }) => assert_eq!(path, Path::new("c.jsonl")),
        other => panic!("{:?}", other.map(|_| ())),
    }
    let not_json = calibrated(b"?").unwrap_err();
    assert!(matches!(
        not_json,
        CompileError::Observation { line: 1, source: ObservationError::NotJson { .. }, .. }
    ));
    assert_eq!(not_json.category(), Category::Malformed);
    let not_utf8 = [GOOD.as_bytes(), b"\n\xff\n"].concat();
    assert!(matches!(calibrated(&not_utf8), Err(CompileError::NotUtf8 { line: 2, .. })));
    assert!(matches!(calibrated(b"\n \n"), Err(CompileError::NoLines { field: "agent.calibration", .. })));
}

#[test]
fn reference_lines_are_named() {
    let wrong = |answers: &str| match referenced(answers) {
        Err(CompileError::Reference { line: 1, source, .. }) => source,
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert!(matches!(wrong("{}"), ReferenceError::NotJson { .. }));
    assert_eq!(wrong(r#"{"time":1}"#), ReferenceError::Empty);
    let count = ReferenceError::LogitCount { expected: 2, got: 1 };
    assert_eq!(wrong(r#"{"time":1,"logits":[1]}"#), count);
    let unknown = ReferenceError::UnknownAction { got: "fly".into() };
    assert_eq!(wrong(r#"{"time":1,"action":"fly"}"#), unknown);
}

#[test]
fn answers_are_matched_by_time() {
    let answers = "{\"time\":1,\"logits\":[0.5,0],\"action\":\"a0\"}\n{\"time\":2,\"action\":\"a1\"}";
    let report = referenced(answers).unwrap().report.reference.unwrap();
    assert_eq!((report.unmatched, report.agreement.observations, report.agreement.same_action), (1, 1, 1));
    assert!(report.agreement.worst_error.unwrap() < 1e-3);
}

#[test]
fn missing_files_are_named_with_their_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    assert!(matches!(AgentSource::read(&path), Err(CompileError::ReadFile { field: "path", .. })));
    std::fs::write(&path, manifest(2, 2)).unwrap();
    let error = AgentSource::read(&path).unwrap_err();
    assert!(matches!(error, CompileError::ReadFile { field: "agent.model", .. }));
    assert_eq!(error.category(), Category::Usage);
    std::fs::write(folder.path().join("model.onnx"), agent().model.bytes).unwrap();
    assert!(lower(&AgentSource::read(&path).unwrap(), &setup()).is_ok());
    std::fs::write(&path, [0xff]).unwrap();
    assert!(matches!(AgentSource::read(&path), Err(CompileError::Manifest { .. })));
    std::fs::write(&path, vec![b'#'; (candor_compiler::MANIFEST_BYTES + 1) as usize]).unwrap();
    let error = AgentSource::read(&path).unwrap_err();
    assert!(matches!(error, CompileError::FileTooLarge { limit_bytes: candor_compiler::MANIFEST_BYTES, .. }));
    assert_eq!(error.category(), Category::Limit);
}

//! Weights in a file of their own, handed over with its digest.

use crate::sources::{manifest, run, setup, source};
use crate::support::{external_sum, external_sum_weights};
use candor_compiler::graph::{ExternalFile, ExternalFiles};
use candor_compiler::{AgentSource, agent_toml_template, lower};
use std::fs;

fn files() -> ExternalFiles {
    ExternalFiles::from([("w.bin".to_owned(), ExternalFile::unverified(external_sum_weights()))])
}

#[test]
fn a_model_with_weights_beside_it_compiles() {
    let agent = AgentSource { weights: files(), ..source(&manifest(2, 2), external_sum()) };
    let lowered = lower(&agent, &setup()).unwrap();
    // Features from -3 on, plus 0.5 and -1.5.
    for (got, expected) in run(&lowered, &[30_000, 0]).iter().zip([0.5, -4.5]) {
        assert!((got - expected).abs() < 1e-3, "{got} for {expected}");
    }
}

#[test]
fn a_template_names_the_file_with_its_digest_and_compiles() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.onnx"), external_sum()).unwrap();
    fs::write(folder.path().join("w.bin"), external_sum_weights()).unwrap();
    let text = agent_toml_template(&external_sum(), "model.onnx", &files()).unwrap();
    assert!(text.contains("[[weights]]\nfile = \"w.bin\"\nsha256 = \"0x"), "{text}");
    let path = folder.path().join("agent.toml");
    fs::write(&path, text).unwrap();
    let agent = AgentSource::read(&path).unwrap();
    assert_eq!(agent.weights, files());
    lower(&agent, &setup()).unwrap();
}

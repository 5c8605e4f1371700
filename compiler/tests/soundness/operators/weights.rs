//! Weights in a file that nobody handed over, or in another one.

use crate::sources::{manifest, setup, source};
use crate::support::{external_sum, external_sum_weights};
use candor_compiler::graph::{ExternalDigestError, ExternalFile};
use candor_compiler::onnx::Cause;
use candor_compiler::{AgentSource, Category, CompileError, ManifestCause, lower};
use std::fs;

#[test]
fn weights_that_nobody_handed_over() {
    let error = lower(&source(&manifest(2, 2), external_sum()), &setup()).unwrap_err();
    let CompileError::Unsupported { obstacles, .. } = &error else { panic!("{error}") };
    let cause = Cause::ExternalData { tensor: "c".into(), location: "w.bin".into() };
    assert_eq!(obstacles.iter().map(|obstacle| &obstacle.cause).collect::<Vec<_>>(), [&cause]);
    assert!(error.to_string().contains("[[weights]]"), "{error}");
}

fn read(weights: &str, bytes: &[u8]) -> Result<AgentSource, CompileError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.onnx"), external_sum()).unwrap();
    fs::write(folder.path().join("w.bin"), bytes).unwrap();
    let path = folder.path().join("agent.toml");
    fs::write(&path, format!("{weights}\n{}", manifest(2, 2))).unwrap();
    AgentSource::read(&path)
}

#[test]
fn another_file_than_the_digest_says() {
    let expected = ExternalFile::unverified(external_sum_weights()).digest();
    let digest: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    let weights = format!("[[weights]]\nfile = \"w.bin\"\nsha256 = \"0x{digest}\"");
    read(&weights, &external_sum_weights()).unwrap();
    let mut other = external_sum_weights();
    other[0] ^= 1;
    let error = read(&weights, &other).unwrap_err();
    assert_eq!(error.category(), Category::Malformed);
    let CompileError::Weights { source, .. } = &error else { panic!("{error}") };
    let got = ExternalFile::unverified(other).digest();
    assert_eq!(*source, ExternalDigestError { expected, got });
}

#[test]
fn a_digest_that_is_none() {
    let error =
        read("[[weights]]\nfile = \"w.bin\"\nsha256 = \"0x12\"", &external_sum_weights()).unwrap_err();
    let CompileError::Manifest { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.cause, ManifestCause::Hexadecimal { got: "0x12".into(), digits: 64 });
    assert_eq!((source.line, source.field.as_str()), (3, "weights[0].sha256"));
}

#[test]
fn more_files_than_there_may_be() {
    let one = "[[weights]]\nfile = \"w.bin\"\nsha256 = \"0x12\"\n";
    let error = read(&one.repeat(65), &external_sum_weights()).unwrap_err();
    let CompileError::Manifest { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.cause, ManifestCause::TooMany { got: 65, limit: 64 });
}

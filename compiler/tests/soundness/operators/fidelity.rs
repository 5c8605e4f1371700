//! Targets that no scales reach, and targets that are none.

use crate::sources::{fixture, manifest, setup, source};
use candor_compiler::{Category, CompileError, ManifestCause, Target, lower};
use std::fs;

fn refused(target: &str) -> CompileError {
    let bytes = fs::read(fixture("graphs/convolutional.onnx")).unwrap();
    lower(&source(&format!("{target}\n{}", manifest(64, 3)), bytes), &setup()).unwrap_err()
}

#[test]
fn bits_that_sixteen_bit_values_do_not_have() {
    let error = refused("[fidelity]\nbits = 16");
    assert_eq!(error.category(), Category::Unsupported);
    let CompileError::Fidelity { wanted, got, layer, .. } = &error else { panic!("{error}") };
    assert_eq!(*wanted, Target { bits: Some(16.0), disagreement: None });
    assert!(got.bits.unwrap() < 16.0);
    assert!(layer.is_some());
    let text = error.to_string();
    assert!(text.contains("[fidelity] asks for 16 bits; most accuracy is lost in `"), "{text}");
}

fn cause(target: &str) -> (usize, ManifestCause) {
    match refused(target) {
        CompileError::Manifest { source, .. } => (source.line, source.cause),
        error => panic!("{error}"),
    }
}

#[test]
fn what_is_no_number_of_bits() {
    for (written, got) in [("0", "0"), ("17", "17"), ("\"8.5\"", "8.5"), ("\"many\"", "many"), ("-1", "-1")] {
        let cause = cause(&format!("[fidelity]\nbits = {written}"));
        let (lowest, highest) = ("1".to_owned(), "16".to_owned());
        assert_eq!(cause, (2, ManifestCause::WholeNumber { got: got.into(), lowest, highest }));
    }
}

#[test]
fn what_is_no_percentage() {
    for written in ["0.5", "101%", "-1%", "1.00001%", "%", "half"] {
        let cause = cause(&format!("[fidelity]\nmax_disagreement = \"{written}\""));
        assert_eq!(cause, (2, ManifestCause::Percentage { got: written.into(), decimals: 4 }), "{written}");
    }
}

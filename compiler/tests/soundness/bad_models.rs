//! Every file of fixtures/models/bad is refused, with the place at fault named.

use crate::support::{fixture, manifest, setup, source};
use candor_compiler::lower;
use std::fs;

#[test]
fn bad_models_are_refused_by_name() {
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(fixture("models/bad/index.json")).unwrap()).unwrap();
    for (file, entry) in index.as_object().unwrap() {
        let bytes = fs::read(fixture("models/bad").join(file)).unwrap();
        let error = lower(&source(&manifest(8, 3), bytes), &setup()).expect_err(file);
        let message = error.to_string();
        println!("{file}: {message}");
        let names = entry["names"].as_array().unwrap();
        let named = names.is_empty() || names.iter().any(|name| message.contains(name.as_str().unwrap()));
        assert!(named, "{file}: {message}");
    }
}

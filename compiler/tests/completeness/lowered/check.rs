//! What a model would become, from its file alone.

use crate::sources::fixture;
use candor_compiler::check::{Advice, check};
use candor_compiler::graph::ExternalFiles;
use std::fs;

fn bytes(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

#[test]
fn costs_of_a_convolutional_net() {
    let check = check(&bytes("graphs/convolutional.onnx"), &ExternalFiles::new(), None).unwrap();
    assert_eq!(check.obstacles, []);
    assert_eq!((check.inputs.len(), check.outputs.len(), check.tables), (1, 1, 0));
    assert_eq!(check.inputs[0].shape.iter().product::<usize>(), 64);
    let first = check.nodes.iter().find(|node| node.operator == "Conv").unwrap();
    assert!(first.parameters > 0 && first.multiplications > first.parameters, "{first:?}");
    let parameters: u64 = check.nodes.iter().map(|node| node.parameters).sum();
    assert!(parameters > 500, "{parameters}");
    assert!(check.estimate.unwrap().time_ms > 0.0);
    let text = check.to_string();
    assert!(text.contains("compiles: ") && text.contains("Conv"), "{text}");
}

#[test]
fn tables_are_told_where_they_are_made() {
    let check = check(&bytes("graphs/attention.onnx"), &ExternalFiles::new(), None).unwrap();
    assert_eq!(check.tables, 3);
    assert_eq!(check.nodes.iter().map(|node| node.tables).sum::<usize>(), 3);
    let with_tables = check.nodes.iter().filter(|node| node.tables > 0);
    assert!(with_tables.clone().all(|node| node.advice.contains(&Advice::Table)));
    let mut operators: Vec<&str> = with_tables.map(|node| node.operator.as_str()).collect();
    operators.sort_unstable();
    assert_eq!(operators, ["Softmax", "Tanh"]);
}

#[test]
fn a_perceptron_is_looked_at_in_the_same_way() {
    let check = check(&bytes("sp500/model.onnx"), &ExternalFiles::new(), None).unwrap();
    assert_eq!(check.obstacles, []);
    assert!(check.nodes.iter().any(|node| node.parameters > 1000));
}

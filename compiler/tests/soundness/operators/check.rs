//! Models that do not compile: every node that stands in the way, at once.

use crate::sources::{model, node, weights};
use candor_compiler::check::check;
use candor_compiler::graph::{ExternalFiles, GraphError};

#[test]
fn unknown_operators_are_told_with_what_would_help() {
    let nodes = vec![node("Strange", &["x"], "a"), node("Odd", &["a"], "y")];
    let check = check(&model(4, 4, nodes, vec![]), &ExternalFiles::new(), None).unwrap();
    let told: Vec<(&str, &str)> =
        check.obstacles.iter().map(|one| (one.operator.as_str(), one.why.as_str())).collect();
    assert_eq!(told[0], ("Strange", "the operator is not supported"));
    assert!(check.nodes.is_empty() && check.estimate.is_none());
    let text = check.to_string();
    assert!(text.contains("does not compile") && text.contains("replace it"), "{text}");
}

#[test]
fn nodes_behind_one_that_is_not_lowered_are_looked_at_too() {
    let nodes = vec![
        node("Det", &["x"], "a"),
        node("Relu", &["x"], "b"),
        node("Unheard", &["b"], "c"),
        node("Add", &["b", "c"], "y"),
    ];
    let check =
        check(&model(4, 4, nodes, vec![weights("w", &[4], &[1.0; 4])]), &ExternalFiles::new(), None).unwrap();
    assert!(check.obstacles.iter().any(|one| one.operator == "Unheard"), "{check}");
}

#[test]
fn an_output_that_is_not_there() {
    let check =
        check(&model(4, 4, vec![node("Relu", &["x"], "y")], vec![]), &ExternalFiles::new(), Some("z"))
            .unwrap();
    assert_eq!(check.obstacles.len(), 1);
    assert!(check.obstacles[0].why.contains("`y`"), "{check}");
}

#[test]
fn a_file_that_is_no_model() {
    assert!(matches!(check(b"no model", &ExternalFiles::new(), None), Err(GraphError::Model { .. })));
}

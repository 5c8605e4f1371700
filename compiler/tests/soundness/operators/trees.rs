use crate::support::{TreeNode, f, refused, text, trees};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{Data, ElementType, Tensor};

const LEAF: TreeNode<'static> = ("LEAF", 0, 0.0, 0, 0);

fn integers(data: &[i64]) -> Attribute {
    Attribute::Integers(data.to_vec())
}

/// One tree with weights 1 and 2.
fn tree() -> Node {
    weighted(trees("TreeEnsembleRegressor", &[&[("BRANCH_LEQ", 0, 0.5, 1, 2), LEAF, LEAF]]))
}

fn weighted(node: Node) -> Node {
    node.with("target_treeids", integers(&[0, 0]))
        .with("target_nodeids", integers(&[1, 2]))
        .with("target_ids", integers(&[0, 0]))
        .with("target_weights", Attribute::Floats(vec![1.0, 2.0]))
}

fn cause(node: &Node) -> Cause {
    refused(node, &[&f(&[1, 1], &[0.0])])
}

fn value(tensor: &str, got: &str) -> Cause {
    Cause::Value { tensor: tensor.into(), got: got.into() }
}

#[test]
fn lists_of_different_lengths() {
    for (attribute, list) in [
        ("nodes_treeids", integers(&[0, 0])),
        ("nodes_featureids", integers(&[0])),
        ("nodes_truenodeids", integers(&[1, 0, 0, 0])),
        ("nodes_falsenodeids", integers(&[])),
        ("nodes_values", Attribute::Floats(vec![0.5])),
        ("nodes_modes", Attribute::Texts(vec!["LEAF".into()])),
        ("nodes_missing_value_tracks_true", integers(&[1])),
        ("target_treeids", integers(&[0])),
        ("target_ids", integers(&[0, 0, 0])),
        ("target_weights", Attribute::Floats(vec![1.0])),
        ("base_values", Attribute::Floats(vec![1.0, 2.0])),
    ] {
        let Cause::AttributeValue { attribute: named, .. } = cause(&tree().with(attribute, list)) else {
            panic!("{attribute}");
        };
        assert_eq!(named, attribute);
    }
}

#[test]
fn trees_that_are_none() {
    let twice = |number: usize| {
        let tensor = "nodes_truenodeids or nodes_falsenodeids";
        value(tensor, &format!("a way to branch {number} beside another"))
    };
    // A branch that leads to itself, two that lead to one another, two ways to one branch.
    let own = weighted(trees("TreeEnsembleRegressor", &[&[("BRANCH_LEQ", 0, 0.5, 0, 2), LEAF, LEAF]]));
    assert_eq!(cause(&own), twice(0));
    let branch = |yes, no| ("BRANCH_LEQ", 0, 0.5, yes, no);
    let cycle = weighted(trees("TreeEnsembleRegressor", &[&[branch(1, 2), branch(0, 2), LEAF]]));
    assert_eq!(cause(&cycle), twice(0));
    let joined = weighted(trees("TreeEnsembleRegressor", &[&[branch(1, 1), branch(2, 2), LEAF]]));
    assert_eq!(cause(&joined), twice(1));
    let numbers = tree().with("nodes_nodeids", integers(&[0, 1, 1]));
    assert_eq!(cause(&numbers), value("nodes_nodeids", "1 twice in tree 0"));
}

#[test]
fn nodes_that_do_not_exist() {
    let far = |number: i64| format!("{number}, a node that tree 0 does not have");
    let node = tree().with("nodes_truenodeids", integers(&[1_000_000_000, 0, 0]));
    assert_eq!(cause(&node), value("nodes_truenodeids", &far(1_000_000_000)));
    let node = tree().with("nodes_falsenodeids", integers(&[-1, 0, 0]));
    assert_eq!(cause(&node), value("nodes_falsenodeids", &far(-1)));
    let node = tree().with("target_nodeids", integers(&[1, i64::MAX]));
    assert_eq!(cause(&node), value("target_nodeids", &far(i64::MAX)));
    let index = |tensor: &str, got, size| Cause::Index { tensor: tensor.into(), got, size };
    let node = tree().with("nodes_featureids", integers(&[1, 0, 0]));
    assert_eq!(cause(&node), index("nodes_featureids", 1, 1));
    let node = tree().with("nodes_featureids", integers(&[-1, 0, 0]));
    assert_eq!(cause(&node), index("nodes_featureids", -1, usize::MAX));
    assert_eq!(cause(&tree().with("target_ids", integers(&[0, 1]))), index("target_ids", 1, 1));
}

#[test]
fn attributes_with_values_that_nothing_stands_for() {
    for (attribute, got, value) in [
        ("aggregate_function", "MEDIAN", text("MEDIAN")),
        ("post_transform", "TANH", text("TANH")),
        ("nodes_modes", "BRANCH", Attribute::Texts(vec!["BRANCH".into(), "LEAF".into(), "LEAF".into()])),
        ("n_targets", "0", Attribute::Integer(0)),
        ("n_targets", "-1", Attribute::Integer(-1)),
    ] {
        let Cause::AttributeValue { attribute: named, got: found, .. } =
            cause(&tree().with(attribute, value))
        else {
            panic!("{attribute}");
        };
        assert_eq!((named.as_str(), found.as_str()), (attribute, got));
    }
    let Cause::Elements { .. } = cause(&tree().with("n_targets", Attribute::Integer(1 << 40))) else {
        panic!()
    };
    let threshold = tree().with("nodes_values", Attribute::Floats(vec![f32::NAN, 0.0, 0.0]));
    let Cause::NotFinite { tensor, index: 0, .. } = cause(&threshold) else { panic!() };
    assert_eq!(tensor, "nodes_values");
}

#[test]
fn rows_of_features_are_needed() {
    let refused = refused(&tree(), &[&f(&[1, 1, 1], &[0.0])]);
    assert_eq!(
        refused,
        Cause::Shape { tensor: "input 0".into(), got: vec![1, 1, 1], expected: "[rows, features]".into() }
    );
}

#[test]
fn classes_without_labels() {
    let node = trees("TreeEnsembleClassifier", &[&[LEAF]]).with_outputs(2);
    assert_eq!(cause(&node), Cause::AttributeMissing { attribute: "classlabels_int64s".into() });
    let probit = node
        .with("classlabels_int64s", integers(&[0, 1]))
        .with("class_treeids", integers(&[0]))
        .with("class_nodeids", integers(&[0]))
        .with("class_ids", integers(&[0]))
        .with("class_weights", Attribute::Floats(vec![0.5]))
        .with("post_transform", text("PROBIT"));
    let Cause::AttributeValue { attribute, .. } = cause(&probit) else { panic!() };
    assert_eq!(attribute, "post_transform");
}

/// A newer ensemble of one branch and two leaves.
fn newer(mode: i64, yes: i64) -> Node {
    let modes = Tensor::new(ElementType::Uint8, vec![1], Data::Integer(vec![mode])).unwrap();
    let floats = |data: &[f64]| Attribute::Tensor(f(&[data.len()], data));
    Node::new("TreeEnsemble", 5)
        .in_domain("ai.onnx.ml")
        .with("tree_roots", integers(&[0]))
        .with("nodes_modes", Attribute::Tensor(modes))
        .with("nodes_featureids", integers(&[0]))
        .with("nodes_splits", floats(&[0.5]))
        .with("nodes_truenodeids", integers(&[yes]))
        .with("nodes_trueleafs", integers(&[1]))
        .with("nodes_falsenodeids", integers(&[1]))
        .with("nodes_falseleafs", integers(&[1]))
        .with("leaf_targetids", integers(&[0, 0]))
        .with("leaf_weights", floats(&[1.0, 2.0]))
}

#[test]
fn newer_ensembles() {
    assert_eq!(cause(&newer(6, 0)), value("membership_values", "a set too few"));
    let index = |tensor: &str, got, size| Cause::Index { tensor: tensor.into(), got, size };
    assert_eq!(cause(&newer(0, 2)), index("nodes_truenodeids", 2, 2));
    assert_eq!(cause(&newer(0, 0).with("tree_roots", integers(&[1]))), index("tree_roots", 1, 1));
    assert_eq!(cause(&newer(0, 0).with("leaf_targetids", integers(&[0, 7]))), index("leaf_targetids", 7, 1));
    let own = newer(0, 0).with("nodes_trueleafs", integers(&[0]));
    let tensor = "nodes_truenodeids or nodes_falsenodeids";
    assert_eq!(cause(&own), value(tensor, "a way to branch 0 beside another"));
    let nan = newer(0, 0).with("nodes_splits", Attribute::Tensor(f(&[1], &[f64::NAN])));
    let Cause::NotFinite { tensor, .. } = cause(&nan) else { panic!() };
    assert_eq!(tensor, "nodes_splits");
    for (attribute, got) in [("aggregate_function", 4), ("post_transform", 5), ("n_targets", 0)] {
        let Cause::AttributeValue { attribute: named, .. } =
            cause(&newer(0, 0).with(attribute, Attribute::Integer(got)))
        else {
            panic!("{attribute}");
        };
        assert_eq!(named, attribute);
    }
    let Cause::AttributeValue { attribute, .. } = cause(&newer(7, 0)) else { panic!() };
    assert_eq!(attribute, "nodes_modes");
    let Cause::AttributeValue { attribute, .. } = cause(&newer(0, 0).with("leaf_targetids", integers(&[0])))
    else {
        panic!();
    };
    assert_eq!(attribute, "leaf_weights");
}

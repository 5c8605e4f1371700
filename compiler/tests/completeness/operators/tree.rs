use crate::support::{TreeNode, assert_close, b, f, outputs, run, text, trees};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::tensor::{Data, ElementType, Tensor};

/// One tree that tests `x[0]` against 0.5: weight 1 where the test holds, else 2.
fn tree(mode: &str) -> Node {
    trees("TreeEnsembleRegressor", &[&[(mode, 0, 0.5, 1, 2), ("LEAF", 0, 0.0, 0, 0), ("LEAF", 0, 0.0, 0, 0)]])
        .with("target_treeids", Attribute::Integers(vec![0, 0]))
        .with("target_nodeids", Attribute::Integers(vec![1, 2]))
        .with("target_ids", Attribute::Integers(vec![0, 0]))
        .with("target_weights", Attribute::Floats(vec![1.0, 2.0]))
}

#[test]
fn every_mode_below_at_and_above_its_threshold() {
    let x = f(&[4, 1], &[0.25, 0.5, 0.75, f64::NAN]);
    for (mode, expected) in [
        ("BRANCH_LEQ", [1.0, 1.0, 2.0, 2.0]),
        ("BRANCH_LT", [1.0, 2.0, 2.0, 2.0]),
        ("BRANCH_GTE", [2.0, 1.0, 1.0, 2.0]),
        ("BRANCH_GT", [2.0, 2.0, 1.0, 2.0]),
        ("BRANCH_EQ", [2.0, 1.0, 2.0, 2.0]),
        ("BRANCH_NEQ", [1.0, 2.0, 1.0, 1.0]),
    ] {
        assert_close(&run(&tree(mode), &[&x]), &[4, 1], &expected);
    }
}

#[test]
fn numbers_are_rounded_to_float_before_they_are_compared() {
    // The float nearest to 0.1 lies above it: 0.1 as a FLOAT is equal to the threshold, as a DOUBLE below it.
    let node = tree("BRANCH_LT").with("nodes_values", Attribute::Floats(vec![0.1, 0.0, 0.0]));
    assert_close(&run(&node, &[&f(&[1, 1], &[0.1])]), &[1, 1], &[2.0]);
    let double = Tensor::new(ElementType::Double, vec![1, 1], Data::Float(vec![0.1])).unwrap();
    assert_close(&run(&node, &[&double]), &[1, 1], &[1.0]);
}

#[test]
fn missing_values_follow_their_track() {
    let node = tree("BRANCH_LEQ").with("nodes_missing_value_tracks_true", Attribute::Integers(vec![1, 0, 0]));
    assert_close(&run(&node, &[&f(&[2, 1], &[f64::NAN, 1.0])]), &[2, 1], &[1.0, 2.0]);
}

/// Two trees of one feature and two targets: the second tree has no weight for target 1.
fn two_targets(aggregate: &str) -> Node {
    let one: &[TreeNode<'_>] =
        &[("BRANCH_LEQ", 0, 0.0, 1, 2), ("LEAF", 0, 0.0, 0, 0), ("LEAF", 0, 0.0, 0, 0)];
    trees("TreeEnsembleRegressor", &[one, &[("LEAF", 0, 0.0, 0, 0)]])
        .with("n_targets", Attribute::Integer(2))
        .with("aggregate_function", text(aggregate))
        .with("target_treeids", Attribute::Integers(vec![0, 0, 0, 0, 1]))
        .with("target_nodeids", Attribute::Integers(vec![1, 1, 2, 2, 0]))
        .with("target_ids", Attribute::Integers(vec![0, 1, 0, 1, 0]))
        .with("target_weights", Attribute::Floats(vec![1.0, 2.0, 3.0, 4.0, 2.0]))
        .with("base_values", Attribute::Floats(vec![0.0, 10.0]))
}

#[test]
fn aggregates() {
    let x = f(&[2, 1], &[-1.0, 1.0]);
    for (aggregate, expected) in [
        ("SUM", [3.0, 12.0, 5.0, 14.0]),
        ("AVERAGE", [1.5, 11.0, 2.5, 12.0]),
        ("MIN", [1.0, 12.0, 2.0, 14.0]),
        ("MAX", [2.0, 12.0, 3.0, 14.0]),
    ] {
        assert_close(&run(&two_targets(aggregate), &[&x]), &[2, 2], &expected);
    }
}

#[test]
fn transformations_of_several_targets_and_of_one() {
    let x = f(&[1, 1], &[-1.0]);
    let node = |transform: &str| {
        let base = Attribute::Floats(vec![-3.0, -1.0]);
        two_targets("SUM").with("base_values", base).with("post_transform", text(transform))
    };
    // Sums 0 and 1.
    let e = std::f64::consts::E;
    assert_close(&run(&node("SOFTMAX"), &[&x]), &[1, 2], &[1.0 / (1.0 + e), e / (1.0 + e)]);
    assert_close(&run(&node("LOGISTIC"), &[&x]), &[1, 2], &[0.5, e / (1.0 + e)]);
    assert_close(&run(&node("SOFTMAX_ZERO"), &[&x]), &[1, 2], &[0.0, 1.0]);
    // A single target stays as it is.
    let single = tree("BRANCH_LEQ").with("post_transform", text("LOGISTIC"));
    assert_close(&run(&single, &[&x]), &[1, 1], &[1.0]);
    let probit = tree("BRANCH_LEQ")
        .with("target_weights", Attribute::Floats(vec![0.5, 0.75]))
        .with("post_transform", text("PROBIT"));
    let got = run(&probit, &[&f(&[2, 1], &[0.0, 1.0])]);
    let got = got.as_floats().unwrap();
    // The median, and the upper quartile of the normal distribution to three digits.
    assert!(got[0].abs() < 1e-9 && (got[1] - 0.6745).abs() < 1e-3, "{got:?}");
}

/// One tree of two leaves and these weights of (leaf, class).
fn classifier(classes: usize, weights: &[(i64, i64, f32)]) -> Node {
    let labels = (0..classes as i64).map(|class| 10 + class).collect();
    trees(
        "TreeEnsembleClassifier",
        &[&[("BRANCH_LEQ", 0, 0.0, 1, 2), ("LEAF", 0, 0.0, 0, 0), ("LEAF", 0, 0.0, 0, 0)]],
    )
    .with_outputs(2)
    .with("class_treeids", Attribute::Integers(vec![0; weights.len()]))
    .with("class_nodeids", Attribute::Integers(weights.iter().map(|(leaf, ..)| *leaf).collect()))
    .with("class_ids", Attribute::Integers(weights.iter().map(|(_, class, _)| *class).collect()))
    .with("class_weights", Attribute::Floats(weights.iter().map(|(.., weight)| *weight).collect()))
    .with("classlabels_int64s", Attribute::Integers(labels))
}

fn classified(node: &Node, labels: &[i64], scores: &[f64]) {
    let got = outputs(node, &[&f(&[2, 1], &[-1.0, 1.0])]);
    assert_eq!(got[0].as_integers().unwrap(), labels);
    assert_close(&got[1], &[2, scores.len() / 2], scores);
}

#[test]
fn three_classes_take_the_largest_score() {
    let node = classifier(3, &[(1, 0, 0.25), (1, 2, 0.75), (2, 1, 1.0)]);
    classified(&node, &[12, 11], &[0.25, 0.0, 0.75, 0.0, 1.0, 0.0]);
    let node = node.with("base_values", Attribute::Floats(vec![1.0, 0.0, 0.0]));
    classified(&node, &[10, 10], &[1.25, 0.0, 0.75, 1.0, 1.0, 0.0]);
}

#[test]
fn two_classes_of_which_one_is_scored() {
    // No weight below zero: a share, which decides at one half.
    classified(&classifier(2, &[(1, 0, 0.25), (2, 0, 0.75)]), &[10, 11], &[0.75, 0.25, 0.25, 0.75]);
    // Otherwise a margin, which decides at zero.
    let margin = classifier(2, &[(1, 0, -2.0), (2, 0, 2.0)]);
    classified(&margin, &[10, 11], &[2.0, -2.0, -2.0, 2.0]);
    let high = 1.0 / (1.0 + (-2.0f64).exp());
    let logistic = margin.clone().with("post_transform", text("LOGISTIC"));
    classified(&logistic, &[10, 11], &[high, 1.0 - high, 1.0 - high, high]);
    let shifted = margin.with("base_values", Attribute::Floats(vec![3.0]));
    classified(&shifted, &[11, 11], &[-1.0, 1.0, -5.0, 5.0]);
    // The class that is scored may be the second: the first has nothing.
    classified(&classifier(2, &[(1, 1, 0.25), (2, 1, 0.75)]), &[10, 11], &[0.0, 0.25, 0.0, 0.75]);
}

#[test]
fn two_classes_that_are_both_scored_give_the_sign_of_the_second() {
    let node = classifier(2, &[(1, 0, 0.5), (1, 1, -0.5), (2, 0, 0.25), (2, 1, 0.75)]);
    classified(&node, &[0, 1], &[0.5, -0.5, 0.25, 0.75]);
    let node = node.with("base_values", Attribute::Floats(vec![9.0, 1.0]));
    classified(&node, &[1, 1], &[-1.5, 1.5, -1.25, 1.25]);
}

#[test]
fn labels_may_be_texts() {
    let labels = Attribute::Texts(vec!["no".into(), "yes".into()]);
    let node = classifier(2, &[(1, 0, 0.25), (2, 0, 0.75)]).with("classlabels_strings", labels);
    let got = outputs(&node, &[&f(&[2, 1], &[-1.0, 1.0])]);
    assert_eq!(got[0].as_texts().unwrap(), ["no", "yes"]);
}

#[test]
fn a_newer_ensemble_with_sets() {
    // Branch 0: x[0] in {1, 3}, leaf 0 if so; else branch 1: x[1] <= 0, leaf 1 or 2. Tree 2 is branch 2, in {2}.
    let modes = Tensor::new(ElementType::Uint8, vec![3], Data::Integer(vec![6, 0, 6])).unwrap();
    let floats = |data: &[f64]| Attribute::Tensor(f(&[data.len()], data));
    let integers = |data: &[i64]| Attribute::Integers(data.to_vec());
    let node = Node::new("TreeEnsemble", 5)
        .in_domain("ai.onnx.ml")
        .with("n_targets", Attribute::Integer(2))
        .with("tree_roots", integers(&[0, 2]))
        .with("nodes_modes", Attribute::Tensor(modes))
        .with("nodes_featureids", integers(&[0, 1, 0]))
        .with("nodes_splits", floats(&[0.0, 0.0, 0.0]))
        .with("nodes_truenodeids", integers(&[0, 1, 3]))
        .with("nodes_trueleafs", integers(&[1, 1, 1]))
        .with("nodes_falsenodeids", integers(&[1, 2, 4]))
        .with("nodes_falseleafs", integers(&[0, 1, 1]))
        .with("leaf_targetids", integers(&[0, 0, 1, 1, 1]))
        .with("leaf_weights", floats(&[1.0, 2.0, 3.0, 10.0, 20.0]))
        .with("membership_values", floats(&[3.0, 1.0, f64::NAN, 2.0, f64::NAN]));
    let x = f(&[3, 2], &[3.0, 5.0, 2.0, 0.0, 7.0, 1.0]);
    assert_close(&run(&node, &[&x]), &[3, 2], &[1.0, 20.0, 2.0, 10.0, 0.0, 23.0]);
    assert!(crate::support::refused(&node, &[&b(&[1, 2], &[true, false])]).to_string().contains("BOOL"));
}

//! Trees: the integers choose the leaf that the float model chooses, at thresholds and beside them.

use crate::lowered::{assert_within, lower};
use crate::support::{TreeNode, f, i, text, trees};
use candor_compiler::graph::{Attribute, Graph, Node, Operand};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{Data, ElementType, Tensor};
use candor_compiler::{Trial, TrialError};

const LEAF: TreeNode<'static> = ("LEAF", 0, 0.0, 0, 0);
const MODES: [&str; 6] = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

fn integers(data: &[i64]) -> Attribute {
    Attribute::Integers(data.to_vec())
}

/// Two trees over two features: three levels, thresholds among the features' decimals, and a single leaf.
fn forest(mode: &str, other: &str) -> Node {
    let deep: &[TreeNode<'_>] = &[
        (mode, 0, 0.3, 1, 4),
        (other, 1, -0.2, 2, 3),
        LEAF,
        LEAF,
        (mode, 0, 0.7, 5, 6),
        LEAF,
        (other, 1, -0.2, 7, 8),
        LEAF,
        LEAF,
    ];
    trees("TreeEnsembleRegressor", &[deep, &[LEAF]])
        .with("target_treeids", integers(&[0, 0, 0, 0, 0, 1]))
        .with("target_nodeids", integers(&[2, 3, 5, 7, 8, 0]))
        .with("target_ids", integers(&[0; 6]))
        .with("target_weights", Attribute::Floats(vec![1.0, 2.0, 4.0, 8.0, 16.0, 0.5]))
}

/// Every decimal of two digits from -1 to 1 for both features, thresholds among them.
fn grid() -> Vec<Vec<f64>> {
    let decimals: Vec<f64> = (-100..=100).map(|step| f64::from(step) / 100.0).collect();
    decimals.iter().flat_map(|x| [-1.0, -0.21, -0.2, -0.19, 1.0].map(|y| vec![*x, y])).collect()
}

/// Largest difference from the float model over all samples.
fn worst(node: &Node, shape: &[usize], samples: &[Vec<f64>]) -> f64 {
    let input = f(shape, &vec![0.0; shape.iter().product()]);
    let graph = Graph::single(node, &[Operand::Input(&input)]).unwrap();
    let output = graph.outputs().len() - 1;
    let trial = Trial::new(&graph, output, samples).unwrap();
    let mut worst = 0.0f64;
    for sample in samples {
        let held = trial.held(sample);
        assert_eq!(&held, sample);
        let float = graph.evaluate(&graph.tensors(&held).unwrap()).unwrap()[output].to_floats().unwrap();
        for (got, float) in trial.run(&held).unwrap().iter().zip(&float) {
            worst = worst.max((got - float).abs());
        }
    }
    worst
}

#[test]
fn every_mode_at_and_beside_its_thresholds() {
    for mode in MODES {
        for other in ["BRANCH_LEQ", "BRANCH_EQ"] {
            // Weights are powers of two: another leaf differs by 1 or more.
            let worst = worst(&forest(mode, other), &[1, 2], &grid());
            assert!(worst < 2e-3, "{mode} {other}: {worst}");
        }
    }
}

#[test]
fn aggregates() {
    for (aggregate, bound) in [("SUM", 2e-3), ("AVERAGE", 1e-3), ("MIN", 2e-3), ("MAX", 4e-3)] {
        let node = forest("BRANCH_LEQ", "BRANCH_GT").with("aggregate_function", text(aggregate));
        let node = node.with("base_values", Attribute::Floats(vec![-3.0]));
        let worst = worst(&node, &[1, 2], &grid());
        assert!(worst < bound, "{aggregate}: {worst}");
    }
}

#[test]
fn several_rows_and_targets() {
    let node = forest("BRANCH_LEQ", "BRANCH_GT")
        .with("n_targets", Attribute::Integer(3))
        .with("target_ids", integers(&[0, 1, 2, 0, 1, 2]))
        .with("base_values", Attribute::Floats(vec![0.0, 1.0, -1.0]));
    let rows: Vec<Vec<f64>> =
        grid().chunks(3).filter(|rows| rows.len() == 3).map(|rows| rows.concat()).collect();
    let worst = worst(&node, &[3, 2], &rows);
    assert!(worst < 2e-3, "{worst}");
}

#[test]
fn integers_are_compared_as_they_are() {
    let x = i(&[1, 2], &[-3, 3]);
    let node = forest("BRANCH_LEQ", "BRANCH_EQ").with("nodes_values", Attribute::Floats(vec![1.0; 10]));
    assert_within(&node, &[Operand::Input(&x)], 2e-3);
}

fn classifier(classes: usize, ids: &[i64], transform: &str) -> Node {
    let deep: &[TreeNode<'_>] =
        &[("BRANCH_LEQ", 0, 0.3, 1, 2), LEAF, ("BRANCH_LEQ", 1, -0.2, 3, 4), LEAF, LEAF];
    let leaves = [1, 3, 4];
    let weights = [0.25f32, -0.5, 1.0, 0.75, 0.125, -0.25, 0.5, 1.5, -1.0];
    let count = leaves.len() * ids.len();
    trees("TreeEnsembleClassifier", &[deep])
        .with_outputs(2)
        .with("class_treeids", integers(&vec![0; count]))
        .with("class_nodeids", integers(&leaves.map(|leaf| vec![leaf; ids.len()]).concat()))
        .with("class_ids", integers(&ids.repeat(leaves.len())))
        .with("class_weights", Attribute::Floats(weights[..count].to_vec()))
        .with("classlabels_int64s", integers(&(0..classes as i64).collect::<Vec<_>>()))
        .with("post_transform", text(transform))
}

#[test]
fn scores_of_classifiers() {
    for (classes, ids) in [(1, &[0][..]), (2, &[0]), (2, &[1]), (2, &[0, 1]), (3, &[0, 1, 2])] {
        for (transform, bound) in [("NONE", 1e-4), ("LOGISTIC", 1e-3), ("SOFTMAX", 2e-3)] {
            for base in [0, 1, 2, classes] {
                if base > 0 && base != classes && classes != 2 {
                    continue;
                }
                let base = Attribute::Floats([0.5, 0.25, -0.25][..base].to_vec());
                let node = classifier(classes, ids, transform).with("base_values", base.clone());
                let worst = worst(&node, &[1, 2], &grid());
                assert!(worst < bound, "{classes} {ids:?} {transform} {base:?}: {worst}");
            }
        }
    }
}

#[test]
fn a_share_of_one_class() {
    let weights = Attribute::Floats(vec![0.25, 0.5, 0.75]);
    let node = classifier(2, &[0], "NONE").with("class_weights", weights);
    assert!(worst(&node, &[1, 2], &grid()) < 1e-4);
}

fn obstacle(node: &Node, output: usize) -> Cause {
    let x = f(&[1, 2], &[-1.0, 1.0]);
    match lower(node, &[Operand::Input(&x)], output).map(|_| ()) {
        Err(TrialError::Obstacles { obstacles }) => obstacles[0].cause.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_refused() {
    assert_eq!(obstacle(&classifier(3, &[0, 1, 2], "NONE"), 0), Cause::Label);
    let Cause::AttributeValue { attribute, .. } = obstacle(&classifier(3, &[0, 1, 2], "SOFTMAX_ZERO"), 1)
    else {
        panic!();
    };
    assert_eq!(attribute, "post_transform");
    let some = classifier(2, &[0], "NONE").with("class_ids", integers(&[0, 1, 0]));
    let Cause::AttributeValue { attribute, .. } = obstacle(&some, 1) else { panic!() };
    assert_eq!(attribute, "class_ids");
    let targets = forest("BRANCH_LEQ", "BRANCH_LEQ").with("n_targets", Attribute::Integer(2));
    let Cause::AttributeValue { attribute, .. } =
        obstacle(&targets.with("aggregate_function", text("MIN")), 0)
    else {
        panic!();
    };
    assert_eq!(attribute, "aggregate_function");
}

/// A tree that is a list of so many branches, repeated.
fn combs(trees_count: usize, branches: i64) -> Node {
    let comb: Vec<TreeNode<'_>> = (0..branches)
        .flat_map(|branch| [("BRANCH_LEQ", 0, branch as f32 / 1000.0, 2 * branch + 1, 2 * branch + 2), LEAF])
        .chain([LEAF])
        .collect();
    let all = vec![comb.as_slice(); trees_count];
    trees("TreeEnsembleRegressor", &all)
        .with("target_treeids", integers(&[0]))
        .with("target_nodeids", integers(&[1]))
        .with("target_ids", integers(&[0]))
        .with("target_weights", Attribute::Floats(vec![1.0]))
}

#[test]
fn the_largest_ensemble_and_one_leaf_more() {
    // 513 trees of 129 leaves and 128 comparisons are 2^25 paths when every number is padded to a power of two.
    let x = f(&[1, 2], &[-1.0, 1.0]);
    let graph = Graph::single(&combs(513, 128), &[Operand::Input(&x)]).unwrap();
    let samples = [vec![-1.0, 1.0], vec![1.0, -1.0]];
    assert!(Trial::new(&graph, 0, &samples).is_ok());
    assert_eq!(obstacle(&combs(1025, 128), 0), Cause::Paths { got: 1 << 26, limit: 1 << 25 });
}

#[test]
fn a_way_of_a_thousand_tests() {
    let x = f(&[1, 2], &[-1.0, 1.0]);
    assert_within(&combs(1, 1000), &[Operand::Input(&x)], 1e-4);
}

#[test]
fn sets() {
    let modes = Tensor::new(ElementType::Uint8, vec![2], Data::Integer(vec![6, 3])).unwrap();
    let floats = |data: &[f64]| Attribute::Tensor(f(&[data.len()], data));
    let node = Node::new("TreeEnsemble", 5)
        .in_domain("ai.onnx.ml")
        .with("tree_roots", integers(&[0]))
        .with("nodes_modes", Attribute::Tensor(modes))
        .with("nodes_featureids", integers(&[0, 1]))
        .with("nodes_splits", floats(&[0.0, -0.2]))
        .with("nodes_truenodeids", integers(&[0, 1]))
        .with("nodes_trueleafs", integers(&[1, 1]))
        .with("nodes_falsenodeids", integers(&[1, 2]))
        .with("nodes_falseleafs", integers(&[0, 1]))
        .with("leaf_targetids", integers(&[0, 0, 0]))
        .with("leaf_weights", floats(&[1.0, 2.0, 4.0]))
        // 0.3 and -0.07 as FLOAT.
        .with("membership_values", floats(&[f64::from(0.3f32), f64::from(-0.07f32), f64::NAN]));
    assert!(worst(&node, &[1, 2], &grid()) < 1e-3);
}

#[test]
fn comparisons_of_narrow_features_take_one_operator() {
    let node = forest("BRANCH_LEQ", "BRANCH_GT");
    let narrow: Vec<Vec<f64>> =
        (0..=100).map(|step| vec![f64::from(step) / 100.0, -f64::from(step) / 100.0]).collect();
    assert!(worst(&node, &[1, 2], &narrow) < 2e-3);
    let counts = |most: i64| {
        let input = i(&[1, 2], &[0, most]);
        let graph = Graph::single(&node, &[Operand::Input(&input)]).unwrap();
        let samples = [vec![0.0, 0.0], vec![most as f64, 1.0]];
        Trial::new(&graph, 0, &samples).unwrap().program().card.operators.len()
    };
    assert_eq!((counts(255), counts(256)), (3, 4));
}

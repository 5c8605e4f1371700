//! Chains of nodes that exporters write for one operation.

use crate::support::{file, file_node, floats, graph, int64s, sized};
use candor_compiler::Trial;
use candor_compiler::graph::Graph;
use candor_program::class::OperatorClass;

/// Numbers from -1 to 1.
fn drawn(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as f64 / 2f64.powi(30) - 1.0
}

/// The program of a graph's output, and its largest difference from the float model on inputs beside the samples.
fn worst(graph: &Graph, sample: impl Fn(&mut u64) -> Vec<f64>) -> (Trial, f64) {
    let mut state = 1;
    let samples: Vec<Vec<f64>> = (0..32).map(|_| sample(&mut state)).collect();
    let trial = Trial::new(graph, 0, &samples).unwrap();
    let mut worst = 0.0f64;
    for _ in 0..32 {
        let held = trial.held(&sample(&mut state));
        let float = graph.evaluate(&graph.tensors(&held).unwrap()).unwrap()[0].to_floats().unwrap();
        for (got, float) in trial.run(&held).unwrap().iter().zip(&float) {
            worst = worst.max((got - float).abs());
        }
    }
    (trial, worst)
}

fn tables(trial: &Trial) -> usize {
    usize::from(trial.program().card.class.tables)
}

fn operators(trial: &Trial) -> usize {
    let class = &trial.program().card.class;
    class.operators.iter().filter(|operator| matches!(operator, OperatorClass::Affine { .. })).count()
}

#[test]
fn a_layer_normalisation_written_out() {
    let nodes = vec![
        file_node("ReduceMean", &["x"], &["mean"]),
        file_node("Sub", &["x", "mean"], &["centred"]),
        file_node("Pow", &["centred", "two"], &["squares"]),
        file_node("ReduceMean", &["squares"], &["variance"]),
        file_node("Add", &["variance", "epsilon"], &["shifted"]),
        file_node("Sqrt", &["shifted"], &["spread"]),
        file_node("Div", &["centred", "spread"], &["normal"]),
        file_node("Mul", &["normal", "scale"], &["scaled"]),
        file_node("Add", &["scaled", "bias"], &["y"]),
    ];
    let nodes = nodes.into_iter().map(|mut node| {
        if node.op_type.as_deref() == Some("ReduceMean") {
            node.attribute.push(crate::support::axes(&[-1]));
        }
        node
    });
    let constants = vec![
        floats("two", &[], &[2.0]),
        floats("epsilon", &[], &[1e-5]),
        floats(
            "scale",
            &[16],
            &[0.5, 1.0, 1.5, -1.0, 0.25, 1.0, 1.0, 2.0, 0.5, 1.0, 1.5, -1.0, 0.25, 1.0, 1.0, 2.0],
        ),
        floats("bias", &[16], &[0.125; 16]),
    ];
    let graph = graph(&file(13, vec![sized("x", &[4, 16])], &["y"], nodes.collect(), constants));
    let (trial, worst) = worst(&graph, |state| (0..64).map(|_| 2.0 * drawn(state)).collect());
    assert!(worst < 1e-3, "{worst}");
    assert_eq!(tables(&trial), 1, "the quotient by a root is one table");
}

#[test]
fn rows_of_very_different_spread() {
    let nodes = vec![file_node("LayerNormalization", &["x", "scale"], &["y"])];
    let constants = vec![floats("scale", &[16], &[1.0; 16])];
    let graph = graph(&file(17, vec![sized("x", &[4, 16])], &["y"], nodes, constants));
    // Spreads from 0.1 to 2: variances that are 400 times apart.
    let (trial, worst) =
        worst(&graph, |state| (0..64).map(|place| [0.1, 0.3, 1.0, 2.0][place / 16] * drawn(state)).collect());
    assert!(worst < 5e-3, "{worst}");
    assert_eq!(tables(&trial), 2, "small variances have a table of their own");
}

#[test]
fn a_softmax_of_many_that_is_flat_or_peaked() {
    let nodes = vec![file_node("Softmax", &["x"], &["y"])];
    let graph = graph(&file(13, vec![sized("x", &[2, 96])], &["y"], nodes, vec![]));
    // One row of numbers that are nearly the same, and one with a peak.
    let (_, worst) = worst(&graph, |state| {
        let number = |place: usize| {
            if place < 96 {
                0.01 * drawn(state)
            } else {
                8.0 * drawn(state) + if place == 100 { 16.0 } else { 0.0 }
            }
        };
        (0..192).map(number).collect()
    });
    assert!(worst < 3e-4, "{worst}");
}

#[test]
fn statistics_after_a_convolution_cost_nothing() {
    let nodes = vec![
        file_node("Conv", &["x", "kernel"], &["conv"]),
        file_node("BatchNormalization", &["conv", "scale", "bias", "mean", "variance"], &["normal"]),
        file_node("Relu", &["normal"], &["y"]),
    ];
    let constants = vec![
        floats("kernel", &[2, 1, 2, 2], &[0.5, -1.0, 0.25, 1.0, 1.0, 1.0, -0.5, 0.75]),
        floats("scale", &[2], &[0.5, 2.0]),
        floats("bias", &[2], &[0.1, -0.2]),
        floats("mean", &[2], &[0.3, -0.1]),
        floats("variance", &[2], &[1.5, 0.5]),
    ];
    let graph = graph(&file(15, vec![sized("x", &[1, 1, 5, 5])], &["y"], nodes, constants));
    let (trial, worst) = worst(&graph, |state| (0..25).map(|_| drawn(state)).collect());
    assert!(worst < 6e-4, "{worst}");
    // The output is a list, of which the rectified tensor is another shape.
    assert_eq!(operators(&trial), 2);
}

#[test]
fn a_softmax_of_scores_that_are_far_apart() {
    let graph = graph(&file(
        13,
        vec![sized("x", &[3, 8])],
        &["y"],
        vec![file_node("Softmax", &["x"], &["y"])],
        vec![],
    ));
    let (_, worst) = worst(&graph, |state| (0..24).map(|_| 30.0 * drawn(state)).collect());
    assert!(worst < 5e-4, "{worst}");
}

#[test]
fn a_mask_that_is_an_input() {
    // (1 - mask) * -10000 is added to scores.
    let nodes = vec![
        file_node("Sub", &["one", "mask"], &["hidden"]),
        file_node("Mul", &["hidden", "far"], &["away"]),
        file_node("Add", &["x", "away"], &["masked"]),
        file_node("Softmax", &["masked"], &["y"]),
    ];
    let constants = vec![floats("one", &[], &[1.0]), floats("far", &[], &[-10_000.0])];
    let inputs = vec![sized("x", &[2, 6]), sized("mask", &[1, 6])];
    let graph = graph(&file(13, inputs, &["y"], nodes, constants));
    let (_, worst) = worst(&graph, |state| {
        let scores: Vec<f64> = (0..12).map(|_| 4.0 * drawn(state)).collect();
        let mask = (0..6).map(|place| f64::from(u8::from(place == 0 || drawn(state) > 0.0)));
        scores.into_iter().chain(mask.collect::<Vec<f64>>()).collect()
    });
    assert!(worst < 5e-4, "{worst}");
}

#[test]
fn a_choice_by_a_comparison_of_sums() {
    let nodes = vec![
        file_node("ReduceSum", &["x", "axes"], &["sum"]),
        file_node("Greater", &["sum", "limit"], &["above"]),
        file_node("Where", &["above", "x", "other"], &["y"]),
    ];
    let constants = vec![
        int64s("axes", &[1]),
        floats("limit", &[], &[0.5]),
        floats("other", &[4], &[0.0, 1.0, 2.0, 3.0]),
    ];
    let graph = graph(&file(13, vec![sized("x", &[3, 4])], &["y"], nodes, constants));
    let (_, worst) = worst(&graph, |state| (0..12).map(|_| drawn(state)).collect());
    assert!(worst < 3e-4, "{worst}");
}

#[test]
fn a_tensor_of_one_number() {
    let nodes = vec![
        file_node("Mul", &["x", "x"], &["squares"]),
        file_node("ReduceSum", &["squares", "axes"], &["y"]),
    ];
    let graph = graph(&file(13, vec![sized("x", &[1, 4])], &["y"], nodes, vec![int64s("axes", &[1])]));
    let (trial, worst) = worst(&graph, |state| (0..4).map(|_| drawn(state)).collect());
    assert!(worst < 2e-4, "{worst}");
    // The numbers, the same with fewer bits, the sum: squares are not committed.
    assert_eq!(operators(&trial), 3);
}

#[test]
fn a_difference_of_products() {
    // A rotation, and a variance as the mean of squares less the square of the mean: two products of different steps in one sum.
    let nodes = vec![
        file_node("Mul", &["x", "cosine"], &["first"]),
        file_node("Mul", &["y", "sine"], &["other"]),
        file_node("Sub", &["first", "other"], &["z"]),
    ];
    let inputs = ["x", "y", "cosine", "sine"].map(|name| sized(name, &[8])).to_vec();
    let graph = graph(&file(13, inputs, &["z"], nodes, vec![]));
    let (_, worst) =
        worst(&graph, |state| (0..32).map(|place| [1.0, 3.0, 1.0, 0.7][place / 8] * drawn(state)).collect());
    assert!(worst < 4e-4, "{worst}");
}

#[test]
fn a_mean_of_many() {
    let mut mean = file_node("ReduceMean", &["x"], &["y"]);
    mean.attribute.push(crate::support::axes(&[1]));
    let graph = graph(&file(13, vec![sized("x", &[1, 768])], &["y"], vec![mean], vec![]));
    let (_, worst) = worst(&graph, |state| (0..768).map(|_| 2.0 + drawn(state)).collect());
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn a_mask_that_hid_nothing_in_calibration_leaves_products_their_precision() {
    // Scores of two activations, with a mask chosen by a truth value that was 1 on every sample.
    let nodes = vec![
        file_node("MatMul", &["q", "k"], &["scores"]),
        file_node("Cast", &["mask"], &["truth"]),
        file_node("Where", &["truth", "zero", "away"], &["bias"]),
        file_node("Add", &["scores", "bias"], &["y"]),
    ];
    let nodes = nodes.into_iter().map(|mut node| {
        if node.op_type.as_deref() == Some("Cast") {
            node.attribute.push(crate::support::integer_attribute("to", 9));
        }
        node
    });
    let constants = vec![floats("zero", &[], &[0.0]), floats("away", &[], &[f32::NEG_INFINITY])];
    let inputs = vec![sized("q", &[3, 4]), sized("k", &[4, 5]), sized("mask", &[1, 5])];
    let graph = graph(&file(17, inputs, &["y"], nodes.collect(), constants));
    let (_, worst) = worst(&graph, |state| {
        let mut sample: Vec<f64> = (0..32).map(|_| drawn(state)).collect();
        sample.extend([1.0; 5]);
        sample
    });
    assert!(worst < 2e-3, "{worst}");
}

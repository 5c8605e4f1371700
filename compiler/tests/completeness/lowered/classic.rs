//! Linear models, support vectors and what stands before them, as integers.

use crate::lowered::{assert_within, lower};
use crate::support::{f, i, text};
use candor_compiler::TrialError;
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::onnx::Cause;

fn node(operator: &str) -> Node {
    Node::new(operator, 3).in_domain("ai.onnx.ml")
}

fn floats(data: &[f32]) -> Attribute {
    Attribute::Floats(data.to_vec())
}

fn integers(data: &[i64]) -> Attribute {
    Attribute::Integers(data.to_vec())
}

/// Largest difference of a classifier's scores.
fn worst(node: &Node) -> f64 {
    let x = f(&[2, 2], &[1.0, -2.0, -1.0, 1.5]);
    lower(node, &[Input(&x)], 1).unwrap().worst(1)
}

#[test]
fn linear_models() {
    let one = node("LinearClassifier")
        .with_outputs(2)
        .with("coefficients", floats(&[1.0, 0.5]))
        .with("intercepts", floats(&[0.25]))
        .with("classlabels_ints", integers(&[3, 4]));
    let three = one
        .clone()
        .with("coefficients", floats(&[1.0, 0.5, -1.0, 0.25, 0.0, 0.1]))
        .with("intercepts", floats(&[0.25, 0.0, 0.5]))
        .with("classlabels_ints", integers(&[3, 4, 5]));
    for (transform, bound) in [("NONE", 4e-4), ("LOGISTIC", 1e-3), ("SOFTMAX", 2e-3)] {
        let worst = [&one, &three].map(|node| worst(&node.clone().with("post_transform", text(transform))));
        assert!(worst.iter().all(|worst| *worst < bound), "{transform}: {worst:?}");
    }
    let x = f(&[2, 2], &[1.0, -2.0, -1.0, 1.5]);
    let regressor = node("LinearRegressor")
        .with("targets", Attribute::Integer(2))
        .with("coefficients", floats(&[1.0, 0.5, -1.0, 0.25]))
        .with("intercepts", floats(&[0.25, 0.0]));
    assert_within(&regressor, &[Input(&x)], 4e-4);
    let refused = lower(&one, &[Input(&x)], 0).map(|_| ());
    let Err(TrialError::Obstacles { obstacles }) = refused else { panic!() };
    assert_eq!(obstacles[0].cause, Cause::Label);
}

#[test]
fn scalers_and_norms() {
    let x = f(&[2, 2], &[3.0, -4.0, 2.0, 1.0]);
    let scaler = node("Scaler").with("offset", floats(&[1.0, 2.0])).with("scale", floats(&[0.5, 2.0]));
    assert_within(&scaler, &[Input(&x)], 1e-3);
    let positive = f(&[2, 2], &[3.0, 4.0, 2.0, 1.0]);
    for norm in ["L1", "L2", "MAX"] {
        assert_within(&node("Normalizer").with("norm", text(norm)), &[Input(&positive)], 2e-3);
    }
}

#[test]
fn bits_are_rounded_with_the_output_alone() {
    let x = f(&[2, 2], &[0.3, -0.4, 0.2, 0.1]);
    assert_within(&node("Binarizer").with("threshold", Attribute::Float(0.1)), &[Input(&x)], 1e-5);
    let whole = i(&[4], &[0, 1, 2, 5]);
    assert_within(
        &node("OneHotEncoder").with("cats_int64s", integers(&[0, 2, 5, 9])),
        &[Input(&whole)],
        1e-5,
    );
    let encoder = node("LabelEncoder")
        .with("keys_int64s", integers(&[0, 2, 5, 2]))
        .with("values_floats", floats(&[0.5, 1.5, -2.0, 2.5]))
        .with("default_float", Attribute::Float(1.0));
    assert_within(&encoder, &[Input(&whole)], 2e-4);
    let imputer = node("Imputer")
        .with("imputed_value_floats", floats(&[0.25, -0.25]))
        .with("replaced_value_float", Attribute::Float(0.1));
    assert_within(&imputer, &[Input(&x)], 1e-4);
    let nan = imputer.with("replaced_value_float", Attribute::Float(f32::NAN));
    assert_within(&nan, &[Input(&x)], 1e-4);
}

#[test]
fn support_vectors() {
    let x = f(&[2, 2], &[1.0, -2.0, -1.0, 1.5]);
    for (kernel, bound) in [("LINEAR", 4e-4), ("POLY", 5e-3), ("RBF", 2e-3), ("SIGMOID", 2e-3)] {
        let machine = |operator: &str| {
            node(operator)
                .with("support_vectors", floats(&[1.0, 0.0, 0.0, 1.0]))
                .with("coefficients", floats(&[1.0, -0.5]))
                .with("rho", floats(&[0.25]))
                .with("kernel_params", floats(&[0.5, 1.0, 2.0]))
                .with("kernel_type", text(kernel))
        };
        let regressor = machine("SVMRegressor").with("n_supports", Attribute::Integer(2));
        assert_within(&regressor, &[Input(&x)], bound);
        let classifier = machine("SVMClassifier")
            .with_outputs(2)
            .with("vectors_per_class", integers(&[1, 1]))
            .with("classlabels_ints", integers(&[0, 1]));
        let worst = worst(&classifier);
        assert!(worst < bound, "{kernel}: {worst}");
    }
}

#[test]
fn features_chosen_put_together_and_named() {
    let (x, n) = (f(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), i(&[2, 1], &[8, 9]));
    assert_within(&node("ArrayFeatureExtractor"), &[Input(&x), Constant(&i(&[2], &[2, 0]))], 2e-4);
    assert_within(&node("FeatureVectorizer"), &[Input(&n), Input(&x)], 4e-4);
    assert_within(&node("ZipMap"), &[Input(&x)], 2e-4);
}

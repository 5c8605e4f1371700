//! Linear models, support vectors and what stands before them.

use crate::support::{assert_close, f, i, outputs, run, text};
use candor_compiler::graph::{Attribute, Node};

fn node(operator: &str) -> Node {
    Node::new(operator, 3).in_domain("ai.onnx.ml")
}

fn floats(data: &[f32]) -> Attribute {
    Attribute::Floats(data.to_vec())
}

fn integers(data: &[i64]) -> Attribute {
    Attribute::Integers(data.to_vec())
}

#[test]
fn linear_classifiers_of_one_sum_and_of_several() {
    let x = f(&[2, 2], &[1.0, -2.0, -1.0, 0.5]);
    let one = node("LinearClassifier")
        .with_outputs(2)
        .with("coefficients", floats(&[1.0, 0.5]))
        .with("intercepts", floats(&[0.25]))
        .with("classlabels_ints", integers(&[3, 4]));
    let got = outputs(&one, &[&x]);
    assert_eq!(got[0], i(&[2], &[4, 3]));
    assert_close(&got[1], &[2, 2], &[0.75, 0.25, 1.5, -0.5]);
    let several = one
        .with("coefficients", floats(&[1.0, 0.5, -1.0, 0.25, 0.0, 0.0]))
        .with("intercepts", floats(&[0.25, 0.0, 0.5]))
        .with("classlabels_ints", integers(&[3, 4, 5]))
        .with("post_transform", text("SOFTMAX"));
    let got = outputs(&several, &[&f(&[1, 2], &[0.0, 0.0])]);
    assert_eq!(got[0], i(&[1], &[5]));
    let powers = [0.25f64.exp(), 1.0, 0.5f64.exp()];
    let sum: f64 = powers.iter().sum();
    assert_close(&got[1], &[1, 3], &powers.map(|power| power / sum));
}

#[test]
fn linear_regressors() {
    let two = node("LinearRegressor")
        .with("targets", Attribute::Integer(2))
        .with("coefficients", floats(&[1.0, 0.5, -1.0, 0.25]))
        .with("intercepts", floats(&[0.25, 0.0]));
    assert_close(&run(&two, &[&f(&[1, 2], &[1.0, -2.0])]), &[1, 2], &[0.25, -1.5]);
}

#[test]
fn scalers_and_norms() {
    let x = f(&[2, 2], &[3.0, -4.0, 0.0, 0.0]);
    let scaler = node("Scaler").with("offset", floats(&[1.0, 2.0])).with("scale", floats(&[0.5, 2.0]));
    assert_close(&run(&scaler, &[&x]), &[2, 2], &[1.0, -12.0, -0.5, -4.0]);
    let norm = |name: &str| run(&node("Normalizer").with("norm", text(name)), &[&x]);
    assert_close(&norm("L1"), &[2, 2], &[3.0 / 7.0, -4.0 / 7.0, 0.0, 0.0]);
    assert_close(&norm("L2"), &[2, 2], &[0.6, -0.8, 0.0, 0.0]);
    assert_close(&norm("MAX"), &[2, 2], &[1.0, -4.0 / 3.0, 0.0, 0.0]);
    let binarizer = node("Binarizer").with("threshold", Attribute::Float(0.0));
    assert_close(&run(&binarizer, &[&x]), &[2, 2], &[1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn imputers() {
    let x = f(&[1, 3], &[f64::NAN, 7.0, 1.0]);
    let nan = node("Imputer")
        .with("imputed_value_floats", floats(&[5.0]))
        .with("replaced_value_float", Attribute::Float(f32::NAN));
    assert_close(&run(&nan, &[&x]), &[1, 3], &[5.0, 7.0, 1.0]);
}

#[test]
fn support_vectors() {
    let machine = |kernel: &str| {
        node("SVMRegressor")
            .with("n_supports", Attribute::Integer(2))
            .with("support_vectors", floats(&[1.0, 0.0, 0.0, 1.0]))
            .with("coefficients", floats(&[1.0, -0.5]))
            .with("rho", floats(&[0.25]))
            .with("kernel_params", floats(&[0.5, 1.0, 2.0]))
            .with("kernel_type", text(kernel))
    };
    let x = f(&[1, 2], &[2.0, -2.0]);
    assert_close(&run(&machine("LINEAR"), &[&x]), &[1, 1], &[2.0 + 1.0 + 0.25]);
    assert_close(&run(&machine("POLY"), &[&x]), &[1, 1], &[4.0 - 0.0 + 0.25]);
    let distance = |squared: f64| (-0.5 * squared).exp();
    assert_close(&run(&machine("RBF"), &[&x]), &[1, 1], &[distance(5.0) - 0.5 * distance(13.0) + 0.25]);
    assert_close(&run(&machine("SIGMOID"), &[&x]), &[1, 1], &[2f64.tanh() - 0.5 * 0f64.tanh() + 0.25]);
    let one_class = machine("LINEAR").with("one_class", Attribute::Integer(1));
    assert_close(&run(&one_class, &[&f(&[2, 2], &[2.0, -2.0, -2.0, 2.0])]), &[2, 1], &[1.0, -1.0]);
    let pair = node("SVMClassifier")
        .with_outputs(2)
        .with("vectors_per_class", integers(&[1, 1]))
        .with("support_vectors", floats(&[1.0, 0.0, 0.0, 1.0]))
        .with("coefficients", floats(&[1.0, -1.0]))
        .with("rho", floats(&[0.25]))
        .with("kernel_type", text("LINEAR"))
        .with("classlabels_ints", integers(&[3, 4]));
    let got = outputs(&pair, &[&f(&[2, 2], &[1.0, 0.0, 0.0, 1.0])]);
    assert_eq!(got[0], i(&[2], &[3, 4]));
    assert_close(&got[1], &[2, 2], &[-1.25, 1.25, 0.75, -0.75]);
}

#[test]
fn categories() {
    let hot = node("OneHotEncoder").with("cats_int64s", integers(&[1, 5]));
    assert_close(&run(&hot, &[&i(&[3], &[5, 1, 7])]), &[3, 2], &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    let encoder = node("LabelEncoder")
        .with("keys_int64s", integers(&[1, 5]))
        .with("values_floats", floats(&[0.5, -2.0]))
        .with("default_float", Attribute::Float(9.0));
    assert_close(&run(&encoder, &[&i(&[3], &[5, 1, 7])]), &[3], &[-2.0, 0.5, 9.0]);
    let mapper = node("CategoryMapper")
        .with("cats_int64s", integers(&[1, 5]))
        .with("cats_strings", Attribute::Texts(vec!["a".into(), "b".into()]));
    assert_eq!(run(&mapper, &[&i(&[2], &[5, 7])]).as_texts().unwrap(), ["b", "_Unused"]);
}

#[test]
fn features_chosen_put_together_and_named() {
    let x = f(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let chosen = run(&node("ArrayFeatureExtractor"), &[&x, &i(&[2], &[2, 0])]);
    assert_close(&chosen, &[2, 2], &[3.0, 1.0, 6.0, 4.0]);
    let joined = run(&node("FeatureVectorizer"), &[&i(&[2, 1], &[8, 9]), &x]);
    assert_close(&joined, &[2, 4], &[8.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0]);
    assert_eq!(run(&node("ZipMap").with("classlabels_int64s", integers(&[0, 1, 2])), &[&x]), x);
}

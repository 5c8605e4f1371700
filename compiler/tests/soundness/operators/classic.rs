use crate::support::{f, i, refused, text};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{Data, ElementType, Tensor};

fn node(operator: &str) -> Node {
    Node::new(operator, 3).in_domain("ai.onnx.ml")
}

fn floats(count: usize) -> Attribute {
    Attribute::Floats(vec![1.0; count])
}

fn integers(data: &[i64]) -> Attribute {
    Attribute::Integers(data.to_vec())
}

/// The attribute whose value is refused.
fn attribute(node: &Node) -> String {
    match refused(node, &[&f(&[1, 2], &[0.0, 1.0])]) {
        Cause::AttributeValue { attribute, .. } => attribute,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lists_of_other_lengths() {
    let scaler = node("Scaler").with("offset", floats(2)).with("scale", floats(3));
    assert_eq!(attribute(&scaler), "scale");
    assert_eq!(attribute(&scaler.with("offset", floats(3))), "offset");
    assert_eq!(attribute(&node("Imputer").with("imputed_value_floats", floats(3))), "imputed_value_floats");
    let linear = node("LinearClassifier").with_outputs(2).with("classlabels_ints", integers(&[0, 1]));
    assert_eq!(
        attribute(&linear.clone().with("coefficients", floats(3)).with("intercepts", floats(1))),
        "coefficients"
    );
    assert_eq!(
        attribute(&linear.clone().with("coefficients", floats(6)).with("intercepts", floats(3))),
        "intercepts"
    );
    assert_eq!(attribute(&linear.with("coefficients", floats(2))), "intercepts");
    let regressor = node("LinearRegressor").with("coefficients", floats(2));
    assert_eq!(attribute(&regressor.clone().with("targets", Attribute::Integer(i64::MAX))), "targets");
    assert_eq!(attribute(&regressor.clone().with("targets", Attribute::Integer(0))), "targets");
    assert_eq!(attribute(&regressor.with("intercepts", floats(2))), "intercepts");
    let machine = node("SVMRegressor").with("coefficients", floats(2)).with("rho", floats(1));
    assert_eq!(attribute(&machine.clone().with("n_supports", Attribute::Integer(1 << 60))), "n_supports");
    let machine = machine.with("n_supports", Attribute::Integer(2)).with("support_vectors", floats(3));
    assert_eq!(attribute(&machine), "support_vectors");
    let classes = node("SVMClassifier")
        .with_outputs(2)
        .with("classlabels_ints", integers(&[0, 1]))
        .with("support_vectors", floats(4))
        .with("vectors_per_class", integers(&[1, 1]))
        .with("coefficients", floats(2));
    assert_eq!(attribute(&classes), "rho");
    let classes = classes.with("rho", floats(1));
    assert_eq!(attribute(&classes.clone().with("vectors_per_class", integers(&[1]))), "vectors_per_class");
    assert_eq!(
        attribute(&classes.clone().with("vectors_per_class", integers(&[1, i64::MAX]))),
        "vectors_per_class"
    );
    assert_eq!(
        attribute(&classes.clone().with("vectors_per_class", integers(&[1, -1]))),
        "vectors_per_class"
    );
    assert_eq!(attribute(&classes.clone().with("coefficients", floats(3))), "coefficients");
    assert_eq!(attribute(&classes.with("prob_a", floats(2))), "prob_a");
    let encoder = node("LabelEncoder").with("keys_floats", floats(2)).with("values_floats", floats(1));
    assert_eq!(attribute(&encoder), "values");
}

#[test]
fn names_that_nothing_stands_for() {
    assert_eq!(attribute(&node("Normalizer").with("norm", text("L3"))), "norm");
    let machine =
        node("SVMRegressor").with("coefficients", floats(1)).with("n_supports", Attribute::Integer(1));
    let machine = machine.with("support_vectors", floats(2));
    assert_eq!(attribute(&machine.with("kernel_type", text("COSINE"))), "kernel_type");
    let linear = node("LinearClassifier")
        .with_outputs(2)
        .with("classlabels_ints", integers(&[0, 1]))
        .with("coefficients", floats(2))
        .with("intercepts", floats(1));
    assert_eq!(attribute(&linear.with("post_transform", text("PROBIT"))), "post_transform");
}

#[test]
fn categories_of_another_type() {
    let hot = node("OneHotEncoder").with("cats_strings", Attribute::Texts(vec!["a".into()]));
    let x = f(&[1], &[0.0]);
    let Cause::ElementType { .. } = refused(&hot, &[&x]) else { panic!() };
    let strict =
        node("OneHotEncoder").with("cats_int64s", integers(&[1])).with("zeros", Attribute::Integer(0));
    let got = "no category, where zeros is 0,".to_owned();
    assert_eq!(refused(&strict, &[&x]), Cause::Value { tensor: "input 0".into(), got });
    let encoder =
        node("LabelEncoder").with("keys_int64s", integers(&[1])).with("values_int64s", integers(&[1]));
    let Cause::ElementType { .. } = refused(&encoder, &[&x]) else { panic!() };
    let default =
        Attribute::Tensor(Tensor::new(ElementType::Float, vec![2], Data::Float(vec![0.0; 2])).unwrap());
    let Cause::AttributeType { attribute, .. } =
        refused(&encoder.with("default_tensor", default), &[&i(&[1], &[1])])
    else {
        panic!();
    };
    assert_eq!(attribute, "default_tensor");
    let node = node("ArrayFeatureExtractor");
    let index = Cause::Index { tensor: "input 1".into(), got: 2, size: 2 };
    assert_eq!(refused(&node, &[&f(&[1, 2], &[0.0, 1.0]), &i(&[1], &[2])]), index);
}

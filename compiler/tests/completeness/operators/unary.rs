use crate::support::{assert_close, b, f, i, int, node, outputs, run, text};
use candor_compiler::graph::{Attribute, Node};

#[test]
fn functions_at_points_that_are_known() {
    let one = 1.0f64;
    for (operator, x, expected) in [
        ("Abs", -2.5, 2.5),
        ("Acos", 1.0, 0.0),
        ("Acosh", 1.0, 0.0),
        ("Asin", 1.0, std::f64::consts::FRAC_PI_2),
        ("Asinh", 0.0, 0.0),
        ("Atan", 1.0, std::f64::consts::FRAC_PI_4),
        ("Atanh", 0.0, 0.0),
        ("Ceil", -1.5, -1.0),
        ("Cos", 0.0, 1.0),
        ("Cosh", 0.0, 1.0),
        ("Erf", 1.0, 0.842_700_792_949_714_9),
        ("Exp", 1.0, std::f64::consts::E),
        ("Floor", -1.5, -2.0),
        ("HardSwish", 1.0, 4.0 / 6.0),
        ("HardSwish", -4.0, 0.0),
        ("Log", 1.0, 0.0),
        ("Mish", 1.0, (one.exp().ln_1p()).tanh()),
        ("Neg", 2.0, -2.0),
        ("Reciprocal", -4.0, -0.25),
        ("Relu", -1.0, 0.0),
        ("Relu", f64::NAN, f64::NAN),
        ("Round", 2.5, 2.0),
        ("Round", -1.5, -2.0),
        ("Sigmoid", 0.0, 0.5),
        ("Sign", -3.0, -1.0),
        ("Sign", 0.0, 0.0),
        ("Sin", 0.0, 0.0),
        ("Sinh", 0.0, 0.0),
        ("Softplus", 1000.0, 1000.0),
        ("Softplus", 0.0, std::f64::consts::LN_2),
        ("Softsign", -1.0, -0.5),
        ("Sqrt", 9.0, 3.0),
        ("Tan", 0.0, 0.0),
        ("Tanh", 0.0, 0.0),
    ] {
        let got = run(&node(operator), &[&f(&[1], &[x])]);
        assert_close(&got, &[1], &[expected]);
    }
}

#[test]
fn parameters_have_onnx_defaults() {
    let at = |node: Node, x: f64| run(&node, &[&f(&[1], &[x])]).as_floats().unwrap()[0];
    let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-7, "{got} {expected}");
    close(at(node("LeakyRelu"), -1.0), -0.01);
    close(at(node("LeakyRelu").with("alpha", Attribute::Float(0.5)), -1.0), -0.5);
    close(at(node("Elu"), -1.0), -0.632_120_56);
    close(at(node("Celu").with("alpha", Attribute::Float(2.0)), -2.0), -1.264_241_12);
    close(at(node("Selu"), 1.0), 1.050_700_99);
    close(at(node("HardSigmoid"), 1.0), 0.7);
    close(at(node("ThresholdedRelu"), 1.0), 0.0);
    close(at(node("Shrink").with("bias", Attribute::Float(0.5)), 2.0), 1.5);
    close(at(node("Gelu"), 1.0), 0.841_344_746);
    close(at(node("Gelu").with("approximate", text("tanh")), 1.0), 0.841_191_99);
    close(at(Node::new("Swish", 24), 1.0), 0.731_058_579);
}

#[test]
fn integers_truth_values_and_what_is_passed_on() {
    assert_eq!(run(&node("Abs"), &[&i(&[2], &[-3, 3])]), i(&[2], &[3, 3]));
    assert_eq!(run(&node("Neg"), &[&i(&[1], &[i64::MIN])]), i(&[1], &[i64::MIN]));
    assert_eq!(run(&node("Relu"), &[&i(&[1], &[-3])]), i(&[1], &[0]));
    assert_eq!(run(&node("Sign"), &[&i(&[2], &[-3, 0])]), i(&[2], &[-1, 0]));
    let special = f(&[3], &[f64::NAN, f64::NEG_INFINITY, 1.0]);
    assert_eq!(run(&node("IsNaN"), &[&special]), b(&[3], &[true, false, false]));
    assert_eq!(run(&node("IsInf"), &[&special]), b(&[3], &[false, true, false]));
    let positive = node("IsInf").with("detect_negative", int(0));
    assert_eq!(run(&positive, &[&special]), b(&[3], &[false, false, false]));
    assert_eq!(run(&node("Identity"), &[&b(&[1], &[true])]), b(&[1], &[true]));
    let dropout =
        outputs(&node("Dropout").with_outputs(2), &[&f(&[1], &[2.0]), &f(&[], &[0.5]), &b(&[], &[false])]);
    assert_eq!(dropout, [f(&[1], &[2.0]), b(&[1], &[true])]);
}

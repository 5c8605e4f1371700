//! Comparisons, truth values, choices and bits: exact at the common step of both sides.

use crate::lowered::{assert_exact, assert_within, lower};
use crate::support::{b, f, i, int, integers, node, text};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::tensor::ElementType;

const COMPARISONS: [&str; 5] = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"];

#[test]
fn comparisons_of_two_inputs() {
    let left = f(&[6], &[-1.0, 0.0, 0.5, 2.0, -2.0, 0.25]);
    let right = f(&[6], &[-1.0, 0.1, -0.5, 2.0, 2.0, 0.25]);
    for operator in COMPARISONS {
        assert_exact(&node(operator), &[Input(&left), Input(&right)]);
    }
}

#[test]
fn comparisons_at_and_around_a_constant() {
    let input = f(&[7], &[-1.0, -0.0001, 0.0, 0.0001, 0.5, 0.4999, 1.0]);
    for constant in [0.0, 0.5, -1.0, 0.33333, 1e30, -1e30, f64::INFINITY, f64::NEG_INFINITY] {
        for operator in COMPARISONS {
            assert_exact(&node(operator), &[Input(&input), Constant(&f(&[], &[constant]))]);
            assert_exact(&node(operator), &[Constant(&f(&[], &[constant])), Input(&input)]);
        }
    }
}

#[test]
fn comparisons_of_integers() {
    let (left, right) = (i(&[2, 3], &[-3, 0, 7, 500, 2, -500]), i(&[3], &[0, 2, 7]));
    for operator in COMPARISONS {
        assert_exact(&node(operator), &[Input(&left), Input(&right)]);
        assert_exact(&node(operator), &[Input(&left), Constant(&right)]);
    }
}

#[test]
fn comparisons_over_the_whole_range_of_features() {
    // Differences are twice as far apart as any tensor's numbers.
    let (left, right) = (i(&[4], &[-32_768, 32_767, 0, 1]), i(&[4], &[32_767, -32_768, 0, 0]));
    for operator in COMPARISONS {
        assert_exact(&node(operator), &[Input(&left), Input(&right)]);
    }
}

#[test]
fn truth_values() {
    let (left, right) = (b(&[2, 2], &[false, false, true, true]), b(&[2, 2], &[false, true, false, true]));
    for operator in ["And", "Or", "Xor", "Equal"] {
        assert_exact(&node(operator), &[Input(&left), Input(&right)]);
        assert_exact(&node(operator), &[Input(&left), Constant(&right)]);
        assert_exact(&node(operator), &[Constant(&left), Input(&b(&[2], &[true, false]))]);
    }
    assert_exact(&node("Not"), &[Input(&left)]);
}

#[test]
fn a_choice_between_two_inputs() {
    let condition = b(&[2, 1], &[true, false]);
    let (yes, no) = (f(&[2, 3], &[-1.0, 0.5, 2.0, 1.5, -2.0, 0.0]), f(&[3], &[-10.0, 4.0, 8.0]));
    assert_within(&node("Where"), &[Input(&condition), Input(&yes), Input(&no)], 5e-4);
    assert_within(&node("Where"), &[Constant(&condition), Input(&yes), Input(&no)], 5e-4);
    assert_within(&node("Where"), &[Input(&condition), Constant(&yes), Input(&no)], 5e-4);
    assert_within(&node("Where"), &[Input(&condition), Constant(&yes), Constant(&no)], 5e-4);
}

#[test]
fn a_choice_between_integers_is_exact() {
    let condition = b(&[3], &[true, false, true]);
    let (yes, no) = (i(&[3], &[-5, 100, 3]), i(&[3], &[7, -2, 0]));
    assert_exact(&node("Where"), &[Input(&condition), Input(&yes), Input(&no)]);
    assert_exact(&node("Where"), &[Input(&condition), Input(&yes), Constant(&i(&[], &[-1]))]);
}

#[test]
fn a_mask_leaves_the_others_their_precision() {
    let condition = b(&[4], &[true, false, true, true]);
    let scores = f(&[4], &[-1.0, 0.5, 2.0, 1.5]);
    for mask in [f64::NEG_INFINITY, -3.4e38, -1e9, -10_000.0] {
        let mask = f(&[], &[mask]);
        for condition in [Input(&condition), Constant(&condition)] {
            let lowered = lower(&node("Where"), &[condition, Input(&scores), Constant(&mask)], 0).unwrap();
            let held = lowered.trial.held(&if matches!(condition, Input(_)) {
                vec![1.0, 0.0, 1.0, 1.0, -1.0, 0.5, 2.0, 1.5]
            } else {
                vec![-1.0, 0.5, 2.0, 1.5]
            });
            let got = lowered.trial.run(&held).unwrap();
            for (place, expected) in [(0, -1.0), (2, 2.0), (3, 1.5)] {
                assert!((got[place] - expected).abs() < 1e-3, "{got:?}");
            }
            // e^-16 below everything else.
            assert!(got[1] < -17.0, "{got:?}");
        }
    }
}

#[test]
fn bits_with_a_constant() {
    let input = integers(ElementType::Uint8, &[0, 1, 77, 255]);
    let other = integers(ElementType::Uint8, &[0b1010_0110]);
    for operator in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"] {
        assert_exact(&node(operator), &[Input(&input), Constant(&other)]);
        assert_exact(&node(operator), &[Constant(&other), Input(&input)]);
    }
    let distance = integers(ElementType::Uint8, &[3]);
    for direction in ["LEFT", "RIGHT"] {
        let shift = node("BitShift").with("direction", text(direction));
        assert_exact(&shift, &[Input(&input), Constant(&distance)]);
    }
    assert_exact(&node("BitwiseNot"), &[Input(&input)]);
    assert_exact(&node("BitwiseNot"), &[Input(&i(&[3], &[-4, 0, 9]))]);
}

#[test]
fn truth_values_of_what_is_no_number() {
    let input = f(&[3], &[-1.0, 0.0, 2.0]);
    // The node alone is a constant false, which a product with an input turns into an output.
    for operator in ["IsNaN", "IsInf"] {
        assert_exact(&node(operator), &[Input(&input)]);
    }
    assert_exact(&node("IsInf").with("detect_negative", int(0)), &[Input(&input)]);
}

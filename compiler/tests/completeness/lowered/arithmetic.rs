//! Sums, differences, products and quotients.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, int, node};
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn a_sum_of_two_inputs_that_broadcast() {
    let (matrix, row) = (f(&[2, 3], &[-1.0, 2.0, 0.5, 0.0, -2.0, 1.5]), f(&[3], &[0.1, -3.0, 3.0]));
    assert_within(&node("Add"), &[Input(&matrix), Input(&row)], 2e-4);
    assert_within(&node("Sub"), &[Input(&matrix), Constant(&row)], 2e-4);
}

#[test]
fn products_and_quotients() {
    let (left, right) = (f(&[4], &[-1.0, 2.0, 0.5, 0.0]), f(&[4], &[1.0, 2.0, 4.0, 1.5]));
    assert_within(&node("Mul"), &[Input(&left), Input(&right)], 1e-3);
    assert_within(&node("Mul"), &[Input(&left), Constant(&right)], 1e-3);
    assert_within(&node("Div"), &[Input(&left), Input(&right)], 1e-3);
}

#[test]
fn remainders_and_quotients_of_integers() {
    let (input, divisor) = (i(&[6], &[-7, -1, 0, 5, 6, 300]), i(&[], &[5]));
    assert_exact(&node("Mod"), &[Input(&input), Constant(&divisor)]);
    assert_exact(&node("Mod").with("fmod", int(1)), &[Input(&input), Constant(&divisor)]);
    assert_exact(&node("Div"), &[Input(&input), Constant(&divisor)]);
    assert_exact(&node("Div"), &[Input(&input), Constant(&i(&[], &[0]))]);
}

#[test]
fn remainders_of_floats() {
    let (input, divisor) = (f(&[6], &[-7.25, -1.0, 0.0, 5.0, 6.5, 30.0]), f(&[], &[2.5]));
    let fmod = node("Mod").with("fmod", int(1));
    assert_within(&fmod, &[Input(&input), Constant(&divisor)], 2e-3);
}

#[test]
fn powers() {
    let (base, exponent) = (f(&[4], &[0.5, 1.0, 2.0, 3.0]), f(&[4], &[-1.0, 0.5, 2.0, 3.0]));
    assert_within(&node("Pow"), &[Input(&base), Constant(&f(&[], &[1.7]))], 4e-4);
    assert_within(&node("Pow"), &[Constant(&f(&[], &[1.7])), Input(&exponent)], 4e-4);
    assert_within(&node("Pow"), &[Input(&base), Input(&exponent)], 2e-2);
    let whole = i(&[5], &[-3, -1, 0, 2, 7]);
    assert_exact(&node("Pow"), &[Input(&whole), Constant(&i(&[], &[2]))]);
    assert_exact(&node("Pow"), &[Input(&whole), Constant(&i(&[], &[3]))]);
}

#[test]
fn the_larger_and_the_smaller_of_several() {
    let (first, other) = (f(&[2, 2], &[-1.0, 2.0, 0.5, 0.0]), f(&[2], &[1.0, -2.0]));
    for operator in ["Max", "Min"] {
        assert_within(&node(operator), &[Input(&first), Input(&other), Constant(&f(&[], &[0.25]))], 3e-4);
        let (first, other) = (i(&[3], &[-1, 20, 3]), i(&[3], &[4, 3, 2]));
        assert_exact(&node(operator), &[Input(&first), Input(&other)]);
    }
}

#[test]
fn an_added_mask_leaves_the_others_their_precision() {
    let scores = f(&[2, 3], &[-1.0, 2.0, 0.5, 0.0, -2.0, 1.5]);
    let mask = f(&[3], &[0.0, f64::NEG_INFINITY, 0.0]);
    let lowered = crate::lowered::lower(&node("Add"), &[Input(&scores), Constant(&mask)], 0).unwrap();
    let got = lowered.trial.run(&lowered.trial.held(&[-1.0, 2.0, 0.5, 0.0, -2.0, 1.5])).unwrap();
    for (place, expected) in [(0, -1.0), (2, 0.5), (3, 0.0), (5, 1.5)] {
        assert!((got[place] - expected).abs() < 1e-3, "{got:?}");
    }
    assert!(got[1] < -16.0 && got[4] < -16.0, "{got:?}");
}

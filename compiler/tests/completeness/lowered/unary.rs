//! Functions of one number.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, node};
use candor_compiler::graph::Operand::Input;

#[test]
fn roundings_are_exact_at_halves_and_whole_numbers() {
    let input = f(&[9], &[-2.5, -2.0, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 3.0]);
    for operator in ["Round", "Floor", "Ceil"] {
        assert_exact(&node(operator), &[Input(&input)]);
    }
}

#[test]
fn signs() {
    assert_exact(&node("Sign"), &[Input(&f(&[5], &[-2.0, -0.0001, 0.0, 0.0001, 3.0]))]);
    assert_exact(&node("Sign"), &[Input(&i(&[3], &[-700, 0, 2]))]);
}

#[test]
fn functions_that_have_no_value_at_zero() {
    let input = f(&[6], &[0.25, 0.5, 1.0, 2.0, 3.0, 4.0]);
    assert_within(&node("Log"), &[Input(&input)], 3e-4);
    assert_within(&node("Reciprocal"), &[Input(&input)], 3e-4);
}

#[test]
fn functions_with_narrow_results_use_the_whole_range() {
    let input = f(&[6], &[-8.0, -2.0, -0.5, 0.0, 1.0, 8.0]);
    assert_within(&node("Sigmoid"), &[Input(&input)], 1e-4);
    assert_within(&node("Tanh"), &[Input(&input)], 2e-4);
    assert_within(&node("Erf"), &[Input(&input)], 2e-4);
}

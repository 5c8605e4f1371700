//! Sums, differences, products and quotients.

use crate::lowered::assert_within;
use crate::support::{f, node};
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

//! OneHot, Trilu, Compress.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{b, f, i, int, node};
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn one_hot() {
    let (indices, values) = (i(&[3, 2], &[0, 3, -1, 2, 5, -4]), i(&[2], &[-2, 7]));
    for axis in [-1, 0, 1] {
        let depth = i(&[1], &[4]);
        let node = node("OneHot").with("axis", int(axis));
        assert_exact(&node, &[Input(&indices), Constant(&depth), Constant(&values)]);
    }
}

#[test]
fn one_hot_of_many_classes() {
    let (indices, depth, values) = (i(&[2], &[0, 299]), i(&[1], &[300]), f(&[2], &[0.0, 1.0]));
    assert_within(&node("OneHot"), &[Input(&indices), Constant(&depth), Constant(&values)], 1e-4);
}

#[test]
fn values_of_one_hot_that_vary() {
    let (indices, depth, values) = (i(&[2], &[0, 2]), i(&[1], &[3]), f(&[2], &[-0.5, 1.0]));
    assert_within(&node("OneHot"), &[Input(&indices), Constant(&depth), Input(&values)], 1e-3);
}

#[test]
fn integer_values_of_one_hot_that_vary() {
    let (indices, depth, values) = (i(&[3], &[0, 2, 9]), i(&[1], &[10]), i(&[2], &[2, 5]));
    assert_exact(&node("OneHot"), &[Input(&indices), Constant(&depth), Input(&values)]);
}

#[test]
fn triangles() {
    let data = f(&[2, 3, 4], &(0..24).map(|x| f64::from(x) / 8.0 - 1.0).collect::<Vec<_>>());
    let diagonal = i(&[], &[-1]);
    assert_within(&node("Trilu"), &[Input(&data)], 1e-4);
    assert_within(&node("Trilu").with("upper", int(0)), &[Input(&data), Constant(&diagonal)], 1e-4);
}

#[test]
fn what_a_condition_keeps() {
    let (data, kept) = (f(&[3, 2], &[-1.0, 2.0, 0.5, 1.0, -2.0, 0.25]), b(&[3], &[true, false, true]));
    assert_within(&node("Compress").with("axis", int(0)), &[Input(&data), Constant(&kept)], 1e-4);
}

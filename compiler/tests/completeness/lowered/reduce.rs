//! Reductions.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{b, f, i, int, ints};
use candor_compiler::graph::Node;
use candor_compiler::graph::Operand::Input;

fn along(operator: &str, axes: &[i64]) -> Node {
    Node::new(operator, 12).with("axes", ints(axes))
}

#[test]
fn logarithms_of_sums() {
    let input = f(&[2, 3], &[0.5, 1.0, 2.0, 3.0, 0.25, 1.5]);
    assert_within(&along("ReduceLogSum", &[1]), &[Input(&input)], 3e-4);
    let input = f(&[2, 3], &[-5.0, 1.0, 2.0, -3.0, 0.25, 1.5]);
    assert_within(&along("ReduceLogSumExp", &[1]), &[Input(&input)], 6e-4);
    assert_within(&along("ReduceLogSumExp", &[0, 1]).with("keepdims", int(0)), &[Input(&input)], 6e-4);
}

#[test]
fn products() {
    let input = f(&[2, 3], &[0.5, -1.0, 1.25, 1.0, 0.25, 1.25]);
    assert_within(&along("ReduceProd", &[1]), &[Input(&input)], 1e-3);
    assert_exact(&along("ReduceProd", &[1]), &[Input(&i(&[2, 3], &[2, -3, 4, 1, 5, 0]))]);
}

#[test]
fn norms() {
    let input = f(&[3, 4], &[0.5, -1.0, 2.0, 1.0, 0.25, 1.5, 2.0, -0.5, 1.0, 1.0, -2.0, 0.0]);
    for operator in ["ReduceL1", "ReduceL2", "ReduceSumSquare"] {
        assert_within(&along(operator, &[1]), &[Input(&input)], 2e-3);
    }
}

#[test]
fn the_largest_is_exact() {
    let input = f(&[2, 7], &[0.5, -1.0, 2.0, 1.0, 0.25, 1.5, 2.0, -0.5, 1.0, 1.0, -2.0, 0.0, -0.1, 0.1]);
    assert_within(&along("ReduceMax", &[1]), &[Input(&input)], 1e-4);
    assert_within(&along("ReduceMin", &[0, 1]), &[Input(&input)], 1e-4);
    let truths = b(&[2, 3], &[false, false, true, false, false, false]);
    assert_exact(&Node::new("ReduceMax", 20).with("keepdims", int(0)), &[Input(&truths)]);
    assert_exact(&Node::new("ReduceMin", 20), &[Input(&truths)]);
}

#[test]
fn means_of_integers_are_cut_off() {
    assert_exact(&along("ReduceMean", &[1]), &[Input(&i(&[2, 3], &[-7, 0, 2, 5, 5, 6]))]);
    assert_exact(&along("ReduceSum", &[1]), &[Input(&i(&[2, 3], &[-7, 0, 2, 5, 5, 6]))]);
}

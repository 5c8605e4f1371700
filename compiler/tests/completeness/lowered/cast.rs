//! Cast: whole numbers stay what they are, others are cut off.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{b, f, i, int, node};
use candor_compiler::graph::Node;
use candor_compiler::graph::Operand::{Constant, Input};

const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT64: i64 = 7;
const BOOL: i64 = 9;

fn cast(to: i64) -> Node {
    node("Cast").with("to", int(to))
}

#[test]
fn floats_are_cut_off() {
    let input = f(&[8], &[-2.0, -1.5, -0.001, 0.0, 0.999, 1.0, 2.5, 3.0]);
    assert_exact(&cast(INT64), &[Input(&input)]);
    assert_exact(&cast(BOOL), &[Input(&input)]);
    assert_within(&cast(FLOAT), &[Input(&input)], 1e-4);
}

#[test]
fn integers_and_truth_values() {
    let (input, truths) = (i(&[4], &[-300, 0, 7, 300]), b(&[2], &[true, false]));
    assert_exact(&cast(FLOAT), &[Input(&input)]);
    assert_exact(&cast(BOOL), &[Input(&input)]);
    assert_exact(&cast(UINT8), &[Input(&input)]);
    assert_exact(&cast(INT64), &[Input(&truths)]);
    assert_exact(&cast(FLOAT), &[Input(&truths)]);
    assert_exact(&node("CastLike"), &[Input(&f(&[3], &[-7.5, 0.0, 12.25])), Constant(&i(&[1], &[0]))]);
}

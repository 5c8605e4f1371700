//! ArgMax, ArgMin, TopK and Hardmax: exact, ties too.

use crate::lowered::{assert_exact, assert_within, lower};
use crate::support::{f, i, int, node};
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn places_of_the_largest() {
    let input = f(&[2, 5], &[0.5, 2.0, -1.0, 2.0, 0.0, -3.0, -3.0, -4.0, -3.5, -3.0]);
    for operator in ["ArgMax", "ArgMin"] {
        for axis in [0, 1] {
            for last in [0, 1] {
                let node = node(operator).with("axis", int(axis)).with("select_last_index", int(last));
                assert_exact(&node, &[Input(&input)]);
                assert_exact(&node.with("keepdims", int(0)), &[Input(&input)]);
            }
        }
    }
}

#[test]
fn places_of_the_largest_integer_of_many() {
    // Few values of many entries: ties everywhere.
    let input: Vec<i64> = (0..70).map(|place| (place * place * 31 % 7) - 3).collect();
    assert_exact(&node("ArgMax"), &[Input(&i(&[70], &input))]);
    assert_exact(&node("ArgMin").with("select_last_index", int(1)), &[Input(&i(&[70], &input))]);
}

#[test]
fn one_entry_is_the_first() {
    assert_exact(&node("ArgMax").with("axis", int(1)), &[Input(&f(&[3, 1], &[1.0, -2.0, 0.5]))]);
}

#[test]
fn the_largest_entries() {
    let input = f(&[2, 6], &[0.5, 2.0, -1.0, 2.0, 0.0, 1.5, -3.0, -3.0, -4.0, -3.5, -3.0, -8.0]);
    for (axis, count) in [(1, 1), (1, 3), (1, 6), (0, 2)] {
        for largest in [0, 1] {
            let count = i(&[1], &[count]);
            let mut node = node("TopK").with("axis", int(axis)).with("largest", int(largest));
            node.outputs = vec!["values".into(), "indices".into()];
            assert_within(&node, &[Input(&input), Constant(&count)], 2e-4);
            let indices = lower(&node, &[Input(&input), Constant(&count)], 1).unwrap();
            assert!(indices.worst(1) < 1e-6);
        }
    }
}

#[test]
fn entries_that_are_all_the_same() {
    let (input, count) = (i(&[4], &[0, 0, 0, 0]), i(&[1], &[3]));
    let mut node = node("TopK");
    node.outputs = vec!["values".into(), "indices".into()];
    assert!(lower(&node, &[Input(&input), Constant(&count)], 1).unwrap().worst(1) < 1e-6);
}

#[test]
fn the_largest_integers() {
    let input = i(&[140], &(0..140).map(|place| (place * 37 % 11) - 5).collect::<Vec<i64>>());
    let count = i(&[1], &[4]);
    let mut node = node("TopK");
    node.outputs = vec!["values".into(), "indices".into()];
    assert_exact(&node, &[Input(&input), Constant(&count)]);
    let indices = lower(&node, &[Input(&input), Constant(&count)], 1).unwrap();
    assert!(indices.worst(1) < 1e-6);
}

#[test]
fn one_for_the_largest() {
    let input = f(&[2, 4], &[0.5, 2.0, -1.0, 2.0, -1.0, -1.0, -1.5, -7.0]);
    assert_exact(&node("Hardmax"), &[Input(&input)]);
    assert_exact(&node("Hardmax").with("axis", int(0)), &[Input(&input)]);
    assert_exact(&candor_compiler::graph::Node::new("Hardmax", 11), &[Input(&input)]);
}

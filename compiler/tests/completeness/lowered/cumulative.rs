//! Sums of all entries up to each.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, int, node};
use candor_compiler::graph::Node;
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn running_sums() {
    let data = f(&[2, 3, 2], &(0..12).map(|x| f64::from(x) / 4.0 - 1.0).collect::<Vec<_>>());
    for axis in 0..3 {
        let axis = i(&[], &[axis]);
        for (exclusive, reverse) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let node = node("CumSum").with("exclusive", int(exclusive)).with("reverse", int(reverse));
            assert_within(&node, &[Input(&data), Constant(&axis)], 1e-3);
        }
    }
}

#[test]
fn running_sums_of_integers_are_exact() {
    let (data, axis) = (i(&[4], &[-3, 100, 7, 0]), i(&[], &[0]));
    assert_exact(&node("CumSum"), &[Input(&data), Constant(&axis)]);
}

#[test]
fn running_products() {
    let data = f(&[3, 2], &[0.5, 1.2, 0.9, 1.0, 0.8, 1.1]);
    for (exclusive, reverse) in [(0, 0), (1, 1)] {
        let node = Node::new("CumProd", 26).with("exclusive", int(exclusive)).with("reverse", int(reverse));
        assert_within(&node, &[Input(&data), Constant(&i(&[], &[0]))], 1e-3);
    }
}

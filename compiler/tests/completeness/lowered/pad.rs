//! Pad in every mode.

use crate::lowered::assert_within;
use crate::support::{f, i, node, text};
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn borders_of_every_mode() {
    let data = f(&[2, 3], &[-1.0, 2.0, 0.5, 1.0, -2.0, 0.25]);
    let pads = i(&[4], &[1, 2, -1, 1]);
    for mode in ["constant", "edge", "wrap", "reflect"] {
        let node = node("Pad").with("mode", text(mode));
        assert_within(&node, &[Input(&data), Constant(&pads)], 1e-4);
    }
}

#[test]
fn a_border_that_is_no_zero_or_varies() {
    let (data, pads, border) = (f(&[3], &[-1.0, 2.0, 0.5]), i(&[2], &[2, 1]), f(&[], &[0.75]));
    assert_within(&node("Pad"), &[Input(&data), Constant(&pads), Constant(&border)], 1e-4);
    assert_within(&node("Pad"), &[Input(&data), Constant(&pads), Input(&border)], 1e-4);
}

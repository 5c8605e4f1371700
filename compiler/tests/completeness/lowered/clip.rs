//! Clip and PRelu.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, node};
use candor_compiler::graph::Attribute;
use candor_compiler::graph::Node;
use candor_compiler::graph::Operand::{Absent, Constant, Input};

#[test]
fn constant_bounds() {
    let input = f(&[6], &[-4.0, -1.0, 0.0, 0.5, 3.0, 9.0]);
    let (lower, upper) = (f(&[], &[-0.75]), f(&[], &[6.0]));
    assert_within(&node("Clip"), &[Input(&input), Constant(&lower), Constant(&upper)], 1.2e-4);
    assert_within(&node("Clip"), &[Input(&input), Constant(&lower)], 2e-4);
    assert_within(&node("Clip"), &[Input(&input), Absent, Constant(&upper)], 2e-4);
    assert_within(&node("Clip"), &[Input(&input)], 2e-4);
    let crossed = [Input(&input), Constant(&upper), Constant(&lower)];
    assert_within(&node("Clip"), &crossed, 1e-4);
}

#[test]
fn bounds_are_reached_exactly() {
    let input = f(&[4], &[-50.0, -1.0, 3.0, 90.0]);
    let bounds = (f(&[], &[0.0]), f(&[], &[6.0]));
    let lowered =
        crate::lowered::lower(&node("Clip"), &[Input(&input), Constant(&bounds.0), Constant(&bounds.1)], 0)
            .unwrap();
    let got = lowered.trial.run(&lowered.trial.held(&[-50.0, 0.0, 90.0, 6.5])).unwrap();
    for (got, expected) in got.iter().zip([0.0, 0.0, 6.0, 6.0]) {
        assert!((got - expected).abs() < 1e-9, "{got}");
    }
}

#[test]
fn bounds_that_are_attributes() {
    let input = f(&[4], &[-4.0, -1.0, 0.5, 9.0]);
    let clip = Node::new("Clip", 9).with("min", Attribute::Float(-2.0)).with("max", Attribute::Float(1.0));
    assert_within(&clip, &[Input(&input)], 1e-4);
}

#[test]
fn bounds_that_vary() {
    let (input, lower, upper) = (f(&[4], &[-4.0, -1.0, 0.5, 9.0]), f(&[], &[-2.0]), f(&[], &[1.0]));
    assert_within(&node("Clip"), &[Input(&input), Input(&lower), Input(&upper)], 1e-3);
    assert_within(&node("Clip"), &[Input(&input), Constant(&lower), Input(&upper)], 1e-3);
}

#[test]
fn integers() {
    let input = i(&[5], &[-400, -1, 0, 7, 900]);
    let (lower, upper) = (i(&[], &[-3]), i(&[], &[7]));
    assert_exact(&node("Clip"), &[Input(&input), Constant(&lower), Constant(&upper)]);
    assert_exact(&node("Clip"), &[Input(&input), Input(&lower), Input(&upper)]);
}

#[test]
fn slopes() {
    let input = f(&[2, 3], &[-4.0, -1.0, 0.0, 0.5, 3.0, -2.0]);
    let slope = f(&[3], &[0.25, -0.5, 0.01]);
    assert_within(&node("PRelu"), &[Input(&input), Constant(&slope)], 2e-4);
    assert_within(&node("PRelu"), &[Input(&input), Input(&slope)], 2e-4);
}

//! What only moves elements keeps their precision.

use crate::lowered::{assert_within, lower};
use crate::support::{f, i, int, node};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::tensor::Tensor;

/// Half a step of 16 bits over a range of 2 with half as much room again.
const HALF: f64 = 2.5e-5;

fn numbers(shape: &[usize]) -> Tensor {
    let data: Vec<f64> = (0..shape.iter().product())
        .map(|place: usize| ((place * 37 + 11) % 101) as f64 / 50.0 - 1.0)
        .collect();
    f(shape, &data)
}

#[test]
fn blocks_and_repetitions() {
    let x = numbers(&[1, 4, 2, 4]);
    for operator in ["DepthToSpace", "SpaceToDepth"] {
        assert_within(&node(operator).with("blocksize", int(2)), &[Input(&x)], HALF);
    }
    let (row, repeats, shape) = (numbers(&[1, 3]), i(&[2], &[2, 2]), i(&[3], &[2, 2, 3]));
    assert_within(&node("Tile"), &[Input(&row), Constant(&repeats)], HALF);
    assert_within(&node("Expand"), &[Input(&row), Constant(&shape)], HALF);
}

#[test]
fn parts() {
    let (x, sizes) = (numbers(&[2, 5]), i(&[2], &[2, 3]));
    for output in 0..2 {
        let node = node("Split").with("axis", int(1)).with_outputs(2);
        let worst = lower(&node, &[Input(&x), Constant(&sizes)], output).unwrap().worst(output);
        assert!(worst <= HALF, "{worst}");
    }
}

#[test]
fn reversed_sequences() {
    let (x, lengths) = (numbers(&[4, 2, 3]), i(&[2], &[3, 4]));
    assert_within(&node("ReverseSequence"), &[Input(&x), Constant(&lengths)], HALF);
}

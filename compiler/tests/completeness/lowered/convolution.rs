//! Transposed convolutions, and kernels and biases that vary.

use crate::lowered::assert_within;
use crate::support::{counting, f, int, ints, node};
use candor_compiler::graph::Operand::{Constant, Input};
use candor_compiler::tensor::Tensor;

fn numbers(shape: &[usize]) -> Tensor {
    let data: Vec<f64> = (0..shape.iter().product())
        .map(|place: usize| ((place * 37 + 11) % 101) as f64 / 50.0 - 1.0)
        .collect();
    f(shape, &data)
}

#[test]
fn transposed_in_one_axis() {
    let (x, w) = (numbers(&[1, 2, 5]), numbers(&[2, 3, 3]));
    for (stride, dilation, before, after) in
        [(1, 1, 0, 0), (2, 1, 1, 1), (3, 2, 2, 0), (2, 3, 0, 3), (4, 1, 1, 0)]
    {
        let node = node("ConvTranspose")
            .with("strides", ints(&[stride]))
            .with("dilations", ints(&[dilation]))
            .with("pads", ints(&[before, after]));
        assert_within(&node, &[Input(&x), Constant(&w)], 2e-3);
    }
}

#[test]
fn transposed_in_two_axes_with_groups_and_a_bias() {
    let (x, w, bias) = (numbers(&[2, 4, 3, 4]), numbers(&[4, 3, 2, 3]), counting(&[6]));
    let node = node("ConvTranspose")
        .with("strides", ints(&[2, 2]))
        .with("group", int(2))
        .with("output_padding", ints(&[1, 0]))
        .with("pads", ints(&[0, 1, 0, 1]));
    assert_within(&node, &[Input(&x), Constant(&w), Constant(&bias)], 2e-3);
}

#[test]
fn kernels_and_biases_that_vary() {
    let (x, w, bias) = (numbers(&[1, 2, 4, 4]), numbers(&[2, 2, 3, 3]), f(&[2], &[0.5, -1.0]));
    for operator in ["Conv", "ConvTranspose"] {
        let node = node(operator).with("strides", ints(&[2, 2])).with("pads", ints(&[1, 1, 1, 1]));
        assert_within(&node, &[Input(&x), Input(&w), Input(&bias)], 1e-2);
        assert_within(&node, &[Input(&x), Constant(&w), Input(&bias)], 5e-3);
        assert_within(&node, &[Constant(&x), Input(&w), Constant(&bias)], 1e-2);
    }
}

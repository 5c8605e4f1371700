//! Normalisations: within a few steps of 16 bits, for rows of very different spread too.

use crate::lowered::{assert_within, lower};
use crate::support::{f, int, ints, node};
use candor_compiler::graph::Operand::{Absent, Constant, Input};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::tensor::Tensor;

/// Numbers that never repeat, from -1 to 1 times a factor.
fn numbers(shape: &[usize], factor: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let data: Vec<f64> = (0..count).map(|place| ((place * place * 7 + place * 31) % 101) as f64).collect();
    f(shape, &data.iter().map(|x| (x / 50.0 - 1.0) * factor).collect::<Vec<f64>>())
}

#[test]
fn constant_statistics() {
    let input = numbers(&[1, 3, 4, 2], 3.0);
    let (scale, bias) = (f(&[3], &[0.5, 2.0, -1.0]), f(&[3], &[0.1, 0.0, -1.0]));
    let (mean, variance) = (f(&[3], &[0.5, -1.0, 0.0]), f(&[3], &[1.0, 4.0, 0.25]));
    let operands = [Input(&input), Constant(&scale), Constant(&bias), Constant(&mean), Constant(&variance)];
    assert_within(&node("BatchNormalization"), &operands, 4e-4);
}

#[test]
fn layers() {
    let input = numbers(&[4, 32], 2.0);
    let scale = numbers(&[32], 1.5);
    let bias = numbers(&[32], 0.5);
    let norm = node("LayerNormalization");
    assert_within(&norm, &[Input(&input), Constant(&scale), Constant(&bias)], 8e-4);
    assert_within(&norm, &[Input(&input), Constant(&scale)], 8e-4);
    assert_within(&norm, &[Input(&input), Input(&scale)], 1.5e-3);
    assert_within(&norm.with("axis", int(0)), &[Input(&input), Constant(&numbers(&[4, 32], 1.0))], 8e-4);
    let mut norm = node("LayerNormalization");
    norm.outputs = vec!["y".into(), "mean".into(), "inverse".into()];
    let mean = lower(&norm, &[Input(&input), Constant(&scale)], 1).unwrap();
    assert!(mean.worst(1) < 5e-4, "{}", mean.worst(1));
    let spread = lower(&norm, &[Input(&input), Constant(&scale)], 2).unwrap();
    assert!(spread.worst(2) < 1e-3, "{}", spread.worst(2));
}

#[test]
fn wide_layers() {
    let input = numbers(&[2, 384], 4.0);
    let scale = f(&[384], &[1.0; 384]);
    assert_within(&node("LayerNormalization"), &[Input(&input), Constant(&scale)], 4e-4);
    assert_within(&Node::new("RMSNormalization", 23), &[Input(&input), Constant(&scale)], 4e-4);
}

#[test]
fn root_mean_squares() {
    let (input, scale) = (numbers(&[3, 16], 2.0), numbers(&[16], 1.0));
    assert_within(&Node::new("RMSNormalization", 23), &[Input(&input), Constant(&scale)], 4e-4);
    assert_within(&node("SimplifiedLayerNormalization"), &[Input(&input), Constant(&scale)], 4e-4);
}

#[test]
fn instances_and_groups() {
    let input = numbers(&[1, 4, 3, 3], 2.0);
    let (scale, bias) = (numbers(&[4], 1.0), numbers(&[4], 0.5));
    let operands = [Input(&input), Constant(&scale), Constant(&bias)];
    assert_within(&node("InstanceNormalization"), &operands, 1e-3);
    assert_within(&node("GroupNormalization").with("num_groups", int(2)), &operands, 1e-3);
}

#[test]
fn norms() {
    let input = numbers(&[3, 8], 2.0);
    for order in [1, 2] {
        for axis in [0, 1] {
            let node = node("LpNormalization").with("p", int(order)).with("axis", int(axis));
            assert_within(&node, &[Input(&input)], 1e-3);
        }
    }
}

#[test]
fn mean_and_variance() {
    let input = numbers(&[2, 3, 4, 2], 2.0);
    assert_within(&node("MeanVarianceNormalization"), &[Input(&input)], 1e-3);
    let some = node("MeanVarianceNormalization").with("axes", ints(&[1, 2]));
    assert_within(&some, &[Input(&input)], 1e-3);
}

#[test]
fn neighbouring_channels() {
    let input = numbers(&[1, 5, 2, 2], 2.0);
    let node = node("LRN").with("size", int(3)).with("alpha", Attribute::Float(0.3));
    assert_within(&node, &[Input(&input)], 3e-4);
}

#[test]
fn a_left_out_bias() {
    let (input, scale) = (numbers(&[2, 8], 1.0), numbers(&[8], 1.0));
    let operands = [Input(&input), Constant(&scale), Absent];
    assert_within(&node("LayerNormalization"), &operands, 5e-4);
}

//! Resize and Upsample with every rule.

use crate::lowered::assert_within;
use crate::support::{f, i, ints, node, text};
use candor_compiler::graph::Attribute;
use candor_compiler::graph::Node;
use candor_compiler::graph::Operand::{Absent, Constant, Input};

fn image() -> candor_compiler::tensor::Tensor {
    f(
        &[1, 2, 3, 4],
        &(0..24).map(|place| f64::from((place * 37 + 11) % 101) / 50.0 - 1.0).collect::<Vec<_>>(),
    )
}

#[test]
fn every_mode() {
    let (x, scales) = (image(), f(&[4], &[1.0, 1.0, 2.0, 1.5]));
    for mode in ["nearest", "linear", "cubic"] {
        for coordinates in ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"] {
            let node = node("Resize")
                .with("mode", text(mode))
                .with("coordinate_transformation_mode", text(coordinates));
            assert_within(&node, &[Input(&x), Absent, Constant(&scales)], 1e-3);
        }
    }
}

#[test]
fn sizes_that_shrink() {
    let (x, sizes) = (image(), i(&[2], &[2, 2]));
    let node = node("Resize").with("mode", text("linear")).with("axes", ints(&[2, 3]));
    assert_within(&node, &[Input(&x), Absent, Absent, Constant(&sizes)], 1e-3);
}

#[test]
fn what_lies_outside_the_region() {
    let (x, region, sizes) =
        (image(), f(&[8], &[0.0, 0.0, 0.25, -0.5, 1.0, 1.0, 0.75, 1.5]), i(&[4], &[1, 2, 3, 4]));
    let node = node("Resize")
        .with("mode", text("linear"))
        .with("coordinate_transformation_mode", text("tf_crop_and_resize"))
        .with("extrapolation_value", Attribute::Float(0.5));
    assert_within(&node, &[Input(&x), Constant(&region), Absent, Constant(&sizes)], 1e-3);
}

#[test]
fn the_older_upsample() {
    let (x, scales) = (image(), f(&[4], &[1.0, 1.0, 2.0, 2.0]));
    for mode in ["nearest", "linear"] {
        assert_within(
            &Node::new("Upsample", 9).with("mode", text(mode)),
            &[Input(&x), Constant(&scales)],
            1e-3,
        );
    }
}

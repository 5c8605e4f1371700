use crate::support::{assert_close, f, i, int, ints, node, text};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::operator::evaluate;
use candor_compiler::tensor::Tensor;

fn by_scale(node: &Node, x: &Tensor, scales: &[f64]) -> Tensor {
    evaluate(node, &[Some(x), None, Some(&f(&[scales.len()], scales))]).unwrap().remove(0)
}

fn by_size(node: &Node, x: &Tensor, sizes: &[i64]) -> Tensor {
    evaluate(node, &[Some(x), None, None, Some(&i(&[sizes.len()], sizes))]).unwrap().remove(0)
}

#[test]
fn the_nearest_entry_by_every_rule() {
    let x = f(&[3], &[1.0, 2.0, 3.0]);
    let nearest = |rule: &str| {
        node("Resize")
            .with("coordinate_transformation_mode", text("asymmetric"))
            .with("nearest_mode", text(rule))
    };
    // Places 0, 0.5, 1, 1.5, 2, 2.5.
    for (rule, expected) in [
        ("floor", [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
        ("ceil", [1.0, 2.0, 2.0, 3.0, 3.0, 3.0]),
        ("round_prefer_floor", [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
        ("round_prefer_ceil", [1.0, 2.0, 2.0, 3.0, 3.0, 3.0]),
    ] {
        assert_close(&by_scale(&nearest(rule), &x, &[2.0]), &[6], &expected);
    }
    assert_eq!(by_scale(&node("Resize"), &i(&[2], &[7, 8]), &[2.0]), i(&[4], &[7, 7, 8, 8]));
    let old = Node::new("Upsample", 9);
    let got = evaluate(&old, &[Some(&x), Some(&f(&[1], &[2.0]))]).unwrap();
    assert_close(&got[0], &[6], &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
}

#[test]
fn between_two_entries() {
    let x = f(&[2], &[0.0, 4.0]);
    let linear = node("Resize").with("mode", text("linear"));
    assert_close(&by_scale(&linear, &x, &[2.0]), &[4], &[0.0, 1.0, 3.0, 4.0]);
    let corners = linear.clone().with("coordinate_transformation_mode", text("align_corners"));
    assert_close(&by_size(&corners, &x, &[5]), &[5], &[0.0, 1.0, 2.0, 3.0, 4.0]);
    // Halved with a wider window: weights 3/8, 3/8, 1/8 of entries 0, 1, 2 and the edge once more.
    let smooth = linear.with("antialias", int(1));
    let got = by_scale(&smooth, &f(&[4], &[8.0, 0.0, 0.0, 8.0]), &[0.5]);
    assert_close(&got, &[2], &[4.0, 4.0]);
}

#[test]
fn cubic_and_outside() {
    let cubic = node("Resize").with("mode", text("cubic"));
    // The place 0.25 of a half-pixel grid: with a = -0.75 its entries 1 and 2 (the edge once more) weigh
    // w(0.75) = 0.26171875 and w(1.75) = -0.03515625.
    let got = by_scale(&cubic, &f(&[2], &[0.0, 1.0]), &[2.0]);
    assert_close(&got, &[4], &[-0.105_468_75, 0.226_562_5, 0.773_437_5, 1.105_468_75]);
    let flat = by_scale(&cubic, &f(&[3], &[5.0; 3]), &[1.5]);
    assert_close(&flat, &[4], &[5.0; 4]);
    let crop = node("Resize")
        .with("mode", text("linear"))
        .with("coordinate_transformation_mode", text("tf_crop_and_resize"))
        .with("extrapolation_value", Attribute::Float(9.0));
    let region = f(&[2], &[0.5, 1.5]);
    let x = f(&[3], &[0.0, 2.0, 4.0]);
    let got = evaluate(&crop, &[Some(&x), Some(&region), None, Some(&i(&[1], &[3]))]).unwrap();
    assert_close(&got[0], &[3], &[2.0, 4.0, 9.0]);
}

#[test]
fn proportions_are_kept_where_asked() {
    let x = f(&[1, 1, 2, 4], &[0.0; 8]);
    let sized = |policy: &str| {
        let node = node("Resize").with("axes", ints(&[2, 3])).with("keep_aspect_ratio_policy", text(policy));
        by_size(&node, &x, &[4, 4]).shape().to_vec()
    };
    assert_eq!(sized("stretch"), [1, 1, 4, 4]);
    assert_eq!(sized("not_larger"), [1, 1, 2, 4]);
    assert_eq!(sized("not_smaller"), [1, 1, 4, 8]);
}

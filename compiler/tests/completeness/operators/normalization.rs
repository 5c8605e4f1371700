use crate::support::{assert_close, counting, f, int, ints, node, outputs, run};
use candor_compiler::graph::{Attribute, Node};

fn exact(operator: &str) -> Node {
    node(operator).with("epsilon", Attribute::Float(0.0))
}

#[test]
fn a_batch_uses_its_stored_moments() {
    let x = counting(&[1, 2, 2]);
    let [scale, bias, mean, variance] =
        [[1.0, 2.0], [0.5, 0.0], [0.0, 2.0], [1.0, 4.0]].map(|data| f(&[2], &data));
    let got = run(&exact("BatchNormalization"), &[&x, &scale, &bias, &mean, &variance]);
    assert_close(&got, &[1, 2, 2], &[0.5, 1.5, 0.0, 1.0]);
}

#[test]
fn a_layer_is_centred_and_gives_its_moments() {
    let x = f(&[2, 2], &[1.0, 3.0, -2.0, 2.0]);
    let layer = exact("LayerNormalization").with_outputs(3);
    let got = outputs(&layer, &[&x, &f(&[2], &[1.0, 10.0]), &f(&[2], &[0.0, 1.0])]);
    assert_close(&got[0], &[2, 2], &[-1.0, 11.0, -1.0, 11.0]);
    assert_close(&got[1], &[2, 1], &[2.0, 0.0]);
    assert_close(&got[2], &[2, 1], &[1.0, 0.5]);
    let whole = exact("LayerNormalization").with("axis", int(0));
    assert_close(&run(&whole, &[&f(&[2, 1], &[1.0, 3.0]), &f(&[2, 1], &[1.0, 1.0])]), &[2, 1], &[-1.0, 1.0]);
}

#[test]
fn a_root_mean_square_leaves_the_mean() {
    let rms = Node::new("RMSNormalization", 23).with("epsilon", Attribute::Float(0.0));
    assert_close(&run(&rms, &[&f(&[1, 2], &[1.0, 7.0]), &f(&[2], &[1.0, 2.0])]), &[1, 2], &[0.2, 2.8]);
}

#[test]
fn instances_and_groups_use_their_own_moments() {
    let x = f(&[1, 2, 2], &[1.0, 3.0, 2.0, 6.0]);
    let (scale, bias) = (f(&[2], &[1.0, 2.0]), f(&[2], &[0.0, 1.0]));
    let expected = [-1.0, 1.0, -1.0, 3.0];
    assert_close(&run(&exact("InstanceNormalization"), &[&x, &scale, &bias]), &[1, 2, 2], &expected);
    let groups = exact("GroupNormalization").with("num_groups", int(2));
    assert_close(&run(&groups, &[&x, &scale, &bias]), &[1, 2, 2], &expected);
    // One group: mean 3, variance 3.5.
    let one = exact("GroupNormalization").with("num_groups", int(1));
    let root = 3.5f64.sqrt();
    let got = run(&one, &[&x, &scale, &bias]);
    assert_close(&got, &[1, 2, 2], &[-2.0 / root, 0.0, 1.0 - 2.0 / root, 1.0 + 6.0 / root]);
}

#[test]
fn norms_along_an_axis() {
    let x = f(&[2, 2], &[3.0, 4.0, 0.0, 0.0]);
    assert_close(&run(&node("LpNormalization"), &[&x]), &[2, 2], &[0.6, 0.8, 0.0, 0.0]);
    let sum = node("LpNormalization").with("p", int(1)).with("axis", int(0));
    assert_close(&run(&sum, &[&f(&[2, 1], &[1.0, -3.0])]), &[2, 1], &[0.25, -0.75]);
    let moments = node("MeanVarianceNormalization").with("axes", ints(&[0]));
    let spread = 1.0 / (1.0 + 1e-9);
    assert_close(&run(&moments, &[&f(&[2], &[1.0, 3.0])]), &[2], &[-spread, spread]);
}

#[test]
fn neighbours_among_channels_divide() {
    // size 3, alpha 3, beta 1, bias 1: x / (1 + sum of squares of the neighbours).
    let local = node("LRN")
        .with("size", int(3))
        .with("alpha", Attribute::Float(3.0))
        .with("beta", Attribute::Float(1.0));
    assert_close(
        &run(&local, &[&f(&[1, 3, 1], &[1.0, 2.0, 3.0])]),
        &[1, 3, 1],
        &[1.0 / 6.0, 2.0 / 15.0, 3.0 / 14.0],
    );
}

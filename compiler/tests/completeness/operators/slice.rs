use crate::support::{assert_close, counting, i, int, ints, node, outputs, run};
use candor_compiler::graph::Node;

#[test]
fn parts_forwards_and_backwards() {
    let x = counting(&[2, 4]);
    let slice = |starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64]| {
        let inputs = [starts, ends, axes, steps].map(|list| i(&[list.len()], list));
        run(&node("Slice"), &[&x, &inputs[0], &inputs[1], &inputs[2], &inputs[3]])
    };
    assert_close(&slice(&[1], &[i64::MAX], &[-1], &[2]), &[2, 2], &[1.0, 3.0, 5.0, 7.0]);
    assert_close(&slice(&[-1], &[i64::MIN], &[1], &[-1]), &[2, 4], &[3.0, 2.0, 1.0, 0.0, 7.0, 6.0, 5.0, 4.0]);
    assert_close(&slice(&[1, -2], &[2, -1], &[0, 1], &[1, 1]), &[1, 1], &[6.0]);
    assert_close(&slice(&[3], &[1], &[1], &[1]), &[2, 0], &[]);
    assert_close(&slice(&[10], &[1], &[1], &[-3]), &[2, 1], &[3.0, 7.0]);
}

#[test]
fn old_slices_have_attributes() {
    let old = Node::new("Slice", 9).with("starts", ints(&[0, 1])).with("ends", ints(&[1, -1]));
    assert_close(&run(&old, &[&counting(&[2, 4])]), &[1, 2], &[1.0, 2.0]);
}

#[test]
fn splits_are_equal_or_as_told() {
    let x = counting(&[1, 5]);
    let along = |node: Node| node.with("axis", int(-1)).with_outputs(2);
    let got = outputs(&along(node("Split")), &[&x, &i(&[2], &[1, 4])]);
    assert_close(&got[0], &[1, 1], &[0.0]);
    assert_close(&got[1], &[1, 4], &[1.0, 2.0, 3.0, 4.0]);
    // The last part is smaller.
    let got = outputs(&along(node("Split").with("num_outputs", int(2))), &[&x]);
    assert_eq!([got[0].shape(), got[1].shape()], [[1, 3], [1, 2]]);
    let old = along(Node::new("Split", 11).with("split", ints(&[2, 3])));
    assert_close(&outputs(&old, &[&x])[0], &[1, 2], &[0.0, 1.0]);
}

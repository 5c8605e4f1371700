use crate::support::{assert_close, f, i, int, node, outputs, run};
use candor_compiler::graph::Node;

#[test]
fn ties_go_to_the_first_or_the_last() {
    let x = f(&[2, 3], &[1.0, 5.0, 5.0, 0.0, -1.0, -1.0]);
    let max = node("ArgMax").with("axis", int(-1));
    assert_eq!(run(&max, &[&x]), i(&[2, 1], &[1, 0]));
    assert_eq!(run(&max.with("select_last_index", int(1)), &[&x]), i(&[2, 1], &[2, 0]));
    let min = node("ArgMin").with("axis", int(1)).with("keepdims", int(0));
    assert_eq!(run(&min, &[&x]), i(&[2], &[0, 1]));
    assert_eq!(run(&node("ArgMax"), &[&x]), i(&[1, 3], &[0, 0, 0]));
}

#[test]
fn the_largest_or_smallest_come_in_order() {
    let x = f(&[1, 4], &[3.0, 1.0, 3.0, 2.0]);
    let got = outputs(&node("TopK").with_outputs(2), &[&x, &i(&[1], &[3])]);
    assert_close(&got[0], &[1, 3], &[3.0, 3.0, 2.0]);
    assert_eq!(got[1], i(&[1, 3], &[0, 2, 3]));
    let smallest = node("TopK").with("largest", int(0)).with("axis", int(0)).with_outputs(2);
    let got = outputs(&smallest, &[&i(&[3], &[5, -5, 0]), &i(&[1], &[2])]);
    assert_eq!(got, [i(&[2], &[-5, 0]), i(&[2], &[1, 2])]);
    let old = Node::new("TopK", 9).with("k", int(1)).with_outputs(2);
    assert_eq!(outputs(&old, &[&x])[1], i(&[1, 1], &[0]));
}

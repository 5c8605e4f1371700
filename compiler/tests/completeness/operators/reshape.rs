use crate::support::{counting, f, i, int, ints, node, run};
use candor_compiler::graph::Node;
use candor_compiler::tensor::Tensor;

fn shape(node: &Node, inputs: &[&Tensor]) -> Vec<usize> {
    let output = run(node, inputs);
    assert_eq!(output.as_floats(), inputs[0].as_floats());
    output.shape().to_vec()
}

#[test]
fn sizes_are_inferred_and_copied() {
    let x = counting(&[2, 3, 4]);
    assert_eq!(shape(&node("Reshape"), &[&x, &i(&[2], &[0, -1])]), [2, 12]);
    assert_eq!(shape(&node("Reshape"), &[&x, &i(&[1], &[24])]), [24]);
    let empty = f(&[0, 3], &[]);
    assert_eq!(shape(&node("Reshape").with("allowzero", int(1)), &[&empty, &i(&[2], &[5, 0])]), [5, 0]);
}

#[test]
fn flatten_takes_any_axis() {
    let x = counting(&[2, 3, 4]);
    for (axis, expected) in [(0, [1, 24]), (1, [2, 12]), (-1, [6, 4]), (3, [24, 1])] {
        assert_eq!(shape(&node("Flatten").with("axis", int(axis)), &[&x]), expected);
    }
}

#[test]
fn axes_of_one_come_and_go() {
    let x = counting(&[1, 3, 1]);
    assert_eq!(shape(&node("Squeeze"), &[&x]), [3]);
    assert_eq!(shape(&node("Squeeze"), &[&x, &i(&[1], &[-1])]), [1, 3]);
    assert_eq!(shape(&Node::new("Squeeze", 12).with("axes", ints(&[0])), &[&x]), [3, 1]);
    assert_eq!(shape(&node("Unsqueeze"), &[&counting(&[2]), &i(&[2], &[-1, 0])]), [1, 2, 1]);
    assert_eq!(shape(&Node::new("Unsqueeze", 12).with("axes", ints(&[1])), &[&counting(&[2])]), [2, 1]);
}

use crate::support::{assert_close, b, counting, f, i, int, ints, node, run};
use candor_compiler::graph::Node;

#[test]
fn every_function_on_the_last_axis() {
    let (x, axes) = (f(&[2, 2], &[3.0, -4.0, 1.0, 2.0]), i(&[1], &[-1]));
    let ln = f64::ln;
    for (operator, expected) in [
        ("ReduceSum", [-1.0, 3.0]),
        ("ReduceMean", [-0.5, 1.5]),
        ("ReduceMax", [3.0, 2.0]),
        ("ReduceMin", [-4.0, 1.0]),
        ("ReduceProd", [-12.0, 2.0]),
        ("ReduceL1", [7.0, 3.0]),
        ("ReduceL2", [5.0, 5.0f64.sqrt()]),
        ("ReduceSumSquare", [25.0, 5.0]),
        ("ReduceLogSum", [f64::NAN, ln(3.0)]),
        ("ReduceLogSumExp", [ln(3.0f64.exp() + (-4.0f64).exp()), ln(1.0f64.exp() + 2.0f64.exp())]),
    ] {
        assert_close(&run(&node(operator), &[&x, &axes]), &[2, 1], &expected);
    }
}

#[test]
fn axes_come_as_an_attribute_or_as_an_input() {
    let x = counting(&[2, 3]);
    let old = Node::new("ReduceSum", 12).with("axes", ints(&[0])).with("keepdims", int(0));
    assert_close(&run(&old, &[&x]), &[3], &[3.0, 5.0, 7.0]);
    let new = Node::new("ReduceSum", 13).with("keepdims", int(0));
    assert_close(&run(&new, &[&x, &i(&[1], &[0])]), &[3], &[3.0, 5.0, 7.0]);
    let mean = Node::new("ReduceMean", 17).with("axes", ints(&[-1]));
    assert_close(&run(&mean, &[&x]), &[2, 1], &[1.0, 4.0]);
    assert_close(&run(&Node::new("ReduceMean", 18), &[&x, &i(&[1], &[-1])]), &[2, 1], &[1.0, 4.0]);
}

#[test]
fn no_axes_mean_all_or_none() {
    let (x, none) = (counting(&[2, 2]), i(&[0], &[]));
    assert_close(&run(&node("ReduceSum"), &[&x, &none]), &[1, 1], &[6.0]);
    let noop = node("ReduceSum").with("noop_with_empty_axes", int(1));
    assert_close(&run(&noop, &[&x, &none]), &[2, 2], &[0.0, 1.0, 2.0, 3.0]);
    // Without axes the squares are still taken.
    let squares = node("ReduceSumSquare").with("noop_with_empty_axes", int(1));
    assert_close(&run(&squares, &[&x]), &[2, 2], &[0.0, 1.0, 4.0, 9.0]);
}

#[test]
fn empty_groups_and_other_types() {
    let empty = f(&[2, 0], &[]);
    let axes = i(&[1], &[1]);
    assert_close(&run(&node("ReduceSum"), &[&empty, &axes]), &[2, 1], &[0.0, 0.0]);
    assert_close(&run(&node("ReduceMax"), &[&empty, &axes]), &[2, 1], &[f64::NEG_INFINITY; 2]);
    assert_eq!(run(&node("ReduceMean"), &[&i(&[3], &[-1, -2, -4])]), i(&[1], &[-2]));
    assert_eq!(run(&node("ReduceMax"), &[&b(&[2], &[false, true])]), b(&[1], &[true]));
    assert_eq!(run(&node("ReduceMin"), &[&b(&[2], &[false, true])]), b(&[1], &[false]));
}

use crate::support::{assert_close, f, int, node, run};
use candor_compiler::graph::Node;

#[test]
fn one_axis_is_normalised() {
    let x = f(&[2, 2], &[0.0, 3.0f64.ln(), 1000.0, 1000.0]);
    assert_close(&run(&node("Softmax"), &[&x]), &[2, 2], &[0.25, 0.75, 0.5, 0.5]);
    // Entries beside which the logarithm of the sum is nothing.
    assert_close(&run(&node("Softmax"), &[&f(&[1, 2], &[1e30, 1e30])]), &[1, 2], &[0.5, 0.5]);
    let logs = [0.25f64.ln(), 0.75f64.ln(), 0.5f64.ln(), 0.5f64.ln()];
    assert_close(&run(&node("LogSoftmax"), &[&x]), &[2, 2], &logs);
    let columns = node("Softmax").with("axis", int(0));
    assert_close(&run(&columns, &[&f(&[2, 1], &[0.0, 3.0f64.ln()])]), &[2, 1], &[0.25, 0.75]);
}

#[test]
fn old_sets_normalise_all_axes_from_one_on() {
    let x = f(&[1, 2, 2], &[0.0; 4]);
    assert_close(&run(&Node::new("Softmax", 12), &[&x]), &[1, 2, 2], &[0.25; 4]);
    assert_close(&run(&Node::new("Softmax", 13), &[&x]), &[1, 2, 2], &[0.5; 4]);
}

#[test]
fn hardmax_marks_the_first_of_the_largest() {
    assert_close(&run(&node("Hardmax"), &[&f(&[1, 3], &[1.0, 5.0, 5.0])]), &[1, 3], &[0.0, 1.0, 0.0]);
}

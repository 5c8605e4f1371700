use crate::support::{assert_close, f, i, node, run};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::operator::evaluate;

#[test]
fn bounds_are_inputs_or_attributes_and_may_be_left_out() {
    let x = f(&[3], &[-2.0, 0.5, f64::NAN]);
    let (low, high) = (f(&[], &[-1.0]), f(&[], &[0.0]));
    assert_close(&run(&node("Clip"), &[&x, &low, &high]), &[3], &[-1.0, 0.0, f64::NAN]);
    let only_high = evaluate(&node("Clip"), &[Some(&x), None, Some(&high)]).unwrap();
    assert_close(&only_high[0], &[3], &[-2.0, 0.0, f64::NAN]);
    let old = Node::new("Clip", 9).with("min", Attribute::Float(-1.0));
    assert_close(&run(&old, &[&x]), &[3], &[-1.0, 0.5, f64::NAN]);
    // The upper bound wins.
    assert_close(&run(&node("Clip"), &[&x, &high, &low]), &[3], &[-1.0, -1.0, f64::NAN]);
    assert_eq!(run(&node("Clip"), &[&i(&[2], &[-5, 5]), &i(&[], &[-1])]), i(&[2], &[-1, 5]));
}

#[test]
fn slopes_broadcast_to_the_input() {
    let x = f(&[2, 2], &[-1.0, 2.0, -3.0, 4.0]);
    assert_close(&run(&node("PRelu"), &[&x, &f(&[2, 1], &[0.5, 0.1])]), &[2, 2], &[-0.5, 2.0, -0.3, 4.0]);
}

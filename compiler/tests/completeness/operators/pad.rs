use crate::support::{assert_close, b, f, i, ints, node, run, text};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::operator::evaluate;

#[test]
fn every_mode_fills_in_its_way() {
    let x = f(&[3], &[1.0, 2.0, 3.0]);
    for (mode, expected) in [
        ("constant", [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]),
        ("edge", [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]),
        ("reflect", [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]),
        ("wrap", [2.0, 3.0, 1.0, 2.0, 3.0, 1.0]),
    ] {
        let node = node("Pad").with("mode", text(mode));
        assert_close(&run(&node, &[&x, &i(&[2], &[2, 1])]), &[6], &expected);
    }
}

#[test]
fn axes_values_and_cuts() {
    let x = f(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let got = run(&node("Pad"), &[&x, &i(&[2], &[-1, 1]), &f(&[], &[9.0]), &i(&[1], &[-1])]);
    assert_close(&got, &[2, 2], &[2.0, 9.0, 4.0, 9.0]);
    let old = Node::new("Pad", 10).with("pads", ints(&[0, 1, 0, 0])).with("value", Attribute::Float(7.0));
    assert_close(&run(&old, &[&x]), &[2, 3], &[7.0, 1.0, 2.0, 7.0, 3.0, 4.0]);
    let without_value =
        evaluate(&node("Pad"), &[Some(&b(&[1], &[true])), Some(&i(&[2], &[0, 1])), None]).unwrap();
    assert_eq!(without_value, [b(&[2], &[true, false])]);
}

use crate::support::{assert_close, b, f, i, integers, node, run, text};
use candor_compiler::graph::Node;
use candor_compiler::tensor::ElementType;

#[test]
fn comparisons_with_nan_never_hold() {
    let (x, y) = (f(&[3], &[1.0, 2.0, f64::NAN]), f(&[], &[2.0]));
    for (operator, expected) in [
        ("Less", [true, false, false]),
        ("LessOrEqual", [true, true, false]),
        ("Greater", [false, false, false]),
        ("GreaterOrEqual", [false, true, false]),
        ("Equal", [false, true, false]),
    ] {
        assert_eq!(run(&node(operator), &[&x, &y]), b(&[3], &expected), "{operator}");
    }
    assert_eq!(run(&node("Equal"), &[&b(&[2], &[true, false]), &b(&[1], &[false])]), b(&[2], &[false, true]));
}

#[test]
fn truth_tables() {
    let (x, y) = (b(&[2, 1], &[true, false]), b(&[2], &[true, false]));
    assert_eq!(run(&node("And"), &[&x, &y]), b(&[2, 2], &[true, false, false, false]));
    assert_eq!(run(&node("Or"), &[&x, &y]), b(&[2, 2], &[true, true, true, false]));
    assert_eq!(run(&node("Xor"), &[&x, &y]), b(&[2, 2], &[false, true, true, false]));
    assert_eq!(run(&Node::new("Not", 1), &[&y]), b(&[2], &[false, true]));
}

#[test]
fn where_broadcasts_all_three() {
    let condition = b(&[2, 1], &[true, false]);
    let got = run(&node("Where"), &[&condition, &f(&[2], &[1.0, 2.0]), &f(&[], &[9.0])]);
    assert_close(&got, &[2, 2], &[1.0, 2.0, 9.0, 9.0]);
}

#[test]
fn bits_are_those_of_the_type() {
    let bytes = |data: &[i64]| integers(ElementType::Uint8, data);
    let run = |operator: &Node, left: &[i64], right: &[i64]| {
        run(operator, &[&bytes(left), &bytes(right)]).as_integers().unwrap().to_vec()
    };
    assert_eq!(run(&node("BitwiseXor"), &[0b1100], &[0b1010]), [0b0110]);
    assert_eq!(run(&node("BitwiseAnd"), &[0b1100], &[0b1010]), [0b1000]);
    assert_eq!(run(&node("BitwiseOr"), &[0b1100], &[0b1010]), [0b1110]);
    assert_eq!(run(&node("BitShift").with("direction", text("LEFT")), &[129, 1], &[1, 8]), [2, 0]);
    assert_eq!(run(&node("BitShift").with("direction", text("RIGHT")), &[129, 1], &[1, 200]), [64, 0]);
    let not = crate::support::run(&node("BitwiseNot"), &[&bytes(&[0, 255])]);
    assert_eq!(not.as_integers().unwrap(), [255, 0]);
    let signed = crate::support::run(&node("BitwiseNot"), &[&i(&[1], &[0])]);
    assert_eq!(signed, i(&[1], &[-1]));
}

use crate::support::{assert_close, b, counting, f, i, int, ints, node, run};
use candor_compiler::graph::{Attribute, Node};
use candor_compiler::tensor::Tensor;

#[test]
fn parts_of_a_shape() {
    let x = counting(&[2, 3, 4]);
    assert_eq!(run(&node("Shape"), &[&x]), i(&[3], &[2, 3, 4]));
    assert_eq!(run(&node("Shape").with("start", int(-2)), &[&x]), i(&[2], &[3, 4]));
    assert_eq!(run(&node("Shape").with("start", int(2)).with("end", int(1)), &[&x]), i(&[0], &[]));
    assert_eq!(run(&node("Size"), &[&x]), i(&[], &[24]));
}

#[test]
fn constants_of_every_kind() {
    let constant = |name: &str, value: Attribute| run(&Node::new("Constant", 13).with(name, value), &[]);
    assert_eq!(constant("value", Attribute::Tensor(b(&[1], &[true]))), b(&[1], &[true]));
    assert_eq!(constant("value_float", Attribute::Float(1.5)), f(&[], &[1.5]));
    assert_eq!(constant("value_floats", Attribute::Floats(vec![1.5])), f(&[1], &[1.5]));
    assert_eq!(constant("value_int", int(7)), i(&[], &[7]));
    assert_eq!(constant("value_ints", ints(&[7, 8])), i(&[2], &[7, 8]));
    assert_eq!(constant("value_string", Attribute::Text("a".into())).as_texts().unwrap(), ["a"]);
    assert_eq!(constant("value_strings", Attribute::Texts(vec!["b".into()])).shape(), [1]);
}

#[test]
fn filled_shapes_and_ranges() {
    let shape = i(&[2], &[1, 2]);
    assert_close(&run(&node("ConstantOfShape"), &[&shape]), &[1, 2], &[0.0, 0.0]);
    let ones = node("ConstantOfShape").with("value", Attribute::Tensor(i(&[1], &[1])));
    assert_eq!(run(&ones, &[&shape]), i(&[1, 2], &[1, 1]));
    let number = |value: i64| Tensor::integer(value);
    assert_eq!(run(&node("Range"), &[&number(5), &number(0), &number(-2)]), i(&[3], &[5, 3, 1]));
    assert_eq!(run(&node("Range"), &[&number(5), &number(0), &number(2)]), i(&[0], &[]));
    let got = run(&node("Range"), &[&f(&[], &[0.0]), &f(&[], &[1.0]), &f(&[], &[0.4])]);
    assert_close(&got, &[3], &[0.0, 0.4, 0.8]);
}

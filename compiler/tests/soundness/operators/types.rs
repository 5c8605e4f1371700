use crate::support::{b, counting, i, integers, node, refused, text};
use candor_compiler::graph::Node;
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{ElementType, Tensor};

fn wrong(node: &Node, inputs: &[&Tensor], index: usize, expected: &'static str) {
    let got = inputs[index].element_type().name().to_owned();
    let cause = Cause::ElementType { tensor: format!("input {index}"), got, expected };
    assert_eq!(refused(node, inputs), cause, "{}", node.operator);
}

#[test]
fn element_types_that_an_operator_does_not_have() {
    let (x, n, t) = (counting(&[1, 1]), i(&[1, 1], &[1]), b(&[1, 1], &[true]));
    for operator in ["Exp", "Softmax", "Erf", "GlobalAveragePool"] {
        wrong(&node(operator), &[&n], 0, "FLOAT");
    }
    for operator in ["Abs", "CumSum"] {
        wrong(&node(operator), &[&t, &i(&[], &[0])][..if operator == "Abs" { 1 } else { 2 }], 0, "FLOAT");
    }
    wrong(&node("Mean"), &[&n, &n], 0, "FLOAT");
    wrong(&node("Less"), &[&t, &t], 0, "FLOAT");
    wrong(&node("ReduceSum"), &[&t], 0, "FLOAT");
    wrong(&node("ArgMax"), &[&t], 0, "FLOAT");
    wrong(&node("Clip"), &[&t], 0, "FLOAT");
    wrong(&node("MatMul"), &[&t, &t], 0, "FLOAT");
    wrong(&node("Not"), &[&x], 0, "BOOL");
    wrong(&node("And"), &[&t, &x], 1, "BOOL");
    wrong(&node("BitwiseAnd"), &[&x, &x], 0, "INT64");
    wrong(&node("BitShift").with("direction", text("LEFT")), &[&x, &x], 0, "INT64");
    wrong(&node("Gather"), &[&x, &x], 1, "INT64");
    wrong(&node("Reshape"), &[&x, &x], 1, "INT64");
    wrong(&node("Compress"), &[&x, &x], 1, "BOOL");
    let scatter = node("ScatterElements").with("reduction", text("add"));
    wrong(&scatter, &[&t, &i(&[1, 1], &[0]), &t], 2, "BOOL");
}

#[test]
fn operands_are_of_one_type() {
    let (x, n) = (counting(&[1]), i(&[1], &[1]));
    for operator in ["Add", "Less", "Max", "MatMul", "PRelu"] {
        wrong(&node(operator), &[&x, &n], 1, "FLOAT");
    }
    wrong(&node("Where"), &[&b(&[1], &[true]), &x, &n], 2, "FLOAT");
    wrong(&node("Concat").with("axis", crate::support::int(0)), &[&x, &n], 1, "FLOAT");
    wrong(&node("Clip"), &[&x, &n], 1, "FLOAT");
    wrong(&node("ScatterND"), &[&x, &i(&[1, 1], &[0]), &n], 2, "FLOAT");
    wrong(&node("BitwiseOr"), &[&n, &integers(ElementType::Int8, &[1])], 1, "INT64");
    wrong(&node("Pad"), &[&x, &i(&[2], &[1, 1]), &n], 2, "FLOAT");
}

use crate::support::{assert_close, f, i, int, integers, node, outputs, run};
use candor_compiler::tensor::{Data, ElementType};

#[test]
fn two_tensors_broadcast_to_each_other() {
    let (column, row) = (f(&[2, 1], &[1.0, 2.0]), f(&[3], &[10.0, 20.0, 30.0]));
    assert_close(&run(&node("Add"), &[&column, &row]), &[2, 3], &[11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
    assert_close(&run(&node("Sub"), &[&column, &row]), &[2, 3], &[-9.0, -19.0, -29.0, -8.0, -18.0, -28.0]);
    assert_close(&run(&node("Div"), &[&row, &column]), &[2, 3], &[10.0, 20.0, 30.0, 5.0, 10.0, 15.0]);
}

#[test]
fn integers_wrap_and_divide_towards_zero() {
    let bytes = |data: &[i64]| integers(ElementType::Int8, data);
    let run = |operator: &str, left: &[i64], right: &[i64]| {
        run(&node(operator), &[&bytes(left), &bytes(right)]).as_integers().unwrap().to_vec()
    };
    assert_eq!(run("Add", &[127, -128], &[1, -1]), [-128, 127]);
    assert_eq!(run("Mul", &[16, 100], &[16, 2]), [0, -56]);
    assert_eq!(run("Div", &[-7, 7], &[2, -2]), [-3, -3]);
    // ONNX leaves division by zero open.
    assert_eq!(run("Div", &[5], &[0]), [0]);
}

#[test]
fn the_remainder_has_the_sign_of_the_divisor_or_of_the_dividend() {
    let (left, right) = (i(&[4], &[7, -7, 7, -7]), i(&[4], &[3, 3, -3, -3]));
    assert_eq!(run(&node("Mod"), &[&left, &right]), i(&[4], &[1, 2, -2, -1]));
    let truncated = node("Mod").with("fmod", int(1));
    assert_eq!(run(&truncated, &[&left, &right]), i(&[4], &[1, -1, 1, -1]));
    assert_close(&run(&truncated, &[&f(&[1], &[-5.5]), &f(&[1], &[2.0])]), &[1], &[-1.5]);
}

#[test]
fn powers_have_the_type_of_the_base() {
    let base = f(&[3], &[4.0, 9.0, 2.0]);
    assert_close(&run(&node("Pow"), &[&base, &f(&[], &[0.5])]), &[3], &[2.0, 3.0, 2.0f64.sqrt()]);
    assert_close(&run(&node("Pow"), &[&base, &i(&[3], &[2, 1, -1])]), &[3], &[16.0, 9.0, 0.5]);
    let bytes = integers(ElementType::Int8, &[2, 2, -1, 3]);
    assert_eq!(
        run(&node("Pow"), &[&bytes, &i(&[4], &[6, 7, 3, -1])]).as_integers().unwrap(),
        [64, -128, -1, 0]
    );
}

#[test]
fn any_number_of_tensors_is_joined() {
    let (a, b, c) = (f(&[2], &[1.0, 8.0]), f(&[1], &[4.0]), f(&[2], &[2.0, f64::NAN]));
    assert_close(&run(&node("Max"), &[&a, &b, &c]), &[2], &[4.0, f64::NAN]);
    assert_close(&run(&node("Min"), &[&a, &b, &c]), &[2], &[1.0, f64::NAN]);
    assert_close(&run(&node("Sum"), &[&a, &b]), &[2], &[5.0, 12.0]);
    assert_close(&run(&node("Mean"), &[&a, &b]), &[2], &[2.5, 6.0]);
    assert_eq!(run(&node("Max"), &[&i(&[2], &[1, 9])]), i(&[2], &[1, 9]));
}

#[test]
fn floats_of_16_bits_are_rounded() {
    let half = |data: &[f64]| {
        candor_compiler::tensor::Tensor::new(
            ElementType::Float16,
            vec![data.len()],
            Data::Float(data.to_vec()),
        )
        .unwrap()
    };
    let sum = outputs(&node("Add"), &[&half(&[2048.0]), &half(&[1.0])]).remove(0);
    assert_eq!(sum.as_floats().unwrap(), [2048.0]);
}

use crate::support::{assert_close, b, f, i, int, node, run};
use candor_compiler::tensor::{Data, ElementType, Tensor};

fn cast(input: &Tensor, to: ElementType) -> Tensor {
    run(&node("Cast").with("to", int(to.code())), &[input])
}

#[test]
fn floats_are_cut_and_wrap() {
    let floats = f(&[5], &[2.9, -2.9, 300.0, -1.0, f64::NAN]);
    assert_eq!(cast(&floats, ElementType::Int64).as_integers().unwrap(), [2, -2, 300, -1, 0]);
    assert_eq!(cast(&floats, ElementType::Uint8).as_integers().unwrap(), [2, 254, 44, 255, 0]);
    assert_eq!(cast(&floats, ElementType::Bool).as_bools().unwrap(), [true; 5]);
}

#[test]
fn floats_are_rounded_to_the_new_width() {
    let tenth = Tensor::new(ElementType::Double, vec![1], Data::Float(vec![0.1])).unwrap();
    assert_eq!(cast(&tenth, ElementType::Float).as_floats().unwrap(), [f64::from(0.1f32)]);
    assert_eq!(cast(&f(&[1], &[70_000.0]), ElementType::Float16).as_floats().unwrap(), [f64::INFINITY]);
}

#[test]
fn integers_booleans_and_texts_become_numbers() {
    assert_eq!(cast(&i(&[2], &[-1, 256]), ElementType::Uint8).as_integers().unwrap(), [255, 0]);
    assert_close(&cast(&b(&[2], &[true, false]), ElementType::Float), &[2], &[1.0, 0.0]);
    let texts =
        Tensor::new(ElementType::Text, vec![2], Data::Text(vec!["1.5".into(), "-inf".into()])).unwrap();
    assert_close(&cast(&texts, ElementType::Float), &[2], &[1.5, f64::NEG_INFINITY]);
    let like = run(&node("CastLike"), &[&f(&[1], &[3.7]), &i(&[0], &[])]);
    assert_eq!(like, i(&[1], &[3]));
}

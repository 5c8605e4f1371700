use crate::support::{b, counting, f, i, int, ints, node, refused};
use candor_compiler::onnx::Cause;
use candor_compiler::tensor::{Data, ElementType, Tensor};

#[test]
fn axes_end_at_the_rank() {
    let x = counting(&[1, 2]);
    let axis = |got: i64, rank: usize| Cause::Axis { tensor: "input 0".into(), got, rank };
    for got in [2, -3, i64::MIN, i64::MAX] {
        assert_eq!(refused(&node("Softmax").with("axis", int(got)), &[&x]), axis(got, 2));
        assert_eq!(refused(&node("ReduceSum"), &[&x, &i(&[1], &[got])]), axis(got, 2));
        assert_eq!(refused(&node("Unsqueeze"), &[&counting(&[2]), &i(&[1], &[got])]), axis(got, 2));
    }
    for got in [-2, 1] {
        assert!(
            candor_compiler::operator::evaluate(&node("Softmax").with("axis", int(got)), &[Some(&x)]).is_ok()
        );
    }
    assert_eq!(refused(&node("ReduceSum"), &[&x, &i(&[2], &[1, -1])]), axis(-1, 2));
    assert_eq!(refused(&node("Transpose").with("perm", ints(&[0, 0])), &[&x]), axis(0, 2));
    assert_eq!(refused(&node("Flatten").with("axis", int(3)), &[&x]), axis(3, 2));
}

#[test]
fn indices_end_at_the_size() {
    let x = counting(&[2]);
    for got in [2, -3, i64::MIN, i64::MAX] {
        let index = Cause::Index { tensor: "input 1".into(), got, size: 2 };
        assert_eq!(refused(&node("Gather"), &[&x, &i(&[1], &[got])]), index);
        assert_eq!(refused(&node("GatherElements"), &[&x, &i(&[1], &[got])]), index);
        assert_eq!(refused(&node("GatherND"), &[&x, &i(&[1], &[got])]), index);
        assert_eq!(refused(&node("ScatterElements"), &[&x, &i(&[1], &[got]), &counting(&[1])]), index);
        assert_eq!(refused(&node("ScatterND"), &[&x, &i(&[1, 1], &[got]), &counting(&[1])]), index);
    }
}

#[test]
fn numbers_that_make_no_sense() {
    let value = |tensor: &str, got: &str| Cause::Value { tensor: tensor.into(), got: got.into() };
    let x = counting(&[3]);
    let one = i(&[1], &[1]);
    let steps = [&x, &one, &one, &i(&[1], &[0]), &i(&[1], &[0])];
    assert_eq!(refused(&node("Slice"), &steps), value("input 4", "a step of 0"));
    for count in [4, -1] {
        let got = refused(&node("TopK").with_outputs(2), &[&x, &i(&[1], &[count])]);
        assert_eq!(got, value("k", &count.to_string()));
    }
    let zero = Tensor::integer(0);
    assert_eq!(refused(&node("Range"), &[&zero, &zero, &zero]), value("input 2", "a step of 0"));
    let (start, never) = (f(&[], &[0.0]), f(&[], &[0.0]));
    let got = refused(&node("Range"), &[&start, &f(&[], &[1.0]), &never]);
    assert_eq!(got, value("input 2", "a step that never arrives"));
    let training = [&x, &f(&[], &[0.5]), &b(&[], &[true])];
    assert_eq!(refused(&node("Dropout"), &training), value("input 2", "true (training)"));
    let texts = Tensor::new(ElementType::Text, vec![1], Data::Text(vec!["many".into()])).unwrap();
    assert_eq!(refused(&node("Cast").with("to", int(1)), &[&texts]), value("input 0", "many"));
    let both = [&x, &f(&[0], &[]), &f(&[1], &[1.0]), &i(&[1], &[3])];
    assert_eq!(refused(&node("Resize"), &both), value("input 0", "neither or both of scales and sizes"));
    for border in [(1 << 26) + 1, -(1 << 26) - 1, i64::MIN, i64::MAX] {
        let got = refused(&node("Pad"), &[&x, &i(&[2], &[border, 0])]);
        assert_eq!(got, value("pads", &border.to_string()));
    }
}

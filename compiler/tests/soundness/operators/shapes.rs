use crate::support::{b, counting, f, i, int, ints, node, refused};
use candor_compiler::graph::Node;
use candor_compiler::onnx::{Cause, ELEMENTS};
use candor_compiler::operator::evaluate;
use candor_compiler::tensor::Tensor;

fn shape(node: &Node, inputs: &[&Tensor], index: usize) {
    match refused(node, inputs) {
        Cause::Shape { tensor, got, expected } => {
            assert_eq!(tensor, format!("input {index}"), "{}", node.operator);
            assert_eq!(got, inputs[index].shape());
            assert!(!expected.is_empty());
        }
        other => panic!("{}: {other:?}", node.operator),
    }
}

#[test]
fn shapes_that_do_not_go_together() {
    let (two, three, square) = (counting(&[2]), counting(&[3]), counting(&[2, 2]));
    for operator in ["Add", "Pow", "Less", "Max"] {
        shape(&node(operator), &[&two, &three], 1);
    }
    shape(&node("And"), &[&b(&[2], &[true; 2]), &b(&[3], &[true; 3])], 1);
    shape(&node("Where"), &[&b(&[3], &[true; 3]), &two, &two], 0);
    shape(&node("Where"), &[&b(&[1], &[true]), &two, &three], 2);
    shape(&node("MatMul"), &[&square, &three], 1);
    shape(&node("MatMul"), &[&f(&[], &[1.0]), &three], 0);
    shape(&node("MatMul"), &[&counting(&[2, 1, 1]), &counting(&[3, 1, 1])], 1);
    shape(&node("Gemm"), &[&two, &square], 0);
    shape(&node("Gemm"), &[&square, &counting(&[3, 2])], 1);
    shape(&node("Gemm"), &[&square, &square, &three], 2);
    shape(&node("Concat").with("axis", int(0)), &[&square, &two], 1);
    shape(&node("Squeeze"), &[&two, &i(&[1], &[0])], 0);
    shape(&node("Expand"), &[&two, &i(&[1], &[3])], 0);
    shape(&node("Tile"), &[&two, &i(&[2], &[1, 1])], 1);
    shape(&node("Slice"), &[&two, &i(&[1], &[0]), &i(&[2], &[1, 1])], 1);
    shape(&node("Split").with_outputs(2), &[&two, &i(&[2], &[1, 2])], 0);
    shape(&node("Clip"), &[&two, &two], 1);
    shape(&node("PRelu"), &[&two, &square], 1);
    shape(&node("GatherElements"), &[&two, &i(&[1, 1], &[0])], 1);
    shape(&node("GatherND"), &[&two, &i(&[1, 2], &[0, 0])], 1);
    shape(&node("ScatterND"), &[&two, &i(&[1, 1], &[0]), &two], 2);
    shape(&node("ScatterElements"), &[&two, &i(&[1], &[0]), &two], 2);
    shape(&node("Pad"), &[&two, &i(&[1], &[1])], 1);
    shape(&node("Pad"), &[&two, &i(&[2], &[1, 1]), &two], 2);
    shape(&node("OneHot"), &[&i(&[1], &[0]), &i(&[1], &[0]), &two], 1);
    shape(&node("OneHot"), &[&i(&[1], &[0]), &i(&[1], &[2]), &three], 2);
    shape(&node("Trilu"), &[&two], 0);
    shape(&node("EyeLike"), &[&two], 0);
    shape(&node("CumSum"), &[&two, &i(&[2], &[0, 0])], 1);
    shape(&node("Compress"), &[&two, &b(&[3], &[true; 3])], 1);
    shape(&node("ArgMax"), &[&f(&[0], &[])], 0);
    shape(&node("Range"), &[&two, &two, &two], 0);
    shape(&node("DepthToSpace").with("blocksize", int(2)), &[&counting(&[1, 3, 1, 1])], 0);
    shape(&node("DepthToSpace").with("blocksize", int(2)), &[&two], 0);
}

#[test]
fn shapes_of_images_and_their_weights() {
    let x = counting(&[1, 2, 4]);
    let w = counting(&[1, 2, 2]);
    shape(&node("Conv"), &[&counting(&[2]), &w], 0);
    shape(&node("Conv"), &[&x, &counting(&[1, 3, 2])], 1);
    shape(&node("Conv"), &[&x, &counting(&[1, 2, 2, 2])], 1);
    shape(&node("Conv"), &[&x, &counting(&[1, 2, 5])], 0);
    shape(&node("Conv"), &[&x, &w, &counting(&[2])], 2);
    shape(&node("Conv").with("kernel_shape", ints(&[3])), &[&x, &w], 1);
    shape(&node("ConvTranspose"), &[&x, &counting(&[3, 1, 2])], 1);
    shape(&node("ConvTranspose").with("pads", ints(&[9, 9])), &[&x, &counting(&[2, 1, 2])], 0);
    shape(&node("MaxPool").with("kernel_shape", ints(&[2, 2])), &[&x], 0);
    shape(&node("MaxPool").with("kernel_shape", ints(&[5])), &[&x], 0);
    shape(&node("GlobalMaxPool"), &[&counting(&[3])], 0);
    shape(&node("GlobalMaxPool"), &[&f(&[1, 1, 0], &[])], 0);
    let one = f(&[1], &[1.0]);
    shape(&node("InstanceNormalization"), &[&x, &one, &one], 1);
    shape(&node("LayerNormalization"), &[&x, &counting(&[3])], 1);
    shape(&node("Resize"), &[&x, &f(&[0], &[]), &f(&[1], &[2.0])], 2);
    shape(&node("Resize"), &[&x, &f(&[0], &[]), &f(&[3], &[1.0, 0.0, 1.0])], 2);
    shape(&node("Resize"), &[&x, &f(&[0], &[]), &f(&[0], &[]), &i(&[3], &[1, 0, 1])], 3);
    shape(&node("Resize"), &[&x, &f(&[1], &[1.0]), &f(&[3], &[1.0; 3])], 1);
}

#[test]
fn reshapes_that_change_the_number_of_elements() {
    let x = counting(&[2, 3]);
    for to in
        [vec![4], vec![-1, 4], vec![-1, -1], vec![0, 0, 0], vec![-2, 3], vec![i64::MAX, i64::MAX], vec![1; 9]]
    {
        let cause = Cause::Reshape { tensor: "input 0".into(), from: vec![2, 3], to: to.clone() };
        assert_eq!(refused(&node("Reshape"), &[&x, &i(&[to.len()], &to)]), cause);
    }
    let rank = Cause::Rank { tensor: "input 0".into(), got: 9, limit: 8 };
    assert_eq!(refused(&node("Unsqueeze"), &[&counting(&[1; 8]), &i(&[1], &[0])]), rank);
    assert!(evaluate(&node("Unsqueeze"), &[Some(&counting(&[1; 7])), Some(&i(&[1], &[0]))]).is_ok());
    let dimension = Cause::Dimension { tensor: "input 0".into(), got: -1 };
    assert_eq!(refused(&node("ConstantOfShape"), &[&i(&[1], &[-1])]), dimension);
    assert_eq!(refused(&node("Pad"), &[&counting(&[1]), &i(&[2], &[-1, -1])]), dimension);
}

#[test]
fn nothing_larger_than_the_limit_is_allocated() {
    let elements = Cause::Elements { tensor: "output".into(), limit: ELEMENTS };
    let filled =
        node("ConstantOfShape").with("value", candor_compiler::graph::Attribute::Tensor(b(&[1], &[true])));
    let size = ELEMENTS as i64;
    assert_eq!(refused(&filled, &[&i(&[1], &[size + 1])]), elements);
    assert_eq!(refused(&filled, &[&i(&[2], &[1 << 40, 1 << 40])]), elements);
    assert_eq!(evaluate(&filled, &[Some(&i(&[1], &[size]))]).unwrap()[0].elements() as u64, ELEMENTS);
    let x = counting(&[2, 1]);
    assert_eq!(refused(&node("Expand"), &[&x, &i(&[2], &[1, size])]), elements);
    assert_eq!(refused(&node("Tile"), &[&x, &i(&[2], &[size, size])]), elements);
    assert_eq!(refused(&node("Pad"), &[&x, &i(&[4], &[size, 0, 0, 0])]), elements);
    assert_eq!(refused(&node("OneHot"), &[&i(&[1], &[0]), &i(&[1], &[size + 1]), &counting(&[2])]), elements);
    let number = Tensor::integer;
    assert_eq!(refused(&node("Range"), &[&number(0), &number(i64::MAX), &number(1)]), elements);
    let (column, row) = (f(&[1 << 14, 1], &[0.0; 1 << 14]), f(&[1, 1 << 13], &[0.0; 1 << 13]));
    assert_eq!(refused(&node("MatMul"), &[&column, &row]), elements);
    let scales = f(&[2], &[1e8, 1.0]);
    assert_eq!(refused(&node("Resize"), &[&x, &f(&[0], &[]), &scales]), elements);
}

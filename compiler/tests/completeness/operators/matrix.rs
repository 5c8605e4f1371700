use crate::support::{assert_close, counting, f, i, int, node, run};
use candor_compiler::graph::Attribute;

#[test]
fn products_of_any_rank() {
    let (a, c) = (counting(&[2, 2]), f(&[2, 1], &[1.0, 10.0]));
    assert_close(&run(&node("MatMul"), &[&a, &c]), &[2, 1], &[10.0, 32.0]);
    let vector = f(&[2], &[1.0, 10.0]);
    assert_close(&run(&node("MatMul"), &[&a, &vector]), &[2], &[10.0, 32.0]);
    assert_close(&run(&node("MatMul"), &[&vector, &a]), &[2], &[20.0, 31.0]);
    assert_close(&run(&node("MatMul"), &[&vector, &vector]), &[], &[101.0]);
    // The axes before the last two broadcast: [2, 1, 1, 2] with [3, 2, 1].
    let got =
        run(&node("MatMul"), &[&counting(&[2, 1, 1, 2]), &f(&[3, 2, 1], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])]);
    assert_close(&got, &[2, 3, 1, 1], &[0.0, 1.0, 1.0, 2.0, 3.0, 5.0]);
    assert_eq!(run(&node("MatMul"), &[&i(&[1, 2], &[3, 4]), &i(&[2, 1], &[5, 6])]), i(&[1, 1], &[39]));
}

#[test]
fn gemm_transposes_scales_and_adds() {
    let (a, c) = (f(&[2, 1], &[1.0, 2.0]), f(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]));
    let gemm = node("Gemm")
        .with("transA", int(1))
        .with("transB", int(1))
        .with("alpha", Attribute::Float(2.0))
        .with("beta", Attribute::Float(0.5));
    assert_close(&run(&gemm, &[&a, &c, &f(&[3], &[1.0, 2.0, 4.0])]), &[1, 3], &[2.5, 5.0, 8.0]);
    assert_close(
        &run(&node("Gemm"), &[&a, &f(&[1, 2], &[3.0, 4.0]), &f(&[2, 1], &[1.0, 2.0])]),
        &[2, 2],
        &[4.0, 5.0, 8.0, 10.0],
    );
}

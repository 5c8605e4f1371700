use crate::support::{assert_close, b, counting, f, i, int, node, run};
use candor_compiler::tensor::ElementType;

#[test]
fn one_of_many() {
    let (off_on, depth) = (f(&[2], &[-1.0, 1.0]), i(&[], &[3]));
    let got = run(&node("OneHot"), &[&i(&[3], &[0, -1, 7]), &depth, &off_on]);
    assert_close(&got, &[3, 3], &[1.0, -1.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0]);
    let first = node("OneHot").with("axis", int(0));
    let got = run(&first, &[&i(&[2], &[2, 0]), &depth, &i(&[2], &[0, 5])]);
    assert_eq!(got, i(&[3, 2], &[0, 5, 0, 0, 5, 0]));
}

#[test]
fn triangles_on_either_side() {
    let x = counting(&[1, 2, 3]);
    assert_close(&run(&node("Trilu"), &[&x]), &[1, 2, 3], &[0.0, 1.0, 2.0, 0.0, 4.0, 5.0]);
    let lower = node("Trilu").with("upper", int(0));
    assert_close(&run(&lower, &[&x, &i(&[], &[-1])]), &[1, 2, 3], &[0.0, 0.0, 0.0, 3.0, 0.0, 0.0]);
    assert_eq!(
        run(&node("Trilu"), &[&b(&[2, 2], &[true; 4]), &i(&[], &[1])]),
        b(&[2, 2], &[false, true, false, false])
    );
}

#[test]
fn a_diagonal_of_ones() {
    let node = node("EyeLike").with("k", int(1)).with("dtype", int(ElementType::Int64.code()));
    assert_eq!(run(&node, &[&counting(&[2, 3])]), i(&[2, 3], &[0, 1, 0, 0, 0, 1]));
}

use crate::support::{assert_close, counting, f, i, node, run, text};
use candor_compiler::graph::Node;

fn einsum(equation: &str) -> Node {
    node("Einsum").with("equation", text(equation))
}

#[test]
fn the_usual_patterns() {
    let (a, c) = (counting(&[2, 2]), f(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
    assert_close(&run(&einsum("ij,jk->ik"), &[&a, &c]), &[2, 2], &[3.0, 4.0, 11.0, 16.0]);
    assert_close(&run(&einsum("ij,jk"), &[&a, &c]), &[2, 2], &[3.0, 4.0, 11.0, 16.0]);
    assert_close(&run(&einsum("ij->ji"), &[&a]), &[2, 2], &[0.0, 2.0, 1.0, 3.0]);
    assert_close(&run(&einsum("ii->i"), &[&a]), &[2], &[0.0, 3.0]);
    assert_close(&run(&einsum(" ij -> "), &[&a]), &[], &[6.0]);
    assert_close(
        &run(&einsum("i,j->ij"), &[&f(&[2], &[1.0, 2.0]), &f(&[2], &[3.0, 4.0])]),
        &[2, 2],
        &[3.0, 4.0, 6.0, 8.0],
    );
    assert_eq!(run(&einsum("i,i->"), &[&i(&[2], &[2, 3]), &i(&[2], &[5, 7])]), i(&[], &[31]));
}

#[test]
fn an_ellipsis_broadcasts() {
    let (a, c) = (counting(&[2, 1, 2]), f(&[2, 1], &[1.0, 10.0]));
    assert_close(&run(&einsum("...ij,...jk->...ik"), &[&a, &c]), &[2, 1, 1], &[10.0, 32.0]);
    assert_close(&run(&einsum("...i->..."), &[&a]), &[2, 1], &[1.0, 5.0]);
}

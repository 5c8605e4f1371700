use crate::support::{assert_close, counting, f, i, int, node, run};
use candor_compiler::graph::Node;

#[test]
fn sums_run_along_an_axis_both_ways() {
    let (x, axis) = (counting(&[2, 3]), i(&[], &[-1]));
    assert_close(&run(&node("CumSum"), &[&x, &axis]), &[2, 3], &[0.0, 1.0, 3.0, 3.0, 7.0, 12.0]);
    let back = node("CumSum").with("reverse", int(1)).with("exclusive", int(1));
    assert_close(&run(&back, &[&x, &axis]), &[2, 3], &[3.0, 2.0, 0.0, 9.0, 5.0, 0.0]);
    assert_eq!(run(&node("CumSum"), &[&i(&[2, 1], &[1, 2]), &i(&[1], &[0])]), i(&[2, 1], &[1, 3]));
}

#[test]
fn products_begin_with_one() {
    let node = Node::new("CumProd", 26).with("exclusive", int(1));
    assert_close(&run(&node, &[&f(&[3], &[2.0, 3.0, 4.0]), &i(&[], &[0])]), &[3], &[1.0, 2.0, 6.0]);
}

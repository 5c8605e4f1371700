use crate::support::{assert_close, counting, f, i, int, node, run, text};
use candor_compiler::graph::Node;

#[test]
fn updates_land_at_their_indices() {
    let x = counting(&[2, 2]);
    let rows = node("ScatterElements").with("axis", int(1));
    let (indices, updates) = (i(&[2, 1], &[1, -2]), f(&[2, 1], &[10.0, 20.0]));
    assert_close(&run(&rows, &[&x, &indices, &updates]), &[2, 2], &[0.0, 10.0, 20.0, 3.0]);
    let old = Node::new("Scatter", 9).with("axis", int(1));
    assert_close(&run(&old, &[&x, &indices, &updates]), &[2, 2], &[0.0, 10.0, 20.0, 3.0]);
}

#[test]
fn reductions_join_in_order() {
    let (x, indices) = (f(&[2], &[3.0, 5.0]), i(&[3], &[0, 0, 1]));
    let updates = f(&[3], &[4.0, 2.0, 1.0]);
    for (reduction, expected) in [
        ("none", [2.0, 1.0]),
        ("add", [9.0, 6.0]),
        ("mul", [24.0, 5.0]),
        ("max", [4.0, 5.0]),
        ("min", [2.0, 1.0]),
    ] {
        let node = node("ScatterElements").with("reduction", text(reduction));
        assert_close(&run(&node, &[&x, &indices, &updates]), &[2], &expected);
    }
}

#[test]
fn tuples_of_indices_take_slices() {
    let x = counting(&[2, 2]);
    let got = run(&node("ScatterND"), &[&x, &i(&[1, 1], &[1]), &f(&[1, 2], &[8.0, 9.0])]);
    assert_close(&got, &[2, 2], &[0.0, 1.0, 8.0, 9.0]);
    let got = run(&node("ScatterND"), &[&i(&[3], &[0, 0, 0]), &i(&[2, 1], &[2, 0]), &i(&[2], &[7, 8])]);
    assert_eq!(got, i(&[3], &[8, 0, 7]));
}

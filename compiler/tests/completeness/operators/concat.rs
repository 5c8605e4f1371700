use crate::support::{assert_close, b, counting, f, i, int, node, run};

#[test]
fn tensors_are_joined_along_any_axis() {
    let (a, c) = (f(&[2, 1], &[1.0, 2.0]), f(&[2, 2], &[3.0, 4.0, 5.0, 6.0]));
    let along = |axis: i64| node("Concat").with("axis", int(axis));
    assert_close(&run(&along(-1), &[&a, &c]), &[2, 3], &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    assert_close(&run(&along(0), &[&c, &c]), &[4, 2], &[3.0, 4.0, 5.0, 6.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(run(&along(0), &[&b(&[1], &[true]), &b(&[0], &[])]), b(&[1], &[true]));
}

#[test]
fn expand_broadcasts_in_both_directions() {
    let column = f(&[2, 1], &[1.0, 2.0]);
    assert_close(&run(&node("Expand"), &[&column, &i(&[1], &[2])]), &[2, 2], &[1.0, 1.0, 2.0, 2.0]);
    assert_close(&run(&node("Expand"), &[&column, &i(&[2], &[1, 1])]), &[2, 1], &[1.0, 2.0]);
}

#[test]
fn tile_repeats_whole_axes() {
    let x = counting(&[1, 2]);
    assert_close(
        &run(&node("Tile"), &[&x, &i(&[2], &[2, 2])]),
        &[2, 4],
        &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    );
    assert_close(&run(&node("Tile"), &[&x, &i(&[2], &[0, 1])]), &[0, 2], &[]);
}

use crate::support::{assert_close, counting, f, i, int, node, run};

#[test]
fn slices_are_taken_along_an_axis() {
    let x = counting(&[3, 2]);
    assert_close(&run(&node("Gather"), &[&x, &i(&[2], &[2, -3])]), &[2, 2], &[4.0, 5.0, 0.0, 1.0]);
    let scalar = run(&node("Gather").with("axis", int(-1)), &[&x, &i(&[], &[1])]);
    assert_close(&scalar, &[3], &[1.0, 3.0, 5.0]);
}

#[test]
fn elements_keep_their_own_place_on_other_axes() {
    let x = f(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let node = node("GatherElements").with("axis", int(1));
    assert_close(&run(&node, &[&x, &i(&[2, 2], &[0, 0, -1, 0])]), &[2, 2], &[1.0, 1.0, 4.0, 3.0]);
}

#[test]
fn tuples_of_indices_pick_entries_or_slices() {
    let x = counting(&[2, 2]);
    assert_close(&run(&node("GatherND"), &[&x, &i(&[2, 2], &[0, 0, 1, 1])]), &[2], &[0.0, 3.0]);
    assert_close(&run(&node("GatherND"), &[&x, &i(&[1, 1], &[-1])]), &[1, 2], &[2.0, 3.0]);
    let batched = node("GatherND").with("batch_dims", int(1));
    assert_close(&run(&batched, &[&x, &i(&[2, 1], &[1, 0])]), &[2], &[1.0, 2.0]);
}

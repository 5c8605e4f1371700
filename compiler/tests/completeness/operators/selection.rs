use crate::support::{assert_close, b, counting, f, i, int, node, run};

#[test]
fn indices_of_what_is_not_zero() {
    let x = f(&[2, 2], &[0.0, 1.0, 2.0, 0.0]);
    assert_eq!(run(&node("NonZero"), &[&x]), i(&[2, 2], &[0, 1, 1, 0]));
    assert_eq!(run(&node("NonZero"), &[&b(&[1], &[false])]), i(&[1, 0], &[]));
}

#[test]
fn slices_for_which_a_condition_holds() {
    let (x, condition) = (counting(&[2, 3]), b(&[2], &[false, true]));
    let columns = node("Compress").with("axis", int(-1));
    assert_close(&run(&columns, &[&x, &condition]), &[2, 1], &[1.0, 4.0]);
    assert_close(&run(&node("Compress"), &[&x, &condition]), &[1], &[1.0]);
}

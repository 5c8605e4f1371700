use crate::support::{assert_close, counting, int, ints, node, run, text};

#[test]
fn axes_in_any_order() {
    let x = counting(&[1, 2, 3]);
    assert_close(&run(&node("Transpose"), &[&x]), &[3, 2, 1], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    let order = node("Transpose").with("perm", ints(&[1, 0, 2]));
    assert_close(&run(&order, &[&x]), &[2, 1, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn blocks_move_between_depth_and_space() {
    let x = counting(&[1, 4, 1, 2]);
    let to_space = node("DepthToSpace").with("blocksize", int(2));
    let expected = [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0];
    assert_close(&run(&to_space, &[&x]), &[1, 1, 2, 4], &expected);
    let back = node("SpaceToDepth").with("blocksize", int(2));
    assert_close(
        &run(&back, &[&run(&to_space, &[&x])]),
        &[1, 4, 1, 2],
        &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    );
    // With two channels the two modes differ: entries 2 and 1 of the first place change sides.
    let deep = counting(&[1, 8, 1, 1]);
    let by_column = to_space.clone().with("mode", text("CRD"));
    assert_close(&run(&to_space, &[&deep]), &[1, 2, 2, 2], &[0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
    assert_close(&run(&by_column, &[&deep]), &[1, 2, 2, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

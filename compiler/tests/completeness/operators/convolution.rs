use crate::support::{assert_close, counting, f, int, ints, node, run, text};

#[test]
fn a_window_of_ones_sums_its_neighbours() {
    let (x, w) = (counting(&[1, 1, 3, 3]), f(&[1, 1, 2, 2], &[1.0; 4]));
    assert_close(&run(&node("Conv"), &[&x, &w]), &[1, 1, 2, 2], &[8.0, 12.0, 20.0, 24.0]);
    let padded = node("Conv").with("pads", ints(&[1, 1, 0, 0])).with("strides", ints(&[2, 2]));
    assert_close(&run(&padded, &[&x, &w]), &[1, 1, 2, 2], &[0.0, 3.0, 9.0, 24.0]);
    for (side, expected) in [("SAME_UPPER", [8.0, 7.0, 13.0, 8.0]), ("SAME_LOWER", [0.0, 3.0, 9.0, 24.0])] {
        let same = node("Conv").with("auto_pad", text(side)).with("strides", ints(&[2, 2]));
        assert_close(&run(&same, &[&x, &w]), &[1, 1, 2, 2], &expected);
    }
}

#[test]
fn groups_keep_channels_apart_and_a_bias_is_added() {
    let x = f(&[1, 2, 3], &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
    let w = f(&[2, 1, 2], &[1.0, 1.0, 1.0, -1.0]);
    let node = node("Conv").with("group", int(2));
    assert_close(&run(&node, &[&x, &w, &f(&[2], &[0.5, 0.0])]), &[1, 2, 2], &[3.5, 5.5, -10.0, -10.0]);
}

#[test]
fn a_dilated_window_skips_entries() {
    let (x, w) = (counting(&[1, 1, 5]), f(&[1, 1, 2], &[1.0, 10.0]));
    let node = node("Conv").with("dilations", ints(&[3]));
    assert_close(&run(&node, &[&x, &w]), &[1, 1, 2], &[30.0, 41.0]);
}

#[test]
fn the_transpose_spreads_every_entry() {
    let (x, w) = (f(&[1, 1, 2], &[1.0, 2.0]), f(&[1, 1, 3], &[1.0, 10.0, 100.0]));
    let plain = node("ConvTranspose");
    assert_close(&run(&plain, &[&x, &w]), &[1, 1, 4], &[1.0, 12.0, 120.0, 200.0]);
    let strided = plain.clone().with("strides", ints(&[2])).with("pads", ints(&[1, 0]));
    assert_close(&run(&strided, &[&x, &w]), &[1, 1, 4], &[10.0, 102.0, 20.0, 200.0]);
    let shaped = plain.with("strides", ints(&[2])).with("output_shape", ints(&[4]));
    assert_close(&run(&shaped, &[&x, &w]), &[1, 1, 4], &[10.0, 102.0, 20.0, 200.0]);
    let added = node("ConvTranspose").with("strides", ints(&[2])).with("output_padding", ints(&[1]));
    assert_close(&run(&added, &[&x, &w]), &[1, 1, 6], &[1.0, 10.0, 102.0, 20.0, 200.0, 0.0]);
}

#[test]
fn groups_of_a_transpose_make_outputs_each() {
    // Two channels, two groups, one output each.
    let (x, w) = (f(&[1, 2, 1], &[2.0, 3.0]), f(&[2, 1, 2], &[1.0, 10.0, 100.0, 1000.0]));
    let node = node("ConvTranspose").with("group", int(2));
    assert_close(&run(&node, &[&x, &w]), &[1, 2, 2], &[2.0, 20.0, 300.0, 3000.0]);
}

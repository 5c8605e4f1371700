use crate::support::{assert_close, counting, f, i, int, ints, node, outputs, run};
use candor_compiler::graph::Node;

fn pool(operator: &str, kernel: &[i64]) -> Node {
    node(operator).with("kernel_shape", ints(kernel))
}

#[test]
fn the_largest_and_where_it_stands() {
    let x = counting(&[1, 1, 3, 3]);
    let got = outputs(&pool("MaxPool", &[2, 2]).with_outputs(2), &[&x]);
    assert_close(&got[0], &[1, 1, 2, 2], &[4.0, 5.0, 7.0, 8.0]);
    assert_eq!(got[1], i(&[1, 1, 2, 2], &[4, 5, 7, 8]));
    let columns = pool("MaxPool", &[2, 2]).with("storage_order", int(1)).with_outputs(2);
    assert_eq!(outputs(&columns, &[&x])[1], i(&[1, 1, 2, 2], &[4, 7, 5, 8]));
    // Padding never wins.
    let padded = pool("MaxPool", &[2]).with("pads", ints(&[1, 0]));
    assert_close(&run(&padded, &[&f(&[1, 1, 2], &[-3.0, -5.0])]), &[1, 1, 2], &[-3.0, -3.0]);
}

#[test]
fn averages_with_and_without_the_padding() {
    let x = f(&[1, 1, 3], &[2.0, 4.0, 6.0]);
    let padded = pool("AveragePool", &[2]).with("pads", ints(&[1, 1]));
    assert_close(&run(&padded, &[&x]), &[1, 1, 4], &[2.0, 3.0, 5.0, 6.0]);
    let counted = padded.with("count_include_pad", int(1));
    assert_close(&run(&counted, &[&x]), &[1, 1, 4], &[1.0, 3.0, 5.0, 3.0]);
    // The last window of a rounded-up output hangs over the end.
    let ceil = pool("AveragePool", &[2]).with("strides", ints(&[2])).with("ceil_mode", int(1));
    assert_close(&run(&ceil, &[&x]), &[1, 1, 2], &[3.0, 6.0]);
    let dilated = pool("AveragePool", &[2]).with("dilations", ints(&[2]));
    assert_close(&run(&dilated, &[&x]), &[1, 1, 1], &[4.0]);
}

#[test]
fn one_window_over_everything() {
    let x = f(&[1, 2, 2], &[1.0, 3.0, -4.0, 0.0]);
    assert_close(&run(&node("GlobalAveragePool"), &[&x]), &[1, 2, 1], &[2.0, -2.0]);
    assert_close(&run(&node("GlobalMaxPool"), &[&x]), &[1, 2, 1], &[3.0, 0.0]);
    assert_close(&run(&node("GlobalLpPool").with("p", int(1)), &[&x]), &[1, 2, 1], &[4.0, 4.0]);
    assert_close(&run(&pool("LpPool", &[2]), &[&f(&[1, 1, 2], &[3.0, 4.0])]), &[1, 1, 1], &[5.0]);
}

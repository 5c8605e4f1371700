//! One number out of every window.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, int, ints, node};
use candor_compiler::graph::Operand::Input;

#[test]
fn norms_of_windows() {
    let x = f(
        &[1, 2, 3, 4],
        &(0..24).map(|place| f64::from((place * 37 + 11) % 101) / 50.0 - 1.0).collect::<Vec<_>>(),
    );
    for order in [1, 2, 3] {
        let pool = node("LpPool").with("kernel_shape", ints(&[2, 2])).with("p", int(order));
        assert_within(&pool.with("pads", ints(&[0, 1, 0, 0])), &[Input(&x)], 1e-2);
        assert_within(&node("GlobalLpPool").with("p", int(order)), &[Input(&x)], 1e-2);
    }
}

#[test]
fn the_largest_integers_are_exact() {
    let x = i(&[1, 1, 5], &[-100, 127, 3, 9, -8]);
    assert_exact(
        &node("MaxPool").with("kernel_shape", ints(&[2])).with("dilations", ints(&[2])),
        &[Input(&x)],
    );
}

//! ReverseSequence.

use crate::support::{assert_close, counting, i, int, node, run};

#[test]
fn the_first_entries_turn() {
    let data = counting(&[3, 2]);
    let turned = run(&node("ReverseSequence"), &[&data, &i(&[2], &[2, 3])]);
    assert_close(&turned, &[3, 2], &[2.0, 5.0, 0.0, 3.0, 4.0, 1.0]);
    let node = node("ReverseSequence").with("batch_axis", int(0)).with("time_axis", int(1));
    let turned = run(&node, &[&data, &i(&[3], &[1, 0, 2])]);
    assert_close(&turned, &[3, 2], &[0.0, 1.0, 2.0, 3.0, 5.0, 4.0]);
}

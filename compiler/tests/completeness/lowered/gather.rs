//! Entries at indices that depend on the input.

use crate::lowered::{assert_exact, assert_within};
use crate::support::{f, i, int, node};
use candor_compiler::graph::Operand::{Constant, Input};

fn table(rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|place| ((place * 37 + 11) % 101) as f64 / 50.0 - 1.0).collect()
}

#[test]
fn an_embedding() {
    let (tokens, rows) = (i(&[1, 5], &[0, 6, 3, 3, 1]), f(&[7, 4], &table(7, 4)));
    assert_within(&node("Gather"), &[Constant(&rows), Input(&tokens)], 1e-4);
}

#[test]
fn an_embedding_of_many_rows_takes_two_digits() {
    let (tokens, rows) = (i(&[4], &[0, 999, 500, 256]), f(&[1000, 3], &table(1000, 3)));
    assert_within(&node("Gather"), &[Constant(&rows), Input(&tokens)], 5e-4);
}

#[test]
fn indices_count_from_the_end() {
    let (indices, rows) = (i(&[6], &[-5, 4, -1, 0, 2, -3]), f(&[2, 5], &table(2, 5)));
    assert_within(&node("Gather").with("axis", int(1)), &[Constant(&rows), Input(&indices)], 1e-4);
}

#[test]
fn integers_are_gathered_exactly() {
    let (indices, data) = (i(&[3], &[0, 3, 1]), i(&[4], &[-30_000, 7, 0, 12_345]));
    assert_exact(&node("Gather"), &[Constant(&data), Input(&indices)]);
    let data = i(&[4], &[-3, 7, 0, 12]);
    assert_exact(&node("Gather"), &[Input(&data), Input(&indices)]);
}

#[test]
fn data_and_indices_that_vary() {
    let (indices, data) = (i(&[2, 2], &[0, 2, 1, 1]), f(&[3, 2], &table(3, 2)));
    assert_within(&node("Gather"), &[Input(&data), Input(&indices)], 1e-3);
    let data = f(&[2, 3, 2], &table(6, 2));
    assert_within(&node("Gather").with("axis", int(1)), &[Input(&data), Input(&indices)], 1e-3);
}

#[test]
fn one_index_an_element() {
    let indices = i(&[2, 3], &[0, 1, 2, 2, 0, 1]);
    let data = f(&[3, 3], &table(3, 3));
    for data in [Constant(&data), Input(&data)] {
        assert_within(&node("GatherElements"), &[data, Input(&indices)], 1e-3);
        assert_within(&node("GatherElements").with("axis", int(1)), &[data, Input(&indices)], 1e-3);
    }
}

#[test]
fn tuples_of_indices() {
    let indices = i(&[2, 2], &[0, 1, 1, -2]);
    let data = f(&[3, 2, 2], &table(6, 2));
    for data in [Constant(&data), Input(&data)] {
        assert_within(&node("GatherND"), &[data, Input(&indices)], 1e-3);
    }
    let batched = i(&[3, 1], &[1, 0, 1]);
    for data in [Constant(&data), Input(&data)] {
        assert_within(&node("GatherND").with("batch_dims", int(1)), &[data, Input(&batched)], 1e-3);
    }
}

#[test]
fn positions_that_are_known_cost_nothing() {
    let (indices, data) = (i(&[2], &[2, 0]), f(&[3, 2], &table(3, 2)));
    assert_within(&node("Gather"), &[Input(&data), Constant(&indices)], 1e-4);
}

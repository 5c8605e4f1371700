//! Entries written at given indices.

use crate::lowered::assert_within;
use crate::support::{f, i, int, node, text};
use candor_compiler::graph::Operand::{Constant, Input};

#[test]
fn positions_that_are_known() {
    let data = f(&[4], &[1.0, 0.5, 0.75, 0.9]);
    let (indices, updates) = (i(&[3], &[2, 0, 2]), f(&[3], &[0.8, 0.7, 1.0]));
    for reduction in ["none", "add", "mul", "max", "min"] {
        let node = node("ScatterElements").with("reduction", text(reduction));
        assert_within(&node, &[Input(&data), Constant(&indices), Input(&updates)], 1e-3);
        assert_within(&node, &[Input(&data), Constant(&indices), Constant(&updates)], 1e-3);
    }
    let (tuples, rows) = (i(&[2, 1], &[3, 0]), f(&[2, 2], &[1.0, 2.0, -1.0, 0.5]));
    let data = f(&[4, 2], &[0.0, -1.0, 0.5, 2.0, -0.25, 1.0, 1.5, -2.0]);
    assert_within(&node("ScatterND"), &[Constant(&data), Constant(&tuples), Input(&rows)], 1e-3);
}

#[test]
fn an_index_that_varies() {
    let data = f(&[3, 4], &(0..12).map(|place| f64::from(place) / 4.0 - 1.0).collect::<Vec<_>>());
    let (indices, updates) = (i(&[2, 1], &[3, -4]), f(&[2, 1], &[1.5, -0.5]));
    let node = node("ScatterElements").with("axis", int(1));
    assert_within(&node, &[Input(&data), Input(&indices), Input(&updates)], 1e-3);
    assert_within(&node, &[Input(&data), Input(&indices), Constant(&updates)], 1e-3);
    assert_within(&node, &[Constant(&data), Input(&indices), Input(&updates)], 1e-3);
    let added = node.with("reduction", text("add"));
    let (indices, updates) = (i(&[1, 2], &[0, 3]), f(&[1, 2], &[0.5, -0.5]));
    assert_within(&added, &[Input(&data), Input(&indices), Input(&updates)], 1e-3);
}

#[test]
fn updates_join_entries_at_indices_that_vary() {
    let data = f(&[2, 3], &[1.0, 0.5, 0.75, 0.9, 1.1, 0.6]);
    let (indices, updates) = (i(&[2, 2], &[0, 2, -1, 1]), f(&[2, 2], &[0.8, 0.7, 1.0, 1.1]));
    let (tuples, rows) = (i(&[2, 1], &[0, 1]), f(&[2, 3], &[0.8, 0.7, 1.0, 1.1, 0.9, 0.75]));
    for reduction in ["mul", "max", "min"] {
        let elements = node("ScatterElements").with("axis", int(1)).with("reduction", text(reduction));
        assert_within(&elements, &[Input(&data), Input(&indices), Input(&updates)], 1e-3);
        let slices = node("ScatterND").with("reduction", text(reduction));
        assert_within(&slices, &[Input(&data), Input(&tuples), Constant(&rows)], 1e-3);
    }
}

#[test]
fn tuples_that_vary() {
    let data = f(&[2, 3, 2], &(0..12).map(|place| f64::from(place) / 4.0 - 1.0).collect::<Vec<_>>());
    let (tuples, updates) = (i(&[1, 2], &[1, -1]), f(&[1, 2], &[1.5, -0.5]));
    assert_within(&node("ScatterND"), &[Input(&data), Input(&tuples), Input(&updates)], 1e-3);
}

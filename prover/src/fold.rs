//! Folds the rows of an object by the row part of a claim.

use crate::wide::{SignedWideSum, WideSum};
use ark_ff::AdditiveGroup;
use candor_circuits::claim::{Object, Split};
use candor_circuits::layout::LIMBS;
use candor_program::Fr;
use rayon::prelude::*;

/// The values of all committed objects.
pub(crate) struct Objects<'a> {
    pub(crate) row_log2: usize,
    /// Witness bytes.
    pub(crate) cells: &'a [u8],
    /// Helper values by limb.
    pub(crate) inverses: &'a [Fr],
    pub(crate) multiplicities: &'a [Fr],
    pub(crate) table_helper: &'a [Fr],
    pub(crate) weights: &'a [i32],
    pub(crate) bias: &'a [i64],
}

/// Columns folded by one task.
const BLOCK: usize = 256;

impl Objects<'_> {
    /// Adds `factor *` the object's rows, folded by the row part, to `target`. Shapes: a row.
    pub(crate) fn fold(&self, object: Object, split: &Split<Fr>, factor: Fr, target: &mut [Fr]) {
        let rows: Vec<(usize, Fr)> =
            split.rows.iter().map(|(row, weight)| (row << self.row_log2, *weight * factor)).collect();
        match object {
            Object::Witness => self.fold_with(&rows, target, |rows, start, block| {
                let mut sums = [WideSum::default(); BLOCK];
                for (row, weight) in rows {
                    let cells = window(self.cells, row + start, block.len());
                    for (sum, cell) in sums.iter_mut().zip(cells) {
                        if *cell != 0 {
                            sum.add(weight, u64::from(*cell));
                        }
                    }
                }
                add_all(block, sums.iter().map(WideSum::reduce));
            }),
            Object::Helper => self.fold_helper(&rows, target),
            Object::Weights => self.fold_with(&rows, target, |rows, start, block| {
                let mut sums = [SignedWideSum::default(); BLOCK];
                for (row, weight) in rows {
                    let values = window(self.weights, row + start, block.len());
                    for (sum, value) in sums.iter_mut().zip(values) {
                        sum.add(weight, i64::from(*value));
                    }
                }
                add_all(block, sums.iter().map(SignedWideSum::reduce));
            }),
            Object::Bias => self.fold_with(&rows, target, |rows, start, block| {
                let mut sums = [SignedWideSum::default(); BLOCK];
                for (row, weight) in rows {
                    for (sum, value) in sums.iter_mut().zip(window(self.bias, row + start, block.len())) {
                        sum.add(weight, *value);
                    }
                }
                add_all(block, sums.iter().map(SignedWideSum::reduce));
            }),
            Object::Multiplicities => add_row(self.multiplicities, &rows, target),
            Object::TableHelper => add_row(self.table_helper, &rows, target),
        }
    }

    fn fold_with(
        &self,
        rows: &[(usize, Fr)],
        target: &mut [Fr],
        block: impl Fn(&[(usize, Fr)], usize, &mut [Fr]) + Sync,
    ) {
        let task = |(i, target): (usize, &mut [Fr])| block(rows, i * BLOCK, target);
        target.par_chunks_mut(BLOCK).enumerate().with_min_len(2).for_each(task);
    }

    /// A helper row takes at most 256 values: one product each, then additions.
    fn fold_helper(&self, rows: &[(usize, Fr)], target: &mut [Fr]) {
        let tables: Vec<Vec<Fr>> = rows
            .par_iter()
            .map(|(_, weight)| self.inverses.iter().take(LIMBS).map(|inverse| *weight * inverse).collect())
            .collect();
        self.fold_with(rows, target, |rows, start, block| {
            for ((row, _), table) in rows.iter().zip(&tables) {
                for (value, cell) in block.iter_mut().zip(window(self.cells, row + start, BLOCK)) {
                    *value += table[usize::from(*cell)];
                }
            }
        });
    }
}

/// At most `count` values from `start`; fewer (or none) where the object ends before the row does.
fn window<T>(values: &[T], start: usize, count: usize) -> &[T] {
    let start = start.min(values.len());
    &values[start..(start + count).min(values.len())]
}

fn add_all(target: &mut [Fr], values: impl Iterator<Item = Fr>) {
    for (target, value) in target.iter_mut().zip(values) {
        *target += value;
    }
}

fn add_row(values: &[Fr], rows: &[(usize, Fr)], target: &mut [Fr]) {
    for (_, weight) in rows.iter().filter(|(row, weight)| *row == 0 && *weight != Fr::ZERO) {
        add_all(target, values.iter().map(|value| *value * weight));
    }
}

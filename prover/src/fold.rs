//! Folds the rows of an object by the row part of a claim.

use crate::wide::{SignedWideSum, WideSum};
use ark_ff::AdditiveGroup;
use candor_circuits::claim::Object;
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
    pub(crate) mapped: &'a [u16],
    pub(crate) equalities: &'a [Fr],
    pub(crate) map_helper: &'a [Fr],
    pub(crate) map_multiplicities: &'a [Fr],
    pub(crate) map_table_helper: &'a [Fr],
    pub(crate) weights: &'a [i32],
    pub(crate) bias: &'a [i64],
    pub(crate) tables: &'a [u16],
}

/// Columns folded by one task.
const BLOCK: usize = 256;

impl Objects<'_> {
    /// Adds `factor *` the object's rows, folded by row weights, to `target`. Shapes: a row.
    pub(crate) fn fold(&self, object: Object, rows: &[(usize, Fr)], factor: Fr, target: &mut [Fr]) {
        let rows: Vec<(usize, Fr)> = rows
            .iter()
            .filter(|(_, weight)| *weight != Fr::ZERO)
            .map(|(row, weight)| (row << self.row_log2, *weight * factor))
            .collect();
        match object {
            Object::Witness => self.fold_integers(self.cells, &rows, target),
            Object::Helper => self.fold_helper(&rows, target),
            Object::Mapped => self.fold_integers(self.mapped, &rows, target),
            Object::Tables => self.fold_integers(self.tables, &rows, target),
            Object::Weights => self.fold_integers(self.weights, &rows, target),
            Object::Bias => self.fold_integers(self.bias, &rows, target),
            Object::Multiplicities => self.fold_elements(self.multiplicities, &rows, target),
            Object::TableHelper => self.fold_elements(self.table_helper, &rows, target),
            Object::Equalities => self.fold_elements(self.equalities, &rows, target),
            Object::MapHelper => self.fold_elements(self.map_helper, &rows, target),
            Object::MapMultiplicities => self.fold_elements(self.map_multiplicities, &rows, target),
            Object::MapTableHelper => self.fold_elements(self.map_table_helper, &rows, target),
        }
    }

    fn fold_integers<T: Small>(&self, values: &[T], rows: &[(usize, Fr)], target: &mut [Fr]) {
        self.fold_with(rows, target, |rows, start, block| {
            let mut sums = [T::Sum::default(); BLOCK];
            for (row, weight) in rows {
                for (sum, value) in sums.iter_mut().zip(window(values, row + start, block.len())) {
                    value.add(sum, weight);
                }
            }
            add_all(block, sums.iter().map(T::reduce));
        });
    }

    /// Field elements, most of which may be zero.
    fn fold_elements(&self, values: &[Fr], rows: &[(usize, Fr)], target: &mut [Fr]) {
        self.fold_with(rows, target, |rows, start, block| {
            for (row, weight) in rows {
                let count = block.len();
                for (target, value) in block.iter_mut().zip(window(values, row + start, count)) {
                    if *value != Fr::ZERO {
                        *target += *value * weight;
                    }
                }
            }
        });
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

/// A committed integer, summed with weights.
trait Small: Copy + Sync {
    type Sum: Copy + Default;
    fn add(self, sum: &mut Self::Sum, weight: &Fr);
    fn reduce(sum: &Self::Sum) -> Fr;
}

macro_rules! small {
    ($integer:ty, $sum:ty, $wide:ty) => {
        impl Small for $integer {
            type Sum = $sum;
            fn add(self, sum: &mut $sum, weight: &Fr) {
                if self != 0 {
                    sum.add(weight, <$wide>::from(self));
                }
            }
            fn reduce(sum: &$sum) -> Fr {
                sum.reduce()
            }
        }
    };
}

small!(u8, WideSum, u64);
small!(u16, WideSum, u64);
small!(i32, SignedWideSum, i64);
small!(i64, SignedWideSum, i64);

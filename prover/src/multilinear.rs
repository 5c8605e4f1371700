//! Tables of multilinear polynomials over the hypercube, most significant variable first.

use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use rayon::prelude::*;

/// Below this many elements a loop stays on one thread.
pub(crate) const PARALLEL: usize = 1 << 10;

/// Fixes the most significant variable to `r`. Shapes: halves the table.
pub(crate) fn bind(table: &mut Vec<Fr>, r: Fr) {
    let half = table.len() / 2;
    let (low, high) = table.split_at_mut(half);
    let fix = |(low, high): (&mut Fr, &Fr)| *low += r * (*high - *low);
    if half >= PARALLEL {
        low.par_iter_mut().with_min_len(256).zip(high.par_iter()).for_each(fix);
    } else {
        low.iter_mut().zip(high.iter()).for_each(fix);
    }
    table.truncate(half);
}

/// `eq(point, x)` for all x of the hypercube.
pub(crate) fn equality_table(point: &[Fr]) -> Vec<Fr> {
    let mut table = vec![Fr::one()];
    for coordinate in point.iter().rev() {
        table = extend(&table, *coordinate);
    }
    table
}

/// `eq` tables of all suffixes: entry j belongs to the last j coordinates. Shapes: `point.len() + 1` tables.
pub(crate) fn equality_suffixes(point: &[Fr]) -> Vec<Vec<Fr>> {
    let mut tables = vec![vec![Fr::one()]];
    for (j, coordinate) in point.iter().rev().enumerate() {
        tables.push(extend(&tables[j], *coordinate));
    }
    tables
}

/// Puts one more, most significant, variable in front.
fn extend(table: &[Fr], coordinate: Fr) -> Vec<Fr> {
    let mut next = vec![Fr::ZERO; 2 * table.len()];
    let (low, high) = next.split_at_mut(table.len());
    for ((low, high), value) in low.iter_mut().zip(high).zip(table) {
        *high = *value * coordinate;
        *low = *value - *high;
    }
    next
}

/// Sum of products. Shapes: equal lengths.
pub(crate) fn dot(left: &[Fr], right: &[Fr]) -> Fr {
    left.iter().zip(right).map(|(a, b)| *a * b).sum()
}

/// Component-wise sums of `term(i)` for i below `count`, in parallel where it pays.
pub(crate) fn sum_over<const N: usize>(count: usize, term: impl Fn(usize) -> [Fr; N] + Sync) -> [Fr; N] {
    let add = |mut sum: [Fr; N], next: [Fr; N]| {
        for (a, b) in sum.iter_mut().zip(next) {
            *a += b;
        }
        sum
    };
    if count < PARALLEL {
        return (0..count).map(term).fold([Fr::ZERO; N], add);
    }
    let zero = || [Fr::ZERO; N];
    (0..count).into_par_iter().with_min_len(256).fold(zero, |sum, i| add(sum, term(i))).reduce(zero, add)
}

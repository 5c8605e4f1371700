//! The permutation with sparse partial rounds: the same function as the reference with half the multiplications.
//!
//! A partial round leaves elements 1.. linear, so its dense matrix factors into a sparse one and a dense one that
//! commutes with the S-box and moves into the round before (appendix B of the Poseidon paper,
//! <https://eprint.iacr.org/2019/458>). Round constants move likewise.

use super::constants::{MDS, ROUND_CONSTANTS};
use super::{FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH, fifth_power, multiply};
use crate::Fr;
use crate::arith::Arith;
use ark_ff::{Field, Zero};
use std::sync::LazyLock;

pub(super) type Matrix = [[Fr; WIDTH]; WIDTH];
pub(super) const HALF: usize = FULL_ROUNDS / 2;

pub(super) struct Tables {
    /// Added before the first partial round (whole vector).
    pub(super) entry: [Fr; WIDTH],
    /// Dense matrix applied before the first partial round, after `entry`.
    pub(super) entry_matrix: Matrix,
    /// For each partial round: top row, left column without its first element, constant added after the S-box.
    pub(super) rounds: Vec<([Fr; WIDTH], [Fr; WIDTH - 1], Fr)>,
}

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(make_tables);

/// Applies the permutation.
pub(crate) fn permute<F: Arith>(state: &mut [F; WIDTH]) {
    let tables = &*TABLES;
    for constants in &ROUND_CONSTANTS[..HALF] {
        full_round(state, constants);
    }
    add(state, &tables.entry);
    multiply(state, &tables.entry_matrix);
    for (top, left, constant) in &tables.rounds {
        let boxed = fifth_power(&state[0]).offset(*constant);
        let head = (1..WIDTH).fold(boxed.scale(top[0]), |sum, j| sum.plus(&state[j].scale(top[j])));
        for (element, factor) in state[1..].iter_mut().zip(left) {
            *element = element.plus(&boxed.scale(*factor));
        }
        state[0] = head;
    }
    for constants in &ROUND_CONSTANTS[HALF + PARTIAL_ROUNDS..] {
        full_round(state, constants);
    }
}

fn full_round<F: Arith>(state: &mut [F; WIDTH], constants: &[Fr; WIDTH]) {
    add(state, constants);
    for element in state.iter_mut() {
        *element = fifth_power(element);
    }
    multiply(state, &MDS);
}

fn add<F: Arith>(state: &mut [F; WIDTH], constants: &[Fr; WIDTH]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element = element.offset(*constant);
    }
}

fn make_tables() -> Tables {
    // Constants: what is added to elements 1.. before a partial round passes the S-box of element 0 untouched, so
    // it can be pushed through the matrix of the round before. Working backwards leaves one scalar per round, added
    // to element 0 after the previous S-box, and a whole vector at the entry.
    let inverse = invert(&MDS);
    let mut scalars = [Fr::zero(); PARTIAL_ROUNDS];
    let mut carried = ROUND_CONSTANTS[HALF + PARTIAL_ROUNDS - 1];
    for round in (1..PARTIAL_ROUNDS).rev() {
        // carried is added before partial round `round`; equivalently inverse * carried after the S-box of round-1
        let moved = apply(&inverse, &carried);
        scalars[round - 1] = moved[0];
        carried = ROUND_CONSTANTS[HALF + round - 1];
        for j in 1..WIDTH {
            carried[j] += moved[j];
        }
    }
    let entry = carried;
    // Matrices: M = S * D with S sparse (in row and column 0) and D = diag(1, lower block), D commutes with the S-box
    // of element 0, so it joins the matrix of the round before.
    let mut rounds = Vec::with_capacity(PARTIAL_ROUNDS);
    let mut current = MDS;
    for round in (0..PARTIAL_ROUNDS).rev() {
        let (sparse_top, sparse_left, dense) = factor(&current);
        rounds.push((sparse_top, sparse_left, scalars[round]));
        current = product(&dense, &MDS);
        if round == 0 {
            rounds.reverse();
            return Tables { entry, entry_matrix: dense, rounds };
        }
    }
    Tables { entry, entry_matrix: current, rounds }
}

/// Splits a matrix into a sparse factor (top row, left column, identity elsewhere) times diag(1, block).
fn factor(matrix: &Matrix) -> ([Fr; WIDTH], [Fr; WIDTH - 1], Matrix) {
    let mut dense = identity();
    for i in 1..WIDTH {
        dense[i][1..].copy_from_slice(&matrix[i][1..]);
    }
    let inverse = invert(&dense);
    let mut top = [Fr::zero(); WIDTH];
    for (j, value) in top.iter_mut().enumerate() {
        *value = (0..WIDTH).map(|l| matrix[0][l] * inverse[l][j]).sum();
    }
    let left = std::array::from_fn(|i| matrix[i + 1][0]);
    (top, left, dense)
}

fn identity() -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| Fr::from(u64::from(i == j))))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..WIDTH).map(|l| a[i][l] * b[l][j]).sum()))
}

fn apply(matrix: &Matrix, vector: &[Fr; WIDTH]) -> [Fr; WIDTH] {
    std::array::from_fn(|i| (0..WIDTH).map(|j| matrix[i][j] * vector[j]).sum())
}

/// Gauss-Jordan elimination; the matrices of Poseidon are invertible, an assertion in the tests.
fn invert(matrix: &Matrix) -> Matrix {
    let mut work = *matrix;
    let mut result = identity();
    for column in 0..WIDTH {
        let Some(pivot) = (column..WIDTH).find(|&row| !work[row][column].is_zero()) else { return result };
        work.swap(column, pivot);
        result.swap(column, pivot);
        let scale = work[column][column].inverse().unwrap_or_default();
        for j in 0..WIDTH {
            work[column][j] *= scale;
            result[column][j] *= scale;
        }
        for row in (0..WIDTH).filter(|&row| row != column) {
            let factor = work[row][column];
            for j in 0..WIDTH {
                let (a, b) = (work[column][j], result[column][j]);
                work[row][j] -= factor * a;
                result[row][j] -= factor * b;
            }
        }
    }
    result
}

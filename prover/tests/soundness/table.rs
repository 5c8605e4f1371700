//! Multilinear polynomials by plain loops: slow, and written apart from the production prover's.

use ark_bn254::{G1Affine, G1Projective};
use ark_ec::VariableBaseMSM;
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::factor::{Factor, expand, vars};
use candor_program::Fr;

/// Values over a hypercube, most significant variable first.
pub(crate) type Table = Vec<Fr>;

/// `eq(point, x)` for every x.
pub(crate) fn equality(point: &[Fr]) -> Table {
    let weight = |index: usize| {
        let bit =
            |(i, x): (usize, &Fr)| if index >> (point.len() - 1 - i) & 1 == 1 { *x } else { Fr::ONE - x };
        point.iter().enumerate().map(bit).product()
    };
    (0..1 << point.len()).map(weight).collect()
}

/// All weights of factors.
pub(crate) fn dense(factors: &[Factor<Fr>]) -> Table {
    let mut table = vec![Fr::ZERO; 1 << vars(factors)];
    for (index, weight) in expand(factors) {
        table[index] = weight;
    }
    table
}

/// Fixes the most significant variable.
pub(crate) fn bind(table: &mut Table, x: Fr) {
    let half = table.len() / 2;
    for i in 0..half {
        let (low, high) = (table[i], table[i + half]);
        table[i] = low + x * (high - low);
    }
    table.truncate(half);
}

/// A polynomial in the tables' values at one place.
type Term = Box<dyn Fn(&[Fr]) -> Fr>;

/// A polynomial in tables over one hypercube, summed over it.
pub(crate) struct Instance {
    pub(crate) tables: Vec<Table>,
    pub(crate) term: Term,
}

impl Instance {
    pub(crate) fn vars(&self) -> usize {
        self.tables[0].len().trailing_zeros() as usize
    }
    pub(crate) fn sum(&self) -> Fr {
        let at = |i: usize| (self.term)(&self.tables.iter().map(|table| table[i]).collect::<Vec<_>>());
        (0..self.tables[0].len()).map(at).sum()
    }
    /// Values of the round polynomial at 0 to 3.
    pub(crate) fn round(&self) -> [Fr; 4] {
        let half = self.tables[0].len() / 2;
        std::array::from_fn(|x| {
            let at = |i: usize| {
                let value = |table: &Table| table[i] + Fr::from(x as u64) * (table[i + half] - table[i]);
                (self.term)(&self.tables.iter().map(value).collect::<Vec<_>>())
            };
            (0..half).map(at).sum()
        })
    }
    pub(crate) fn bind(&mut self, x: Fr) {
        self.tables.iter_mut().for_each(|table| bind(table, x));
    }
}

/// A polynomial's value, coefficients from the constant upwards.
pub(crate) fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, coefficient| sum * x + coefficient)
}

/// Quotient by `X - x`; the remainder is dropped.
pub(crate) fn divide(coefficients: &[Fr], x: Fr) -> Vec<Fr> {
    let mut carry = Fr::ZERO;
    let step = |coefficient: &Fr| {
        carry = carry * x + coefficient;
        carry
    };
    let mut quotient: Vec<Fr> = coefficients[1..].iter().rev().map(step).collect();
    quotient.reverse();
    quotient
}

/// Commitment of coefficients.
pub(crate) fn commit(powers: &[G1Affine], values: &[Fr]) -> G1Projective {
    G1Projective::msm_unchecked(&powers[..values.len()], values)
}

/// Solution of a square linear system; `None` if it is singular.
pub(crate) fn solve(mut rows: Vec<Vec<Fr>>, mut right: Vec<Fr>) -> Option<Vec<Fr>> {
    let count = right.len();
    for column in 0..count {
        let pivot = (column..count).find(|row| rows[*row][column] != Fr::ZERO)?;
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let inverse = rows[column][column].inverse()?;
        for row in (0..count).filter(|row| *row != column) {
            let factor = rows[row][column] * inverse;
            let (pivot_row, pivot_right) = (rows[column].clone(), right[column]);
            for (value, pivot) in rows[row].iter_mut().zip(pivot_row) {
                *value -= factor * pivot;
            }
            right[row] -= factor * pivot_right;
        }
    }
    (0..count).map(|i| rows[i][i].inverse().map(|inverse| right[i] * inverse)).collect()
}

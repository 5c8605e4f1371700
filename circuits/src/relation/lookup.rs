//! Every cell of the witness is in the limb table (logarithmic derivative: <https://eprint.iacr.org/2022/1530>).

use super::Weights;
use crate::claim::half_power;
use crate::factor::{equality, equality_of_points};
use crate::layout::{COLUMNS, COLUMNS_LOG2, LIMB_LOG2};
use ark_ff::One;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Values at the final point.
pub struct Values<'a, F> {
    /// Helper at r.
    pub helper: &'a F,
    /// Columns at r_p.
    pub columns: &'a [F; COLUMNS],
    /// Table helper at r_8.
    pub table_helper: &'a F,
    /// Multiplicity at r_8.
    pub multiplicity: &'a F,
}

/// The three lookup relations at the final point `r`, for the zero-check point `tau`, with so many variables of a cell.
pub fn evaluate<F: Arith>(
    (tau, r): (&[F], &[F]),
    vars: usize,
    beta: &F,
    weights: &Weights<F>,
    values: &Values<'_, F>,
) -> F {
    let one = Fr::one();
    let (tau_n, r_n) = (&tau[tau.len() - vars..], &r[r.len() - vars..]);
    let cells_scale = half_power(r.len() - vars);
    let (columns_point, _) = r_n.split_at(COLUMNS_LOG2);
    let mut witness = values.columns.to_vec();
    for x in columns_point {
        // most significant column bit first: pairs are half the list apart
        let half = witness.len() / 2;
        witness =
            (0..half).map(|i| witness[i].plus(&x.times(&witness[i + half].minus(&witness[i])))).collect();
    }
    let inverse = values.helper.times(&beta.minus(&witness[0])).offset(-one);
    let eq = equality_of_points(tau_n, r_n).scale(cells_scale);
    let helper = weights.helper().times(&eq.times(&inverse));

    let scale = half_power(r.len() - LIMB_LOG2);
    let (table_tau, table_r) = (&tau[tau.len() - LIMB_LOG2..], &r[r.len() - LIMB_LOG2..]);
    let sums = values.helper.scale(cells_scale).minus(&values.table_helper.scale(scale));
    let sums = weights.sums().times(&sums);

    let mut limb = table_r[0].clone();
    for bit in &table_r[1..] {
        limb = limb.plus(&limb).plus(bit);
    }
    let table = values.table_helper.times(&beta.minus(&limb)).minus(values.multiplicity);
    let mut table_eq = F::constant(scale);
    for (x, s) in table_tau.iter().zip(table_r) {
        table_eq = table_eq.times(&equality(x, s));
    }
    helper.plus(&sums).plus(&weights.table().times(&table_eq.times(&table)))
}

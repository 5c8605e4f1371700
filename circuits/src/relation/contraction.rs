//! Weighted terms and products: sums of products over labels, at the final point.

use super::affine::OperatorPoint;
use crate::claim::half_power;
use crate::factor::equality_of_points;
use crate::layout::{Contraction, Layout, Left};
use crate::reading::Points;
use crate::statement::OperatorData;
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;

/// All contractions at the final point. Shapes: both factors' values of every contraction.
pub fn evaluate<F: Arith>(
    layout: &Layout,
    points: &[OperatorPoint<F>],
    data: &[OperatorData<F>],
    coordinates: &Points<'_, F>,
    values: &[[F; 2]],
) -> F {
    let mut sum = F::constant(Fr::ZERO);
    for (contraction, [left, right]) in layout.contractions.iter().zip(values) {
        let mut factor = factor(contraction, points, data);
        let shared = shared(contraction, coordinates);
        if !shared.is_empty() {
            let start = coordinates.r.len() - contraction.vars;
            let r = &coordinates.r[start..start + shared.len()];
            factor = factor.times(&equality_of_points(&shared, r));
        }
        let scale = half_power(layout.rounds - contraction.vars);
        sum = sum.plus(&factor.times(&left.times(right)).scale(scale));
    }
    sum
}

/// What one unit of a contraction's sum counts in the row relation: share, multiplier and coefficient.
pub fn factor<F: Arith>(
    contraction: &Contraction,
    points: &[OperatorPoint<F>],
    data: &[OperatorData<F>],
) -> F {
    let factor = &points[contraction.operator].factor;
    match &contraction.left {
        Left::Weights { .. } => factor.clone(),
        Left::Operand { coefficient, .. } => {
            factor.times(&data[contraction.operator].coefficients[*coefficient])
        }
    }
}

/// The zero-check point's coordinates of the first variables of a contraction.
pub fn shared<F: Arith>(contraction: &Contraction, coordinates: &Points<'_, F>) -> Vec<F> {
    contraction.shared.iter().flat_map(|shared| coordinates.at(shared)).cloned().collect()
}

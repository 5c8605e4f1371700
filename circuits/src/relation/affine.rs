//! Affine maps: what the accumulator of the row relation is, at the zero-check point.

use crate::claim::{Object, prefix};
use crate::factor::evaluate;
use crate::layout::{Layout, Output};
use crate::statement::OperatorData;
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::operator::rescale::SHIFT;

/// An operator's part in the row relation's zero-check.
#[derive(Clone, Debug)]
pub struct OperatorPoint<F> {
    /// `eq(prefix, tau's prefix part)`: the share of tau in this operator's sub-cube; 0 for a lookup, which has no rows.
    pub share: F,
    /// The share times the multiplier: what the accumulator counts.
    pub factor: F,
}

impl<F: Arith> OperatorPoint<F> {
    /// Cuts tau_p at an operator's place.
    pub fn of(layout: &Layout, output: Output, data: &OperatorData<F>, tau_p: &[F]) -> Self {
        if output.object != Object::Witness {
            return Self { share: F::constant(Fr::ZERO), factor: F::constant(Fr::ZERO) };
        }
        let factors = prefix::<F>(layout, output);
        let share = evaluate(&factors, &tau_p[..factors.len()]);
        Self { factor: share.times(&data.multiplier), share }
    }
}

/// Known side of the row relation: bias sum, linear terms and low values.
///
/// Shapes: one point and one data an operator; `linear` one value a linear term.
pub fn known_sum<F: Arith>(
    layout: &Layout,
    points: &[OperatorPoint<F>],
    data: &[OperatorData<F>],
    bias_sum: &F,
    linear: &[F],
) -> F {
    let mut sum = bias_sum.plus(&super::linear::sum(layout, points, data, linear));
    for (point, data) in points.iter().zip(data) {
        sum = sum.minus(&point.share.times(&data.low).scale(Fr::from(1u64 << SHIFT)));
    }
    sum
}

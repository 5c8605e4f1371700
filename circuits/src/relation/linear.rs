//! Linear terms: coefficients times values of operands at the zero-check point. Nothing is left for the final point.

use super::affine::OperatorPoint;
use crate::layout::Layout;
use crate::statement::OperatorData;
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;

/// What all linear terms add to the accumulators, folded. Shapes: one value a linear term.
pub fn sum<F: Arith>(
    layout: &Layout,
    points: &[OperatorPoint<F>],
    data: &[OperatorData<F>],
    values: &[F],
) -> F {
    let mut sum = F::constant(Fr::ZERO);
    for (term, value) in layout.linear.iter().zip(values) {
        let coefficient = &data[term.operator].coefficients[term.coefficient];
        sum = sum.plus(&points[term.operator].factor.times(&coefficient.times(value)));
    }
    sum
}

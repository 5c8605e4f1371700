//! Affine maps: the accumulator of the row relation, folded at the zero-check point.

use crate::claim::{half_power, prefix};
use crate::factor::evaluate;
use crate::layout::{Layout, Place};
use crate::statement::AffineData;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::operator::rescale::SHIFT;

/// The parts of tau_p that belong to one operator.
pub struct OperatorPoint<F> {
    /// `eq(prefix, tau's prefix part)`: the share of tau in this operator's sub-cube.
    pub share: F,
    /// Decision coordinates.
    pub decision: Vec<F>,
    /// Index coordinates.
    pub index: Vec<F>,
}

impl<F: Arith> OperatorPoint<F> {
    /// Cuts tau_p at an operator's place.
    pub fn of(layout: &Layout, place: Place, tau_p: &[F]) -> Self {
        let factors = prefix::<F>(layout, place);
        let (head, rest) = tau_p.split_at(factors.len());
        let (decision, index) = rest.split_at(layout.batch_log2);
        Self { share: evaluate(&factors, head), decision: decision.to_vec(), index: index.to_vec() }
    }
}

/// Known side of the row relation: bias sum, scaled terms and low values.
///
/// Shapes: one point and one data an operator; `scaled` one value a scaled term.
pub fn known_sum<F: Arith>(
    layout: &Layout,
    points: &[OperatorPoint<F>],
    data: &[AffineData<F>],
    bias_sum: &F,
    scaled: &[F],
) -> F {
    let mut sum = bias_sum.clone();
    let mut used = vec![0; data.len()];
    for (term, value) in layout.scaled.iter().zip(scaled) {
        let (point, data) = (&points[term.operator], &data[term.operator]);
        let coefficient = &data.coefficients[used[term.operator]];
        used[term.operator] += 1;
        sum = sum.plus(&point.share.times(&data.multiplier).times(&coefficient.times(value)));
    }
    for (point, data) in points.iter().zip(data) {
        sum = sum.minus(&point.share.times(&data.low).scale(Fr::from(1u64 << SHIFT)));
    }
    sum
}

/// Products of the dense terms at the final point. Shapes: one weight value and one source value a dense term.
pub fn products<F: Arith>(
    layout: &Layout,
    points: &[OperatorPoint<F>],
    data: &[AffineData<F>],
    weights: &[F],
    sources: &[F],
) -> F {
    let mut sum = F::constant(Fr::from(0u64));
    for (term, (weight, source)) in layout.dense.iter().zip(weights.iter().zip(sources)) {
        let factor = points[term.operator].share.times(&data[term.operator].multiplier);
        let scale = half_power(layout.vars() - term.input_log2);
        sum = sum.plus(&factor.times(&weight.times(source)).scale(scale));
    }
    sum
}

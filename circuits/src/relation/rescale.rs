//! The row relation: rescale, ReLU, clip and saturation (docs/spec/program.md, "Rescale").

use super::Weights;
use crate::claim::half_power;
use crate::factor::equality_of_points;
use crate::layout::COLUMNS;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::operator::rescale::{SHIFT, SPAN};

/// The quantities of a row, from its columns.
pub struct Row<F> {
    /// `y' = y - low`.
    pub above_low: F,
    /// Remainder.
    pub remainder: F,
    /// Excess.
    pub excess: F,
    /// Direction.
    pub upward: F,
}

impl<F: Arith> Row<F> {
    /// Joins the bytes.
    pub fn of(columns: &[F; COLUMNS]) -> Self {
        let byte = Fr::from(256u64);
        let [y0, y1, r0, r1, e0, e1, e2, b] = columns;
        Self {
            above_low: y0.plus(&y1.scale(byte)),
            remainder: r0.plus(&r1.scale(byte)),
            excess: e0.plus(&e1.plus(&e2.scale(byte)).scale(byte)),
            upward: b.clone(),
        }
    }
}

/// The row relations at the final position `r_p`, without the accumulator and the low values, scaled for so many rounds.
pub fn evaluate<F: Arith>(
    (tau_p, r_p): (&[F], &[F]),
    rounds: usize,
    weights: &Weights<F>,
    columns: &[F; COLUMNS],
) -> F {
    let row = Row::of(columns);
    let product = row.upward.times(&row.excess);
    let quotient = row.above_low.plus(&product).plus(&product).minus(&row.excess);
    let linear =
        quotient.scale(Fr::from(1u64 << SHIFT)).plus(&row.remainder).offset(-Fr::from(1u64 << (SHIFT - 1)));
    let saturation = row.excess.times(&row.above_low).minus(&product.scale(Fr::from(SPAN)));
    let bit = row.upward.times(&row.upward).minus(&row.upward);
    let sum = weights.rows().times(&linear);
    let sum = sum.plus(&weights.saturation().times(&saturation)).plus(&weights.bit().times(&bit));
    equality_of_points(tau_p, r_p).times(&sum).scale(half_power(rounds - r_p.len()))
}

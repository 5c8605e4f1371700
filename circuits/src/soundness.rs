//! The statistical soundness bound of a proof shape (docs/spec/argument.md, "Soundness").

use crate::layout::Layout;

/// Log2 of the field's size, rounded down to three decimals.
const FIELD_BITS: f64 = 253.596;
/// Log2 of the degree that a prover may commit to: nothing forces him to stop at a row's length, and the largest public
/// ceremony has 2^28 powers. Coefficients beyond a row are harmless (they fold to zero or fail), but they count in every
/// check at a random point.
const DEGREE_LOG2: f64 = 28.0;

/// Minus log2 of the statistical soundness error, rounded down to whole bits.
///
/// It does not include BN254's computational level (about 100 bits) nor the Fiat-Shamir heuristic.
#[must_use]
pub fn statistical_bits(layout: &Layout) -> u32 {
    let k = layout.row_log2 as f64;
    let (cells, degree) = ((layout.vars() as f64).exp2(), DEGREE_LOG2.exp2());
    let operands = (2 * layout.contractions.len() + layout.linear.len()) as f64;
    let (map, relations, map_claims) = match layout.tables {
        0 => (0.0, 5.0, 0.0),
        _ => {
            let places = (layout.byte_vars() as f64).exp2() + 512.0;
            let reduction = (layout.map_vars() + 2 * layout.table_vars()) as f64;
            (2.0 * places + reduction, 9.0, (6 + layout.maps.len()) as f64)
        }
    };
    let (rounds, claims) = (layout.rounds as f64, 6.0 + operands + map_claims);
    let revealed = (layout.batch_log2 + layout.revealed_output().place.vars) as f64;
    let opening = 3.0 + k * degree + (k - 1.0) + (degree + 3.0);
    let lookups = (cells + 256.0) + map;
    let error = lookups + rounds + relations + 3.0 * rounds + 7.0 + revealed + claims + 2.0 * k + opening;
    (FIELD_BITS - error.log2()).floor() as u32
}

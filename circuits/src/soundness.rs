//! The statistical soundness bound of a proof shape (docs/spec/argument.md, "Soundness").

use crate::layout::Layout;

/// Log2 of the field's size, rounded down to three decimals.
const FIELD_BITS: f64 = 253.597;

/// Minus log2 of the statistical soundness error, rounded down to whole bits.
///
/// It does not include BN254's computational level (about 100 bits) nor the Fiat-Shamir heuristic.
#[must_use]
pub fn statistical_bits(layout: &Layout) -> u32 {
    let n = layout.vars() as f64;
    let k = layout.row_log2 as f64;
    let (cells, row) = ((layout.vars() as f64).exp2(), (layout.row_log2 as f64).exp2());
    let claims = (6 + 2 * layout.dense.len() + layout.scaled.len()) as f64;
    let revealed = (layout.batch_log2 + layout.revealed_place().vars) as f64;
    let error = (cells + 256.0) + n + 5.0 + 3.0 * n + 7.0 + revealed + claims + 2.0 * k + 2.0 + 3.0 * k + 2.0 * row;
    (FIELD_BITS - error.log2()).floor() as u32
}

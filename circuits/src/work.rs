//! What verifying costs, by the class and the batch alone: known before anything is read, so that it can be refused.

use crate::layout::Layout;

/// Most work of one verification, in multiplications of field elements: several seconds.
pub const MAX_WORK: u64 = 1 << 28;

/// Absorbing an element into the transcript.
const ABSORB: u64 = 400;
/// A point: its decoding, its hash, its share of the opening's sum.
const POINT: u64 = 400;
/// A round, a claim or a term apart from what its length adds.
const STEP: u64 = 64;
/// Values in one absorbed element.
const PACKED: u64 = 15;

/// Multiplications that a verification takes, estimated from above and saturating.
#[must_use]
pub fn multiplications(layout: &Layout) -> u64 {
    let batch = power(layout.batch_log2);
    let (input, revealed) = (power(layout.input_log2), power(layout.revealed_place().vars));
    let public = batch.saturating_mul(input.saturating_add(revealed));
    let absorbed = (public / PACKED).saturating_add(2 * batch).saturating_mul(ABSORB);
    // The input is folded once for every length of an output, and once for the scaled terms.
    let folds = distinct_lengths(layout).saturating_add(2);
    let folded = batch.saturating_mul(input).saturating_mul(folds);
    let points = [layout.witness_rows(), layout.witness_rows(), layout.weight_rows(), layout.bias_rows()];
    let points = points.iter().map(|rows| *rows as u64).fold(32, u64::saturating_add);
    let sum =
        [absorbed, folded, batch.saturating_mul(revealed), points.saturating_mul(POINT), claims(layout)];
    sum.into_iter().fold(0, u64::saturating_add)
}

/// Row scalars and column parts of all claims.
fn claims(layout: &Layout) -> u64 {
    let rows = |vars: usize| power(vars.saturating_sub(layout.row_log2)).saturating_mul(2);
    let claim = |vars: usize| rows(vars).saturating_add(STEP);
    let (batch, mut total) = (layout.batch_log2, 2 * claim(layout.vars()));
    for term in &layout.dense {
        total = total.saturating_add(claim(batch + term.input_log2));
        total = total.saturating_add(claim(term.weights.vars));
    }
    for term in &layout.scaled {
        let vars = layout.outputs.get(term.operator).map_or(0, |place| place.vars);
        total = total.saturating_add(claim(batch + vars));
    }
    let bias = layout.outputs.iter().map(|place| claim(place.vars));
    bias.fold(total.saturating_add(claim(batch + layout.revealed_place().vars)), u64::saturating_add)
}

fn distinct_lengths(layout: &Layout) -> u64 {
    let lengths = layout.outputs.iter().fold(0u64, |lengths, place| lengths | power(place.vars));
    u64::from(lengths.count_ones())
}

/// 2^log2, saturating.
fn power(log2: usize) -> u64 {
    u32::try_from(log2).ok().and_then(|log2| 1u64.checked_shl(log2)).unwrap_or(u64::MAX)
}

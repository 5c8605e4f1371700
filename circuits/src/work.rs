//! What verifying costs, by the class and the batch alone: known before anything is read, so that it can be refused.

use crate::claim::OBJECTS;
use crate::layout::Layout;
use crate::reading::{Axes, Reading};
use candor_program::class::TensorId;
use std::collections::BTreeSet;

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
    let (input, revealed) = (power(layout.input_log2), power(layout.revealed_output().place.vars));
    let public = batch.saturating_mul(input.saturating_add(revealed));
    let absorbed = (public / PACKED).saturating_add(2 * batch).saturating_mul(ABSORB);
    let points = OBJECTS.iter().map(|object| object.rows(layout) as u64).fold(32, u64::saturating_add);
    let table_rounds = if layout.tables > 0 { layout.table_vars() as u64 } else { 0 };
    let tables = (table_rounds + 2 * layout.maps.len() as u64).saturating_mul(STEP);
    let sum = [
        absorbed,
        inputs(layout),
        batch.saturating_mul(revealed).saturating_mul(2),
        points.saturating_mul(POINT),
        claims(layout),
        tables,
    ];
    sum.into_iter().fold(0, u64::saturating_add)
}

/// Operands that read the input: one fold a stretch of the decision, one value each, those without views once.
fn inputs(layout: &Layout) -> u64 {
    let (batch, input) = (power(layout.batch_log2), power(layout.input_log2));
    let (mut decisions, mut points) = (BTreeSet::new(), BTreeSet::new());
    let mut total = 0u64;
    for operand in operands(layout).filter(|operand| operand.source == TensorId(0)) {
        decisions.insert(operand.decision);
        let own = match operand.stretches() {
            Some(stretches) if points.contains(&stretches) => 0,
            // a view without combinations still looks at every value
            stretches => {
                points.extend(stretches);
                input.saturating_mul(2).saturating_add(operand.multiplications())
            }
        };
        total = total.saturating_add(own).saturating_add(STEP);
    }
    total.saturating_add((decisions.len() as u64).saturating_mul(batch).saturating_mul(input))
}

/// All operands.
fn operands(layout: &Layout) -> impl Iterator<Item = &Reading> {
    let contractions =
        layout.contractions.iter().flat_map(|c| c.left_operand().into_iter().chain([&c.right]));
    contractions.chain(layout.linear.iter().map(|term| &term.operand))
}

/// Row scalars and column parts of all claims.
fn claims(layout: &Layout) -> u64 {
    let rows = |vars: usize| power(vars.saturating_sub(layout.row_log2)).saturating_mul(2);
    let claim = |vars: usize| rows(vars).saturating_add(STEP);
    let batch = layout.batch_log2;
    let mut total = 2 * claim(layout.vars());
    for operand in operands(layout).filter(|operand| operand.source != TensorId(0)) {
        let vars = layout.output(operand.source).map_or(0, |output| output.place.vars);
        total = total.saturating_add(claim(batch + vars)).saturating_add(views(layout, operand));
    }
    for contraction in &layout.contractions {
        let vars = contraction.weight_vars().unwrap_or(0);
        total = total.saturating_add(claim(vars)).saturating_add(STEP);
    }
    if layout.tables > 0 {
        let map = layout.maps.iter().map(|map| claim(batch + map.place.vars));
        let own = claim(layout.map_vars()).saturating_add(2 * claim(layout.byte_vars()));
        let map = map.fold(own, u64::saturating_add);
        total = total.saturating_add(map).saturating_add(claim(layout.table_vars()).saturating_add(4 * STEP));
    }
    let bias = layout.outputs.iter().map(|output| claim(output.place.vars));
    bias.fold(total.saturating_add(claim(batch + layout.revealed_output().place.vars)), u64::saturating_add)
}

/// Vectors of an operand: their making, their extensions at the merged point, and a step for every piece of one that is cut.
fn views(layout: &Layout, operand: &Reading) -> u64 {
    let mut total = operand.multiplications();
    // variables less significant than this vector's
    let mut after = 0usize;
    for axes in operand.axes.iter().rev() {
        let vars = axes.vars();
        if let Axes::View { .. } = axes {
            total = total.saturating_add(power(vars).saturating_mul(2));
            let in_rows = (after + vars).saturating_sub(layout.row_log2);
            if in_rows < vars {
                total = total.saturating_add(power(in_rows).saturating_mul(STEP));
            }
        }
        after += vars;
    }
    total
}

/// 2^log2, saturating.
fn power(log2: usize) -> u64 {
    u32::try_from(log2).ok().and_then(|log2| 1u64.checked_shl(log2)).unwrap_or(u64::MAX)
}

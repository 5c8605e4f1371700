//! What proving one decision will cost, before anything is proven.

use crate::class::{padded_weights, witness_cells};
use candor_program::class::Class;
use serde::Serialize;

/// Expected cost of proving one decision on two cores.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Estimate {
    /// Milliseconds.
    pub time_ms: f64,
    /// Megabytes at the peak.
    pub memory_mb: f64,
}

/// Milliseconds of a proof of the smallest class: the opening and fixed work.
const BASE_MS: f64 = 40.0;
/// Milliseconds for each witness cell: one limb of a lookup, committed twice.
const CELL_MS: f64 = 0.002;
/// Milliseconds for each padded weight: field multiplications of the linear maps and folding of rows.
const WEIGHT_MS: f64 = 0.000_03;
/// Megabytes of the smallest class: code, reference string of 2^14 points and tables.
const BASE_MB: f64 = 24.0;
/// Megabytes for each witness cell: value, helper and their folded copies, 32 bytes each.
const CELL_MB: f64 = 0.000_16;
/// Megabytes for each padded weight: the integer and one folded field element.
const WEIGHT_MB: f64 = 0.000_04;

/// Linear in witness cells and padded weights; the constants are fitted to the prototype's and our own measurements.
#[must_use]
pub fn proving(class: &Class) -> Estimate {
    let (cells, weights) = (witness_cells(class) as f64, padded_weights(class) as f64);
    Estimate {
        time_ms: BASE_MS + CELL_MS * cells + WEIGHT_MS * weights,
        memory_mb: BASE_MB + CELL_MB * cells + WEIGHT_MB * weights,
    }
}

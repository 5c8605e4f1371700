//! How near the integer program is to its float model, layer by layer, and what the author asked for.

use crate::report::{Agreement, FidelityReport, OperatorReport};
use candor_program::operator::rescale::SPAN;

/// Rooms above the largest calibrated value that are tried for a target, as multiples of a path's own: narrow ranges round more finely, wide
/// ones saturate less.
pub(crate) const ROOMS: [f64; 4] = [1.0, 2.0 / 3.0, 0.8, 2.0];

/// What `[fidelity]` in agent.toml asks for.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Target {
    /// Least bits of the outputs.
    pub bits: Option<f64>,
    /// Largest share of decisions that differ from the float model's.
    pub disagreement: Option<f64>,
}

impl Target {
    /// Whether a program is near enough.
    pub(crate) fn is_met(&self, report: &FidelityReport) -> bool {
        self.bits.is_none_or(|bits| report.bits.is_none_or(|got| got >= bits))
            && self.disagreement.is_none_or(|share| report.disagreement <= share)
    }
}

impl FidelityReport {
    /// Whether fewer decisions differ, or as many and outputs are nearer.
    pub(crate) fn is_nearer(&self, other: &Self) -> bool {
        let bits = |report: &Self| report.bits.unwrap_or(f64::INFINITY);
        let by_decisions = other.disagreement.total_cmp(&self.disagreement);
        by_decisions.then(bits(self).total_cmp(&bits(other))).is_gt()
    }
}

/// What was achieved; `others` are agreements on further data, where there are any.
pub(crate) fn achieved(
    room: f64,
    agreement: &Agreement,
    others: Option<&Agreement>,
    operators: &[OperatorReport],
) -> FidelityReport {
    let share = |agreement: &Agreement| match agreement.observations {
        0 => 0.0,
        observations => (observations - agreement.same_action) as f64 / observations as f64,
    };
    let bits = agreement.worst_error.filter(|error| *error > 0.0 && agreement.largest_output > 0.0);
    let added = |operator: &OperatorReport| {
        let before =
            operator.sources.iter().filter_map(|source| operators.get(usize::from(*source).checked_sub(1)?));
        operator.error_share - before.map(|source| source.error_share).fold(0.0, f64::max)
    };
    let costs: Vec<f64> = operators.iter().map(added).collect();
    let costliest = (0..costs.len()).max_by(|left, right| costs[*left].total_cmp(&costs[*right]));
    FidelityReport {
        room,
        bits: bits.map(|error| libm::log2(agreement.largest_output / error)),
        disagreement: share(agreement).max(others.map_or(0.0, share)),
        costliest: costliest.filter(|index| costs[*index] > 0.0),
        tried: 1,
    }
}

/// Errors of every operator's output against the float model, summed over samples.
pub(crate) struct LayerErrors {
    sums: Vec<Sums>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    error: f64,
    magnitude: f64,
    worst: f64,
    count: u64,
}

/// Error of one operator's output, in the model's own unit.
#[derive(Clone, Copy, Default)]
pub(crate) struct LayerError {
    pub(crate) worst: f64,
    pub(crate) mean: f64,
    /// Mean error as a share of the mean magnitude.
    pub(crate) share: f64,
}

impl LayerErrors {
    pub(crate) fn new(operators: usize) -> Self {
        Self { sums: vec![Sums::default(); operators] }
    }

    /// Shapes: one float and one step (or one step for all) for every integer.
    pub(crate) fn add(&mut self, operator: usize, integers: &[i32], floats: &[f64], steps: &[f64]) {
        let Some(sums) = self.sums.get_mut(operator) else { return };
        for (index, (integer, float)) in integers.iter().zip(floats).enumerate() {
            let step = steps.get(index).or(steps.first()).copied().unwrap_or(0.0);
            let error = (f64::from(*integer) * step - float).abs();
            sums.error += error;
            sums.magnitude += float.abs();
            sums.worst = sums.worst.max(error);
            sums.count += 1;
        }
    }

    pub(crate) fn of(&self, operator: usize) -> LayerError {
        let Some(sums) = self.sums.get(operator).filter(|sums| sums.count > 0) else {
            return LayerError::default();
        };
        let share = if sums.magnitude > 0.0 { sums.error / sums.magnitude } else { 0.0 };
        LayerError { worst: sums.worst, mean: sums.error / sums.count as f64, share }
    }
}

/// Whether an integer lies at an end of its range because that is too narrow: a ReLU at zero does not.
pub(crate) fn is_saturated(integer: i32, low: i32) -> bool {
    let (integer, low) = (i64::from(integer), i64::from(low));
    integer == low + SPAN || (integer == low && low != 0)
}

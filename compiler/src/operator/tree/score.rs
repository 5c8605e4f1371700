//! Sums over trees, and what a regressor makes of them.

use super::ensemble::{Aggregate, Ensemble};
use crate::operator::scores::Transform;
use crate::tensor::ElementType;

/// What the trees give to every output for one row; `None` where no leaf that was reached has a weight for it. Averages are taken.
pub(super) fn sums(ensemble: &Ensemble, row: &[f64], element_type: ElementType) -> Vec<Option<f64>> {
    let mut sums: Vec<Option<f64>> = vec![None; ensemble.outputs];
    for root in &ensemble.roots {
        for (output, weight) in ensemble.leaf(*root, row, element_type) {
            let Some(sum) = sums.get_mut(*output) else { continue };
            *sum = Some(match (*sum, ensemble.aggregate) {
                (None, _) => *weight,
                (Some(sum), Aggregate::Sum | Aggregate::Average) => sum + weight,
                (Some(sum), Aggregate::Min) => sum.min(*weight),
                (Some(sum), Aggregate::Max) => sum.max(*weight),
            });
        }
    }
    if ensemble.aggregate == Aggregate::Average {
        let trees = ensemble.roots.len().max(1) as f64;
        sums.iter_mut().flatten().for_each(|sum| *sum /= trees);
    }
    sums
}

/// What is added to an output.
pub(super) fn base(ensemble: &Ensemble, output: usize) -> f64 {
    // With one output onnxruntime takes a single base value, with several as many as there are.
    if ensemble.base.len() == ensemble.outputs {
        ensemble.base.get(output).copied().unwrap_or(0.0)
    } else {
        0.0
    }
}

/// The outputs of a regressor for one row.
pub(super) fn targets(ensemble: &Ensemble, row: &[f64], element_type: ElementType) -> Vec<f64> {
    let sums = sums(ensemble, row, element_type);
    let mut targets: Vec<f64> =
        sums.iter().enumerate().map(|(output, sum)| sum.unwrap_or(0.0) + base(ensemble, output)).collect();
    ensemble.applied().apply(&mut targets);
    targets
}

impl Ensemble {
    /// The transformation that onnxruntime applies: a single target is transformed by PROBIT alone.
    pub(super) fn applied(&self) -> Transform {
        if self.outputs == 1 && self.transform != Transform::Probit {
            Transform::None
        } else {
            self.transform
        }
    }
}

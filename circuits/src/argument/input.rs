//! Operands that read the input: the verifier evaluates them himself.

use crate::factor;
use crate::reading::{Coordinates, Points, Reading};
use crate::statement::fold_decisions;
use candor_program::arith::Arith;
use std::collections::BTreeMap;

/// The input of a batch, with what was already computed of it.
pub(super) struct Input<'a, F> {
    features: &'a [Vec<F>],
    folded: BTreeMap<Coordinates, Vec<F>>,
    values: BTreeMap<Vec<Coordinates>, F>,
}

impl<'a, F: Arith> Input<'a, F> {
    pub(super) fn new(features: &'a [Vec<F>]) -> Self {
        Self { features, folded: BTreeMap::new(), values: BTreeMap::new() }
    }

    /// Value of an operand. Shapes: the points are the same at every call, the final one possibly not yet known.
    pub(super) fn value(&mut self, operand: &Reading, points: &Points<'_, F>) -> F {
        let stretches = operand.stretches();
        if let Some(value) = stretches.as_ref().and_then(|key| self.values.get(key)) {
            return value.clone();
        }
        let features = self.features;
        let fold = || fold_decisions(features, points.at(&operand.decision));
        let folded = self.folded.entry(operand.decision).or_insert_with(fold).clone();
        let weights = operand.weights(points);
        let value = factor::apply(&weights.factors, folded);
        let value = weights.scale.map_or(value.clone(), |scale| scale.times(&value));
        if let Some(key) = stretches {
            self.values.insert(key, value.clone());
        }
        value
    }
}

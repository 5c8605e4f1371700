//! Tensors and weights as tables, folded where the zero-check point gives their coordinates.

use crate::multilinear::equality_table;
use crate::view::{permute, table};
use crate::wide::SignedWideSum;
use crate::witness::Witness;
use ark_ff::AdditiveGroup;
use candor_circuits::factor;
use candor_circuits::layout::{Contraction, Layout, Left, Place};
use candor_circuits::reading::{Challenge, Coordinates, Points, Reading};
use candor_program::Fr;
use rayon::prelude::*;
use std::borrow::Cow;

/// What operands and weights are read from.
pub(crate) struct Tensors<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) witness: &'a Witness,
    pub(crate) weights: &'a [i32],
    pub(crate) tau: &'a [Fr],
}

impl Tensors<'_> {
    fn at(&self, coordinates: &Coordinates) -> &[Fr] {
        Points { tau: self.tau, r: &[] }.at(coordinates)
    }

    /// A tensor's real values summed over decisions with these weights, every axis padded.
    fn folded(&self, tensor: usize, decisions: &[(usize, Fr)]) -> Vec<Fr> {
        let size: u32 = self.layout.axes[tensor].iter().map(|log2| u32::from(*log2)).sum();
        let mut sums = vec![SignedWideSum::default(); 1 << size];
        for (decision, weight) in decisions {
            let values = &self.witness.tensors[*decision][tensor];
            match &self.witness.places[tensor] {
                None => {
                    sums.iter_mut().zip(values).for_each(|(sum, value)| sum.add(weight, i64::from(*value)))
                }
                Some(places) => places
                    .iter()
                    .zip(values)
                    .for_each(|(place, value)| sums[*place].add(weight, i64::from(*value))),
            }
        }
        sums.iter().map(SignedWideSum::reduce).collect()
    }

    /// All decisions with their weights at the operand's coordinates.
    fn decisions(&self, operand: &Reading) -> Vec<(usize, Fr)> {
        equality_table(self.at(&operand.decision)).into_iter().enumerate().collect()
    }

    /// The value of an operand whose coordinates are all at the zero-check point.
    pub(crate) fn value(&self, operand: &Reading) -> Fr {
        let folded = self.folded(usize::from(operand.source.0), &self.decisions(operand));
        let weights = operand.weights(&Points { tau: self.tau, r: &[] });
        let value = factor::apply(&weights.factors, folded);
        weights.scale.map_or(value, |scale| scale * value)
    }

    /// An operand's table over the variables of its contraction.
    fn operand(&self, operand: &Reading, vars: usize) -> Vec<Fr> {
        let tensor = usize::from(operand.source.0);
        if operand.decision.of == Challenge::Tau {
            return table(operand, self.tau, self.folded(tensor, &self.decisions(operand)), vars);
        }
        // the decision is the first variable: one table each
        let each = vars - operand.decision.vars;
        let of =
            |decision| table(operand, self.tau, self.folded(tensor, &[(decision, Fr::from(1u64))]), each);
        (0..1 << operand.decision.vars).into_par_iter().flat_map_iter(of).collect()
    }

    /// Both factors of a contraction. Shapes: 2^vars values each.
    pub(crate) fn factors(&self, contraction: &Contraction) -> (Vec<Fr>, Vec<Fr>) {
        let left = match &contraction.left {
            Left::Weights { place, labels } => self.folded_weights(*place, labels, contraction.vars),
            Left::Operand { operand, .. } => self.operand(operand, contraction.vars),
        };
        (left, self.operand(&contraction.right, contraction.vars))
    }

    /// Weights folded over the labels at the zero-check point. Shapes: 2^vars values.
    fn folded_weights(&self, place: Place, labels: &[Coordinates], vars: usize) -> Vec<Fr> {
        let values = &self.weights[place.offset..place.offset + (1 << place.vars)];
        let free: Vec<&Coordinates> = labels.iter().filter(|label| label.of == Challenge::Tau).collect();
        let point: Vec<Fr> = free.iter().flat_map(|label| self.at(label)).copied().collect();
        let eq = equality_table(&point);
        // folded labels first, in their order; then the variables of the instance
        let mut above = vars + point.len();
        let position = |label: &Coordinates| match label.of {
            Challenge::Tau => {
                above -= label.vars;
                (label.vars, above)
            }
            Challenge::Final => (label.vars, label.last - label.vars),
        };
        let kept: Vec<(usize, usize)> = labels.iter().map(position).collect();
        let mut lowest = 0;
        let in_order = kept.iter().rev().all(|(width, at)| {
            let here = *at == lowest || *width == 0;
            lowest += width;
            here
        });
        let values = match in_order {
            true => Cow::Borrowed(values),
            false => Cow::Owned(permute(values.to_vec(), &kept, vars + point.len())),
        };
        fold_rows(&eq, &values, 1 << vars)
    }
}

/// Sum of rows with weights. Shapes: `width` a power of two, one row a weight.
fn fold_rows(eq: &[Fr], values: &[i32], width: usize) -> Vec<Fr> {
    let block = width.clamp(1, 64);
    let mut folded = vec![Fr::ZERO; width];
    folded.par_chunks_mut(block).enumerate().for_each(|(i, target)| {
        let mut sums = [SignedWideSum::default(); 64];
        for (eq, row) in eq.iter().zip(values.chunks_exact(width)) {
            for (sum, weight) in sums.iter_mut().zip(&row[i * block..i * block + target.len()]) {
                sum.add(eq, i64::from(*weight));
            }
        }
        for (target, sum) in target.iter_mut().zip(&sums) {
            *target = sum.reduce();
        }
    });
    folded
}

//! The entries that are looked up: what selects them, and both halves of the equalities.

use super::{Instance, Round};
use crate::multilinear::{bind, sum_over};
use ark_ff::AdditiveGroup;
use candor_program::Fr;

/// `factor * selected(p) * low(p) * high(p)`.
pub(crate) struct Entries {
    selected: Vec<Fr>,
    halves: [Vec<Fr>; 2],
    factor: Fr,
    /// The whole sum; until the first round nothing else is asked for.
    claim: Fr,
}

impl Entries {
    /// Shapes: equal powers of two, the equalities of both halves joined. `factor` includes the scale of the instance.
    pub(crate) fn new(selected: Vec<Fr>, equalities: &[Fr], factor: Fr) -> Self {
        let (low, high) = equalities.split_at(selected.len());
        let claim = factor * sum_over(low.len(), |i| [selected[i] * low[i] * high[i]])[0];
        Self { halves: [low.to_vec(), high.to_vec()], selected, factor, claim }
    }

    /// Both halves at the final point.
    pub(crate) fn halves(&self) -> [Fr; 2] {
        [self.halves[0][0], self.halves[1][0]]
    }
}

impl Instance for Entries {
    fn vars(&self) -> usize {
        self.selected.len().trailing_zeros() as usize
    }
    fn claim(&self) -> Fr {
        self.claim
    }
    fn round(&mut self) -> Round {
        let half = self.selected.len() / 2;
        let (selected, [low, high]) = (&self.selected, &self.halves);
        let round = sum_over(half, |i| {
            let (first, second) = (selected[i], selected[i + half]);
            if first == Fr::ZERO && second == Fr::ZERO {
                return [Fr::ZERO; 3];
            }
            let lines = [selected, low, high].map(|table| (table[i], table[i + half] - table[i]));
            let at_0 = first * low[i] * high[i];
            let at_2 = lines.map(|(value, step)| value + step.double());
            let at_3 = [0, 1, 2].map(|line: usize| at_2[line] + lines[line].1);
            [at_0, at_2[0] * at_2[1] * at_2[2], at_3[0] * at_3[1] * at_3[2]]
        });
        round.map(|value| self.factor * value)
    }
    fn bind(&mut self, challenge: Fr) {
        bind(&mut self.selected, challenge);
        self.halves.iter_mut().for_each(|half| bind(half, challenge));
    }
}

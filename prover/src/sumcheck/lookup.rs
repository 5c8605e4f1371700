//! Cells, and mapped positions: the helper is the inverse of beta minus the cell (or key), and its sum.

use super::{EqRounds, Instance, Round};
use crate::multilinear::{bind, sum_over};
use ark_ff::{AdditiveGroup, Field};
use candor_program::Fr;

/// `inverse eq(tau, cell) (h (beta - w) - 1) + sums h`.
pub(crate) struct Lookup<'a> {
    /// `eq` tables of tau's suffixes.
    suffixes: &'a [Vec<Fr>],
    eq: EqRounds,
    helper: Vec<Fr>,
    /// beta minus cell or key.
    denominator: Vec<Fr>,
    /// Weight of the helper's sum.
    sums: Fr,
    sum: Fr,
    last: Round,
}

impl<'a> Lookup<'a> {
    /// Shapes: one inverse a limb, one entry a cell. The weights include the scale of the instance.
    pub(crate) fn of_cells(
        suffixes: &'a [Vec<Fr>],
        tau: &[Fr],
        weights: (Fr, Fr),
        (beta, inverses): (Fr, &[Fr]),
        cells: &[u8],
    ) -> Self {
        let denominators: Vec<Fr> = (0..inverses.len()).map(|limb| beta - Fr::from(limb as u64)).collect();
        let helper: Vec<Fr> = cells.iter().map(|&cell| inverses[usize::from(cell)]).collect();
        let denominator = cells.iter().map(|&cell| denominators[usize::from(cell)]).collect();
        let mut counts = vec![0u64; inverses.len()];
        for cell in cells {
            counts[usize::from(*cell)] += 1;
        }
        let sum = counts.iter().zip(inverses).map(|(count, inverse)| Fr::from(*count) * inverse).sum();
        Self::new(suffixes, tau, weights, (helper, denominator, sum))
    }

    /// Shapes: equal lengths; the helper's sum is given. The weights include the scale of the instance.
    pub(crate) fn new(
        suffixes: &'a [Vec<Fr>],
        tau: &[Fr],
        (inverse_weight, sums): (Fr, Fr),
        (helper, denominator, sum): (Vec<Fr>, Vec<Fr>, Fr),
    ) -> Self {
        let eq = EqRounds::new(tau, inverse_weight, Fr::ZERO);
        Self { suffixes, eq, helper, denominator, sums, sum, last: [Fr::ZERO; 3] }
    }

    /// Helper at the final point.
    pub(crate) fn helper(&self) -> Fr {
        self.helper[0]
    }
}

impl Instance for Lookup<'_> {
    fn vars(&self) -> usize {
        self.eq.vars()
    }
    fn claim(&self) -> Fr {
        self.eq.claim + self.sums * self.sum
    }
    fn round(&mut self) -> Round {
        let half = self.helper.len() / 2;
        let eq = &self.suffixes[self.vars() - 1];
        let (helper, denominator) = (&self.helper, &self.denominator);
        let [at_0, leading, low_sum] = sum_over(half, |i| {
            let (h, d) = (helper[i], denominator[i]);
            [eq[i] * (h * d - Fr::ONE), eq[i] * (helper[i + half] - h) * (denominator[i + half] - d), h]
        });
        self.last = self.eq.round(at_0, leading, || {
            sum_over(half, |i| [eq[i] * (helper[i + half] * denominator[i + half] - Fr::ONE)])[0]
        });
        let (low, high) = (low_sum, self.sum - low_sum);
        let step = high - low;
        let at_2 = high + step;
        let linear = [low, at_2, at_2 + step];
        std::array::from_fn(|i| self.last[i] + self.sums * linear[i])
    }
    fn bind(&mut self, challenge: Fr) {
        self.eq.bind(&self.last, challenge);
        bind(&mut self.helper, challenge);
        bind(&mut self.denominator, challenge);
        self.sum = sum_over(self.helper.len(), |i| [self.helper[i]])[0];
    }
}

//! The limb table, and the tables of lookups: the helper is multiplicity over denominator, and its sum.

use super::{EqRounds, Instance, Round};
use crate::multilinear::{bind, sum_over};
use ark_ff::{AdditiveGroup, Zero};
use candor_program::Fr;

/// `table eq(tau, v) (g (beta - v) - mu) - sums g`; mostly zero where few entries are looked up.
pub(crate) struct TableSide<'a> {
    suffixes: &'a [Vec<Fr>],
    eq: EqRounds,
    helper: Vec<Fr>,
    denominator: Vec<Fr>,
    multiplicities: Vec<Fr>,
    sums: Fr,
    last: Round,
}

impl<'a> TableSide<'a> {
    /// Shapes: one entry each a place of the table; the weights include the scale of the instance.
    pub(crate) fn new(
        suffixes: &'a [Vec<Fr>],
        tau: &[Fr],
        (table_weight, sums): (Fr, Fr),
        (denominator, multiplicities, helper): (Vec<Fr>, Vec<Fr>, Vec<Fr>),
    ) -> Self {
        let eq = EqRounds::new(tau, table_weight, Fr::ZERO);
        Self { suffixes, eq, helper, denominator, multiplicities, sums, last: [Fr::ZERO; 3] }
    }

    /// Table helper and multiplicity at the final point.
    pub(crate) fn values(&self) -> (Fr, Fr) {
        (self.helper[0], self.multiplicities[0])
    }
}

impl Instance for TableSide<'_> {
    fn vars(&self) -> usize {
        self.eq.vars()
    }
    fn claim(&self) -> Fr {
        self.eq.claim - self.sums * self.helper.iter().sum::<Fr>()
    }
    fn round(&mut self) -> Round {
        let half = self.helper.len() / 2;
        let eq = &self.suffixes[self.vars() - 1];
        let (helper, denominator, counts) = (&self.helper, &self.denominator, &self.multiplicities);
        let at = |i: usize| helper[i] * denominator[i] - counts[i];
        let nothing = |i: usize| helper[i].is_zero() && counts[i].is_zero();
        let [at_0, leading, low, high] = sum_over(half, |i| {
            if nothing(i) && nothing(i + half) {
                return [Fr::ZERO; 4];
            }
            let slopes = (helper[i + half] - helper[i]) * (denominator[i + half] - denominator[i]);
            [eq[i] * at(i), eq[i] * slopes, helper[i], helper[i + half]]
        });
        self.last = self.eq.round(at_0, leading, || sum_over(half, |i| [eq[i] * at(i + half)])[0]);
        let step = high - low;
        let linear = [low, high + step, high + step.double()];
        std::array::from_fn(|i| self.last[i] - self.sums * linear[i])
    }
    fn bind(&mut self, challenge: Fr) {
        self.eq.bind(&self.last, challenge);
        bind(&mut self.helper, challenge);
        bind(&mut self.denominator, challenge);
        bind(&mut self.multiplicities, challenge);
    }
}

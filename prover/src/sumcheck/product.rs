//! A product of two tables, summed.

use super::{Instance, Round};
use crate::multilinear::{bind, dot, sum_over};
use ark_ff::AdditiveGroup;
use candor_program::Fr;

/// `factor * left(j) * right(j)`.
pub(crate) struct Product {
    pub(super) left: Vec<Fr>,
    pub(super) right: Vec<Fr>,
    pub(super) factor: Fr,
    /// The whole sum; until the first round nothing else is asked for.
    claim: Fr,
}

impl Product {
    /// Shapes: equal powers of two. `factor` includes the scale of the instance.
    pub(crate) fn new(left: Vec<Fr>, right: Vec<Fr>, factor: Fr) -> Self {
        let claim = factor * dot(&left, &right);
        Self::of_claim((left, right), factor, claim)
    }

    /// The same, whose sum is known.
    pub(super) fn of_claim((left, right): (Vec<Fr>, Vec<Fr>), factor: Fr, claim: Fr) -> Self {
        Self { left, right, factor, claim }
    }

    /// Both vectors at the final point.
    pub(crate) fn values(&self) -> [Fr; 2] {
        [self.left[0], self.right[0]]
    }
}

impl Instance for Product {
    fn vars(&self) -> usize {
        self.left.len().trailing_zeros() as usize
    }
    fn claim(&self) -> Fr {
        self.claim
    }
    fn round(&mut self) -> Round {
        let half = self.left.len() / 2;
        let (left, right) = (&self.left, &self.right);
        let round = sum_over(half, |i| {
            let (a, b) = (left[i], right[i]);
            let (da, db) = (left[i + half] - a, right[i + half] - b);
            let (a_2, b_2) = (a + da.double(), b + db.double());
            [a * b, a_2 * b_2, (a_2 + da) * (b_2 + db)]
        });
        round.map(|value| self.factor * value)
    }
    fn bind(&mut self, challenge: Fr) {
        bind(&mut self.left, challenge);
        bind(&mut self.right, challenge);
    }
}

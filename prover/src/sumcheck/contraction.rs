//! A contraction folded at the zero-check point: a product of two tables, of which the first variables carry a zero-check.

use super::product::Product;
use super::{EqRounds, Instance, Round};
use crate::multilinear::{bind, equality_suffixes, sum_over};
use ark_ff::AdditiveGroup;
use candor_program::Fr;

/// `factor * eq(tau_s, s) * left(s, j) * right(s, j)`.
pub(crate) struct Contraction {
    /// Rounds of the shared variables, while there are any.
    shared: Option<Shared>,
    product: Product,
}

struct Shared {
    eq: EqRounds,
    /// `eq` tables of the suffixes of tau_s without its first element.
    suffixes: Vec<Vec<Fr>>,
    last: Round,
}

impl Contraction {
    /// Shapes: equal powers of two, at least `2^len(shared)`. `factor` includes the scale of the instance.
    pub(crate) fn new(left: Vec<Fr>, right: Vec<Fr>, shared: &[Fr], factor: Fr) -> Self {
        if shared.is_empty() {
            return Self { shared: None, product: Product::new(left, right, factor) };
        }
        let block = left.len() >> shared.len();
        let eq = crate::multilinear::equality_table(shared);
        let sums = left.chunks(block).zip(right.chunks(block)).map(|(l, r)| crate::multilinear::dot(l, r));
        let claim = factor * eq.iter().zip(sums).map(|(eq, sum)| *eq * sum).sum::<Fr>();
        let eq = EqRounds::new(shared, factor, claim);
        let shared = Shared { eq, suffixes: equality_suffixes(&shared[1..]), last: [Fr::ZERO; 3] };
        Self { shared: Some(shared), product: Product::of_claim((left, right), factor, claim) }
    }

    /// Both tables at the final point.
    pub(crate) fn values(&self) -> [Fr; 2] {
        self.product.values()
    }
}

impl Instance for Contraction {
    fn vars(&self) -> usize {
        self.product.vars()
    }
    fn claim(&self) -> Fr {
        self.shared.as_ref().map_or_else(|| self.product.claim(), |shared| shared.eq.claim)
    }
    fn round(&mut self) -> Round {
        let Some(shared) = &mut self.shared else { return self.product.round() };
        let (left, right) = (&self.product.left, &self.product.right);
        let half = left.len() / 2;
        let eq = &shared.suffixes[shared.eq.vars() - 1];
        let block = half / eq.len();
        let [at_0, leading] = sum_over(half, |i| {
            let (l, r) = (left[i], right[i]);
            let slopes = (left[i + half] - l) * (right[i + half] - r);
            let eq = eq[i / block];
            [eq * l * r, eq * slopes]
        });
        shared.last = shared.eq.round(at_0, leading, || {
            sum_over(half, |i| [eq[i / block] * left[i + half] * right[i + half]])[0]
        });
        shared.last
    }
    fn bind(&mut self, challenge: Fr) {
        if let Some(shared) = &mut self.shared {
            shared.eq.bind(&shared.last, challenge);
            bind(&mut self.product.left, challenge);
            bind(&mut self.product.right, challenge);
            if shared.eq.vars() == 0 {
                self.product.factor = shared.eq.scale;
                self.shared = None;
            }
        } else {
            self.product.bind(challenge);
        }
    }
}

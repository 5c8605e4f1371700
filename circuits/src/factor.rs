//! Tensor functionals: products of one factor a variable.

use ark_ff::One;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Weights of one variable's two values. A functional is a list of factors, most significant variable first.
#[derive(Clone, Debug)]
pub enum Factor<F> {
    /// Weight one on this bit, zero on the other.
    Bit(bool),
    /// `(1 - x, x)`: evaluation at x.
    Point(F),
    /// `(1, z)`: one power of a batching challenge.
    Power(F),
    /// `(1, c)` for a constant.
    Fixed(Fr),
}

impl<F: Arith> Factor<F> {
    /// The factor's multilinear extension at `s`.
    pub fn evaluate(&self, s: &F) -> F {
        let one = Fr::one();
        match self {
            Self::Bit(true) => s.clone(),
            Self::Bit(false) => F::constant(one).minus(s),
            Self::Point(x) => equality(x, s),
            Self::Power(z) => s.times(&z.offset(-one)).offset(one),
            Self::Fixed(constant) => s.scale(*constant - one).offset(one),
        }
    }
}

/// `1 - x - s + 2 x s`.
pub fn equality<F: Arith>(x: &F, s: &F) -> F {
    let product = x.times(s);
    product.plus(&product).minus(x).minus(s).offset(Fr::one())
}

/// Product of equalities. Shapes: equal lengths.
pub fn equality_of_points<F: Arith>(left: &[F], right: &[F]) -> F {
    let mut product = F::constant(Fr::one());
    for (x, s) in left.iter().zip(right) {
        product = product.times(&equality(x, s));
    }
    product
}

/// Value of a functional's multilinear extension. Shapes: equal lengths.
pub fn evaluate<F: Arith>(factors: &[Factor<F>], point: &[F]) -> F {
    let mut product = F::constant(Fr::one());
    for (factor, s) in factors.iter().zip(point) {
        product = product.times(&factor.evaluate(s));
    }
    product
}

/// Factors of the low `count` bits of `value`, most significant first.
#[must_use]
pub fn bits<F>(value: usize, count: usize) -> Vec<Factor<F>> {
    (0..count).rev().map(|bit| Factor::Bit(value >> bit & 1 == 1)).collect()
}

/// Factors of an evaluation point.
pub fn point<F: Clone>(coordinates: &[F]) -> Vec<Factor<F>> {
    coordinates.iter().cloned().map(Factor::Point).collect()
}

/// All weights of a functional that are not zero by its bits: `(index, weight)`, indices ascending.
pub fn expand<F: Arith>(factors: &[Factor<F>]) -> Vec<(usize, F)> {
    let mut weights = vec![(0, F::constant(Fr::one()))];
    for factor in factors {
        weights = match factor {
            Factor::Bit(bit) => weights.into_iter().map(|(i, w)| (2 * i + usize::from(*bit), w)).collect(),
            Factor::Point(x) => weights
                .into_iter()
                .flat_map(|(i, w)| {
                    let high = w.times(x);
                    [(2 * i, w.minus(&high)), (2 * i + 1, high)]
                })
                .collect(),
            Factor::Power(z) => weights
                .into_iter()
                .flat_map(|(i, w)| {
                    let high = w.times(z);
                    [(2 * i, w), (2 * i + 1, high)]
                })
                .collect(),
            Factor::Fixed(constant) => weights
                .into_iter()
                .flat_map(|(i, w)| {
                    let high = w.scale(*constant);
                    [(2 * i, w), (2 * i + 1, high)]
                })
                .collect(),
        };
    }
    weights
}

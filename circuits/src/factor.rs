//! Tensor functionals: products of factors, each over one variable or several.

use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// Weights of the values of one variable, or of several. A functional is a list of factors, most significant variable first.
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
    /// One weight for every combination of several variables. Shapes: a power of two.
    Vector(Vec<F>),
}

impl<F: Arith> Factor<F> {
    /// Number of variables.
    pub fn vars(&self) -> usize {
        match self {
            Self::Bit(_) | Self::Point(_) | Self::Power(_) | Self::Fixed(_) => 1,
            Self::Vector(weights) => weights.len().trailing_zeros() as usize,
        }
    }

    /// The factor's multilinear extension. Shapes: one coordinate a variable.
    pub fn evaluate(&self, point: &[F]) -> F {
        if let Self::Vector(weights) = self {
            return extension(weights, point);
        }
        let Some(s) = point.first() else { return F::constant(Fr::one()) };
        let one = Fr::one();
        match self {
            Self::Bit(true) => s.clone(),
            Self::Bit(false) => F::constant(one).minus(s),
            Self::Point(x) => equality(x, s),
            Self::Power(z) => s.times(&z.offset(-one)).offset(one),
            Self::Fixed(constant) => s.scale(*constant - one).offset(one),
            Self::Vector(weights) => extension(weights, point),
        }
    }

    /// The weight of the value one of a single variable, whose value zero has the weight one (or one minus it).
    fn split(&self, weight: &F) -> [Option<F>; 2] {
        match self {
            Self::Bit(false) => [Some(weight.clone()), None],
            Self::Bit(true) => [None, Some(weight.clone())],
            Self::Point(x) => {
                let high = weight.times(x);
                [Some(weight.minus(&high)), Some(high)]
            }
            Self::Power(z) => [Some(weight.clone()), Some(weight.times(z))],
            Self::Fixed(constant) => [Some(weight.clone()), Some(weight.scale(*constant))],
            Self::Vector(_) => [None, None],
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

/// Number of variables of a functional.
pub fn vars<F: Arith>(factors: &[Factor<F>]) -> usize {
    factors.iter().map(Factor::vars).sum()
}

/// Value of a functional's multilinear extension. Shapes: one coordinate a variable.
pub fn evaluate<F: Arith>(factors: &[Factor<F>], point: &[F]) -> F {
    let mut product = F::constant(Fr::one());
    let mut rest = point;
    for factor in factors {
        let (own, after) = rest.split_at(factor.vars().min(rest.len()));
        rest = after;
        product = product.times(&factor.evaluate(own));
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
        let mut next = Vec::with_capacity(weights.len() << factor.vars().min(32));
        for (index, weight) in weights {
            match factor {
                Factor::Vector(vector) => next.extend(
                    vector.iter().enumerate().map(|(i, w)| (index * vector.len() + i, weight.times(w))),
                ),
                _ => next.extend(
                    factor
                        .split(&weight)
                        .into_iter()
                        .enumerate()
                        .filter_map(|(bit, weight)| Some((2 * index + bit, weight?))),
                ),
            }
        }
        weights = next;
    }
    weights
}

/// `eq(point, x)` of every x, most significant variable first.
pub fn equalities<F: Arith>(coordinates: &[F]) -> Vec<F> {
    expand(&point(coordinates)).into_iter().map(|(_, weight)| weight).collect()
}

/// Multilinear extension of values over a hypercube. Shapes: 2^len(point) values.
pub fn extension<F: Arith>(values: &[F], coordinates: &[F]) -> F {
    let mut table = values.to_vec();
    for x in coordinates {
        fold(&mut table, x);
    }
    table.into_iter().next().unwrap_or_else(|| F::constant(Fr::ZERO))
}

/// Fixes the most significant variable. Shapes: halves the table.
pub fn fold<F: Arith>(table: &mut Vec<F>, x: &F) {
    let half = table.len() / 2;
    for i in 0..half {
        let (low, high) = (&table[i], &table[i + half]);
        table[i] = low.plus(&x.times(&high.minus(low)));
    }
    table.truncate(half.max(1));
}

/// Value of a functional of a list of values. Shapes: 2^vars values.
pub fn apply<F: Arith>(factors: &[Factor<F>], values: Vec<F>) -> F {
    let mut table = values;
    for factor in factors {
        match factor {
            Factor::Point(x) => fold(&mut table, x),
            _ => {
                let weights = expand(std::slice::from_ref(factor));
                let block = table.len() >> factor.vars();
                let sum = |i: usize| {
                    let value =
                        |(at, weight): &(usize, F)| table.get(at * block + i).map(|v| weight.times(v));
                    weights.iter().filter_map(value).fold(F::constant(Fr::ZERO), |sum, term| sum.plus(&term))
                };
                table = (0..block).map(sum).collect();
            }
        }
    }
    table.into_iter().next().unwrap_or_else(|| F::constant(Fr::ZERO))
}

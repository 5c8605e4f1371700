//! HyperKZG opening of one multilinear polynomial, with one quotient and linearisation.
//!
//! Source: <https://eprint.iacr.org/2023/917> (HyperKZG variant of Gemini's reduction); batching over the three points
//! as in <https://eprint.iacr.org/2020/081>.

use crate::channel::{Channel, Check, Received, Step};
use ark_ff::{AdditiveGroup, Field, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// What is left of an opening: e(L + zeta W, H) = e(W, tau H), where L is the combination of row, folds, quotient and
/// generator with these scalars.
#[derive(Clone, Debug)]
pub struct Opening<F> {
    /// Commitments of the folded polynomials.
    pub folds: Received,
    /// Batching challenge: the scalar of fold j is its power j.
    pub q: F,
    /// The quotient.
    pub quotient: Received,
    /// Its scalar.
    pub quotient_scalar: F,
    /// Scalar of the generator.
    pub generator_scalar: F,
    /// The opening point W.
    pub point: Received,
    /// Scalar of W.
    pub zeta: F,
}

/// Checks that a committed polynomial of `vars` variables has this value at `s`, up to the pairing.
///
/// Owes: the pairing, in which the opened row has scalar one.
/// Errors: those of the channel.
pub fn verify<C: Channel>(
    channel: &mut C,
    vars: usize,
    value: &C::F,
    s: &[C::F],
) -> Result<Opening<C::F>, C::Error> {
    let one = Fr::one();
    let folds = channel.points(Step::Folds, vars - 1)?;
    let x = channel.challenge();
    let values = channel.scalars(Step::FoldEvaluations, 2 * vars + 1)?;
    let x_inverse = channel.inverse(Check::DegenerateChallenge, &x)?;
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    // f_j(x^2) for j = 0 .. vars
    let mut at_square = vec![values[2 * vars].clone()];
    for j in 0..vars {
        let (plus, minus) = (&values[2 * j], &values[2 * j + 1]);
        let even = plus.plus(minus).scale(half);
        let odd = plus.minus(minus).scale(half).times(&x_inverse);
        at_square.push(even.plus(&s[vars - 1 - j].times(&odd.minus(&even))));
    }
    channel.equal(Check::Folding, &at_square[vars], value)?;

    let q = channel.challenge();
    let zero = C::F::constant(Fr::ZERO);
    let mut batched = [zero.clone(), zero.clone(), zero];
    let mut power = C::F::constant(one);
    for j in 0..vars {
        for (sum, value) in batched.iter_mut().zip([&values[2 * j], &values[2 * j + 1], &at_square[j]]) {
            *sum = sum.plus(&power.times(value));
        }
        power = power.times(&q);
    }
    let quotient = channel.points(Step::Quotient, 1)?;
    let zeta = channel.challenge();
    let point = channel.points(Step::OpeningPoint, 1)?;

    let negated = C::F::constant(Fr::ZERO).minus(&x);
    let points = [x.clone(), negated, x.times(&x)];
    let [d_0, d_1, d_2] = [0, 1, 2].map(|i: usize| zeta.minus(&points[i]));
    let vanishing = d_0.times(&d_1).times(&d_2);
    let mut interpolated = C::F::constant(Fr::ZERO);
    for i in 0..3 {
        let (a, b) = (&points[(i + 1) % 3], &points[(i + 2) % 3]);
        let numerator = zeta.minus(a).times(&zeta.minus(b));
        let denominator = points[i].minus(a).times(&points[i].minus(b));
        let inverse = channel.inverse(Check::DegenerateChallenge, &denominator)?;
        interpolated = interpolated.plus(&batched[i].times(&numerator.times(&inverse)));
    }
    let minus = |value: &C::F| C::F::constant(Fr::ZERO).minus(value);
    let (quotient_scalar, generator_scalar) = (minus(&vanishing), minus(&interpolated));
    Ok(Opening { folds, q, quotient, quotient_scalar, generator_scalar, point, zeta })
}

//! Round polynomials: values at few points, and the claim that follows.

use ark_ff::{Field, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// A cubic given by its values at 0, 2, 3 and the sum of its values at 0 and 1, at `x`.
pub fn cubic<F: Arith>(sum: &F, values: &[F], x: &F) -> F {
    let (at_0, at_2, at_3) = (&values[0], &values[1], &values[2]);
    let at_1 = sum.minus(at_0);
    // Newton's forward differences at 0, 1, 2, 3: constants only, then three products
    let sixth = Fr::from(6u64).inverse().unwrap_or_default();
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    let first = at_1.minus(at_0);
    let second = at_2.minus(&at_1).minus(&first).scale(half);
    let third =
        at_3.minus(&at_2.scale(Fr::from(3u64))).plus(&at_1.scale(Fr::from(3u64))).minus(at_0).scale(sixth);
    let (x_1, x_2) = (x.offset(-Fr::one()), x.offset(-Fr::from(2u64)));
    at_0.plus(&x.times(&first.plus(&x_1.times(&second.plus(&x_2.times(&third))))))
}

/// A quadratic given by its values at 0, 2 and the sum of its values at 0 and 1, at `x`.
pub fn quadratic<F: Arith>(sum: &F, values: &[F], x: &F) -> F {
    let (at_0, at_2) = (&values[0], &values[1]);
    let at_1 = sum.minus(at_0);
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    let first = at_1.minus(at_0);
    let second = at_2.minus(&at_1).minus(&first).scale(half);
    at_0.plus(&x.times(&first.plus(&x.offset(-Fr::one()).times(&second))))
}

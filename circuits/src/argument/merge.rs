//! Reduces all claims to one value of one combination of rows.

use super::rows::RowTerm;
use super::sumcheck::quadratic;
use crate::channel::{Channel, Step};
use crate::claim::Claim;
use crate::factor;
use crate::layout::Layout;
use ark_ff::{AdditiveGroup, One};
use candor_program::Fr;
use candor_program::arith::Arith;

/// Shares of the rows, the merged value, and the point it is the value at.
pub(super) type Merged<F> = (Vec<RowTerm<F>>, F, Vec<F>);

/// Runs the merge.
pub(super) fn merge<C: Channel>(
    channel: &mut C,
    layout: &Layout,
    claims: &[Claim<C::F>],
    rho: &C::F,
) -> Result<Merged<C::F>, C::Error> {
    let mut powers = Vec::with_capacity(claims.len());
    let mut power = C::F::constant(Fr::one());
    let mut merged = C::F::constant(Fr::ZERO);
    for claim in claims {
        merged = merged.plus(&power.times(&claim.value));
        powers.push(power.clone());
        power = power.times(rho);
    }
    let mut s = Vec::with_capacity(layout.row_log2);
    for round in 0..layout.row_log2 {
        let values = channel.scalars(Step::MergeRound(round), 2)?;
        let challenge = channel.challenge();
        merged = quadratic(&merged, &values, &challenge);
        s.push(challenge);
    }
    let terms =
        claims.iter().zip(&powers).flat_map(|(claim, power)| terms(layout, claim, power, &s)).collect();
    Ok((terms, merged, s))
}

/// Row terms of a claim of this weight at the merged point: one a piece of a functional.
pub fn terms<F: Arith>(layout: &Layout, claim: &Claim<F>, weight: &F, s: &[F]) -> Vec<RowTerm<F>> {
    let mut terms = Vec::new();
    for functional in &claim.functionals {
        let parts = functional.parts(layout.row_log2);
        let (of_vector, rest) = s.split_at(s.len().saturating_sub(factor::vars(&parts.columns)));
        let mut weight = weight.times(&factor::evaluate(&parts.columns, rest));
        if let Some(scale) = &functional.scale {
            weight = weight.times(scale);
        }
        for piece in &parts.pieces {
            let weight = match &piece.vector {
                Some(vector) => weight.times(&vector.evaluate(of_vector)),
                None => weight.clone(),
            };
            terms.push(RowTerm { object: claim.object, factors: parts.row_factors(piece), weight });
        }
    }
    terms
}

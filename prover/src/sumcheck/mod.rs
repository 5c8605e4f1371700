//! The batched sumcheck: instances of different sizes, one list of rounds.

mod contraction;
mod entries;
mod lookup;
mod product;
mod rows;
mod table;

pub(crate) use contraction::Contraction;
pub(crate) use entries::Entries;
pub(crate) use lookup::Lookup;
pub(crate) use rows::Rows;
pub(crate) use table::TableSide;

use crate::channel::ProverChannel;
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::cubic;
use candor_circuits::channel::Step;
use candor_program::Fr;

/// A round polynomial's values at 0, 2 and 3.
pub(crate) type Round = [Fr; 3];

/// One instance of the batch: a polynomial over its own hypercube, weights and scale included.
pub(crate) trait Instance {
    /// Variables not yet bound.
    fn vars(&self) -> usize;
    /// The claimed sum over the remaining hypercube.
    fn claim(&self) -> Fr;
    /// The round polynomial of the most significant variable.
    fn round(&mut self) -> Round;
    /// Binds that variable.
    fn bind(&mut self, challenge: Fr);
}

/// Runs all rounds; gives the final point. An instance of m < n variables carries the scale 2^-(n-m) and waits until m
/// rounds are left.
pub(crate) fn prove(
    channel: &mut ProverChannel<'_>,
    vars: usize,
    instances: &mut [&mut dyn Instance],
) -> Vec<Fr> {
    let mut point = Vec::with_capacity(vars);
    for round in 0..vars {
        let left = vars - round;
        let mut values: Round = [Fr::ZERO; 3];
        for instance in instances.iter_mut() {
            let share = if instance.vars() == left {
                instance.round()
            } else {
                // constant in the left - m variables that it does not have, one of which is this round's
                [instance.claim() * Fr::from(2u64).pow([(left - 1 - instance.vars()) as u64]); 3]
            };
            for (value, share) in values.iter_mut().zip(share) {
                *value += share;
            }
        }
        channel.scalars(Step::Round(round), &values);
        let challenge = channel.challenge();
        for instance in instances.iter_mut().filter(|instance| instance.vars() == left) {
            instance.bind(challenge);
        }
        point.push(challenge);
    }
    point
}

/// Follows the claim of an instance and turns `eq`-factored rounds into values.
#[derive(Clone)]
pub(crate) struct EqRounds {
    /// Zero-check coordinates not yet bound, most significant first.
    tau: Vec<Fr>,
    /// `eq` of what is bound, times the instance's weight.
    pub(crate) scale: Fr,
    /// Sum over the remaining hypercube.
    pub(crate) claim: Fr,
}

impl EqRounds {
    pub(crate) fn new(tau: &[Fr], scale: Fr, claim: Fr) -> Self {
        Self { tau: tau.to_vec(), scale, claim }
    }

    pub(crate) fn vars(&self) -> usize {
        self.tau.len()
    }

    /// The round `scale * eq(tau_0, X) * q(X)` with q(0) and q's leading coefficient given; q(1) follows from the claim.
    pub(crate) fn round(&self, at_0: Fr, leading: Fr, at_1: impl FnOnce() -> Fr) -> Round {
        let tau = self.tau[0];
        let weighted = self.claim - self.scale * (Fr::ONE - tau) * at_0;
        let at_1 = match (self.scale * tau).inverse() {
            Some(inverse) => weighted * inverse,
            None => at_1(),
        };
        // q(2) and q(3) from q(0), q(1) and the leading coefficient: second difference is twice the leading one
        let first = at_1 - at_0;
        let second = leading.double();
        let at_2 = at_1 + first + second;
        let at_3 = at_2 + first + second.double();
        let step = tau.double() - Fr::ONE;
        let low = Fr::ONE - tau;
        let eq_2 = low + step.double();
        let eq_3 = eq_2 + step;
        [self.scale * low * at_0, self.scale * eq_2 * at_2, self.scale * eq_3 * at_3]
    }

    /// Binds the variable of a round with these values.
    pub(crate) fn bind(&mut self, round: &Round, challenge: Fr) {
        self.claim = cubic(&self.claim, round, &challenge);
        let tau = self.tau.remove(0);
        self.scale *= (Fr::ONE - tau) * (Fr::ONE - challenge) + tau * challenge;
    }
}

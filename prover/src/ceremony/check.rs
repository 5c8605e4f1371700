//! A ceremony checked by anybody: every contribution, and every point of the keys.
//!
//! The initial keys are not computed again. Each list of the final keys is compared with the powers by one weighted sum:
//! the weighted sum of a matrix's columns is one polynomial, whose value in the exponent is a sum over powers. Weights are
//! powers of a hash over the whole ceremony, so that a list with a wrong point passes with probability about its length / r.

use super::circuit::{A, B, C, Circuit, Side};
use super::error::{CeremonyError, Element, Query};
use super::file::{Ceremony, Subject};
use super::parameters::gamma;
use super::phase_one::PhaseOne;
use crate::seal::{Factors, SealKeys, verifying_key};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::One;
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use candor_circuits::seal::key::{INPUTS, KeySource};
use candor_program::encoding::{fr_from_bytes_mod, keccak256};
use rayon::prelude::*;

/// Powers of a number that follows from what is checked.
pub(super) struct Weights(pub(super) Vec<Fr>);

impl Weights {
    pub(super) fn of(tag: &[u8], parts: &[&[u8]], count: usize) -> Self {
        let base = fr_from_bytes_mod(&keccak256(&[&[tag][..], parts].concat()));
        Self(std::iter::successors(Some(base), |power| Some(*power * base)).take(count).collect())
    }
}

/// Sum of points times scalars, split over the threads.
pub(super) fn multi_scalar_in<G: CurveGroup<ScalarField = Fr>>(
    bases: &[G::Affine],
    scalars: &[Fr],
) -> G::Affine {
    let size = bases.len().div_ceil(2 * rayon::current_num_threads()).max(64);
    let chunks = bases.par_chunks(size).zip(scalars.par_chunks(size));
    chunks
        .map(|(bases, scalars)| <G as VariableBaseMSM>::msm_unchecked(bases, scalars))
        .sum::<G>()
        .into_affine()
}

/// e(left) = e(right).
pub(super) fn equal(left: (G1Affine, G2Affine), right: (G1Affine, G2Affine)) -> bool {
    Bn254::multi_pairing([left.0, -right.0], [left.1, right.1]).0.is_one()
}

impl Ceremony {
    /// The keys are those of the circuit and the Powers-of-Tau file, with a delta that is the product of all
    /// contributions, each of which proved to know its factor at its place.
    ///
    /// Owes: that one contributor at least forgot their secret. Returns the finished keys, which name the transcript.
    /// Errors: the first check that fails.
    pub fn verify(&self, circuit: &Circuit, phase_one: &PhaseOne) -> Result<SealKeys, CeremonyError> {
        self.check_subject(circuit, phase_one)?;
        self.check_lengths(circuit)?;
        self.check_contributions()?;
        self.check_elements(phase_one)?;
        self.check_queries(circuit, phase_one)?;
        let keys = self.keys(circuit);
        keys.verifying.validate()?;
        Ok(keys)
    }

    fn check_subject(&self, circuit: &Circuit, phase_one: &PhaseOne) -> Result<(), CeremonyError> {
        let (expected, subject) = (Subject::of(circuit, phase_one), &self.subject);
        if (subject.class_digest, subject.batch_log2) != (expected.class_digest, expected.batch_log2) {
            return Err(CeremonyError::OtherClass { expected: expected.batch_log2, got: subject.batch_log2 });
        }
        if subject.circuit_digest != expected.circuit_digest {
            return Err(CeremonyError::OtherCircuit);
        }
        if subject.phase_one != expected.phase_one {
            return Err(CeremonyError::OtherPhaseOne {
                expected: subject.phase_one,
                got: expected.phase_one,
            });
        }
        Ok(())
    }

    fn check_lengths(&self, circuit: &Circuit) -> Result<(), CeremonyError> {
        let (variables, parameters) = (circuit.variables(), &self.parameters);
        let domain = 1usize << circuit.domain_log2();
        for (query, expected, got) in [
            (Query::Inputs, INPUTS + 1, parameters.inputs.len()),
            (Query::A, variables, parameters.a.len()),
            (Query::BInG1, variables, parameters.b_g1.len()),
            (Query::BInG2, variables, parameters.b_g2.len()),
            (Query::L, variables - INPUTS - 1, parameters.l.len()),
            (Query::H, domain - 1, parameters.h.len()),
        ] {
            if expected != got {
                return Err(CeremonyError::Length { query, expected, got });
            }
        }
        Ok(())
    }

    fn check_contributions(&self) -> Result<(), CeremonyError> {
        if !self.contributions.iter().any(|contribution| contribution.beacon.is_none()) {
            return Err(CeremonyError::NoContribution);
        }
        let generator = G1Affine::generator();
        let (mut transcript, mut delta, mut closed) = (self.subject.transcript(), generator, false);
        for (index, contribution) in self.contributions.iter().enumerate() {
            let number = index + 1;
            contribution.check_name(number)?;
            if closed {
                return Err(CeremonyError::AfterBeacon { number });
            }
            let (step, after, proof) = contribution.points(number)?;
            if let Some(beacon) = &contribution.beacon {
                closed = true;
                if step != (generator * beacon.factor(&transcript)?).into_affine() {
                    return Err(CeremonyError::Beacon { number });
                }
            }
            let challenge = contribution.challenge(&transcript);
            if !equal((step, challenge), (generator, proof)) {
                return Err(CeremonyError::ProofOfKnowledge { number });
            }
            if !equal((after, challenge), (delta, proof)) {
                return Err(CeremonyError::Step { number });
            }
            transcript = contribution.transcript_after(&transcript);
            delta = after;
        }
        if self.parameters.delta_g1 != delta {
            return Err(CeremonyError::Element { element: Element::DeltaInG1 });
        }
        if !equal((delta, G2Affine::generator()), (generator, self.parameters.delta_g2)) {
            return Err(CeremonyError::Element { element: Element::DeltaInG2 });
        }
        Ok(())
    }

    fn check_elements(&self, phase_one: &PhaseOne) -> Result<(), CeremonyError> {
        let parameters = &self.parameters;
        for (element, holds) in [
            (Element::Alpha, phase_one.alpha_tau_g1.first() == Some(&parameters.alpha_g1)),
            (Element::BetaInG1, phase_one.beta_tau_g1.first() == Some(&parameters.beta_g1)),
            (Element::BetaInG2, phase_one.beta_g2 == parameters.beta_g2),
        ] {
            if !holds {
                return Err(CeremonyError::Element { element });
            }
        }
        Ok(())
    }

    fn check_queries(&self, circuit: &Circuit, phase_one: &PhaseOne) -> Result<(), CeremonyError> {
        let (parameters, variables) = (&self.parameters, circuit.variables());
        let digest = keccak256(&[&self.to_bytes()]);
        let size = 1usize << circuit.domain_log2();
        let weights = Weights::of(b"candor/ceremony-check/v1", &[&digest], variables.max(size)).0;
        let Some(domain) = circuit.domain() else { return Err(CeremonyError::OtherCircuit) };
        let sum = |points: &[G1Affine]| multi_scalar_in::<G1Projective>(points, &weights);
        let sides = Sides { circuit, domain: &domain };
        let tau = &phase_one.tau_g1[..size];

        let all = &weights[..variables];
        let (a, b) = (sides.coefficients(A, true, all), sides.coefficients(B, false, all));
        require(Query::A, sum(&parameters.a) == multi_scalar_in::<G1Projective>(tau, &a))?;
        require(Query::BInG1, sum(&parameters.b_g1) == multi_scalar_in::<G1Projective>(tau, &b))?;
        let in_g2 = multi_scalar_in::<G2Projective>(&parameters.b_g2, &weights);
        require(Query::BInG2, in_g2 == multi_scalar_in::<G2Projective>(&phase_one.tau_g2, &b))?;

        // beta A + alpha B + C, over public inputs and over witnesses
        let rest = |weights: &[Fr]| {
            let beta_a = multi_scalar_in::<G1Projective>(
                &phase_one.beta_tau_g1,
                &sides.coefficients(A, true, weights),
            );
            let alpha_b = multi_scalar_in::<G1Projective>(
                &phase_one.alpha_tau_g1,
                &sides.coefficients(B, false, weights),
            );
            let c = multi_scalar_in::<G1Projective>(tau, &sides.coefficients(C, false, weights));
            (beta_a + alpha_b + c).into_affine()
        };
        let inputs = rest(&weights[..=INPUTS]);
        require(Query::Inputs, (sum(&parameters.inputs) * gamma()).into_affine() == inputs)?;
        let mut of_witnesses = vec![Fr::default(); INPUTS + 1];
        of_witnesses.extend_from_slice(&weights[..parameters.l.len()]);
        let (delta, h) = (parameters.delta_g2, G2Affine::generator());
        require(Query::L, equal((sum(&parameters.l), delta), (rest(&of_witnesses), h)))?;
        let vanishing = sum(&phase_one.tau_g1[size..]) - sum(&phase_one.tau_g1[..size - 1]);
        require(Query::H, equal((sum(&parameters.h), delta), (vanishing.into_affine(), h)))
    }

    fn keys(&self, circuit: &Circuit) -> SealKeys {
        let parameters = &self.parameters;
        let proving = ProvingKey::<Bn254> {
            vk: VerifyingKey {
                alpha_g1: parameters.alpha_g1,
                beta_g2: parameters.beta_g2,
                gamma_g2: (G2Affine::generator() * gamma()).into_affine(),
                delta_g2: parameters.delta_g2,
                gamma_abc_g1: parameters.inputs.clone(),
            },
            beta_g1: parameters.beta_g1,
            delta_g1: parameters.delta_g1,
            a_query: parameters.a.clone(),
            b_g1_query: parameters.b_g1.clone(),
            b_g2_query: parameters.b_g2.clone(),
            h_query: parameters.h.clone(),
            l_query: parameters.l.clone(),
        };
        let source = KeySource::Ceremony { transcript: self.transcript() };
        let constraints = circuit.matrices.constraints.len();
        let verifying =
            verifying_key(&proving, circuit.class_digest, circuit.batch_log2, constraints, source);
        SealKeys { verifying, proving, factors: Factors::of(circuit.matrices.clone()) }
    }
}

struct Sides<'a> {
    circuit: &'a Circuit,
    domain: &'a Radix2EvaluationDomain<Fr>,
}

impl Sides<'_> {
    /// Coefficients of the polynomial that weighted columns of a matrix add up to.
    fn coefficients(&self, side: Side, is_a: bool, weights: &[Fr]) -> Vec<Fr> {
        self.domain.ifft(&self.circuit.evaluations(side, is_a, weights))
    }
}

fn require(query: Query, holds: bool) -> Result<(), CeremonyError> {
    if holds { Ok(()) } else { Err(CeremonyError::Query { query }) }
}

//! The Groth16 prover on matrices and an assignment, for ark-groth16's keys; its parts run side by side on the threads.
//!
//! Source: <https://eprint.iacr.org/2016/260>, section 3.2.

use super::keys::SealKeys;
use crate::commit::multi_scalar;
use ark_bn254::{Fr, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{FftField, Field, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_relations::gr1cs::SynthesisError;
use candor_circuits::seal::key::{GrothPoints, INPUTS};
use candor_circuits::seal::system::Row;
use rayon::prelude::*;

/// The sums of points of a proof, before its blinding.
pub struct Sums {
    /// Over the left factors' points.
    pub a: G1Projective,
    /// Over the right factors' points.
    pub b_g1: G1Projective,
    /// The same in G2.
    pub b_g2: G2Projective,
    /// Over the points of witness variables.
    pub witness: G1Projective,
    /// Over the powers, with the quotient's coefficients.
    pub quotient: G1Projective,
}

/// A proof for an assignment (the constant one first) that satisfies the matrices; `blinding` are r and s.
///
/// Errors: more constraints than the field has roots of unity.
pub fn prove(keys: &SealKeys, assignment: &[Fr], blinding: [Fr; 2]) -> Result<GrothPoints, SynthesisError> {
    let domain = domain(keys)?;
    // the transforms and the sum that waits for them beside the sums that need the assignment alone
    let (quotient_sum, ((a, witness), (b_g1, b_g2))) = rayon::join(
        || sum_quotient(keys, &quotient_in(keys, domain, assignment)),
        || {
            let left = || (sum_a(keys, assignment), sum_witness(keys, assignment));
            rayon::join(left, || (sum_b_g1(keys, assignment), sum_b_g2(keys, assignment)))
        },
    );
    let sums = Sums { a, b_g1, b_g2, witness, quotient: quotient_sum };
    Ok(assemble(keys, &sums, blinding))
}

fn domain(keys: &SealKeys) -> Result<Radix2EvaluationDomain<Fr>, SynthesisError> {
    Radix2EvaluationDomain::new(keys.factors.left.len() + INPUTS + 1)
        .ok_or(SynthesisError::PolynomialDegreeTooLarge)
}

/// Coefficients of the quotient (A B - C) / Z for an assignment that satisfies the matrices.
///
/// Errors: more constraints than the field has roots of unity.
pub fn quotient(keys: &SealKeys, assignment: &[Fr]) -> Result<Vec<Fr>, SynthesisError> {
    Ok(quotient_in(keys, domain(keys)?, assignment))
}

/// The upper half of the product A B, which is the quotient: C is A B on the domain, A B = C + (X^n - 1) Q, and C has n coefficients.
///
/// A B mod X^n - 1 (its values on the domain) is lower + upper half, mod X^n + 1 (on the domain moved by a 2n-th root) lower - upper.
fn quotient_in(keys: &SealKeys, domain: Radix2EvaluationDomain<Fr>, assignment: &[Fr]) -> Vec<Fr> {
    let size = domain.size();
    let rows = |factors: &[Row], inputs: bool| -> Vec<Fr> {
        let mut values: Vec<Fr> = factors.par_iter().map(|row| evaluate(row, assignment)).collect();
        if inputs {
            values.extend_from_slice(&assignment[..=INPUTS]);
        }
        values.resize(size, Fr::zero());
        values
    };
    let (a, b) = rayon::join(|| rows(&keys.factors.left, true), || rows(&keys.factors.right, false));
    let mut sum: Vec<Fr> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
    let root = Fr::get_root_of_unity(2 * size as u64).unwrap_or(Fr::GENERATOR);
    let moved = domain.get_coset(root).unwrap_or(domain);
    let move_values = |mut values: Vec<Fr>| {
        domain.ifft_in_place(&mut values);
        moved.fft_in_place(&mut values);
        values
    };
    let (difference, ()) = rayon::join(
        || {
            let (mut a, b) = rayon::join(|| move_values(a), || move_values(b));
            a.par_iter_mut().zip(&b).for_each(|(a, b)| *a *= b);
            moved.ifft_in_place(&mut a);
            a
        },
        || domain.ifft_in_place(&mut sum),
    );
    let half = Fr::from(2u64).inverse().unwrap_or_default();
    sum.par_iter_mut().zip(&difference).for_each(|(sum, difference)| *sum = (*sum - difference) * half);
    sum
}

fn evaluate(row: &Row, assignment: &[Fr]) -> Fr {
    let one = Fr::from(1u64);
    let value = |index: u32| assignment.get(index as usize).copied().unwrap_or_default();
    row.iter()
        .map(|(index, factor)| if *factor == one { value(*index) } else { value(*index) * factor })
        .sum()
}

/// Sum over the left factors' points.
pub fn sum_a(keys: &SealKeys, assignment: &[Fr]) -> G1Projective {
    multi_scalar(&keys.proving.a_query, assignment)
}

/// Sum over the right factors' points.
pub fn sum_b_g1(keys: &SealKeys, assignment: &[Fr]) -> G1Projective {
    let (bases, scalars) = present(&keys.proving.b_g1_query, assignment);
    multi_scalar(&bases, &scalars)
}

/// Sum over the right factors' points in G2.
pub fn sum_b_g2(keys: &SealKeys, assignment: &[Fr]) -> G2Projective {
    let (bases, scalars): (Vec<G2Affine>, Vec<Fr>) = present(&keys.proving.b_g2_query, assignment);
    let size = bases.len().div_ceil(rayon::current_num_threads()).max(1);
    let chunks = bases.par_chunks(size).zip(scalars.par_chunks(size));
    chunks.map(|(bases, scalars)| G2Projective::msm_unchecked(bases, scalars)).sum()
}

/// Sum over the points of witness variables.
pub fn sum_witness(keys: &SealKeys, assignment: &[Fr]) -> G1Projective {
    multi_scalar(&keys.proving.l_query, &assignment[INPUTS + 1..])
}

/// Sum over the powers.
pub fn sum_quotient(keys: &SealKeys, quotient: &[Fr]) -> G1Projective {
    multi_scalar(&keys.proving.h_query, quotient)
}

/// Points other than the identity, with their scalars: half of the variables never are a right factor.
fn present<P: AffineRepr>(bases: &[P], scalars: &[Fr]) -> (Vec<P>, Vec<Fr>) {
    bases.iter().zip(scalars).filter(|(base, scalar)| !base.is_zero() && !scalar.is_zero()).unzip()
}

/// Blinds the sums into a proof.
#[must_use]
pub fn assemble(keys: &SealKeys, sums: &Sums, blinding: [Fr; 2]) -> GrothPoints {
    let key = &keys.proving;
    let [r, s] = blinding;
    let a = sums.a + key.vk.alpha_g1 + key.delta_g1 * r;
    let b_g1 = sums.b_g1 + key.beta_g1 + key.delta_g1 * s;
    let b = sums.b_g2 + key.vk.beta_g2 + key.vk.delta_g2 * s;
    let c = sums.witness + sums.quotient + a * s + b_g1 * r - key.delta_g1.into_group() * (r * s);
    GrothPoints { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() }
}

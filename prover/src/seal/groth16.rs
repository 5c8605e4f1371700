//! The Groth16 prover on matrices and an assignment: ark-groth16's reduction and keys, its sums split over the threads.
//!
//! Source: <https://eprint.iacr.org/2016/260>, section 3.2.

use super::keys::SealKeys;
use crate::commit::multi_scalar;
use ark_bn254::{Fr, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_poly::GeneralEvaluationDomain;
use ark_relations::gr1cs::SynthesisError;
use candor_circuits::seal::key::{GrothPoints, INPUTS};
use rayon::prelude::*;

/// A proof for an assignment (the constant one first); `blinding` are r and s.
pub(super) fn prove(
    keys: &SealKeys,
    assignment: &[Fr],
    blinding: [Fr; 2],
) -> Result<GrothPoints, SynthesisError> {
    let key = &keys.proving;
    let [r, s] = blinding;
    let quotient = LibsnarkReduction::witness_map_from_matrices::<Fr, GeneralEvaluationDomain<Fr>>(
        &keys.matrices.rows,
        INPUTS + 1,
        keys.matrices.constraints,
        assignment,
    )?;
    let witness = &assignment[INPUTS + 1..];
    let ((a_sum, b_sum), (b_g2_sum, rest)) = rayon::join(
        || (multi_scalar(&key.a_query, assignment), multi_scalar(&key.b_g1_query, assignment)),
        || {
            let b_g2 = in_g2(&key.b_g2_query, assignment);
            (b_g2, multi_scalar(&key.l_query, witness) + multi_scalar(&key.h_query, &quotient))
        },
    );
    let a = a_sum + key.vk.alpha_g1 + key.delta_g1 * r;
    let b_g1 = b_sum + key.beta_g1 + key.delta_g1 * s;
    let b = b_g2_sum + key.vk.beta_g2 + key.vk.delta_g2 * s;
    let c = rest + a * s + b_g1 * r - key.delta_g1.into_group() * (r * s);
    Ok(GrothPoints { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
}

fn in_g2(bases: &[G2Affine], scalars: &[Fr]) -> G2Projective {
    let size = bases.len().div_ceil(2 * rayon::current_num_threads()).max(1);
    let chunks = bases.par_chunks(size).zip(scalars.par_chunks(size));
    chunks.map(|(bases, scalars)| G2Projective::msm_unchecked(bases, scalars)).sum()
}

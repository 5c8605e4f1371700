//! From powers to Lagrange polynomials, in the exponent.

use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::Field;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

/// Least butterflies that are worth another task.
const TASK: usize = 16;

/// `L_j(tau) P` for all j from `tau^k P`, as many as the domain has elements: the inverse transform of points.
///
/// Shapes: fewer points than the domain's size are filled up with the identity.
pub(super) fn lagrange<G: CurveGroup<ScalarField = Fr>>(
    powers: &[G::Affine],
    domain: &Radix2EvaluationDomain<Fr>,
) -> Vec<G::Affine> {
    let size = domain.size();
    let scale = domain.size_inv();
    let mut points: Vec<G> = powers.par_iter().take(size).map(|power| (*power).into() * scale).collect();
    points.resize(size, G::zero());
    let bits = size.trailing_zeros();
    for index in 0..size {
        let reversed = if bits == 0 { index } else { index.reverse_bits() >> (usize::BITS - bits) };
        if index < reversed {
            points.swap(index, reversed);
        }
    }
    let mut length = 2;
    while length <= size {
        let half = length / 2;
        let root = domain.group_gen_inv().pow([(size / length) as u64]);
        let twiddles: Vec<Fr> =
            std::iter::successors(Some(Fr::ONE), |power| Some(*power * root)).take(half).collect();
        points.par_chunks_mut(length).for_each(|block| {
            let (low, high) = block.split_at_mut(half);
            low.par_iter_mut().zip(high).zip(&twiddles).enumerate().with_min_len(TASK).for_each(
                |(index, ((low, high), twiddle))| {
                    let product = if index == 0 { *high } else { *high * twiddle };
                    *high = *low - product;
                    *low += product;
                },
            );
        });
        length *= 2;
    }
    G::normalize_batch(&points)
}

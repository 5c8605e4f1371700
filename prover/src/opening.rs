//! Opens the combined row (docs/spec/argument.md, "Opening").

use crate::channel::ProverChannel;
use crate::commit::multi_scalar;
use crate::merge::Merged;
use ark_bn254::{G1Affine, G1Projective};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::channel::Step;
use candor_program::Fr;
use rayon::prelude::*;

/// Writes the opening. Shapes: at least as many powers as the row has values.
pub(crate) fn open(channel: &mut ProverChannel<'_>, powers: &[G1Affine], merged: Merged) {
    let Merged { row, point } = merged;
    let vars = point.len();
    let mut folds = vec![row];
    for j in 0..vars - 1 {
        let s = point[vars - 1 - j];
        let next = folds[j].chunks_exact(2).map(|pair| pair[0] + s * (pair[1] - pair[0])).collect();
        folds.push(next);
    }
    channel.points(Step::Folds, &commit_folds(powers, &folds[1..]));

    let x = channel.challenge();
    let mut values = Vec::with_capacity(2 * vars + 1);
    for fold in &folds {
        let (even, odd) = even_odd(fold, x);
        values.extend([even + odd, even - odd]);
    }
    let (even, odd) = even_odd(&folds[0], x.square());
    values.push(even + odd);
    channel.scalars(Step::FoldEvaluations, &values);

    let q = channel.challenge();
    let mut batched = vec![Fr::ZERO; folds[0].len()];
    let mut power = Fr::ONE;
    for fold in &folds {
        for (sum, value) in batched.iter_mut().zip(fold) {
            *sum += power * value;
        }
        power *= q;
    }
    let quotient = divide(&divide(&divide(&batched, x), -x), x.square());
    channel.points(Step::Quotient, &[multi_scalar(powers, &quotient)]);

    let zeta = channel.challenge();
    let vanishing = (zeta.square() - x.square()) * (zeta - x.square());
    for (value, quotient) in batched.iter_mut().zip(&quotient) {
        *value -= vanishing * quotient;
    }
    channel.points(Step::OpeningPoint, &[multi_scalar(powers, &divide(&batched, zeta))]);
}

/// The halves of a polynomial's value at x by even and odd powers.
fn even_odd(coefficients: &[Fr], x: Fr) -> (Fr, Fr) {
    let square = x.square();
    let (mut even, mut odd) = (Fr::ZERO, Fr::ZERO);
    for pair in coefficients.chunks(2).rev() {
        even = even * square + pair[0];
        odd = odd * square + pair.get(1).copied().unwrap_or(Fr::ZERO);
    }
    (even, odd * x)
}

/// Quotient by `X - point`, the remainder dropped.
fn divide(coefficients: &[Fr], point: Fr) -> Vec<Fr> {
    let mut quotient = vec![Fr::ZERO; coefficients.len().saturating_sub(1)];
    let mut carry = Fr::ZERO;
    for (target, coefficient) in quotient.iter_mut().zip(&coefficients[1..]).rev() {
        carry = carry * point + coefficient;
        *target = carry;
    }
    quotient
}

/// Commits polynomials of halving lengths, the long ones split so that all threads share the work.
fn commit_folds(powers: &[G1Affine], folds: &[Vec<Fr>]) -> Vec<G1Projective> {
    let threads = rayon::current_num_threads();
    let total: usize = folds.iter().map(Vec::len).sum();
    // a power of two, so that no split leaves a remnant of a few points
    let size = (total / (2 * threads)).next_power_of_two().max(64);
    let tasks: Vec<(usize, usize)> = folds
        .iter()
        .enumerate()
        .flat_map(|(fold, values)| (0..values.len()).step_by(size).map(move |at| (fold, at)))
        .collect();
    let sums: Vec<G1Projective> = tasks
        .par_iter()
        .with_max_len(1)
        .map(|&(fold, at)| {
            let end = (at + size).min(folds[fold].len());
            use ark_ec::VariableBaseMSM;
            G1Projective::msm_unchecked(&powers[at..end], &folds[fold][at..end])
        })
        .collect();
    let mut commitments = vec![G1Projective::default(); folds.len()];
    for ((fold, _), sum) in tasks.iter().zip(sums) {
        commitments[*fold] += sum;
    }
    commitments
}

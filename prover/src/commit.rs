//! Commitments of rows: small integers through buckets, field elements through Pippenger, split over threads.

use crate::setup::ReferenceString;
use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{PrimeField, Zero};
use candor_circuits::layout::{LIMBS, LayoutError};
use candor_circuits::model::{bias_object, tables_object, weight_layout, weights_object};
use candor_circuits::point::encode_g1;
use candor_program::card::{Card, PointBytes, Weights};
use rayon::prelude::*;

type Bucket = <G1Projective as VariableBaseMSM>::Bucket;

/// Why a program cannot be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The class has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The reference string is too short.
    #[error("rows of 2^{row_log2} need a reference string of as many powers, this one has 2^{powers_log2}")]
    ReferenceTooShort {
        /// Needed.
        row_log2: u8,
        /// There.
        powers_log2: u8,
    },
}

/// Sum of points times scalars; splits the points over the threads.
pub(crate) fn multi_scalar(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    let threads = rayon::current_num_threads();
    let count = bases.len().min(scalars.len());
    if threads == 1 || count < 128 {
        return G1Projective::msm_unchecked(&bases[..count], &scalars[..count]);
    }
    let size = count.div_ceil(threads);
    let chunks = bases[..count].par_chunks(size).zip(scalars[..count].par_chunks(size));
    chunks.map(|(bases, scalars)| G1Projective::msm_unchecked(bases, scalars)).sum()
}

/// Commitments of all rows of weights, of bias, then of tables.
///
/// Errors: the class has no layout, or the reference string is too short.
pub fn commit_program(
    reference: &ReferenceString,
    card: &Card,
    weights: &Weights,
) -> Result<Vec<PointBytes>, CommitError> {
    let layout = weight_layout(card)?;
    let powers = reference.powers();
    let (row_log2, powers_log2) = (card.class.row_log2, reference.powers_log2());
    if powers_log2 < row_log2 {
        return Err(CommitError::ReferenceTooShort { row_log2, powers_log2 });
    }
    let row = 1 << row_log2;
    let object = weights_object(card, weights, &layout);
    let mut rows: Vec<G1Projective> = object.par_chunks(row).map(|row| small_integers(powers, row)).collect();
    let bias = bias_object(card, weights, &layout);
    rows.extend(
        bias.par_chunks(row)
            .map(|row| {
                let scalars: Vec<_> = row.iter().map(|&value| Fr::from(value).into_bigint()).collect();
                G1Projective::msm_bigint(&powers[..row.len()], &scalars)
            })
            .collect::<Vec<_>>(),
    );
    rows.extend(short_integers(powers, &tables_object(weights, &layout), row));
    Ok(G1Projective::normalize_batch(&rows).iter().map(encode_g1).collect())
}

/// Sum of points times signed 32-bit integers.
fn small_integers(bases: &[G1Affine], values: &[i32]) -> G1Projective {
    let part = |sign: fn(i32) -> u32| {
        let scalars: Vec<u32> = values.iter().map(|&value| sign(value)).collect();
        G1Projective::msm_u32(&bases[..values.len()], &scalars)
    };
    part(|value| value.max(0).unsigned_abs()) - part(|value| value.min(0).unsigned_abs())
}

/// Commitments of rows of 16-bit integers; none of nothing.
pub(crate) fn short_integers(bases: &[G1Affine], values: &[u16], row: usize) -> Vec<G1Projective> {
    values.par_chunks(row).map(|row| G1Projective::msm_u16(&bases[..row.len()], row)).collect()
}

/// A committed row of bytes: its non-empty buckets, which serve every vector that is a function of the byte.
pub(crate) struct ByteRow {
    /// Byte values that occur, ascending.
    values: Vec<u8>,
    /// Sum of the points at which each occurs.
    buckets: Vec<G1Projective>,
}

impl ByteRow {
    /// Sorts points into buckets. The most frequent value, zero, is never added: its bucket is the rest of `total`, the
    /// sum of all the points. Shapes: as many bases as cells.
    pub(crate) fn new(bases: &[G1Affine], cells: &[u8], total: &G1Projective) -> Self {
        let mut buckets = vec![<G1Projective as VariableBaseMSM>::ZERO_BUCKET; LIMBS];
        let mut used = [false; LIMBS];
        for (cell, base) in cells.iter().zip(bases) {
            used[usize::from(*cell)] = true;
            if *cell != 0 {
                buckets[usize::from(*cell)] += base;
            }
        }
        let mut row = Self { values: Vec::new(), buckets: Vec::new() };
        let mut rest = *total;
        for value in 1..LIMBS {
            if used[value] {
                let bucket: Bucket = buckets[value];
                let sum: G1Projective = bucket.into();
                rest -= sum;
                row.values.push(value as u8);
                row.buckets.push(sum);
            }
        }
        if used[0] {
            row.values.insert(0, 0);
            row.buckets.insert(0, rest);
        }
        row
    }

    /// Commitment of the bytes themselves.
    pub(crate) fn identity(&self) -> G1Projective {
        // sum of v * B_v by running sums from the highest value down
        let (mut running, mut sum) = (G1Projective::zero(), G1Projective::zero());
        let mut next = self.values.len();
        for value in (1..LIMBS).rev() {
            if next > 0 && usize::from(self.values[next - 1]) == value {
                next -= 1;
                running += self.buckets[next];
            }
            if !running.is_zero() {
                sum += running;
            }
        }
        sum
    }
}

/// Commitments of `function[byte]` for several rows. Shapes: a row's `function` has [`LIMBS`] entries.
pub(crate) fn function_of_bytes<'f>(
    rows: &[ByteRow],
    function: impl Fn(usize) -> &'f [Fr] + Sync,
) -> Vec<G1Projective> {
    let buckets: Vec<G1Projective> = rows.iter().flat_map(|row| row.buckets.iter().copied()).collect();
    let affine = G1Projective::normalize_batch(&buckets);
    let mut starts = Vec::with_capacity(rows.len());
    let mut start = 0;
    for row in rows {
        starts.push(start);
        start += row.values.len();
    }
    let commit = |(number, (row, start)): (usize, (&ByteRow, &usize))| {
        let function = function(number);
        let scalars: Vec<Fr> = row.values.iter().map(|&value| function[usize::from(value)]).collect();
        G1Projective::msm_unchecked(&affine[*start..*start + scalars.len()], &scalars)
    };
    rows.par_iter().zip(&starts).enumerate().map(commit).collect()
}

/// Commitment of a short list of small unsigned integers.
pub(crate) fn counts(bases: &[G1Affine], values: &[u64]) -> G1Projective {
    G1Projective::msm_u64(&bases[..values.len()], values)
}

/// Sum of all points.
pub(crate) fn total(bases: &[G1Affine]) -> G1Projective {
    let mut sum = <G1Projective as VariableBaseMSM>::ZERO_BUCKET;
    for base in bases {
        sum += base;
    }
    sum.into()
}

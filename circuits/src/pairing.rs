//! Pairing equations that are left to check, one at a time or many at once (docs/spec/batch.md).

use crate::point::{encode_g1, encode_g2};
use ark_bn254::{Bn254, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{One, Zero};
use candor_program::Fr;
use candor_program::card::PointBytes;
use candor_program::encoding::{fr_to_bytes, keccak256};
use std::collections::BTreeMap;

/// Points of G1 with their scalars, summed and paired with one point of G2.
#[derive(Clone, Debug)]
pub struct PairingTerm {
    /// Points and scalars.
    pub sum: Vec<(G1Affine, Fr)>,
    /// The point they are paired with.
    pub with: G2Affine,
}

/// The claim that the product of all terms' pairings is one.
#[derive(Clone, Debug)]
pub struct PairingEquation {
    terms: Vec<PairingTerm>,
}

/// Why equations do not hold together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchPairingError {
    /// There is nothing to check, which proves nothing.
    #[error("there is no equation to check")]
    NoEquation,
    /// An equation has no term, or a term no point: it would hold whatever is claimed.
    #[error("equation {index} of the batch is empty")]
    EmptyEquation {
        /// Which.
        index: usize,
    },
    /// The weighted product is not one: at least one equation does not hold.
    #[error("the equations of the batch do not hold together")]
    Rejected,
}

impl PairingTerm {
    /// The sum.
    fn point(&self) -> G1Projective {
        match &self.sum[..] {
            [(point, scalar)] if scalar.is_one() => point.into_group(),
            [(point, scalar)] if (-*scalar).is_one() => -point.into_group(),
            [(point, scalar)] => *point * scalar,
            _ => {
                let (bases, scalars): (Vec<G1Affine>, Vec<Fr>) = self.sum.iter().copied().unzip();
                G1Projective::msm_unchecked(&bases, &scalars)
            }
        }
    }
}

impl PairingEquation {
    /// The equation of these terms.
    #[must_use]
    pub fn new(terms: Vec<PairingTerm>) -> Self {
        Self { terms }
    }

    /// An equation without a term, or with an empty one.
    fn is_empty(&self) -> bool {
        self.terms.is_empty() || self.terms.iter().any(|term| term.sum.is_empty())
    }

    /// The product of the pairings is one. An empty equation does not hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        let sums: Vec<G1Projective> = self.terms.iter().map(PairingTerm::point).collect();
        let sums = G1Projective::normalize_batch(&sums);
        let points = self.terms.iter().map(|term| term.with);
        !self.is_empty() && Bn254::multi_pairing(sums, points).0.is_one()
    }
}

/// The sum that a point of G2 is paired with: equal points of G1 are joined.
struct Group {
    with: G2Affine,
    sum: BTreeMap<[u8; 64], (G1Affine, Fr)>,
}

/// All equations hold, but for a probability of 2^-127: the product of their powers is one, with weights of 127 bits
/// that depend on every point and scalar of all of them, in order.
///
/// One pairing for every distinct point of G2. Errors: nothing to check, an empty equation, or
/// [`BatchPairingError::Rejected`], which does not say which equation is to blame.
pub fn check_all(equations: &[&PairingEquation]) -> Result<(), BatchPairingError> {
    if equations.is_empty() {
        return Err(BatchPairingError::NoEquation);
    }
    if let Some(index) = equations.iter().position(|equation| equation.is_empty()) {
        return Err(BatchPairingError::EmptyEquation { index });
    }
    let encoded = Encoded::of(equations);
    let seed = keccak256(&[&encoded.transcript]);
    let mut groups: BTreeMap<[u8; 128], Group> = BTreeMap::new();
    let mut names = encoded.points.into_iter();
    let mut withs = encoded.withs.into_iter();
    for (index, equation) in equations.iter().enumerate() {
        let weight = weight(&seed, index as u64);
        for (term, with) in equation.terms.iter().zip(&mut withs) {
            let group = groups.entry(with).or_insert_with(|| Group { with: term.with, sum: BTreeMap::new() });
            for ((point, scalar), name) in term.sum.iter().zip(&mut names) {
                group.sum.entry(name.0).or_insert((*point, Fr::zero())).1 += weight * scalar;
            }
        }
    }
    let terms = groups
        .into_values()
        .map(|group| PairingTerm { sum: group.sum.into_values().collect(), with: group.with });
    if PairingEquation::new(terms.collect()).holds() { Ok(()) } else { Err(BatchPairingError::Rejected) }
}

/// Everything that the weights depend on, and the encodings that equal points are found by.
struct Encoded {
    transcript: Vec<u8>,
    points: Vec<PointBytes>,
    withs: Vec<[u8; 128]>,
}

impl Encoded {
    /// Every length is written before what it counts, so that no two lists of equations read alike.
    fn of(equations: &[&PairingEquation]) -> Self {
        let mut transcript = b"candor/batch/v1".to_vec();
        let length = |bytes: &mut Vec<u8>, length: usize| bytes.extend((length as u64).to_be_bytes());
        let (mut points, mut withs) = (Vec::new(), Vec::new());
        length(&mut transcript, equations.len());
        for equation in equations {
            length(&mut transcript, equation.terms.len());
            for term in &equation.terms {
                let with = encode_g2(&term.with);
                transcript.extend(with);
                withs.push(with);
                length(&mut transcript, term.sum.len());
                for (point, scalar) in &term.sum {
                    let point = encode_g1(point);
                    transcript.extend(point.0);
                    transcript.extend(fr_to_bytes(scalar));
                    points.push(point);
                }
            }
        }
        Self { transcript, points, withs }
    }
}

/// An odd number below 2^128: never zero.
fn weight(seed: &[u8; 32], index: u64) -> Fr {
    let digest = keccak256(&[b"candor/batch-weight/v1", seed, &index.to_be_bytes()]);
    let value = digest.iter().take(16).fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
    Fr::from(value | 1)
}

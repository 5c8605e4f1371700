//! Every scalar and every point of a proof, tampered with, and the check that must catch it.

use crate::case::{Case, case};
use crate::defect::{Defects, Leaf, verify_with};
use ark_bn254::{Fq, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, Field, PrimeField};
use candor_benches::synthetic::Random;
use candor_circuits::channel::{Check, Step};
use candor_circuits::native::ArgumentError;
use candor_circuits::point::{PointError, decode_g1, encode_g1};
use candor_program::Fr;
use candor_program::card::PointBytes;
use candor_program::encoding::{fr_from_bytes, fr_to_bytes};
use std::ops::Range;

fn leaves(case: &Case, proof: &[u8]) -> Vec<Leaf> {
    let report = verify_with(case, &case.public, &Defects::default(), proof);
    assert_eq!(report.result, Ok(()));
    report.leaves
}

/// The check that catches a canonical but different value. A new kind of message does not compile until it is listed here.
fn caught_by(case: &Case, leaf: &Leaf) -> Check {
    match leaf.step {
        // what comes before the last round's claim changes the challenges, or the claim itself
        Step::Statement
        | Step::WitnessRows
        | Step::Multiplicities
        | Step::HelperRows
        | Step::TableHelper
        | Step::BiasSum
        | Step::LinearValues
        | Step::Round(_)
        | Step::Evaluations
        | Step::Weights(..)
        | Step::Source(..)
        | Step::MappedRows
        | Step::MapMultiplicities
        | Step::MappedValue
        | Step::TableRound(_)
        | Step::TableValue
        | Step::Equalities
        | Step::MapHelperRows
        | Step::MapTableHelper
        | Step::Left(..) => Check::Relations,
        Step::MergeRound(_) | Step::Folds => Check::Folding,
        // only the last fold's values enter the folding; the others are tied by the batched quotient
        Step::FoldEvaluations => {
            let last = 2 * (case.layout.row_log2 - 1);
            if (last..last + 2).contains(&leaf.index) { Check::Folding } else { Check::Pairing }
        }
        Step::Quotient | Step::OpeningPoint => Check::Pairing,
        Step::Boundary => unreachable!("no proof has this message"),
    }
}

fn replaced(proof: &[u8], range: &Range<usize>, with: &[u8]) -> Vec<u8> {
    let mut changed = proof.to_vec();
    changed[range.clone()].copy_from_slice(with);
    changed
}

/// Adds a modulus to a big-endian number; `None` if it does not fit.
fn plus_modulus(bytes: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    let mut sum = bytes.to_vec();
    let mut carry = 0u16;
    for (byte, add) in sum.iter_mut().zip(modulus).rev() {
        carry += u16::from(*byte) + u16::from(*add);
        *byte = carry as u8;
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

#[test]
fn the_leaves_are_the_whole_proof() {
    let case = case();
    let proof = case.honest_proof();
    let leaves = leaves(case, &proof);
    let mut end = 0;
    for leaf in &leaves {
        assert_eq!(leaf.bytes.start, end, "{leaf:?}");
        end = leaf.bytes.end;
    }
    assert_eq!(end, proof.len());
    let layout = &case.layout;
    let sources = layout.contractions.iter().filter(|term| term.right.source.0 != 0).count();
    let scaled = layout.linear.iter().filter(|term| !term.reads_input()).count();
    let (n, k) = (layout.rounds, layout.row_log2);
    let scalars = 1 + scaled + 3 * n + 11 + layout.contractions.len() + sources + 2 * k + 2 * k + 1;
    let points = 2 * layout.witness_rows() + 2 + (k - 1) + 2;
    assert_eq!(leaves.iter().filter(|leaf| !leaf.is_point).count(), scalars);
    assert_eq!(leaves.iter().filter(|leaf| leaf.is_point).count(), points);
    assert_eq!(proof.len(), 32 * scalars + 64 * points);
}

#[test]
fn every_scalar() {
    let case = case();
    let proof = case.honest_proof();
    let leaves = leaves(case, &proof);
    let scalars: Vec<&Leaf> = leaves.iter().filter(|leaf| !leaf.is_point).collect();
    let value = |leaf: &Leaf| fr_from_bytes(proof[leaf.bytes.clone()].try_into().unwrap()).unwrap();
    for (i, leaf) in scalars.iter().enumerate() {
        let (step, index) = (leaf.step, leaf.index);
        let rejected = Err(ArgumentError::Rejected(caught_by(case, leaf)));
        let now = value(leaf);
        for other in [now + Fr::ONE, -now, now.double_or_one()] {
            let changed = replaced(&proof, &leaf.bytes, &fr_to_bytes(&other));
            if other != now {
                assert_eq!(case.verify(&case.public, &changed), rejected, "{leaf:?}");
            }
        }
        let modulus = Fr::MODULUS.to_bytes_be();
        let not_canonical = Err(ArgumentError::Scalar { step, index });
        for bytes in [plus_modulus(&proof[leaf.bytes.clone()], &modulus), Some(modulus), Some(vec![0xff; 32])]
        {
            let changed = replaced(&proof, &leaf.bytes, &bytes.unwrap_or_else(|| vec![0xfe; 32]));
            assert_eq!(case.verify(&case.public, &changed), not_canonical, "{leaf:?}");
        }
        if let Some(next) = scalars.get(i + 1).filter(|next| value(next) != now) {
            let changed = replaced(&proof, &leaf.bytes, &fr_to_bytes(&value(next)));
            let changed = replaced(&changed, &next.bytes, &fr_to_bytes(&now));
            // the earlier of the two decides; two values of one last fold are both the folding's
            assert_eq!(case.verify(&case.public, &changed), earliest(case, leaf, next), "{leaf:?} swapped");
        }
    }
}

/// The first check that sees the two exchanged.
fn earliest(case: &Case, first: &Leaf, second: &Leaf) -> Result<(), ArgumentError> {
    if let (Step::Weights(..), Step::Source(..)) = (first.step, second.step) {
        // the relations see their product alone; their openings tell them apart
        return Err(ArgumentError::Rejected(Check::Folding));
    }
    let order = [Check::Relations, Check::Folding, Check::Pairing];
    let found = [first, second].map(|leaf| caught_by(case, leaf));
    Err(ArgumentError::Rejected(*order.iter().find(|check| found.contains(check)).unwrap()))
}

trait OtherValue {
    fn double_or_one(&self) -> Self;
}

impl OtherValue for Fr {
    fn double_or_one(&self) -> Self {
        *self + self + Fr::from(u64::from(*self == -Fr::ONE))
    }
}

#[test]
fn every_point() {
    let case = case();
    let proof = case.honest_proof();
    let leaves = leaves(case, &proof);
    let points: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.is_point).collect();
    let bytes = |leaf: &Leaf| PointBytes(proof[leaf.bytes.clone()].try_into().unwrap());
    let modulus = Fq::MODULUS.to_bytes_be();
    for (i, leaf) in points.iter().enumerate() {
        let now = decode_g1(&bytes(leaf)).unwrap();
        let rejected = Err(ArgumentError::Rejected(caught_by(case, leaf)));
        let other_points = [G1Affine::identity(), G1Affine::generator(), -now, case.reference.powers()[9]];
        for other in other_points {
            let changed = replaced(&proof, &leaf.bytes, &encode_g1(&other).0);
            assert_eq!(case.verify(&case.public, &changed), rejected, "{leaf:?}");
        }
        let error = |error| Err(ArgumentError::Point { step: leaf.step, index: leaf.index, error });
        let mut off_curve = bytes(leaf).0;
        off_curve[63] ^= 1;
        let (x, y) = off_curve.split_at(32);
        let only_x: Vec<u8> = [x, &[0; 32]].concat();
        let only_y: Vec<u8> = [&[0; 32], y].concat();
        for bytes in [&off_curve[..], &only_x, &only_y] {
            let changed = replaced(&proof, &leaf.bytes, bytes);
            assert_eq!(case.verify(&case.public, &changed), error(PointError::NotOnCurve), "{leaf:?}");
        }
        let honest = bytes(leaf).0;
        let x_again = plus_modulus(&honest[..32], &modulus).unwrap();
        let y_again = plus_modulus(&honest[32..], &modulus).unwrap();
        let identity_again = [&modulus[..], &modulus[..]].concat();
        let halves: [Vec<u8>; 4] = [
            [&x_again[..], &honest[32..]].concat(),
            [&honest[..32], &y_again[..]].concat(),
            identity_again,
            vec![0xff; 64],
        ];
        for bytes in halves {
            let changed = replaced(&proof, &leaf.bytes, &bytes);
            assert_eq!(case.verify(&case.public, &changed), error(PointError::NotCanonical), "{leaf:?}");
        }
        if let Some(next) = points.get(i + 1).filter(|next| bytes(next) != bytes(leaf)) {
            let changed = replaced(&proof, &leaf.bytes, &bytes(next).0);
            let changed = replaced(&changed, &next.bytes, &bytes(leaf).0);
            assert_eq!(case.verify(&case.public, &changed), earliest(case, leaf, next), "{leaf:?} swapped");
        }
    }
}

/// Ends at every border of a message, and one byte to either side of it.
#[test]
fn every_length() {
    let case = case();
    let proof = case.honest_proof();
    let leaves = leaves(case, &proof);
    for leaf in leaves.iter().filter(|leaf| leaf.index == 0) {
        let truncated = |length| Err(ArgumentError::Truncated { step: leaf.step, length });
        let start = leaf.bytes.start;
        for length in [start, start + 1, leaf.bytes.end - 1] {
            assert_eq!(case.verify(&case.public, &proof[..length]), truncated(length), "{leaf:?}");
        }
    }
    let last = leaves.last().unwrap();
    let length = proof.len() - 1;
    let truncated = Err(ArgumentError::Truncated { step: last.step, length });
    assert_eq!(case.verify(&case.public, &proof[..length]), truncated);
    for extra in [1, 32, 64, proof.len()] {
        let mut longer = proof.clone();
        longer.extend(proof.iter().cycle().take(extra));
        assert_eq!(case.verify(&case.public, &longer), Err(ArgumentError::Trailing { extra }));
    }
    assert_eq!(
        case.verify(&case.public, &[]),
        Err(ArgumentError::Truncated { step: Step::WitnessRows, length: 0 })
    );
}

/// Messages of one kind, exchanged between operators or rounds.
#[test]
fn messages_of_other_operators_and_rounds() {
    let case = case();
    let proof = case.honest_proof();
    let leaves = leaves(case, &proof);
    let kind = |leaf: &Leaf| (leaf.step.label() as u8, leaf.index);
    let mut exchanged = 0;
    for (i, first) in leaves.iter().enumerate() {
        for second in leaves[i + 1..].iter().filter(|leaf| kind(leaf) == kind(first)) {
            let (a, b) = (proof[first.bytes.clone()].to_vec(), proof[second.bytes.clone()].to_vec());
            if first.step != second.step && a != b {
                let changed = replaced(&replaced(&proof, &first.bytes, &b), &second.bytes, &a);
                assert_eq!(case.verify(&case.public, &changed), earliest(case, first, second));
                exchanged += 1;
            }
        }
    }
    assert!(exchanged > 100);
}

/// Random changes of bits, bytes, words, blocks and lengths: never accepted, never a panic.
#[test]
fn three_thousand_mutations() {
    let case = case();
    let proof = case.honest_proof();
    let mut random = Random(2026);
    for round in 0..3_000 {
        let mut changed = proof.clone();
        let at = random.next_u64() as usize % changed.len();
        match round % 6 {
            0 => changed[at] ^= 1 << (random.next_u64() % 8),
            1 => changed[at] = random.next_u64() as u8,
            2 => {
                let to = random.next_u64() as usize % changed.len();
                let length = (random.next_u64() as usize % 100).min(changed.len() - at.max(to));
                changed.copy_within(at..at + length, to);
            }
            3 => changed.truncate(at),
            4 => {
                changed.remove(at);
                changed.push(random.next_u64() as u8);
            }
            _ => {
                let end = (at + random.next_u64() as usize % 70).min(changed.len());
                changed[at..end].fill(0);
            }
        }
        if changed != proof {
            assert!(case.verify(&case.public, &changed).is_err(), "round {round}");
        }
    }
}

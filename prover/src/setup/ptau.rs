//! The snarkjs `.ptau` container: header, powers in G1, tau in G2 (points in Montgomery form, little endian).
//!
//! Source: snarkjs `powersoftau` sections (1 header, 2 tauG1, 3 tauG2), binfileutils container.

use super::{MAX_POWERS_LOG2, inverse_of_two_to_256};
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use candor_circuits::point::PointError;
use rayon::prelude::*;

/// What is wrong with a `.ptau` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PtauError {
    /// It does not start with `ptau`, version 1.
    #[error("it does not start with `ptau` and version 1")]
    Magic,
    /// It ends too early.
    #[error("it ends inside section {section}")]
    Truncated {
        /// Section number; 0 for the section table.
        section: u32,
    },
    /// A section is missing or present twice.
    #[error("section {section} occurs {times} times instead of once")]
    Section {
        /// Section number.
        section: u32,
        /// Occurrences.
        times: usize,
    },
    /// It is not about BN254.
    #[error("its field is not BN254's base field")]
    Field,
    /// It has fewer powers than asked for.
    #[error("it has 2^{got} powers, 2^{wanted} were asked for")]
    Power {
        /// In the file.
        got: u32,
        /// Asked for.
        wanted: u8,
    },
    /// A point is not valid.
    #[error("point {index} of section {section}: {error}")]
    Point {
        /// Section number.
        section: u32,
        /// Index in the section.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
}

/// What is read of a file.
pub(super) struct Contents {
    pub(super) powers: Vec<G1Affine>,
    pub(super) tau_g2: G2Affine,
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// The only section of this number.
fn section(file: &[u8], wanted: u32) -> Result<&[u8], PtauError> {
    let count = word(&file[8..12]);
    let mut rest = &file[12..];
    let mut found = Vec::new();
    for _ in 0..count {
        let (Some(id), Some(length)) = (rest.get(..4), rest.get(4..12)) else {
            return Err(PtauError::Truncated { section: 0 });
        };
        let (id, length) = (word(id) as u32, word(length));
        let body = usize::try_from(length).ok().and_then(|length| rest[12..].get(..length));
        let body = body.ok_or(PtauError::Truncated { section: id })?;
        if id == wanted {
            found.push(body);
        }
        rest = &rest[12 + body.len()..];
    }
    match found[..] {
        [only] => Ok(only),
        _ => Err(PtauError::Section { section: wanted, times: found.len() }),
    }
}

/// Log2 of the number of powers of a file for BN254.
///
/// Errors: another kind of file, or another curve.
pub(crate) fn powers_log2(file: &[u8]) -> Result<u32, PtauError> {
    if file.len() < 12 || &file[..4] != b"ptau" || word(&file[4..8]) != 1 {
        return Err(PtauError::Magic);
    }
    let header = section(file, 1)?;
    let modulus = Fq::MODULUS.to_bytes_le();
    if header.len() != 4 + 32 + 8 {
        return Err(PtauError::Truncated { section: 1 });
    }
    if word(&header[..4]) != 32 || header[4..36] != modulus[..] {
        return Err(PtauError::Field);
    }
    Ok(word(&header[36..40]) as u32)
}

fn coordinate(bytes: &[u8], shift: Fq) -> Result<Fq, PointError> {
    let value = Fq::from_le_bytes_mod_order(bytes);
    if value.into_bigint().to_bytes_le() == bytes { Ok(value * shift) } else { Err(PointError::NotCanonical) }
}

/// The first points of a section of G1. Owes: [`powers_log2`] on the file.
///
/// Errors: a section that is missing or too short, or a point that is not on the curve.
pub(crate) fn points_g1(file: &[u8], number: u32, count: usize) -> Result<Vec<G1Affine>, PtauError> {
    let bytes = section(file, number)?.get(..64 * count).ok_or(PtauError::Truncated { section: number })?;
    let shift = inverse_of_two_to_256::<Fq>();
    let decode = |(index, bytes): (usize, &[u8])| {
        let at = |error| PtauError::Point { section: number, index, error };
        let x = coordinate(&bytes[..32], shift).map_err(at)?;
        let y = coordinate(&bytes[32..], shift).map_err(at)?;
        let point = G1Affine::new_unchecked(x, y);
        if point.is_on_curve() { Ok(point) } else { Err(at(PointError::NotOnCurve)) }
    };
    bytes.par_chunks_exact(64).enumerate().map(decode).collect()
}

/// Points of a section of G2, `count` from `first` on. Owes: [`powers_log2`] on the file.
///
/// Errors: a section that is missing or too short, or a point that is not in the subgroup, or the identity.
pub(crate) fn points_g2(
    file: &[u8],
    number: u32,
    first: usize,
    count: usize,
) -> Result<Vec<G2Affine>, PtauError> {
    let range = 128 * first..128 * (first + count);
    let bytes = section(file, number)?.get(range).ok_or(PtauError::Truncated { section: number })?;
    let shift = inverse_of_two_to_256::<Fq>();
    let decode = |(index, bytes): (usize, &[u8])| {
        let at = |error| PtauError::Point { section: number, index: first + index, error };
        let c = |i: usize| coordinate(&bytes[32 * i..32 * (i + 1)], shift).map_err(at);
        let point = G2Affine::new_unchecked(Fq2::new(c(0)?, c(1)?), Fq2::new(c(2)?, c(3)?));
        if point.is_zero() {
            return Err(at(PointError::Identity));
        }
        if !point.is_on_curve() {
            return Err(at(PointError::NotOnCurve));
        }
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return Err(at(PointError::WrongSubgroup));
        }
        Ok(point)
    };
    bytes.par_chunks_exact(128).enumerate().map(decode).collect()
}

/// Reads the first 2^powers_log2 powers.
pub(super) fn read(file: &[u8], wanted: Option<u8>) -> Result<Contents, PtauError> {
    let got = powers_log2(file)?;
    let wanted = wanted.unwrap_or(got.min(u32::from(MAX_POWERS_LOG2)) as u8);
    if u32::from(wanted) > got || wanted > 28 {
        return Err(PtauError::Power { got, wanted });
    }
    let powers = points_g1(file, 2, 1 << wanted)?;
    let tau_g2 = points_g2(file, 3, 1, 1)?;
    let [tau_g2] = tau_g2[..] else { return Err(PtauError::Truncated { section: 3 }) };
    Ok(Contents { powers, tau_g2 })
}

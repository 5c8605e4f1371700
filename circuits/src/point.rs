//! Canonical encodings of curve points (docs/spec/encoding.md).

pub use ark_bn254::{G1Affine, G2Affine};

use ark_bn254::{Fq, Fq2, Fr};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInteger, PrimeField};
use candor_program::card::PointBytes;
use candor_program::encoding::{fr_from_bytes_mod, keccak256};

/// Why bytes are not a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// A coordinate is the field's modulus or more, or flag bits have no meaning: not the one encoding of any point.
    #[error("not the canonical encoding of a point: a coordinate is not below the field's modulus")]
    NotCanonical,
    /// The point does not satisfy the curve's equation.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the twist, outside the prime-order subgroup.
    #[error("the point is not in the prime-order subgroup")]
    WrongSubgroup,
    /// The identity where it is not allowed.
    #[error("the point is the identity")]
    Identity,
}

fn coordinate(bytes: &[u8]) -> Result<Fq, PointError> {
    let value = Fq::from_be_bytes_mod_order(bytes);
    if value.into_bigint().to_bytes_be() == bytes { Ok(value) } else { Err(PointError::NotCanonical) }
}

/// Decodes a point of G1 (cofactor 1: on the curve is in the group); the identity is all zero.
///
/// Errors: not canonical, or not on the curve.
pub fn decode_g1(bytes: &PointBytes) -> Result<G1Affine, PointError> {
    if bytes.0 == [0; 64] {
        return Ok(G1Affine::identity());
    }
    let point = G1Affine::new_unchecked(coordinate(&bytes.0[..32])?, coordinate(&bytes.0[32..])?);
    if point.is_on_curve() { Ok(point) } else { Err(PointError::NotOnCurve) }
}

/// Encodes a point of G1.
#[must_use]
pub fn encode_g1(point: &G1Affine) -> PointBytes {
    let mut bytes = [0; 64];
    if let Some((x, y)) = point.xy() {
        bytes[..32].copy_from_slice(&x.into_bigint().to_bytes_be());
        bytes[32..].copy_from_slice(&y.into_bigint().to_bytes_be());
    }
    PointBytes(bytes)
}

/// Decodes a point of G2 other than the identity, in the order of the EVM (imaginary part first).
///
/// Errors: not canonical, not on the twist, outside the subgroup, or the identity.
pub fn decode_g2(bytes: &[u8; 128]) -> Result<G2Affine, PointError> {
    if bytes == &[0; 128] {
        return Err(PointError::Identity);
    }
    let mut c = [Fq::default(); 4];
    for (value, chunk) in c.iter_mut().zip(bytes.chunks_exact(32)) {
        *value = coordinate(chunk)?;
    }
    let point = G2Affine::new_unchecked(Fq2::new(c[1], c[0]), Fq2::new(c[3], c[2]));
    if !point.is_on_curve() {
        return Err(PointError::NotOnCurve);
    }
    if !<ark_bn254::g2::Config as SWCurveConfig>::is_in_correct_subgroup_assuming_on_curve(&point) {
        return Err(PointError::WrongSubgroup);
    }
    Ok(point)
}

/// Encodes a point of G2 in the order of the EVM; the identity is all zero.
#[must_use]
pub fn encode_g2(point: &G2Affine) -> [u8; 128] {
    let mut bytes = [0; 128];
    if let Some((x, y)) = point.xy() {
        for (chunk, value) in bytes.chunks_exact_mut(32).zip([x.c1, x.c0, y.c1, y.c0]) {
            chunk.copy_from_slice(&value.into_bigint().to_bytes_be());
        }
    }
    bytes
}

/// What a message of points absorbs: Keccak-256 of their encodings, mod r.
#[must_use]
pub fn hash_points<'a>(points: impl IntoIterator<Item = &'a PointBytes>) -> Fr {
    let bytes: Vec<&[u8]> = points.into_iter().map(|point| &point.0[..]).collect();
    fr_from_bytes_mod(&keccak256(&bytes))
}

//! Points with one coordinate and the sign of the other, as seal files carry them (docs/spec/encoding.md).

use crate::point::PointError;
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInteger, PrimeField};

/// The two highest bits of the first byte: q is below 2^254, so no coordinate reaches them.
const FLAGS: u8 = 0b1100_0000;
/// The smaller of y and -y.
const SMALLER: u8 = 0b1000_0000;
/// The larger of y and -y.
const LARGER: u8 = 0b1100_0000;
/// The identity; everything else is zero.
const IDENTITY: u8 = 0b0100_0000;

fn coordinate(bytes: &[u8]) -> Result<Fq, PointError> {
    let value = Fq::from_be_bytes_mod_order(bytes);
    if value.into_bigint().to_bytes_be() == bytes { Ok(value) } else { Err(PointError::NotCanonical) }
}

/// Whether y is the larger one; `None` for the identity. What remains in `bytes` is x.
fn take_flag<const N: usize>(bytes: &mut [u8; N]) -> Result<Option<bool>, PointError> {
    let Some(first) = bytes.first_mut() else { return Err(PointError::NotCanonical) };
    let flag = *first & FLAGS;
    *first &= !FLAGS;
    match flag {
        SMALLER => Ok(Some(false)),
        LARGER => Ok(Some(true)),
        IDENTITY if *bytes == [0; N] => Ok(None),
        _ => Err(PointError::NotCanonical),
    }
}

/// A point of G1 as x (32 bytes big endian) with two flag bits.
#[must_use]
pub fn compress_g1(point: &G1Affine) -> [u8; 32] {
    let mut bytes = [0; 32];
    match point.xy() {
        Some((x, y)) => {
            bytes.copy_from_slice(&x.into_bigint().to_bytes_be());
            bytes[0] |= if y > -y { LARGER } else { SMALLER };
        }
        None => bytes[0] = IDENTITY,
    }
    bytes
}

/// The point of G1 whose one compressed encoding these bytes are; the identity included.
///
/// Errors: flags without meaning, x not below q, or no point with this x. Owes: refusing the identity where it has no
/// place.
pub fn decompress_g1(bytes: &[u8; 32]) -> Result<G1Affine, PointError> {
    let mut x = *bytes;
    let Some(larger) = take_flag(&mut x)? else { return Ok(G1Affine::identity()) };
    // No point has y = 0: the group's order is odd. So both signs exist, and they differ.
    G1Affine::get_point_from_x_unchecked(coordinate(&x)?, larger).ok_or(PointError::NotOnCurve)
}

/// A point of G2 as x (imaginary part first, as on the EVM) with two flag bits; signs compare the imaginary part first.
#[must_use]
pub fn compress_g2(point: &G2Affine) -> [u8; 64] {
    let mut bytes = [0; 64];
    match point.xy() {
        Some((x, y)) => {
            for (chunk, value) in bytes.chunks_exact_mut(32).zip([x.c1, x.c0]) {
                chunk.copy_from_slice(&value.into_bigint().to_bytes_be());
            }
            bytes[0] |= if y > -y { LARGER } else { SMALLER };
        }
        None => bytes[0] = IDENTITY,
    }
    bytes
}

/// The point of G2 whose one compressed encoding these bytes are, other than the identity.
///
/// Errors: flags without meaning, a coordinate not below q, no point with this x, a point outside the subgroup, or the
/// identity.
pub fn decompress_g2(bytes: &[u8; 64]) -> Result<G2Affine, PointError> {
    let mut x = *bytes;
    let Some(larger) = take_flag(&mut x)? else { return Err(PointError::Identity) };
    let (imaginary, real) = x.split_at(32);
    let (imaginary, real) = (coordinate(imaginary)?, coordinate(real)?);
    let point = G2Affine::get_point_from_x_unchecked(Fq2::new(real, imaginary), larger);
    let point = point.ok_or(PointError::NotOnCurve)?;
    if <ark_bn254::g2::Config as SWCurveConfig>::is_in_correct_subgroup_assuming_on_curve(&point) {
        Ok(point)
    } else {
        Err(PointError::WrongSubgroup)
    }
}

//! A public key with multiples of it at hand, for whoever checks many signatures of one agent.
//!
//! Checking is `u1 * G + u2 * Q` with signed digits: 33 of 8 bits for the generator, whose table is shared, and 65 of 4 bits
//! for the key, whose table has a column for every 32 bits. It is less than half of what a recovery costs.

use super::{Parsed, SignatureBytes, SignatureError, address_of, parse};
use k256::ecdsa::{RecoveryId, VerifyingKey};
use k256::elliptic_curve::BatchNormalize;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::bigint::U256;
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::point::AffineCoordinates;
use k256::{AffinePoint, ProjectivePoint, Scalar};
use std::sync::LazyLock;

/// Signed digits of 8 bits of a scalar: the last one is what is carried.
const WIDE_DIGITS: usize = 33;
/// Multiples of the generator for each of them.
const WIDE_MULTIPLES: usize = 128;
/// Signed digits of 4 bits of a scalar: the last one is what is carried.
const NARROW_DIGITS: usize = 65;
/// Multiples of the key in a column.
const NARROW_MULTIPLES: usize = 8;
/// Digits that share a column.
const DIGITS_PER_COLUMN: usize = 8;
const COLUMNS: usize = NARROW_DIGITS.div_ceil(DIGITS_PER_COLUMN);

/// The generator times 1..=128, times 256^i, for each i.
static GENERATOR: LazyLock<Vec<AffinePoint>> =
    LazyLock::new(|| multiples(ProjectivePoint::GENERATOR, WIDE_DIGITS, WIDE_MULTIPLES, 8));

/// A public key that was recovered from a signature.
#[derive(Clone, Debug)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key that made this canonical signature of the hash.
    ///
    /// Owes: comparing its address with the one expected; every canonical signature recovers to some key.
    pub fn recover(hash: &[u8; 32], signature: &SignatureBytes) -> Result<Self, SignatureError> {
        let Parsed { signature, is_y_odd } = parse(signature)?;
        VerifyingKey::recover_from_prehash(hash, &signature, RecoveryId::new(is_y_odd, false))
            .map(Self)
            .map_err(|_| SignatureError::NoSigner)
    }
    /// Ethereum address of the key.
    #[must_use]
    pub fn address(&self) -> [u8; 20] {
        address_of(&self.0)
    }
    /// The key with a table of its multiples; takes a little longer than a recovery.
    #[must_use]
    pub fn prepare(&self) -> PreparedKey {
        let point = ProjectivePoint::from(*self.0.as_affine());
        let columns = multiples(point, COLUMNS, NARROW_MULTIPLES, 4 * DIGITS_PER_COLUMN);
        PreparedKey { address: self.address(), columns }
    }
}

/// A public key, ready to check many signatures. Its table takes 6.3 kB.
#[derive(Clone, Debug)]
pub struct PreparedKey {
    address: [u8; 20],
    /// The key times 1..=8, times 2^(32 i), for each column i.
    columns: Vec<AffinePoint>,
}

impl PreparedKey {
    /// Ethereum address of the key.
    #[must_use]
    pub fn address(&self) -> [u8; 20] {
        self.address
    }
    /// Whether this key made this canonical signature of the hash: exactly if that is the key which is recovered from it.
    #[must_use]
    pub fn signed(&self, hash: &[u8; 32], signature: &SignatureBytes) -> bool {
        let Ok(Parsed { signature, is_y_odd }) = parse(signature) else { return false };
        let (r, s) = signature.split_scalars();
        // r and s are not zero.
        let inverse = *Invert::invert_vartime(&s);
        let message = <Scalar as Reduce<U256>>::reduce(&U256::from_be_slice(hash));
        let mut sum = self.times(&(*r * inverse));
        add_multiple_of_generator(&mut sum, &(message * inverse));
        if sum == ProjectivePoint::IDENTITY {
            return false;
        }
        let point = sum.to_affine();
        // v is 27 or 28: r is the coordinate itself, not reduced.
        point.x() == r.to_repr() && bool::from(point.y_is_odd()) == is_y_odd
    }
    fn times(&self, scalar: &Scalar) -> ProjectivePoint {
        let digits = narrow_digits(scalar);
        let mut sum = ProjectivePoint::IDENTITY;
        for place in (0..DIGITS_PER_COLUMN).rev() {
            if place + 1 < DIGITS_PER_COLUMN {
                (0..4).for_each(|_| sum.double_in_place());
            }
            let of_place = digits.iter().skip(place).step_by(DIGITS_PER_COLUMN);
            for (digit, column) in of_place.zip(self.columns.chunks_exact(NARROW_MULTIPLES)) {
                add_multiple(&mut sum, *digit, column);
            }
        }
        sum
    }
}

fn add_multiple_of_generator(sum: &mut ProjectivePoint, scalar: &Scalar) {
    for (digit, column) in wide_digits(scalar).iter().zip(GENERATOR.chunks_exact(WIDE_MULTIPLES)) {
        add_multiple(sum, *digit, column);
    }
}

/// Adds so many times what the column holds the multiples of.
fn add_multiple(sum: &mut ProjectivePoint, digit: i16, column: &[AffinePoint]) {
    let multiple = usize::from(digit.unsigned_abs()).checked_sub(1).and_then(|place| column.get(place));
    match multiple {
        Some(point) if digit > 0 => *sum += point,
        Some(point) => *sum -= point,
        // Zero.
        None => {}
    }
}

/// The point times 1..=`count`, then the same for the point times 2^`spacing`, and so on.
fn multiples(point: ProjectivePoint, columns: usize, count: usize, spacing: usize) -> Vec<AffinePoint> {
    let mut points = Vec::with_capacity(columns * count);
    let mut base = point;
    for _ in 0..columns {
        let mut multiple = base;
        for _ in 0..count {
            points.push(multiple);
            multiple += base;
        }
        (0..spacing).for_each(|_| base.double_in_place());
    }
    ProjectivePoint::batch_normalize(points.as_slice())
}

/// Digits from -7 to 8, lowest first, which times powers of 16 give the scalar.
fn narrow_digits(scalar: &Scalar) -> [i16; NARROW_DIGITS] {
    let bytes = scalar.to_repr();
    let nibbles = bytes.iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
    let mut digits = [0; NARROW_DIGITS];
    recode(nibbles.map(i16::from), 8, &mut digits);
    digits
}

/// Digits from -127 to 128, lowest first, which times powers of 256 give the scalar.
fn wide_digits(scalar: &Scalar) -> [i16; WIDE_DIGITS] {
    let mut digits = [0; WIDE_DIGITS];
    recode(scalar.to_repr().iter().rev().map(|byte| i16::from(*byte)), 128, &mut digits);
    digits
}

/// Takes twice `half` from what is above it and adds one to the next.
fn recode(values: impl Iterator<Item = i16>, half: i16, digits: &mut [i16]) {
    let mut carry = 0;
    for (digit, value) in digits.iter_mut().zip(values.chain([0])) {
        let value = value + carry;
        carry = i16::from(value > half);
        *digit = value - carry * 2 * half;
    }
}

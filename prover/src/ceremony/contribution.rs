//! One step of a ceremony: a factor of delta, and the proof that its maker knew it.

use super::error::CeremonyError;
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_circuits::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use candor_circuits::seal::key::G2Bytes;
use candor_program::card::PointBytes;
use candor_program::encoding::{encode, fr_from_bytes_mod, keccak256};
use sha2::{Digest, Sha256};

/// Longest name of a contribution.
pub const MAX_NAME_BYTES: usize = 128;
/// Longest value of a beacon.
pub const MAX_BEACON_BYTES: usize = 64;
/// Most hashes of a beacon, 2^30: some minutes of anybody's time who checks it.
pub const MAX_ITERATIONS_LOG2: u8 = 30;

/// Public randomness that nobody could know before the last contribution.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Beacon {
    /// What was published.
    pub value: Vec<u8>,
    /// Log2 of how often it is hashed.
    pub iterations_log2: u8,
}

/// A contribution as the file keeps it.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Contribution {
    /// Who made it, in their own words.
    pub name: String,
    /// Where its secret comes from, if it is none.
    pub beacon: Option<Beacon>,
    /// The factor, times the generator.
    pub step_g1: PointBytes,
    /// delta after it.
    pub delta_g1: PointBytes,
    /// The factor, times the challenge point.
    pub proof_g2: G2Bytes,
}

impl Beacon {
    /// The factor of delta that follows: SHA-256, 2^iterations_log2 times, then bound to the ceremony so far.
    ///
    /// Errors: an empty or too long value, or too many hashes.
    pub(super) fn factor(&self, transcript: &[u8; 32]) -> Result<Fr, CeremonyError> {
        let (got, limit) = (self.value.len(), MAX_BEACON_BYTES);
        if got == 0 || got > limit {
            return Err(CeremonyError::BeaconValue { limit, got });
        }
        let (got, limit) = (self.iterations_log2, MAX_ITERATIONS_LOG2);
        if got > limit {
            return Err(CeremonyError::BeaconIterations { limit, got });
        }
        let mut digest: [u8; 32] = Sha256::digest(&self.value).into();
        for _ in 1..1u64 << self.iterations_log2 {
            digest = Sha256::digest(digest).into();
        }
        Ok(fr_from_bytes_mod(&keccak256(&[b"candor/beacon/v1", transcript, &digest])))
    }
}

impl Contribution {
    /// Makes a contribution to a ceremony with this transcript and delta.
    ///
    /// Errors: a bad name, or a factor of zero.
    pub(super) fn make(
        name: String,
        beacon: Option<Beacon>,
        transcript: &[u8; 32],
        delta_before: &G1Affine,
        factor: &Fr,
    ) -> Result<Self, CeremonyError> {
        if factor.is_zero() {
            return Err(CeremonyError::ZeroSecret);
        }
        let mut contribution = Self {
            name,
            beacon,
            step_g1: encode_g1(&(G1Affine::generator() * factor).into_affine()),
            delta_g1: encode_g1(&(*delta_before * factor).into_affine()),
            proof_g2: G2Bytes([0; 128]),
        };
        let challenge = contribution.challenge(transcript);
        contribution.proof_g2 = G2Bytes(encode_g2(&(challenge * factor).into_affine()));
        Ok(contribution)
    }

    /// The point whose multiple proves knowledge: nobody knows its logarithm, and it depends on everything before the
    /// proof.
    pub fn challenge(&self, transcript: &[u8; 32]) -> G2Affine {
        hash_to_g2(&self.statement(transcript))
    }

    fn statement(&self, transcript: &[u8; 32]) -> [u8; 32] {
        let said = encode(&(&self.name, &self.beacon, &self.step_g1, &self.delta_g1));
        keccak256(&[b"candor/contribution/v1", transcript, &said])
    }

    /// The transcript after it.
    #[must_use]
    pub fn transcript_after(&self, transcript: &[u8; 32]) -> [u8; 32] {
        keccak256(&[b"candor/transcript/v1", &self.statement(transcript), &self.proof_g2.0])
    }

    /// Its name is short and printable.
    pub(super) fn check_name(&self, number: usize) -> Result<(), CeremonyError> {
        let limit = MAX_NAME_BYTES;
        if self.name.len() > limit || self.name.chars().any(char::is_control) {
            return Err(CeremonyError::Name { number, limit });
        }
        Ok(())
    }

    /// Its points: step, delta after it, proof.
    pub(super) fn points(&self, number: usize) -> Result<(G1Affine, G1Affine, G2Affine), CeremonyError> {
        let fail = |error| CeremonyError::ContributionPoint { number, error };
        let in_g1 = |bytes| match decode_g1(bytes) {
            Ok(point) if point.is_zero() => Err(fail(PointError::Identity)),
            decoded => decoded.map_err(fail),
        };
        Ok((in_g1(&self.step_g1)?, in_g1(&self.delta_g1)?, decode_g2(&self.proof_g2.0).map_err(fail)?))
    }
}

/// A point of G2 of unknown logarithm: the first candidate x, by counter, that is on the twist, times the cofactor.
fn hash_to_g2(seed: &[u8; 32]) -> G2Affine {
    let mut counter = 0u32;
    loop {
        let word = |part: u8| keccak256(&[b"candor/hash-to-g2/v1", seed, &counter.to_be_bytes(), &[part]]);
        let coordinate = |part| Fq::from_be_bytes_mod_order(&word(part));
        let x = Fq2::new(coordinate(0), coordinate(1));
        let greatest = word(2)[31] & 1 == 1;
        let point = G2Affine::get_point_from_x_unchecked(x, greatest).map(|point| point.clear_cofactor());
        if let Some(point) = point.filter(|point| !point.is_zero()) {
            return point;
        }
        counter = counter.wrapping_add(1);
    }
}

//! The verifying key of a seal, and the Groth16 equation.

use crate::compressed::{decompress_g1, decompress_g2};
use crate::pairing::{PairingEquation, PairingTerm};
use crate::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::One;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::Fr;
use candor_program::card::PointBytes;
use candor_program::encoding::{encode, keccak256};

/// Magic of a verifying key's file.
pub const FILE_MAGIC: [u8; 8] = *b"CANDORVK";
/// Public inputs of every seal.
pub const INPUTS: usize = 3;

/// Who made the key's secrets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum KeySource {
    /// One machine: whoever made it can forge every seal.
    Development,
    /// A phase-2 ceremony.
    Ceremony {
        /// Keccak-256 of its transcript.
        transcript: [u8; 32],
    },
}

/// Points of G2 in the EVM's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct G2Bytes(pub [u8; 128]);

/// Verifying key of a class and a batch.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealKey {
    /// Origin of the secrets.
    pub source: KeySource,
    /// The class it belongs to.
    pub class_digest: [u8; 32],
    /// Log2 of the batch.
    pub batch_log2: u8,
    /// Constraints of the circuit.
    pub constraints: u32,
    /// alpha in G1.
    pub alpha_g1: PointBytes,
    /// beta in G2.
    pub beta_g2: G2Bytes,
    /// gamma in G2.
    pub gamma_g2: G2Bytes,
    /// delta in G2.
    pub delta_g2: G2Bytes,
    /// One point for the constant one, then one a public input.
    pub inputs_g1: [PointBytes; INPUTS + 1],
}

/// A Groth16 proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct GrothProof {
    /// A.
    pub a: PointBytes,
    /// B.
    pub b: G2Bytes,
    /// C.
    pub c: PointBytes,
}

/// Decoded points of a Groth16 proof, none of them the identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GrothPoints {
    /// A.
    pub a: G1Affine,
    /// B.
    pub b: G2Affine,
    /// C.
    pub c: G1Affine,
}

/// A point of a key or a seal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPoint {
    /// alpha.
    Alpha,
    /// beta.
    Beta,
    /// gamma.
    Gamma,
    /// delta.
    Delta,
    /// A public input's point.
    Input(usize),
    /// A of a proof.
    A,
    /// B of a proof.
    B,
    /// C of a proof.
    C,
}

/// Why a key or a seal is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// A point does not decode.
    #[error("{point:?}: {error}")]
    Point {
        /// Which.
        point: KeyPoint,
        /// What is wrong with it.
        error: PointError,
    },
    /// Two points of the key that must differ are equal (or opposite): the key accepts forged seals.
    #[error(
        "{first:?} and {second:?} of the key are the same point or its negative: anybody could forge seals for it"
    )]
    Coincide {
        /// One.
        first: KeyPoint,
        /// The other.
        second: KeyPoint,
    },
    /// A point is the generator: its secret is one.
    #[error("{point:?} of the key is the generator: anybody could forge seals for it")]
    Generator {
        /// Which.
        point: KeyPoint,
    },
    /// The Groth16 equation does not hold.
    #[error("the seal's pairing equation does not hold")]
    Equation,
}

/// A decoded and linted key.
#[derive(Clone, Debug)]
pub struct CheckedKey {
    alpha_g1: G1Affine,
    beta_g2: G2Affine,
    gamma_g2: G2Affine,
    delta_g2: G2Affine,
    inputs_g1: [G1Affine; INPUTS + 1],
}

fn g1(point: KeyPoint, bytes: &PointBytes) -> Result<G1Affine, KeyError> {
    finite(point, decode_g1(bytes))
}

/// A point that was decoded and is not the identity.
fn finite(point: KeyPoint, decoded: Result<G1Affine, PointError>) -> Result<G1Affine, KeyError> {
    let decoded = decoded.map_err(|error| KeyError::Point { point, error })?;
    if decoded.is_zero() { Err(KeyError::Point { point, error: PointError::Identity }) } else { Ok(decoded) }
}

fn g2(point: KeyPoint, bytes: &G2Bytes) -> Result<G2Affine, KeyError> {
    decode_g2(&bytes.0).map_err(|error| KeyError::Point { point, error })
}

impl SealKey {
    /// Identity of the key.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        keccak256(&[b"candor/seal-key/v1", &encode(self)])
    }

    /// Lints the key: canonical points in their subgroups, none the identity, beta, gamma, delta and the generator distinct
    /// (also up to sign), input points distinct.
    ///
    /// Errors: the first defect.
    pub fn validate(&self) -> Result<CheckedKey, KeyError> {
        let key = CheckedKey {
            alpha_g1: g1(KeyPoint::Alpha, &self.alpha_g1)?,
            beta_g2: g2(KeyPoint::Beta, &self.beta_g2)?,
            gamma_g2: g2(KeyPoint::Gamma, &self.gamma_g2)?,
            delta_g2: g2(KeyPoint::Delta, &self.delta_g2)?,
            inputs_g1: {
                let mut points = [G1Affine::identity(); INPUTS + 1];
                for (index, (point, bytes)) in points.iter_mut().zip(&self.inputs_g1).enumerate() {
                    *point = g1(KeyPoint::Input(index), bytes)?;
                }
                points
            },
        };
        let in_g2 =
            [(KeyPoint::Beta, key.beta_g2), (KeyPoint::Gamma, key.gamma_g2), (KeyPoint::Delta, key.delta_g2)];
        for (i, (first, a)) in in_g2.iter().enumerate() {
            if *a == G2Affine::generator() || *a == -G2Affine::generator() {
                return Err(KeyError::Generator { point: *first });
            }
            for (second, b) in &in_g2[i + 1..] {
                if a == b || *a == -*b {
                    return Err(KeyError::Coincide { first: *first, second: *second });
                }
            }
        }
        let mut in_g1 = vec![(KeyPoint::Alpha, key.alpha_g1)];
        in_g1.extend(key.inputs_g1.iter().enumerate().map(|(i, point)| (KeyPoint::Input(i), *point)));
        for (i, (first, a)) in in_g1.iter().enumerate() {
            if *a == G1Affine::generator() || *a == -G1Affine::generator() {
                return Err(KeyError::Generator { point: *first });
            }
            for (second, b) in &in_g1[i + 1..] {
                if a == b || *a == -*b {
                    return Err(KeyError::Coincide { first: *first, second: *second });
                }
            }
        }
        Ok(key)
    }
}

impl GrothProof {
    /// The points, checked.
    ///
    /// Errors: a point that does not decode or is the identity.
    pub fn points(&self) -> Result<GrothPoints, KeyError> {
        let (a, b, c) = (g1(KeyPoint::A, &self.a)?, g2(KeyPoint::B, &self.b)?, g1(KeyPoint::C, &self.c)?);
        Ok(GrothPoints { a, b, c })
    }
}

impl GrothPoints {
    /// The uncompressed encoding, as the EVM takes it.
    #[must_use]
    pub fn encode(&self) -> GrothProof {
        GrothProof { a: encode_g1(&self.a), b: G2Bytes(encode_g2(&self.b)), c: encode_g1(&self.c) }
    }

    /// The points of a seal's file, checked.
    ///
    /// Errors: a point that does not decode or is the identity.
    pub fn decompress(a: &[u8; 32], b: &[u8; 64], c: &[u8; 32]) -> Result<Self, KeyError> {
        let a = finite(KeyPoint::A, decompress_g1(a))?;
        let b = decompress_g2(b).map_err(|error| KeyError::Point { point: KeyPoint::B, error })?;
        Ok(Self { a, b, c: finite(KeyPoint::C, decompress_g1(c))? })
    }
}

impl CheckedKey {
    /// The Groth16 equation: e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta).
    ///
    /// Source: <https://eprint.iacr.org/2016/260>. Owes: that the inputs are what the caller means.
    /// Errors: a point that does not decode or is the identity, or [`KeyError::Equation`].
    pub fn verify(&self, inputs: &[Fr; INPUTS], proof: &GrothProof) -> Result<(), KeyError> {
        if self.equation(inputs, &proof.points()?).holds() { Ok(()) } else { Err(KeyError::Equation) }
    }

    /// The equation of [`Self::verify`], to be checked alone or with others.
    ///
    /// Owes: the equation, and that the inputs are what the caller means.
    #[must_use]
    pub fn equation(&self, inputs: &[Fr; INPUTS], proof: &GrothPoints) -> PairingEquation {
        let one = Fr::one();
        let scalars = std::iter::once(one).chain(inputs.iter().copied());
        let term = |sum, with| PairingTerm { sum, with };
        PairingEquation::new(vec![
            term(vec![(proof.a, one)], proof.b),
            term(vec![(self.alpha_g1, -one)], self.beta_g2),
            term(self.inputs_g1.iter().copied().zip(scalars.map(|scalar| -scalar)).collect(), self.gamma_g2),
            term(vec![(proof.c, -one)], self.delta_g2),
        ])
    }
}

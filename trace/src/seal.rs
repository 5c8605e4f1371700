//! The seal file: one Groth16 proof of a whole path, with the signed headers it is about. No bodies, no model.

use crate::bundle::Start;
use crate::record::SignedHeader;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::PointBytes;
use candor_program::encoding::{DecodeError, FrBytes, decode_file, encode_file};
use candor_program::purpose::Purpose;

/// Magic of a seal file.
pub const SEAL_MAGIC: [u8; 8] = *b"CANDORSL";
/// Longest seal file.
pub const MAX_SEAL_BYTES: u64 = 1 << 20;

/// The proof of a seal.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealProof {
    /// Groth16's A, B (EVM order) and C.
    pub a: PointBytes,
    /// B.
    pub b: [u8; 128],
    /// C.
    pub c: PointBytes,
    /// H, the Poseidon digest of the boundary.
    pub boundary_digest: FrBytes,
    /// Points of the argument in the order of its messages.
    pub points: Vec<PointBytes>,
    /// Values of the boundary that nobody else knows: row terms and opening scalars.
    pub exposed: Vec<FrBytes>,
}

/// A seal with its statement.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealFile {
    /// The program it is about.
    pub program_id: [u8; 32],
    /// The key that verifies it.
    pub key_id: [u8; 32],
    /// Log2 of the batch.
    pub batch_log2: u8,
    /// Purpose of the sealed proof.
    pub purpose: Purpose,
    /// Who is paid if it decides a dispute.
    pub payout: [u8; 20],
    /// What the first header continues.
    pub start: Start,
    /// The signed headers of the path.
    pub headers: Vec<SignedHeader>,
    /// The proof.
    pub proof: SealProof,
}

impl SealProof {
    /// Length of the proof itself in bytes, points compressed to 32 bytes (G2: 64) as a chain would take them.
    #[must_use]
    pub fn compressed_bytes(&self) -> usize {
        32 + 64 + 32 + 32 + 32 * (self.points.len() + self.exposed.len())
    }
}

impl SealFile {
    /// Encodes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&SEAL_MAGIC, self)
    }
    /// Decodes the file strictly.
    ///
    /// Errors: malformed bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&SEAL_MAGIC, MAX_SEAL_BYTES, bytes)
    }
}

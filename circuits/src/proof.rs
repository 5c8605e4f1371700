//! The proof file: proofs over consecutive decisions.

pub use candor_program::purpose::Purpose;

use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::class::TensorId;
use candor_program::encoding::{DecodeError, decode_file, encode_file, magic};

/// Largest proof file.
pub const MAX_BYTES: u64 = 16 << 20;
/// Log2 of the largest batch.
pub const MAX_BATCH_LOG2: u8 = 8;

/// One argument over consecutive decisions.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SegmentProof {
    /// Number of decisions.
    pub decisions: u32,
    /// Log2 of the batch.
    pub batch_log2: u8,
    /// Messages of the protocol.
    pub argument: Vec<u8>,
}

/// A proof of a path (or of one record's tensor), in segments.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ProofFile {
    /// The program it is about.
    pub program_id: [u8; 32],
    /// Whether the reference string is a development string.
    pub development_setup: bool,
    /// Purpose.
    pub purpose: Purpose,
    /// Who is paid if it decides a dispute.
    pub payout: [u8; 20],
    /// Sequence number of the first record.
    pub first_sequence: u64,
    /// Revealed tensor.
    pub revealed: TensorId,
    /// Segments in order, without gap.
    pub segments: Vec<SegmentProof>,
}

impl ProofFile {
    /// Encodes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&magic::PROOF, self)
    }
    /// Decodes the file strictly.
    ///
    /// Errors: malformed bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&magic::PROOF, MAX_BYTES, bytes)
    }
}

/// Sizes of the segments that cover a number of decisions: full batches first, then the rest.
#[must_use]
pub fn segments(decisions: usize, max_batch_log2: u8) -> Vec<(u32, u8)> {
    let full = 1usize << max_batch_log2.min(MAX_BATCH_LOG2);
    let mut left = decisions;
    let mut segments = Vec::new();
    while left > 0 {
        let count = left.min(full);
        segments.push((count as u32, count.next_power_of_two().trailing_zeros() as u8));
        left -= count;
    }
    segments
}

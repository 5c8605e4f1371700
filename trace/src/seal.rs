//! The seal file: one Groth16 proof of a whole path, with the signed headers it is about. No bodies, no model, and nothing
//! that its reader can derive.

use crate::bundle::Start;
use crate::chain::Link;
use crate::header::Header;
use crate::record::SignedHeader;
use crate::signature::SignatureBytes;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, FrBytes, decode_file, encode_file};
use candor_program::purpose::Purpose;

/// Magic of a seal file.
pub const SEAL_MAGIC: [u8; 8] = *b"CANDORSL";
/// Longest seal file.
pub const MAX_SEAL_BYTES: u64 = 1 << 20;

/// A point of G1 as x with two flag bits (docs/spec/encoding.md).
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct CompressedG1(pub [u8; 32]);

/// A point of G2 as x with two flag bits (docs/spec/encoding.md).
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct CompressedG2(pub [u8; 64]);

/// The proof of a seal.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealProof {
    /// Groth16's A.
    pub a: CompressedG1,
    /// B.
    pub b: CompressedG2,
    /// C.
    pub c: CompressedG1,
    /// H, the last challenge of the argument's transcript: it determines the boundary.
    pub boundary_digest: FrBytes,
    /// Points of the argument in the order of its messages.
    pub points: Vec<CompressedG1>,
    /// Values of the boundary that nobody else knows: row terms and opening scalars.
    pub exposed: Vec<FrBytes>,
}

/// The words of a header that do not follow from the record before, the card and the other words.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealedHeader {
    /// Unix seconds.
    pub time: u64,
    /// Digest of features and plugin payloads.
    pub observations: FrBytes,
    /// Digest of signed evidence.
    pub evidence: FrBytes,
    /// Word of the requested action.
    pub requested: u128,
    /// Word of the policy's verdict.
    pub verdict: u64,
    /// Word of the executed action; 0: nothing was executed.
    pub executed: u128,
    /// Digest of the state after.
    pub state_after: FrBytes,
    /// Root over the digests of all tensors.
    pub execution: [u8; 32],
    /// Signature of the whole header's record hash.
    pub signature: SignatureBytes,
}

/// The record before a seal's first, without its program and agent, which are the seal's.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PreviousHeader {
    /// Number of the record.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// Record hash of the record before.
    pub previous_record: [u8; 32],
    /// Digest of the state before.
    pub state_before: FrBytes,
    /// Digest of features and plugin payloads.
    pub observations: FrBytes,
    /// Digest of signed evidence.
    pub evidence: FrBytes,
    /// Word of the requested action.
    pub requested: u128,
    /// Word of the policy's verdict.
    pub verdict: u64,
    /// Word of the executed action.
    pub executed: u128,
    /// Digest of the state after.
    pub state_after: FrBytes,
    /// Commitment to the transaction.
    pub transaction: [u8; 32],
    /// Root over the digests of all tensors.
    pub execution: [u8; 32],
    /// Accumulator.
    pub acc: FrBytes,
    /// Signature of its record hash.
    pub signature: SignatureBytes,
}

/// What the first header of a seal continues.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum SealStart {
    /// Nothing: it is the agent's first.
    Genesis,
    /// The record before.
    After(PreviousHeader),
    /// The Revise record before, which is of another program.
    Revised {
        /// Program that it revised.
        program_id: [u8; 32],
        /// Its other words.
        previous: PreviousHeader,
    },
}

/// A seal with its statement.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SealFile {
    /// The program it is about.
    pub program_id: [u8; 32],
    /// The agent that signed the headers.
    pub agent: [u8; 20],
    /// The key that verifies it.
    pub key_id: [u8; 32],
    /// Purpose of the sealed proof.
    pub purpose: Purpose,
    /// Who is paid if it decides a dispute.
    pub payout: [u8; 20],
    /// What the first header continues.
    pub start: SealStart,
    /// The headers of the path, in order.
    pub headers: Vec<SealedHeader>,
    /// The proof.
    pub proof: SealProof,
}

impl SealProof {
    /// Length of the proof with its openings in the file, headers and ids apart.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        // A, B, C and H; two counts; points and values
        32 + 64 + 32 + 32 + 8 + 32 * (self.points.len() + self.exposed.len())
    }
}

impl SealedHeader {
    /// The words of a header that a seal carries.
    #[must_use]
    pub fn of(signed: &SignedHeader) -> Self {
        let header = &signed.header;
        Self {
            time: header.time,
            observations: header.observations,
            evidence: header.evidence,
            requested: header.requested,
            verdict: header.verdict,
            executed: header.executed,
            state_after: header.state_after,
            execution: header.execution,
            signature: signed.signature,
        }
    }

    /// The whole header, after the record of `link` and with this transaction word.
    ///
    /// Owes: the signature, without which the derived words are only what they would be.
    #[must_use]
    pub fn header(&self, link: &Link, transaction: [u8; 32]) -> SignedHeader {
        let mut header = Header {
            program_id: link.program_id(),
            agent: link.agent(),
            sequence: link.sequence(),
            time: self.time,
            previous_record: link.previous_record(),
            state_before: link.state(),
            observations: self.observations,
            evidence: self.evidence,
            requested: self.requested,
            verdict: self.verdict,
            executed: self.executed,
            state_after: self.state_after,
            transaction,
            execution: self.execution,
            acc: link.acc(),
        };
        header.acc = link.next_acc(&header);
        SignedHeader { header, signature: self.signature }
    }
}

impl PreviousHeader {
    /// A header without its program and agent.
    #[must_use]
    pub fn of(signed: &SignedHeader) -> Self {
        let header = &signed.header;
        Self {
            sequence: header.sequence,
            time: header.time,
            previous_record: header.previous_record,
            state_before: header.state_before,
            observations: header.observations,
            evidence: header.evidence,
            requested: header.requested,
            verdict: header.verdict,
            executed: header.executed,
            state_after: header.state_after,
            transaction: header.transaction,
            execution: header.execution,
            acc: header.acc,
            signature: signed.signature,
        }
    }

    /// The whole header of this program and agent.
    ///
    /// Owes: the signature.
    #[must_use]
    pub fn header(&self, program_id: [u8; 32], agent: [u8; 20]) -> SignedHeader {
        let header = Header {
            program_id,
            agent,
            sequence: self.sequence,
            time: self.time,
            previous_record: self.previous_record,
            state_before: self.state_before,
            observations: self.observations,
            evidence: self.evidence,
            requested: self.requested,
            verdict: self.verdict,
            executed: self.executed,
            state_after: self.state_after,
            transaction: self.transaction,
            execution: self.execution,
            acc: self.acc,
        };
        SignedHeader { header, signature: self.signature }
    }
}

impl SealStart {
    /// What a seal carries of a bundle's start.
    #[must_use]
    pub fn of(start: &Start) -> Self {
        match start {
            Start::Genesis => Self::Genesis,
            Start::After(previous) if previous.header.revises() => Self::Revised {
                program_id: previous.header.program_id,
                previous: PreviousHeader::of(previous),
            },
            Start::After(previous) => Self::After(PreviousHeader::of(previous)),
        }
    }
    /// The record before, if there is one.
    #[must_use]
    pub fn previous(&self) -> Option<&PreviousHeader> {
        match self {
            Self::Genesis => None,
            Self::After(previous) | Self::Revised { previous, .. } => Some(previous),
        }
    }
}

impl SealFile {
    /// Log2 of the smallest batch that holds the headers: the key's, if the seal is well formed.
    #[must_use]
    pub fn batch_log2(&self) -> u8 {
        // At most 63: a vector has no 2^63 elements, whose next power of two would overflow.
        self.headers.len().max(1).next_power_of_two().trailing_zeros() as u8
    }
    /// Sequence number of the first header.
    #[must_use]
    pub fn first_sequence(&self) -> u64 {
        self.start.previous().map_or(0, |previous| previous.sequence.saturating_add(1))
    }
    /// Encodes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&SEAL_MAGIC, self)
    }
    /// Decodes the file strictly.
    ///
    /// Errors: malformed bytes. Owes: that points are points; whoever verifies decompresses them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&SEAL_MAGIC, MAX_SEAL_BYTES, bytes)
    }
}

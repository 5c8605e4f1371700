//! The challenge: evidence about one record, as a file.

use crate::difference::Difference;
use crate::publication::{LateRecord, PublishedRecord};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_circuits::proof::ProofFile;
use candor_program::class::TensorId;
use candor_program::encoding::{DecodeError, decode_file, encode_file, magic};
use candor_trace::{Bundle, SignedHeader, SignedRecord, Start};

/// Longest encoded challenge (docs/spec/encoding.md).
pub const MAX_CHALLENGE_BYTES: u64 = 256 << 20;

/// Evidence against the signer of one record. Nothing in it is trusted.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Challenge {
    /// The evidence.
    pub evidence: Evidence,
}

/// Kinds of evidence.
#[expect(clippy::large_enum_variant, reason = "one of them is made for a file, and never many at once")]
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Evidence {
    /// The true values of a tensor, with a proof.
    Proven {
        /// The record.
        record: SignedRecord,
        /// The tensor.
        tensor: TensorId,
        /// Its true values on the record's features.
        values: Vec<i32>,
        /// Proof of them.
        proof: ProofFile,
    },
    /// The record contradicts itself or what it continues.
    Inconsistent {
        /// The record.
        record: SignedRecord,
        /// What it continues.
        previous: Start,
    },
    /// Two records for one place.
    Equivocation {
        /// One.
        first: SignedHeader,
        /// The other.
        second: SignedHeader,
    },
    /// The record was public by some time: before the time that it states, or early enough not to be late.
    Published(PublishedRecord),
    /// The record was not public when it should have been.
    Late(LateRecord),
}

impl Challenge {
    /// Evidence of a difference that anybody can recompute; `None` where it takes a proof.
    ///
    /// The bundle is the one that was replayed.
    #[must_use]
    pub fn without_proof(bundle: &Bundle, difference: &Difference) -> Option<Self> {
        if difference.needs_proof().is_some() {
            return None;
        }
        let record = bundle.records.get(difference.index)?.clone();
        let previous = match difference.index.checked_sub(1) {
            None => bundle.start.clone(),
            Some(index) => Start::After(bundle.records.get(index)?.signed_header()),
        };
        Some(Self { evidence: Evidence::Inconsistent { record, previous } })
    }

    /// Evidence of the true values of a tensor.
    #[must_use]
    pub fn proven(record: SignedRecord, tensor: TensorId, values: Vec<i32>, proof: ProofFile) -> Self {
        Self { evidence: Evidence::Proven { record, tensor, values, proof } }
    }

    /// Evidence of two records for one place.
    #[must_use]
    pub fn equivocation(first: SignedHeader, second: SignedHeader) -> Self {
        Self { evidence: Evidence::Equivocation { first, second } }
    }

    /// Evidence of when a record was public.
    #[must_use]
    pub fn published(published: PublishedRecord) -> Self {
        Self { evidence: Evidence::Published(published) }
    }

    /// Evidence of a record that was not public in time.
    #[must_use]
    pub fn late(late: LateRecord) -> Self {
        Self { evidence: Evidence::Late(late) }
    }

    /// The record that the evidence is about.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        match &self.evidence {
            Evidence::Proven { record, .. } | Evidence::Inconsistent { record, .. } => record.header.sequence,
            Evidence::Equivocation { first, .. } => first.header.sequence,
            Evidence::Published(published) | Evidence::Late(LateRecord { published, .. }) => {
                published.signed.header.sequence
            }
        }
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&magic::CHALLENGE, self)
    }

    /// Strictly decodes a file. Errors: malformed bytes, or too many.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&magic::CHALLENGE, MAX_CHALLENGE_BYTES, bytes)
    }
}

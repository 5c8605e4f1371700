//! An entry of a log: the signed header, and what its body hashes to. Source: docs/spec/tlog.md.

use crate::record::{Body, SignedHeader, SignedRecord};
use crate::signature::SignatureError;
use crate::tlog::{Hash, leaf_hash};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::Domain;
use candor_program::encoding::{DecodeError, HEADER_BYTES, decode_file, encode, encode_file, keccak256};

/// First eight bytes of an entry.
pub const ENTRY_MAGIC: [u8; 8] = *b"CANDOREN";
/// Length of every entry: file header, domain, header, signature, body hash.
pub const ENTRY_BYTES: usize = HEADER_BYTES + 28 + 364 + 65 + 32;

/// What a log keeps of a record: all that a contract compares, and the hash of the rest.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// EIP-712 domain that the signature is for.
    pub domain: Domain,
    /// Header and signature.
    pub signed: SignedHeader,
    /// [`body_hash`] of the record's body, which may be kept elsewhere or be gone.
    pub body: [u8; 32],
}

/// Keccak-256 of the Borsh encoding of a body.
#[must_use]
pub fn body_hash(body: &Body) -> [u8; 32] {
    keccak256(&[&encode(body)])
}

impl Entry {
    /// The entry of a record.
    #[must_use]
    pub fn of(record: &SignedRecord, domain: &Domain) -> Self {
        Self { domain: *domain, signed: record.signed_header(), body: body_hash(&record.body) }
    }
    /// The bytes of the entry, always [`ENTRY_BYTES`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&ENTRY_MAGIC, self)
    }
    /// Strictly decodes an entry.
    ///
    /// Owes: the signature, the chain, and that the body is the one that the header binds.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&ENTRY_MAGIC, ENTRY_BYTES as u64, bytes)
    }
    /// The record hash: EIP-712 digest of the header in the entry's domain.
    #[must_use]
    pub fn record_hash(&self) -> [u8; 32] {
        self.signed.record_hash(&self.domain)
    }
    /// The agent that the header names signed it, in the entry's domain.
    pub fn check_signature(&self) -> Result<(), SignatureError> {
        self.signed.check_signature(&self.domain)
    }
    /// Hash of the entry as a leaf of the log's tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }
}

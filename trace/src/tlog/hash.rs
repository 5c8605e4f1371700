//! Hashing of the tree: SHA-256, with leaves and nodes kept apart by their first byte. Source: RFC 6962 section 2.1.

use super::text::{from_base64, to_base64};
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Length of a hash.
pub const HASH_BYTES: usize = 32;
/// Characters of a hash in base64.
const HASH_CHARACTERS: usize = 44;

/// A SHA-256 hash of a leaf, of a node or of the whole tree. No value of it means "there is none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl Hash {
    /// Base64, 44 characters.
    #[must_use]
    pub fn to_base64(&self) -> String {
        to_base64(&self.0)
    }
    /// The hash whose base64 is exactly this text.
    pub fn from_base64(text: &str) -> Result<Self, HashTextError> {
        let got = text.len();
        if got != HASH_CHARACTERS {
            return Err(HashTextError::Length { got });
        }
        let bytes = from_base64(text).ok_or(HashTextError::NotBase64)?;
        <[u8; HASH_BYTES]>::try_from(bytes.as_slice()).map(Self).map_err(|_| HashTextError::NotBase64)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({})", hex::encode(self.0))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_base64())
    }
}

/// Why text is no hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum HashTextError {
    /// Other than 44 characters.
    #[error("{got} bytes of text; a hash is 44 characters of base64")]
    Length {
        /// Found.
        got: usize,
    },
    /// Not the base64 of 32 bytes, or not its canonical form.
    #[error("not the canonical base64 of 32 bytes")]
    NotBase64,
}

/// SHA-256(0x00 || entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// SHA-256(0x01 || left || right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

//! Bytes: strict Borsh containers, field elements, packing. Source: docs/spec/encoding.md.

use crate::Fr;
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// First eight bytes of every file.
pub mod magic {
    /// A program.
    pub const PROGRAM: [u8; 8] = *b"CANDORPG";
    /// A card.
    pub const CARD: [u8; 8] = *b"CANDORCD";
    /// A reference string.
    pub const SETUP: [u8; 8] = *b"CANDORSR";
    /// A path with its card.
    pub const BUNDLE: [u8; 8] = *b"CANDORBN";
    /// A proof.
    pub const PROOF: [u8; 8] = *b"CANDORPF";
    /// A challenge.
    pub const CHALLENGE: [u8; 8] = *b"CANDORCH";
    /// A log.
    pub const LOG: [u8; 8] = *b"CANDORLG";
}

/// Why bytes are malformed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    /// More bytes than a file of this kind may have.
    #[error("{got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: u64,
        /// Found.
        got: u64,
    },
    /// Fewer bytes than a header.
    #[error("{got} bytes are too few for a file header of 10")]
    NoHeader {
        /// Found.
        got: u64,
    },
    /// Another kind of file.
    #[error("this is not a {} file: it starts with {}", text(.expected), text(.got))]
    WrongMagic {
        /// Expected.
        expected: [u8; 8],
        /// Found.
        got: [u8; 8],
    },
    /// A version that this build does not read.
    #[error("format version {got}, this build reads version {expected}")]
    WrongVersion {
        /// Expected.
        expected: u16,
        /// Found.
        got: u16,
    },
    /// Borsh refused the body, or bytes are left over.
    #[error("malformed body ({kind:?})")]
    Body {
        /// Kind of error that the decoder met.
        kind: std::io::ErrorKind,
    },
    /// Encoding the value again gives other bytes.
    #[error("the encoding is not canonical")]
    NotCanonical,
}

fn text(magic: &[u8; 8]) -> String {
    magic.escape_ascii().to_string()
}

/// A field element as 32 bytes big endian; decoding refuses values that are not below the modulus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct FrBytes(pub [u8; 32]);

impl FrBytes {
    /// The element.
    #[must_use]
    pub fn to_fr(&self) -> Fr {
        todo!()
    }
}

impl From<Fr> for FrBytes {
    fn from(value: Fr) -> Self {
        Self(fr_to_bytes(&value))
    }
}

impl BorshSerialize for FrBytes {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&self.0)
    }
}

impl BorshDeserialize for FrBytes {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let bytes = <[u8; 32]>::deserialize_reader(reader)?;
        match fr_from_bytes(&bytes) {
            Some(_) => Ok(Self(bytes)),
            None => Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
}

/// 32 bytes big endian.
#[must_use]
pub fn fr_to_bytes(value: &Fr) -> [u8; 32] {
    let _ = value;
    todo!()
}

/// The element, `None` where the bytes are not below the modulus.
#[must_use]
pub fn fr_from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    let _ = bytes;
    todo!()
}

/// The integer mod r.
#[must_use]
pub fn fr_from_i64(value: i64) -> Fr {
    let _ = value;
    todo!()
}

/// The big-endian integer mod r: how a Keccak-256 digest enters the field.
#[must_use]
pub fn fr_from_bytes_mod(bytes: &[u8; 32]) -> Fr {
    let _ = bytes;
    todo!()
}

/// Fifteen values an element: `sum of v_i * 2^(16 i)`.
#[must_use]
pub fn pack_u16(values: &[u16]) -> Vec<Fr> {
    let _ = values;
    todo!()
}

/// Keccak-256 of the concatenation.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let _ = parts;
    todo!()
}

/// Magic, version, Borsh.
#[must_use]
pub fn encode_file<T: BorshSerialize>(magic: &[u8; 8], value: &T) -> Vec<u8> {
    let _ = (magic, value);
    todo!()
}

/// The value of a file: exactly its bytes are accepted, no others.
pub fn decode_file<T: BorshSerialize + BorshDeserialize>(
    magic: &[u8; 8],
    limit_bytes: u64,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let _ = (magic, limit_bytes, bytes);
    todo!()
}

/// The value whose Borsh encoding is exactly these bytes.
pub fn decode_exact<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let _ = bytes;
    todo!()
}

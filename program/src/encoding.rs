//! Bytes: strict Borsh containers, field elements, packing. Source: docs/spec/encoding.md.

use crate::Fr;
use crate::class::FORMAT_VERSION;
use ark_ff::{BigInt, BigInteger, PrimeField};
use borsh::{BorshDeserialize, BorshSerialize};
use sha3::{Digest, Keccak256};
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

/// Bytes before the body of a file: magic and version.
pub const HEADER_BYTES: usize = 10;
/// Values of 16 bits in one field element.
pub const PACKED: usize = 15;

/// Why bytes are malformed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    /// More bytes than a file of this kind may have: nothing was read.
    #[error("{got} bytes; at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: u64,
        /// Found.
        got: u64,
    },
    /// Fewer bytes than a file header.
    #[error("{got} bytes are too few for the header of a file; is the file empty or cut off?")]
    NoHeader {
        /// Found.
        got: u64,
    },
    /// Another kind of file.
    #[error("expected a file that starts with {}, this one starts with {}", expected.escape_ascii(), got.escape_ascii())]
    WrongMagic {
        /// Expected.
        expected: [u8; 8],
        /// Found.
        got: [u8; 8],
    },
    /// A version that this build does not read.
    #[error("format version {got}; this build reads version {expected}")]
    WrongVersion {
        /// Expected.
        expected: u16,
        /// Found.
        got: u16,
    },
    /// The bytes end inside a value.
    #[error("the body ends after {offset} bytes, inside a value; is the file cut off?")]
    Truncated {
        /// Length of the body.
        offset: u64,
    },
    /// A value that its type does not have.
    #[error("the body has an impossible value before byte {offset}")]
    Invalid {
        /// Bytes of the body that were read.
        offset: u64,
    },
    /// Bytes after the value.
    #[error("{count} bytes are left over after the value")]
    TrailingBytes {
        /// How many.
        count: u64,
    },
    /// Encoding the value again gives other bytes.
    #[error("the encoding is not the canonical one")]
    NotCanonical,
}

/// A field element as 32 bytes big endian; decoding refuses values that are not below the modulus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct FrBytes(pub [u8; 32]);

impl FrBytes {
    /// The element (bytes that were not decoded or converted but assembled by hand are reduced by the modulus).
    #[must_use]
    pub fn to_fr(&self) -> Fr {
        fr_from_bytes_mod(&self.0)
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
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.rchunks_exact_mut(8).zip(value.into_bigint().0) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// The element, `None` where the bytes are not below the modulus.
#[must_use]
pub fn fr_from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = chunk.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte));
    }
    Fr::from_bigint(BigInt(limbs))
}

/// The integer mod r.
#[must_use]
pub fn fr_from_i64(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// `2^bits`. Shapes: below 2^253.
#[must_use]
pub fn power_of_two(bits: u32) -> Fr {
    let mut limbs = [0; 4];
    if let Some(limb) = limbs.get_mut(bits as usize / 64) {
        *limb = 1 << (bits % 64);
    }
    Fr::from_bigint(BigInt(limbs)).unwrap_or_default()
}

/// The big-endian integer mod r: how a Keccak-256 digest enters the field.
#[must_use]
pub fn fr_from_bytes_mod(bytes: &[u8; 32]) -> Fr {
    match fr_from_bytes(bytes) {
        Some(value) => value,
        None => Fr::from_be_bytes_mod_order(bytes),
    }
}

/// [`PACKED`] values an element: `sum of v_i * 2^(16 i)`, the last element filled with zeros.
#[must_use]
pub fn pack_u16(values: &[u16]) -> Vec<Fr> {
    let pack = |chunk: &[u16]| {
        let mut limbs = [0; 4];
        for (i, value) in chunk.iter().enumerate() {
            limbs[i / 4] |= u64::from(*value) << (16 * (i % 4));
        }
        // Fifteen values have 240 bits, the modulus 254: the reduction never acts.
        Fr::from_bigint(BigInt(limbs))
            .unwrap_or_else(|| Fr::from_le_bytes_mod_order(&BigInt(limbs).to_bytes_le()))
    };
    values.chunks(PACKED).map(pack).collect()
}

/// Keccak-256 of the concatenation.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Magic, version, Borsh.
#[must_use]
pub fn encode_file<T: BorshSerialize>(magic: &[u8; 8], value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.extend_from_slice(magic);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    extend(&mut bytes, value);
    bytes
}

/// Appends the Borsh encoding.
pub(crate) fn extend<T: BorshSerialize>(bytes: &mut Vec<u8>, value: &T) {
    // Writing to memory fails only for collections of 2^32 elements and more, which no type of ours can hold
    // within its limits.
    value.serialize(bytes).expect("Borsh to memory");
}

/// The Borsh encoding.
#[must_use]
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    extend(&mut bytes, value);
    bytes
}

/// The value of a file: exactly the bytes that [`encode_file`] gives are accepted, no others.
///
/// Owes: the value's own consistency, e.g. [`crate::Card::validate`].
pub fn decode_file<T: BorshSerialize + BorshDeserialize>(
    magic: &[u8; 8],
    limit_bytes: u64,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let got = bytes.len() as u64;
    if got > limit_bytes {
        return Err(DecodeError::TooLong { limit: limit_bytes, got });
    }
    let (found, rest) = bytes.split_first_chunk::<8>().ok_or(DecodeError::NoHeader { got })?;
    let (version, body) = rest.split_first_chunk::<2>().ok_or(DecodeError::NoHeader { got })?;
    if found != magic {
        return Err(DecodeError::WrongMagic { expected: *magic, got: *found });
    }
    let version = u16::from_le_bytes(*version);
    if version != FORMAT_VERSION {
        return Err(DecodeError::WrongVersion { expected: FORMAT_VERSION, got: version });
    }
    decode_exact(body)
}

/// The value whose Borsh encoding is exactly these bytes.
///
/// Memory grows with the bytes that are there, never with a length that they claim.
pub fn decode_exact<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut source = Source { rest: bytes, starved: false };
    let value = T::deserialize_reader(&mut source);
    let offset = (bytes.len() - source.rest.len()) as u64;
    let value = match value {
        Ok(value) => value,
        Err(_) if source.starved => return Err(DecodeError::Truncated { offset: bytes.len() as u64 }),
        Err(_) => return Err(DecodeError::Invalid { offset }),
    };
    if !source.rest.is_empty() {
        return Err(DecodeError::TrailingBytes { count: source.rest.len() as u64 });
    }
    let mut comparison = Comparison { expected: bytes };
    let same = value.serialize(&mut comparison).is_ok() && comparison.expected.is_empty();
    if same { Ok(value) } else { Err(DecodeError::NotCanonical) }
}

/// Reads a slice and remembers whether more was asked for than it had.
struct Source<'a> {
    rest: &'a [u8],
    starved: bool,
}

impl std::io::Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.starved |= buffer.len() > self.rest.len();
        self.rest.read(buffer)
    }
}

/// Accepts exactly the expected bytes: compares an encoding without storing it.
struct Comparison<'a> {
    expected: &'a [u8],
}

impl std::io::Write for Comparison<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.expected.strip_prefix(bytes) {
            Some(rest) => {
                self.expected = rest;
                Ok(bytes.len())
            }
            None => Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! Verifier keys: who may sign notes and checkpoints. Source: C2SP signed-note, tlog-cosignature.

use super::cosignature::verify_cosignature;
use super::text::{from_base64, to_base64};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Longest name of a key.
pub const MAX_KEY_NAME_BYTES: usize = 255;
/// Longest text of a key: name, two pluses, 8 digits, base64 of 33 bytes.
const MAX_KEY_TEXT_BYTES: usize = MAX_KEY_NAME_BYTES + 2 + 8 + 44;

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Type 1: the note's text. Logs sign so.
    Ed25519,
    /// Type 4: a time and the note's text. Witnesses sign so.
    Cosignature,
}

impl Algorithm {
    /// Its byte in key ids and verifier keys.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature].into_iter().find(|algorithm| algorithm.byte() == byte)
    }
}

/// First four bytes of SHA-256(name || 0x0A || algorithm || public key): with the name it names a key, and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

/// Name, algorithm and public key of somebody who signs notes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: VerifyingKey,
    id: KeyId,
}

/// Why text is no key, or a name cannot be a key's.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// More text than a key has: nothing was read.
    #[error("{got} bytes of text; a verifier key has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not `name+id+key`.
    #[error("not a key of the form name+id+key")]
    Format,
    /// A name that no key may have.
    #[error("the key's name is empty, or has a space, a plus or a control character")]
    Name,
    /// A name that is too long.
    #[error("the key's name has {got} bytes; at most {limit} are allowed")]
    NameTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The id is not 8 lower-case hexadecimal digits.
    #[error("the key's id is not 8 lower-case hexadecimal digits")]
    KeyId,
    /// The key is not canonical base64.
    #[error("the key is not canonical base64")]
    Base64,
    /// An algorithm that this build does not verify.
    #[error("signature type {got}; 1 (Ed25519) and 4 (Ed25519 cosignature) are known")]
    UnknownAlgorithm {
        /// Found.
        got: u8,
    },
    /// Another number of bytes than a key has.
    #[error("{got} bytes of key; an Ed25519 key has 32")]
    KeyLength {
        /// Found.
        got: usize,
    },
    /// Not a point of the curve, or one of small order, which anybody can sign for.
    #[error("not a usable Ed25519 public key")]
    NotAKey,
    /// The id belongs to another name or key.
    #[error("the key's id is {got}, name and key give {expected}: the key was mistyped or changed")]
    KeyIdMismatch {
        /// Expected.
        expected: KeyId,
        /// Found.
        got: KeyId,
    },
}

/// Whether a text may be the name of a key: not empty, no Unicode space, plus or control character.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    let allowed = |character: char| !character.is_whitespace() && !character.is_control() && character != '+';
    !name.is_empty() && name.chars().all(allowed)
}

/// The name may be that of one of our own keys: valid, and not too long.
pub(crate) fn check_key_name(name: &str) -> Result<(), KeyError> {
    if name.len() > MAX_KEY_NAME_BYTES {
        return Err(KeyError::NameTooLong { limit: MAX_KEY_NAME_BYTES, got: name.len() });
    }
    if is_key_name(name) { Ok(()) } else { Err(KeyError::Name) }
}

/// The id of 8 lower-case hexadecimal digits.
pub(crate) fn parse_key_id(text: &str) -> Result<KeyId, KeyError> {
    let mut id = [0; 4];
    hex::decode_to_slice(text, &mut id).map_err(|_| KeyError::KeyId)?;
    let id = KeyId(id);
    if id.to_string() == text { Ok(id) } else { Err(KeyError::KeyId) }
}

/// Algorithm and the 32 bytes of a key.
pub(crate) fn parse_key_bytes(text: &str) -> Result<(Algorithm, [u8; 32]), KeyError> {
    let bytes = from_base64(text).ok_or(KeyError::Base64)?;
    let (&algorithm, key) = bytes.split_first().ok_or(KeyError::KeyLength { got: 0 })?;
    let algorithm = Algorithm::of_byte(algorithm).ok_or(KeyError::UnknownAlgorithm { got: algorithm })?;
    let key = <[u8; 32]>::try_from(key).map_err(|_| KeyError::KeyLength { got: key.len() })?;
    Ok((algorithm, key))
}

impl VerifierKey {
    /// The key of this name and public key; a public key of small order is refused.
    pub fn new(name: &str, algorithm: Algorithm, public_key: &[u8; 32]) -> Result<Self, KeyError> {
        check_key_name(name)?;
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| KeyError::NotAKey)?;
        // One public key has one encoding: y below the field's prime.
        if key.is_weak() || key.to_edwards().compress().to_bytes() != *public_key {
            return Err(KeyError::NotAKey);
        }
        Ok(Self { name: name.to_owned(), algorithm, key, id: key_id(name, algorithm, public_key) })
    }
    /// The key whose text is exactly this: `name+id+base64(algorithm || key)`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_KEY_TEXT_BYTES {
            return Err(KeyError::TooLong { limit: MAX_KEY_TEXT_BYTES, got: text.len() });
        }
        // Base64 has pluses too: the first two separate.
        let (name, rest) = text.split_once('+').ok_or(KeyError::Format)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Format)?;
        check_key_name(name)?;
        let got = parse_key_id(id)?;
        let (algorithm, key) = parse_key_bytes(key)?;
        let key = Self::new(name, algorithm, &key)?;
        if key.id == got { Ok(key) } else { Err(KeyError::KeyIdMismatch { expected: key.id, got }) }
    }
    /// Name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
    /// Id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }
    /// Whether this key made the signature of the note's text, and if it is a cosignature, for which time.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.algorithm {
            Algorithm::Ed25519 => {
                self.verify_bytes(text.as_bytes(), signature.try_into().ok()?).then_some(None)
            }
            Algorithm::Cosignature => verify_cosignature(self, text, signature).map(Some),
        }
    }
    /// Strict Ed25519.
    pub(crate) fn verify_bytes(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()], self.key.as_bytes().as_slice()].concat();
        write!(formatter, "{}+{}+{}", self.name, self.id, to_base64(&key))
    }
}

/// SHA-256(name || 0x0A || algorithm || public key), its first four bytes.
fn key_id(name: &str, algorithm: Algorithm, public_key: &[u8; 32]) -> KeyId {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update([algorithm.byte()])
        .chain_update(public_key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    KeyId([a, b, c, d])
}

//! Secret keys of logs and witnesses.

use super::cosignature::{COSIGNATURE_BYTES, TIME_BOUND, cosigned_message};
use super::key::{Algorithm, KeyError, VerifierKey, check_key_name, parse_key_bytes, parse_key_id};
use super::note::SignatureLine;
use super::text::to_base64;
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use zeroize::Zeroizing;

/// Longest text of a secret key.
const MAX_SECRET_TEXT_BYTES: usize = 512;
/// What the text of a secret key begins with.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// A secret Ed25519 key with its name and algorithm; wiped when dropped, never printed.
struct Secret {
    key: SigningKey,
    verifier: VerifierKey,
}

impl Secret {
    fn new(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, KeyError> {
        check_key_name(name)?;
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, algorithm, &key.verifying_key().to_bytes())?;
        Ok(Self { key, verifier })
    }
    /// `PRIVATE+KEY+name+id+base64(algorithm || seed)`, as Go's note package writes it.
    fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0_u8; 33]);
        let seed = Zeroizing::new(self.key.to_bytes());
        bytes[0] = self.verifier.algorithm().byte();
        bytes[1..].copy_from_slice(seed.as_slice());
        let key = Zeroizing::new(to_base64(bytes.as_slice()));
        let (name, id) = (self.verifier.name(), self.verifier.id());
        Zeroizing::new(format!("{SECRET_PREFIX}{name}+{id}+{}", key.as_str()))
    }
    fn parse(text: &str, expected: Algorithm) -> Result<Self, KeyError> {
        if text.len() > MAX_SECRET_TEXT_BYTES {
            return Err(KeyError::TooLong { limit: MAX_SECRET_TEXT_BYTES, got: text.len() });
        }
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(KeyError::Format)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Format)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Format)?;
        check_key_name(name)?;
        let got = parse_key_id(id)?;
        let (algorithm, seed) = parse_key_bytes(key)?;
        let seed = Zeroizing::new(seed);
        if algorithm != expected {
            return Err(KeyError::UnknownAlgorithm { got: algorithm.byte() });
        }
        let secret = Self::new(name, algorithm, &seed)?;
        let expected = secret.verifier.id();
        if expected == got { Ok(secret) } else { Err(KeyError::KeyIdMismatch { expected, got }) }
    }
    fn line(&self, signature: Vec<u8>) -> SignatureLine {
        SignatureLine::by(&self.verifier, signature)
    }
}

/// The key of a log: signs the text of notes.
pub struct NoteSigner(Secret);

impl NoteSigner {
    /// The key with this name and secret seed.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(name, Algorithm::Ed25519, seed).map(Self)
    }
    /// The key whose text is exactly this.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, Algorithm::Ed25519).map(Self)
    }
    /// Text of the secret key.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        self.0.to_text()
    }
    /// The public half.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }
    /// Signs the text of a note.
    #[must_use]
    pub fn sign(&self, text: &str) -> SignatureLine {
        self.0.line(self.0.key.sign(text.as_bytes()).to_bytes().to_vec())
    }
}

/// The key of a witness: cosigns the text of checkpoints.
pub struct CosignatureSigner(Secret);

impl CosignatureSigner {
    /// The key with this name and secret seed.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(name, Algorithm::Cosignature, seed).map(Self)
    }
    /// The key whose text is exactly this.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, Algorithm::Cosignature).map(Self)
    }
    /// Text of the secret key.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        self.0.to_text()
    }
    /// The public half.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }
    /// Cosigns the text of a checkpoint for a time; a time of 2^63 and above becomes 2^63 - 1.
    ///
    /// Units: Unix seconds.
    /// Owes: that the tree is consistent with everything cosigned before, and that this is durable first.
    #[must_use]
    pub fn cosign(&self, text: &str, time: u64) -> SignatureLine {
        let time = time.min(TIME_BOUND - 1);
        let mut bytes = Vec::with_capacity(COSIGNATURE_BYTES);
        bytes.extend_from_slice(&time.to_be_bytes());
        bytes.extend_from_slice(&self.0.key.sign(cosigned_message(time, text).as_bytes()).to_bytes());
        self.0.line(bytes)
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NoteSigner({})", self.0.verifier)
    }
}

impl fmt::Debug for CosignatureSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CosignatureSigner({})", self.0.verifier)
    }
}

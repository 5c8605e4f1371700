//! Signatures of messages by secp256k1 or Ed25519 keys: what plugins and receipts are signed with.
//!
//! A secp256k1 key signs the message's Keccak-256 in the form of [`SignatureBytes`]; an Ed25519 key signs the message
//! itself (RFC 8032, checked strictly: no key or commitment of small order, one encoding). A message begins with its
//! own domain separator; this module adds none.

use crate::signature::{AgentKey, SignatureBytes, SignatureError, recover};
use candor_program::card::SignerKey;
use candor_program::encoding::keccak256;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a message is not signed by a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SignerError {
    /// A signature of another scheme, or cut off.
    #[error("the signature has {got} bytes, one by this key has {expected}")]
    Length {
        /// Of the key's scheme.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A secp256k1 signature that is not canonical.
    #[error(transparent)]
    Malformed(#[from] SignatureError),
    /// Another secp256k1 key signed, or something else was signed.
    #[error("signed by 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    OtherSigner {
        /// Address of the key.
        expected: [u8; 20],
        /// Address recovered from the signature.
        got: [u8; 20],
    },
    /// The Ed25519 key is no point of the curve, or one of small order, which anybody can sign for.
    #[error("ed25519:0x{} is no usable key", hex::encode(.public_key))]
    PublicKey {
        /// The key.
        public_key: [u8; 32],
    },
    /// Another Ed25519 key signed, or something else was signed.
    #[error("not signed by ed25519:0x{}", hex::encode(.public_key))]
    NotSigned {
        /// The key.
        public_key: [u8; 32],
    },
}

/// A secret key of either scheme.
#[derive(Debug)]
pub enum SecretKey {
    /// secp256k1, as agents have.
    Secp256k1(AgentKey),
    /// Ed25519.
    Ed25519(Ed25519Key),
}

/// An Ed25519 secret key. It is wiped when dropped and never printed.
pub struct Ed25519Key(SigningKey);

impl Ed25519Key {
    /// The key with this seed.
    #[must_use]
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The seed.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Ed25519Key(public key 0x{})", hex::encode(self.public_key()))
    }
}

impl SecretKey {
    /// What its signatures are checked with.
    #[must_use]
    pub fn public(&self) -> SignerKey {
        match self {
            Self::Secp256k1(key) => SignerKey::Secp256k1 { address: key.address() },
            Self::Ed25519(key) => SignerKey::Ed25519 { public_key: key.public_key() },
        }
    }
    /// A deterministic signature of the message.
    ///
    /// Owes: that the message begins with a domain separator of its own.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Secp256k1(key) => key.sign(&keccak256(&[message])).0.to_vec(),
            Self::Ed25519(key) => key.0.sign(message).to_bytes().to_vec(),
        }
    }
}

/// The key signed the message.
pub fn check_signed(key: &SignerKey, message: &[u8], signature: &[u8]) -> Result<(), SignerError> {
    match *key {
        SignerKey::Secp256k1 { address } => {
            let bytes = SignatureBytes(sized(signature)?);
            let got = recover(&keccak256(&[message]), &bytes)?;
            if got == address { Ok(()) } else { Err(SignerError::OtherSigner { expected: address, got }) }
        }
        SignerKey::Ed25519 { public_key } => {
            let signature = Signature::from_bytes(&sized(signature)?);
            let key = VerifyingKey::from_bytes(&public_key).ok().filter(|key| !key.is_weak());
            let key = key.ok_or(SignerError::PublicKey { public_key })?;
            key.verify_strict(message, &signature).map_err(|_| SignerError::NotSigned { public_key })
        }
    }
}

fn sized<const N: usize>(signature: &[u8]) -> Result<[u8; N], SignerError> {
    signature.try_into().map_err(|_| SignerError::Length { expected: N, got: signature.len() })
}

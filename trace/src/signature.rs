//! secp256k1 signatures in the one form that a contract's `ecrecover` and this crate both take.

mod prepared;

pub use prepared::{PreparedKey, PublicKey};

use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::keccak256;
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use thiserror::Error;
use zeroize::Zeroizing;

/// `r || s || v`: low s, v 27 or 28. Whether these hold is checked by [`recover`], not by the type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignatureBytes(pub [u8; 65]);

/// Why a signature or a key is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SignatureError {
    /// A secret key is zero or not below the group order.
    #[error("the secret key is not between 1 and the group order: make a new key")]
    SecretKeyOutOfRange,
    /// v is neither 27 nor 28.
    #[error("recovery byte v is {got}, 27 or 28 is canonical")]
    RecoveryByte {
        /// Found.
        got: u8,
    },
    /// r or s is zero or not below the group order.
    #[error("r or s of the signature is zero or not below the group order")]
    ScalarOutOfRange,
    /// s is in the upper half.
    #[error("s of the signature is in the upper half: only the lower of the two values is canonical")]
    HighS,
    /// r is no curve point's x, or the recovered key is the identity.
    #[error("no public key makes this signature valid")]
    NoSigner,
    /// Another key signed, or something else was signed.
    #[error("signed by 0x{}, the record names agent 0x{}", hex::encode(.got), hex::encode(.expected))]
    WrongSigner {
        /// Agent that the record names.
        expected: [u8; 20],
        /// Address recovered from the signature.
        got: [u8; 20],
    },
}

/// An agent's secret key. It is wiped when dropped and never printed.
pub struct AgentKey {
    secret: SigningKey,
    address: [u8; 20],
}

impl AgentKey {
    /// The key with this secret scalar, big endian.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        let secret = SigningKey::from_slice(bytes).map_err(|_| SignatureError::SecretKeyOutOfRange)?;
        let address = address_of(secret.verifying_key());
        Ok(Self { secret, address })
    }
    /// The secret scalar, big endian.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(<[u8; 32]>::from(self.secret.to_bytes()))
    }
    /// Ethereum address of the public key.
    #[must_use]
    pub fn address(&self) -> [u8; 20] {
        self.address
    }
    /// A deterministic (RFC 6979) low-s signature of a hash.
    ///
    /// The probability that r had to be reduced, which v 27 or 28 cannot express, is below 2^-127.
    #[must_use]
    pub fn sign(&self, hash: &[u8; 32]) -> SignatureBytes {
        let (signature, recovery) = self.secret.sign_prehash_recoverable(hash);
        let (r, s) = signature.split_bytes();
        let mut bytes = [0; 65];
        bytes[..32].copy_from_slice(&r);
        bytes[32..64].copy_from_slice(&s);
        bytes[64] = 27 + u8::from(recovery.is_y_odd());
        SignatureBytes(bytes)
    }
}

impl std::fmt::Debug for AgentKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AgentKey(address 0x{})", hex::encode(self.address))
    }
}

/// The address whose key made this canonical signature of the hash.
///
/// Owes: comparing the address with the one expected; every canonical signature recovers to some address.
pub fn recover(hash: &[u8; 32], signature: &SignatureBytes) -> Result<[u8; 20], SignatureError> {
    PublicKey::recover(hash, signature).map(|key| key.address())
}

/// A canonical signature.
struct Parsed {
    signature: Signature,
    is_y_odd: bool,
}

fn parse(signature: &SignatureBytes) -> Result<Parsed, SignatureError> {
    let [rest @ .., v] = &signature.0;
    let is_y_odd = match v {
        27 => false,
        28 => true,
        &got => return Err(SignatureError::RecoveryByte { got }),
    };
    let signature = Signature::from_slice(rest).map_err(|_| SignatureError::ScalarOutOfRange)?;
    if signature.normalize_s() != signature {
        return Err(SignatureError::HighS);
    }
    Ok(Parsed { signature, is_y_odd })
}

fn address_of(key: &VerifyingKey) -> [u8; 20] {
    let point = key.to_sec1_point(false);
    let hash = keccak256(&[&point.as_bytes()[1..]]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}

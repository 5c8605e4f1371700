//! Keys as text: as agent.toml writes them, in lower case, so that a key has one spelling.

use candor_program::card::SignerKey;
use thiserror::Error;

/// A text that is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("write 0x and 40 lower-case hexadecimal digits, or ed25519:0x and 64")]
pub struct KeyTextError;

/// The key that [`SignerKey`]'s `Display` writes like this.
pub fn key_from_text(text: &str) -> Result<SignerKey, KeyTextError> {
    let key = match text.strip_prefix("ed25519:") {
        Some(digits) => bytes(digits).map(|public_key| SignerKey::Ed25519 { public_key }),
        None => bytes(text).map(|address| SignerKey::Secp256k1 { address }),
    };
    key.ok_or(KeyTextError)
}

/// Bytes written as `0x` and lower-case hexadecimal digits.
pub(super) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits(text)?, &mut bytes).ok()?;
    Some(bytes)
}

/// As many bytes as there are.
pub(super) fn any_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(digits(text)?).ok()
}

fn digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").filter(|digits| !digits.bytes().any(|byte| byte.is_ascii_uppercase()))
}

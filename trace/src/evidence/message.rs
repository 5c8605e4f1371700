//! What is common to both signed structs: the domain, words, and texts that are fit to be signed.

use candor_program::encoding::keccak256;
use candor_program::limits;
use thiserror::Error;

const DOMAIN_TYPE: &str = "EIP712Domain(string name,string version)";
const DOMAIN_NAME: &str = "Candor evidence";
const DOMAIN_VERSION: &str = "1";

/// Bytes of a message: `0x1901`, domain separator, struct hash.
pub const EVIDENCE_MESSAGE_BYTES: usize = 66;

/// Why a text cannot be part of a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TextDefect {
    /// It is empty and may not be.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("has {got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// It has a control character.
    #[error("has a control character")]
    ControlCharacter,
}

/// EIP-712 domain separator of evidence: it names no chain and no contract.
#[must_use]
pub fn domain_separator() -> [u8; 32] {
    keccak256(&[&text_word(DOMAIN_TYPE), &text_word(DOMAIN_NAME), &text_word(DOMAIN_VERSION)])
}

/// The bytes that are signed for a struct.
pub(super) fn message(struct_hash: &[u8; 32]) -> [u8; EVIDENCE_MESSAGE_BYTES] {
    let mut bytes = [0; EVIDENCE_MESSAGE_BYTES];
    bytes[..2].copy_from_slice(b"\x19\x01");
    bytes[2..34].copy_from_slice(&domain_separator());
    bytes[34..].copy_from_slice(struct_hash);
    bytes
}

/// A text as a word of a struct.
pub(super) fn text_word(text: &str) -> [u8; 32] {
    keccak256(&[text.as_bytes()])
}

/// A number as a word of a struct.
pub(super) fn unsigned_word(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

/// A signed number as a word of a struct: extended by its sign.
pub(super) fn signed_word(value: i64) -> [u8; 32] {
    let mut word = [if value < 0 { 0xff } else { 0 }; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

/// The text may be signed and shown.
pub(super) fn check_text(text: &str) -> Result<(), TextDefect> {
    let (limit, got) = (limits::NAME_BYTES, text.len());
    if got > limit {
        return Err(TextDefect::TooLong { limit, got });
    }
    if text.chars().any(char::is_control) { Err(TextDefect::ControlCharacter) } else { Ok(()) }
}

/// The text may be signed and shown, and is not empty.
pub(super) fn check_name(text: &str) -> Result<(), TextDefect> {
    if text.is_empty() { Err(TextDefect::Empty) } else { check_text(text) }
}

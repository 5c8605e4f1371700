//! Numbers and base64 in text: one encoding of each value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The number, if this is its decimal form: digits only, no leading zero, at most 2^64 - 1.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if text.is_empty() || leading_zero || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Standard base64 with padding (RFC 4648 section 4).
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes whose base64 is exactly this text.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (to_base64(&bytes) == text).then_some(bytes)
}

//! Envelopes: a payload with the time and the signature of the plugin that reports it.

use super::error::excerpt;
use super::json::{self, Object};
use crate::limits;
use std::borrow::Cow;
use thiserror::Error;

const SIGNATURE_BYTES: std::ops::RangeInclusive<usize> = 64..=65;

/// A signed payload: `{"payload": "<text>", "time": <Unix seconds>, "signature": "0x..."}`.
///
/// The payload is a JSON string, so that programs on the way may write the envelope anew without changing what is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// What the plugin reports.
    pub payload: String,
    /// Unix seconds, as signed.
    pub time: u64,
    /// Ed25519: 64 bytes. secp256k1: r || s || v.
    pub signature: Vec<u8>,
}

/// Why bytes are no envelope.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EnvelopeError {
    /// Longer than a line may be: nothing was read.
    #[error("{got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not a JSON object.
    #[error("not a JSON object with `payload`, `time` and `signature` (column {column})")]
    NotObject {
        /// Column, from 1.
        column: usize,
    },
    /// One key twice.
    #[error("the key `{key}` occurs twice")]
    DuplicateKey {
        /// Key.
        key: String,
    },
    /// Another key.
    #[error("unknown key `{key}`; an envelope has `payload`, `time` and `signature`")]
    UnknownKey {
        /// Key.
        key: String,
    },
    /// A key that is not there.
    #[error("`{key}` is missing")]
    Missing {
        /// Key.
        key: &'static str,
    },
    /// A payload that is no JSON string.
    #[error("`payload` is {got}; write what the plugin reports as a JSON string")]
    Payload {
        /// JSON text.
        got: String,
    },
    /// A time that is no number of seconds.
    #[error("`time` is {got}; write whole Unix seconds below 2^62 as a JSON number")]
    Time {
        /// JSON text.
        got: String,
    },
    /// A signature that is no hexadecimal text of a signature's length.
    #[error("`signature` is {got}; write 0x and the lower-case hexadecimal digits of 64 or 65 bytes")]
    Signature {
        /// JSON text.
        got: String,
    },
}

impl Envelope {
    /// Strictly reads an envelope: exactly three keys, each once.
    ///
    /// Owes: the signature, and that the time is acceptable.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > limits::LINE_BYTES {
            return Err(EnvelopeError::TooLong { limit: limits::LINE_BYTES, got: bytes.len() });
        }
        let object: Object<'_> = serde_json::from_slice(bytes)
            .map_err(|error| EnvelopeError::NotObject { column: error.column() })?;
        if let Some(key) = json::duplicate(&object.0) {
            return Err(EnvelopeError::DuplicateKey { key: excerpt(key) });
        }
        let (mut payload, mut time, mut signature) = (None, None, None);
        for (key, value) in &object.0 {
            let slot = match key.as_ref() {
                "payload" => &mut payload,
                "time" => &mut time,
                "signature" => &mut signature,
                other => return Err(EnvelopeError::UnknownKey { key: excerpt(other) }),
            };
            *slot = Some(value.get());
        }
        let payload = payload.ok_or(EnvelopeError::Missing { key: "payload" })?;
        let time = time.ok_or(EnvelopeError::Missing { key: "time" })?;
        let signature = signature.ok_or(EnvelopeError::Missing { key: "signature" })?;
        Ok(Self {
            payload: json::parse::<String>(payload)
                .ok_or_else(|| EnvelopeError::Payload { got: excerpt(payload) })?,
            time: json::seconds(time).ok_or_else(|| EnvelopeError::Time { got: excerpt(time) })?,
            signature: read_signature(signature)
                .ok_or_else(|| EnvelopeError::Signature { got: excerpt(signature) })?,
        })
    }

    /// The envelope as JSON, in the order of its fields.
    #[must_use]
    pub fn to_json(&self) -> String {
        let payload = serde_json::Value::from(self.payload.as_str());
        let signature: String = self.signature.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(r#"{{"payload": {payload}, "time": {}, "signature": "0x{signature}"}}"#, self.time)
    }
}

fn read_signature(text: &str) -> Option<Vec<u8>> {
    let text = json::parse::<Cow<'_, str>>(text)?;
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.len() % 2 != 0 || !SIGNATURE_BYTES.contains(&(digits.len() / 2)) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().try_fold(0, |byte, digit| push_digit(byte, *digit)))
        .collect()
}

/// Appends a lower-case hexadecimal digit: a signature has one spelling.
fn push_digit(byte: u8, digit: u8) -> Option<u8> {
    let value = match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => return None,
    };
    Some(byte << 4 | value)
}

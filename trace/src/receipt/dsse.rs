//! DSSE envelopes. Source: secure-systems-lab/dsse, protocol.md and envelope.md, version 1.0.2.

use super::MAX_RECEIPT_BYTES;
use super::error::ReceiptError;
use crate::signer::{SecretKey, check_signed};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use candor_program::card::SignerKey;
use serde::{Deserialize, Serialize};

/// Payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Most signatures of an envelope that are looked at.
pub const MAX_SIGNATURES: usize = 16;

/// A payload with signatures over it and its type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DsseEnvelope {
    /// What kind of payload.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// Signatures.
    pub signatures: Vec<DsseSignature>,
}

/// A signature with a hint whose it may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DsseSignature {
    /// Hint that nobody signed: it decides nothing.
    pub key_id: String,
    /// Signature of [`pae`].
    pub signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeText {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<SignatureText>,
}

#[derive(Serialize, Deserialize)]
struct SignatureText {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// The signed bytes: `DSSEv1 <length> <type> <length> <body>`, so that type and body cannot be taken for one another.
#[must_use]
pub fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

impl DsseEnvelope {
    /// The payload, signed by one key.
    #[must_use]
    pub fn sign(key: &SecretKey, payload_type: &str, payload: Vec<u8>) -> Self {
        let signature = key.sign(&pae(payload_type, &payload));
        let signatures = vec![DsseSignature { key_id: key.public().to_string(), signature }];
        Self { payload_type: payload_type.to_owned(), payload, signatures }
    }
    /// The JSON envelope.
    #[must_use]
    pub fn to_json(&self) -> String {
        let signature = |signature: &DsseSignature| serde_json::json!({ "keyid": signature.key_id, "sig": STANDARD.encode(&signature.signature) });
        serde_json::json!({
            "payload": STANDARD.encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": self.signatures.iter().map(signature).collect::<Vec<_>>(),
        })
        .to_string()
    }
    /// Reads a JSON envelope; unknown fields are ignored, as the format asks.
    ///
    /// Owes: the signatures.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLong { limit: MAX_RECEIPT_BYTES, got: bytes.len() });
        }
        let text: EnvelopeText = serde_json::from_slice(bytes)
            .map_err(|error| ReceiptError::Envelope { line: error.line(), column: error.column() })?;
        let got = text.signatures.len();
        if got > MAX_SIGNATURES {
            return Err(ReceiptError::TooManySignatures { limit: MAX_SIGNATURES, got });
        }
        let payload = decode(&text.payload).ok_or(ReceiptError::Base64 { field: "payload" })?;
        let signature = |text: SignatureText| {
            let signature = decode(&text.sig).ok_or(ReceiptError::Base64 { field: "sig" })?;
            Ok(DsseSignature { key_id: text.keyid, signature })
        };
        let signatures = text.signatures.into_iter().map(signature).collect::<Result<_, _>>()?;
        Ok(Self { payload_type: text.payload_type, payload, signatures })
    }
    /// The payload, if it is of this type and the key signed it.
    ///
    /// The type is compared first and signed too: a statement cannot be passed off as something else.
    pub fn verify(&self, key: &SignerKey, payload_type: &str) -> Result<&[u8], ReceiptError> {
        if self.payload_type != payload_type {
            return Err(ReceiptError::PayloadType { expected: payload_type.to_owned() });
        }
        let message = pae(&self.payload_type, &self.payload);
        let signed = |signature: &DsseSignature| check_signed(key, &message, &signature.signature).is_ok();
        if self.signatures.iter().any(signed) {
            return Ok(&self.payload);
        }
        Err(ReceiptError::NotSigned { expected: *key, signatures: self.signatures.len() })
    }
}

/// Standard or URL-safe base64, both of which the format allows.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

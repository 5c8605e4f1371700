//! OpenGradient: a response of a model in an enclave, its request and output hashes recomputed and its signature checked.
//!
//! Facts from the public gateway and its client (docs/adapters.md says which): the request hash is Keccak-256 of
//! `json.dumps(request, sort_keys=True)` of a request reduced to the fields that the gateway signs; the output hash is
//! Keccak-256 of the answer's text, or of `json.dumps(tool_calls, sort_keys=True)`; signed is
//! Keccak-256(request hash || output hash || uint256 timestamp) with RSA-2048-PSS-SHA256, salt of 32 bytes; the enclave's id
//! is Keccak-256 of its DER public key.

mod batch;
mod error;
mod request;

pub use batch::{MAX_PROOF_HASHES, batch_leaf, verify_batch};
pub use error::OpenGradientError;
pub use request::{canonical_request, signed_output};

use super::json::Json;
use super::python;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_program::encoding::keccak256;
use rsa::pkcs8::DecodePublicKey;
use rsa::pss::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};

/// Bits of an enclave's modulus.
pub const KEY_BITS: usize = 2048;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 256;

/// An enclave's public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TeeKey {
    key: RsaPublicKey,
    der: Vec<u8>,
}

/// What an enclave signed, recomputed and checked. Made by nothing but a successful check.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TeeResponse {
    /// Keccak-256 of the enclave's DER public key.
    pub tee_id: [u8; 32],
    /// The enclave's DER public key.
    pub public_key: Vec<u8>,
    /// The model that was asked for.
    pub model: String,
    /// The text whose Keccak-256 is the request hash.
    pub request: String,
    /// Request hash.
    pub request_hash: [u8; 32],
    /// The text whose Keccak-256 is the output hash.
    pub output: String,
    /// Output hash.
    pub output_hash: [u8; 32],
    /// Unix seconds, as the enclave says.
    pub timestamp: u64,
    /// RSA-PSS signature.
    pub signature: Vec<u8>,
}

impl TeeKey {
    /// The key of a DER SubjectPublicKeyInfo: RSA of 2048 bits with exponent 65537.
    pub fn from_der(der: &[u8]) -> Result<Self, OpenGradientError> {
        let key = RsaPublicKey::from_public_key_der(der).map_err(|_| OpenGradientError::KeyFormat)?;
        let got = key.n().bits();
        if got != KEY_BITS {
            return Err(OpenGradientError::KeySize { expected: KEY_BITS, got });
        }
        if *key.e() != BigUint::from(65_537_u32) {
            return Err(OpenGradientError::KeyExponent);
        }
        Ok(Self { key, der: der.to_vec() })
    }
    /// The key of a PEM text (`BEGIN PUBLIC KEY`).
    pub fn from_pem(pem: &str) -> Result<Self, OpenGradientError> {
        let body = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----");
        let body = body.and_then(|body| body.strip_suffix("-----END PUBLIC KEY-----"));
        let body: String = body.ok_or(OpenGradientError::KeyFormat)?.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| OpenGradientError::KeyFormat)?;
        Self::from_der(&der)
    }
    /// The enclave's id.
    #[must_use]
    pub fn tee_id(&self) -> [u8; 32] {
        keccak256(&[&self.der])
    }
    fn check(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), OpenGradientError> {
        let got = signature.len();
        if got != SIGNATURE_BYTES {
            return Err(OpenGradientError::SignatureLength { expected: SIGNATURE_BYTES, got });
        }
        let refused = |_| OpenGradientError::NotSigned { tee_id: self.tee_id() };
        let signature = Signature::try_from(signature).map_err(refused)?;
        // PSS hashes the digest once more; the salt is as long as that hash.
        VerifyingKey::<Sha256>::new(self.key.clone()).verify(digest, &signature).map_err(refused)
    }
}

/// Keccak-256(request hash || output hash || uint256 timestamp): what an enclave signs.
#[must_use]
pub fn signed_digest(request_hash: &[u8; 32], output_hash: &[u8; 32], timestamp: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&timestamp.to_be_bytes());
    keccak256(&[request_hash, output_hash, &word])
}

impl TeeResponse {
    /// The enclave with this key signed this answer to this request.
    ///
    /// Errors: a hash that the response states and that request or answer do not give; another enclave's id; a signature that
    /// is not the key's.
    /// Owes: that the key is an attested enclave's (the network's registry says so), and everything that the signature does
    /// not bind: agent, chain, nonce, and what ran inside.
    pub fn verify(request: &Json, response: &Json, key: &TeeKey) -> Result<Self, OpenGradientError> {
        let request = canonical_request(request)?;
        let model = request.get("model").and_then(Json::as_text).unwrap_or_default().to_owned();
        let request = python::dumps(&request)?;
        let output = signed_output(response)?;
        let stated = |field| hash_field(response, field);
        let request_hash = keccak256(&[request.as_bytes()]);
        let output_hash = keccak256(&[output.as_bytes()]);
        for (field, got) in [("tee_request_hash", request_hash), ("tee_output_hash", output_hash)] {
            let signed = stated(field)?;
            if signed != got {
                return Err(OpenGradientError::Hash { field, signed, got });
            }
        }
        let (expected, got) = (key.tee_id(), stated("tee_id")?);
        if expected != got {
            return Err(OpenGradientError::TeeId { expected, got });
        }
        let timestamp = response.get("tee_timestamp").and_then(Json::as_u64);
        let timestamp = timestamp.ok_or(OpenGradientError::Field { field: "tee_timestamp" })?;
        let signature = response.get("tee_signature").and_then(Json::as_text);
        let signature = signature.and_then(|text| STANDARD.decode(text).ok());
        let signature = signature.ok_or(OpenGradientError::Field { field: "tee_signature" })?;
        key.check(&signed_digest(&request_hash, &output_hash, timestamp), &signature)?;
        let (tee_id, public_key) = (expected, key.der.clone());
        Ok(Self {
            tee_id,
            public_key,
            model,
            request,
            request_hash,
            output,
            output_hash,
            timestamp,
            signature,
        })
    }
    /// The answer as a plugin's payload, with everything that is needed to check it again ([`Self::from_payload`]).
    ///
    /// Where the answer is JSON, features are read from `/output`; otherwise there is only its `/text`.
    #[must_use]
    pub fn to_payload(&self) -> String {
        let text = |value: &str| Json::Text(value.to_owned());
        let hex = |bytes: &[u8]| Json::Text(format!("0x{}", hex::encode(bytes)));
        let mut entries = vec![
            ("source", text("opengradient-tee")),
            ("teeId", hex(&self.tee_id)),
            ("model", text(&self.model)),
            ("timestamp", Json::Number(self.timestamp.to_string())),
            ("requestHash", hex(&self.request_hash)),
            ("outputHash", hex(&self.output_hash)),
            ("signature", text(&STANDARD.encode(&self.signature))),
            ("publicKey", text(&STANDARD.encode(&self.public_key))),
            ("request", text(&self.request)),
            ("text", text(&self.output)),
        ];
        if let Ok(output @ (Json::Object(_) | Json::Array(_) | Json::Number(_))) = Json::parse(&self.output) {
            entries.push(("output", output));
        }
        Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()).to_string()
    }
    /// Checks a payload of [`Self::to_payload`] again, from its own texts, signature and key.
    ///
    /// Errors: as [`Self::verify`]; a payload with anything else in it than those texts give.
    /// Owes: as [`Self::verify`].
    pub fn from_payload(payload: &str) -> Result<Self, OpenGradientError> {
        let json =
            Json::parse(payload).map_err(|source| OpenGradientError::Json { part: "payload", source })?;
        let text = |field: &'static str| {
            json.get(field).and_then(Json::as_text).ok_or(OpenGradientError::Field { field })
        };
        let base64 = |field: &'static str| {
            STANDARD.decode(text(field)?).map_err(|_| OpenGradientError::Field { field })
        };
        let (request, output) = (text("request")?.to_owned(), text("text")?.to_owned());
        let (request_hash, output_hash) = (keccak256(&[request.as_bytes()]), keccak256(&[output.as_bytes()]));
        let timestamp = json.get("timestamp").and_then(Json::as_u64);
        let timestamp = timestamp.ok_or(OpenGradientError::Field { field: "timestamp" })?;
        let key = TeeKey::from_der(&base64("publicKey")?)?;
        let signature = base64("signature")?;
        key.check(&signed_digest(&request_hash, &output_hash, timestamp), &signature)?;
        let asked =
            Json::parse(&request).map_err(|source| OpenGradientError::Json { part: "request", source })?;
        let model = asked.get("model").and_then(Json::as_text).unwrap_or_default().to_owned();
        let (tee_id, public_key) = (key.tee_id(), key.der);
        let found = Self {
            tee_id,
            public_key,
            model,
            request,
            request_hash,
            output,
            output_hash,
            timestamp,
            signature,
        };
        if found.to_payload() == payload { Ok(found) } else { Err(OpenGradientError::NotThePayload) }
    }
}

fn hash_field(response: &Json, field: &'static str) -> Result<[u8; 32], OpenGradientError> {
    let text = response.get(field).and_then(Json::as_text).ok_or(OpenGradientError::Field { field })?;
    let mut hash = [0; 32];
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode_to_slice(digits, &mut hash).map_err(|_| OpenGradientError::Field { field })?;
    Ok(hash)
}

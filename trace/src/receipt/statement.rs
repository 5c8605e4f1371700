//! in-toto statements. Source: in-toto/attestation, spec/v1/statement.md.

use super::dsse::{DsseEnvelope, PAYLOAD_TYPE};
use super::error::ReceiptError;
use crate::signer::SecretKey;
use candor_program::card::SignerKey;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Type of statements of version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A statement about subjects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<P> {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// Type of the predicate.
    pub predicate_type: String,
    /// What it says.
    pub predicate: P,
}

/// Something that a statement is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: Digest,
}

/// Digests of a subject; others than this are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Digest {
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Subject {
    /// The subject with this content.
    #[must_use]
    pub fn of(name: String, content: &[u8]) -> Self {
        Self { name, digest: Digest { sha256: hex::encode(Sha256::digest(content)) } }
    }
}

impl<P: Serialize + DeserializeOwned> Statement<P> {
    /// A statement about one subject.
    #[must_use]
    pub fn about(subject: Subject, predicate_type: &str, predicate: P) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![subject],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }
    /// The statement in an envelope.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> DsseEnvelope {
        // Strings, numbers and lists alone: there is nothing in a statement that JSON cannot hold.
        let payload = serde_json::to_vec(self).expect("a statement is JSON");
        DsseEnvelope::sign(key, PAYLOAD_TYPE, payload)
    }
    /// The statement of an envelope that the key signed, of the expected predicate type, about one subject.
    ///
    /// Owes: what the predicate says, and what its subject is.
    pub fn verify(
        envelope: &DsseEnvelope,
        key: &SignerKey,
        predicate_type: &'static str,
    ) -> Result<Self, ReceiptError> {
        let payload = envelope.verify(key, PAYLOAD_TYPE)?;
        let malformed =
            |error: serde_json::Error| ReceiptError::Statement { line: error.line(), column: error.column() };
        let types: Statement<IgnoredAny> = serde_json::from_slice(payload).map_err(malformed)?;
        if types.statement_type != STATEMENT_TYPE {
            return Err(ReceiptError::StatementType);
        }
        if types.predicate_type != predicate_type {
            return Err(ReceiptError::PredicateType { expected: predicate_type });
        }
        if types.subject.len() != 1 {
            return Err(ReceiptError::SubjectCount { got: types.subject.len() });
        }
        serde_json::from_slice(payload).map_err(malformed)
    }
}

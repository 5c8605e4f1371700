//! Credentials as JSON: one object, or an array of them. Strict: exactly the keys of docs/spec/evidence.md.

use super::attestation::{Attestation, SignedAttestation};
use super::credential::Credential;
use super::key::{any_bytes, bytes, key_from_text};
use super::mandate::{Limit, Mandate, SignedMandate, direction_name};
use candor_program::card::SignerKey;
use candor_program::evidence::Direction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Longest file of credentials.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Most credentials of a file.
pub const MAX_FILE_CREDENTIALS: usize = 256;

/// Why a text holds no credentials.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FileError {
    /// Longer than the limit: nothing was read.
    #[error("{got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Too many.
    #[error("{got} credentials, at most {limit} are allowed")]
    TooMany {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not the JSON of credentials.
    #[error("no credential as JSON (line {line}, column {column}): {found}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser met.
        found: String,
    },
    /// A text that is not what its key says.
    #[error("credential {credential}: `{field}` is {got}; {}", .expected.words())]
    Field {
        /// Number, from 1.
        credential: usize,
        /// Key.
        field: &'static str,
        /// What belongs there.
        expected: Expected,
        /// The beginning of what is there.
        got: String,
    },
}

/// What belongs into a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A key.
    Key,
    /// 32 bytes.
    Bytes32,
    /// A signature.
    Signature,
    /// A direction.
    Direction,
}

impl Expected {
    fn words(self) -> &'static str {
        match self {
            Self::Key => "write 0x and 40 lower-case hexadecimal digits, or ed25519:0x and 64",
            Self::Bytes32 => "write 0x and 64 lower-case hexadecimal digits",
            Self::Signature => "write 0x and the lower-case hexadecimal digits of 64 or 65 bytes",
            Self::Direction => "write at-most or at-least",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum CredentialText {
    Attestation(AttestationText),
    Mandates(Vec<MandateText>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationText {
    attester: String,
    slot: String,
    subject: String,
    value: i64,
    decimals: u8,
    meaning: String,
    program: String,
    issued: u64,
    expires: u64,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MandateText {
    grantor: String,
    grantee: String,
    parent: String,
    limits: Vec<LimitText>,
    issued: u64,
    expires: u64,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitText {
    name: String,
    direction: String,
    value: i64,
    decimals: u8,
}

/// Strictly reads one credential, or an array of them.
///
/// Owes: that they hold; nothing is checked but their form.
pub fn credentials_from_json(text: &str) -> Result<Vec<Credential>, FileError> {
    let (limit, got) = (MAX_FILE_BYTES, text.len());
    if got > limit {
        return Err(FileError::TooLong { limit, got });
    }
    let one = text.trim_start().starts_with('{');
    let texts: Result<Vec<CredentialText>, _> =
        if one { serde_json::from_str(text).map(|text| vec![text]) } else { serde_json::from_str(text) };
    let texts = texts.map_err(|error| FileError::Json {
        line: error.line(),
        column: error.column(),
        found: excerpt(&error.to_string()),
    })?;
    let (limit, got) = (MAX_FILE_CREDENTIALS, texts.len());
    if got > limit {
        return Err(FileError::TooMany { limit, got });
    }
    (1..).zip(texts).map(|(number, text)| Reader { number }.credential(text)).collect()
}

/// The credential as a JSON object.
#[must_use]
pub fn credential_json(credential: &Credential) -> Value {
    serde_json::to_value(text_of(credential)).unwrap_or_default()
}

/// The credentials as a JSON array.
#[must_use]
pub fn credentials_json(credentials: &[Credential]) -> Value {
    credentials.iter().map(credential_json).collect()
}

struct Reader {
    number: usize,
}

impl Reader {
    fn credential(&self, text: CredentialText) -> Result<Credential, FileError> {
        Ok(match text {
            CredentialText::Attestation(text) => Credential::Attestation(SignedAttestation {
                attestation: Attestation {
                    attester: self.key("attester", &text.attester)?,
                    slot: text.slot,
                    subject: self.word("subject", &text.subject)?,
                    value: text.value,
                    decimals: text.decimals,
                    meaning: text.meaning,
                    program: self.word("program", &text.program)?,
                    issued: text.issued,
                    expires: text.expires,
                },
                signature: self.signature(&text.signature)?,
            }),
            CredentialText::Mandates(texts) => {
                let chain: Result<_, _> = texts.into_iter().map(|text| self.mandate(text)).collect();
                Credential::Mandates(chain?)
            }
        })
    }

    fn mandate(&self, text: MandateText) -> Result<SignedMandate, FileError> {
        let limits: Result<_, _> = text.limits.into_iter().map(|text| self.limit(text)).collect();
        let mandate = Mandate {
            grantor: self.key("grantor", &text.grantor)?,
            grantee: self.key("grantee", &text.grantee)?,
            parent: self.word("parent", &text.parent)?,
            limits: limits?,
            issued: text.issued,
            expires: text.expires,
        };
        Ok(SignedMandate { mandate, signature: self.signature(&text.signature)? })
    }

    fn limit(&self, text: LimitText) -> Result<Limit, FileError> {
        let direction = match text.direction.as_str() {
            "at-most" => Direction::AtMost,
            "at-least" => Direction::AtLeast,
            got => return Err(self.field("direction", Expected::Direction, got)),
        };
        Ok(Limit { name: text.name, direction, value: text.value, decimals: text.decimals })
    }

    fn key(&self, field: &'static str, text: &str) -> Result<SignerKey, FileError> {
        key_from_text(text).map_err(|_| self.field(field, Expected::Key, text))
    }

    fn word(&self, field: &'static str, text: &str) -> Result<[u8; 32], FileError> {
        bytes(text).ok_or_else(|| self.field(field, Expected::Bytes32, text))
    }

    fn signature(&self, text: &str) -> Result<Vec<u8>, FileError> {
        let signature = any_bytes(text).filter(|bytes| (64..=65).contains(&bytes.len()));
        signature.ok_or_else(|| self.field("signature", Expected::Signature, text))
    }

    fn field(&self, field: &'static str, expected: Expected, got: &str) -> FileError {
        FileError::Field { credential: self.number, field, expected, got: format!("`{}`", excerpt(got)) }
    }
}

fn text_of(credential: &Credential) -> CredentialText {
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let limit = |limit: &Limit| LimitText {
        name: limit.name.clone(),
        direction: direction_name(limit.direction).to_owned(),
        value: limit.value,
        decimals: limit.decimals,
    };
    match credential {
        Credential::Attestation(SignedAttestation { attestation, signature }) => {
            CredentialText::Attestation(AttestationText {
                attester: attestation.attester.to_string(),
                slot: attestation.slot.clone(),
                subject: hex(&attestation.subject),
                value: attestation.value,
                decimals: attestation.decimals,
                meaning: attestation.meaning.clone(),
                program: hex(&attestation.program),
                issued: attestation.issued,
                expires: attestation.expires,
                signature: hex(signature),
            })
        }
        Credential::Mandates(chain) => CredentialText::Mandates(
            chain
                .iter()
                .map(|SignedMandate { mandate, signature }| MandateText {
                    grantor: mandate.grantor.to_string(),
                    grantee: mandate.grantee.to_string(),
                    parent: hex(&mandate.parent),
                    limits: mandate.limits.iter().map(limit).collect(),
                    issued: mandate.issued,
                    expires: mandate.expires,
                    signature: hex(signature),
                })
                .collect(),
        ),
    }
}

/// The beginning of a text from outside, short and printable.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 80;
    let mut excerpt: String =
        text.chars().take(LIMIT).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(LIMIT).is_some() {
        excerpt.push_str("...");
    }
    excerpt
}

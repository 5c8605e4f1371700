//! What an agent signs to hand a record to one log, and the HTTP headers that carry it.
//!
//! A record's own signature says nothing about a log, nor about the body's bytes. So that nobody else can spend an
//! agent's place in a log, or lay a wrong body beside its header, a submission is signed too. The signature stands in
//! the headers: whoever has no registered key is refused before a byte of the body is read. Spec: docs/spec/log.md,
//! "Submitting".

use candor_program::card::Domain;
use candor_program::encoding::keccak256;
use candor_trace::{
    AgentKey, SignatureBytes, SignatureError, SignedRecord, body_hash, domain_separator, recover,
};
use thiserror::Error;

/// Primary type of the EIP-712 struct; its domain is the record's.
pub const SUBMISSION_TYPE: &str = "Submission(string log,bytes32 record,uint256 sequence,bytes32 body)";

/// Header with the agent's address.
pub const AGENT_HEADER: &str = "candor-agent";
/// Header with the program's id.
pub const PROGRAM_HEADER: &str = "candor-program";
/// Header with the record hash.
pub const RECORD_HEADER: &str = "candor-record";
/// Header with the sequence number, in decimal.
pub const SEQUENCE_HEADER: &str = "candor-sequence";
/// Header with the body's hash.
pub const BODY_HEADER: &str = "candor-body";
/// Header with the signature of the submission.
pub const SIGNATURE_HEADER: &str = "candor-signature";

/// What a submission claims, before anything of it is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubmissionClaim {
    /// Who submits.
    pub agent: [u8; 20],
    /// Program that the record is of.
    pub program_id: [u8; 32],
    /// Hash of the record.
    pub record_hash: [u8; 32],
    /// Its sequence number.
    pub sequence: u64,
    /// Keccak-256 of the Borsh encoding of its body.
    pub body_hash: [u8; 32],
    /// The agent's signature of [`SubmissionMessage::digest`].
    pub signature: SignatureBytes,
}

/// Why the headers of a submission are malformed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ClaimError {
    /// A header is not there.
    #[error("the header {name} is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A header is not what it should be.
    #[error("the header {name} is not {expected}")]
    Malformed {
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// What an agent signs to hand in a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubmissionMessage<'a> {
    /// Origin of the log.
    pub log: &'a str,
    /// EIP-712 domain, the record's.
    pub domain: &'a Domain,
    /// Hash of the record.
    pub record_hash: [u8; 32],
    /// Its sequence number.
    pub sequence: u64,
    /// Keccak-256 of the Borsh encoding of its body.
    pub body_hash: [u8; 32],
}

impl<'a> SubmissionMessage<'a> {
    /// To hand this record in to the log of this origin.
    #[must_use]
    pub fn of(log: &'a str, domain: &'a Domain, record: &SignedRecord) -> Self {
        Self {
            log,
            domain,
            record_hash: record.record_hash(domain),
            sequence: record.header.sequence,
            body_hash: body_hash(&record.body),
        }
    }
    /// The EIP-712 digest that is signed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut sequence_word = [0; 32];
        sequence_word[24..].copy_from_slice(&self.sequence.to_be_bytes());
        let struct_hash = keccak256(&[
            &keccak256(&[SUBMISSION_TYPE.as_bytes()]),
            &keccak256(&[self.log.as_bytes()]),
            &self.record_hash,
            &sequence_word,
            &self.body_hash,
        ]);
        keccak256(&[b"\x19\x01", &domain_separator(self.domain), &struct_hash])
    }
}

impl SubmissionClaim {
    /// The claim, signed, for a record of this program.
    #[must_use]
    pub fn sign(key: &AgentKey, program_id: [u8; 32], message: &SubmissionMessage<'_>) -> Self {
        let SubmissionMessage { record_hash, sequence, body_hash, .. } = *message;
        let signature = key.sign(&message.digest());
        Self { agent: key.address(), program_id, record_hash, sequence, body_hash, signature }
    }
    /// The claim in headers; `get` finds one by its name.
    ///
    /// Owes: the signature ([`SubmissionClaim::check_signature`]).
    pub fn from_headers<'a>(get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, ClaimError> {
        let text = |name| get(name).ok_or(ClaimError::Missing { name });
        let sequence = text(SEQUENCE_HEADER)?;
        Ok(Self {
            agent: hex_header(AGENT_HEADER, text(AGENT_HEADER)?)?,
            program_id: hex_header(PROGRAM_HEADER, text(PROGRAM_HEADER)?)?,
            record_hash: hex_header(RECORD_HEADER, text(RECORD_HEADER)?)?,
            sequence: decimal(sequence)
                .ok_or(ClaimError::Malformed { name: SEQUENCE_HEADER, expected: "a decimal number" })?,
            body_hash: hex_header(BODY_HEADER, text(BODY_HEADER)?)?,
            signature: SignatureBytes(hex_header(SIGNATURE_HEADER, text(SIGNATURE_HEADER)?)?),
        })
    }
    /// The headers, by name.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 6] {
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        [
            (AGENT_HEADER, hex(&self.agent)),
            (PROGRAM_HEADER, hex(&self.program_id)),
            (RECORD_HEADER, hex(&self.record_hash)),
            (SEQUENCE_HEADER, self.sequence.to_string()),
            (BODY_HEADER, hex(&self.body_hash)),
            (SIGNATURE_HEADER, hex(&self.signature.0)),
        ]
    }
    /// The digest that the agent signs, for the log of this origin, in this domain.
    #[must_use]
    pub fn digest(&self, origin: &str, domain: &Domain) -> [u8; 32] {
        let Self { record_hash, sequence, body_hash, .. } = *self;
        SubmissionMessage { log: origin, domain, record_hash, sequence, body_hash }.digest()
    }
    /// The agent that is named signed this claim, for the log of this origin, in this domain.
    pub fn check_signature(&self, origin: &str, domain: &Domain) -> Result<(), SignatureError> {
        let got = recover(&self.digest(origin, domain), &self.signature)?;
        if got == self.agent {
            Ok(())
        } else {
            Err(SignatureError::WrongSigner { expected: self.agent, got })
        }
    }
}

fn hex_header<const N: usize>(name: &'static str, text: &str) -> Result<[u8; N], ClaimError> {
    let malformed =
        ClaimError::Malformed { name, expected: "0x and lower-case hexadecimal digits of the right length" };
    let digits = text.strip_prefix("0x").ok_or(malformed)?;
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(malformed);
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| malformed)?;
    Ok(bytes)
}

/// A decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    if canonical && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

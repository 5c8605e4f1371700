//! Why a receipt is not accepted.

use crate::signature::SignatureError;
use candor_program::card::SignerKey;
use candor_program::encoding::DecodeError;
use thiserror::Error;

/// Why a receipt is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReceiptError {
    /// Longer than the limit: nothing was read.
    #[error("{got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// More signatures than are looked at.
    #[error("{got} signatures, at most {limit} are allowed")]
    TooManySignatures {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not a JSON envelope.
    #[error(
        "not a DSSE envelope with `payload`, `payloadType` and `signatures` (line {line}, column {column})"
    )]
    Envelope {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not base64.
    #[error("`{field}` is not base64")]
    Base64 {
        /// Field.
        field: &'static str,
    },
    /// Another payload type.
    #[error("the payload is not of type {expected}")]
    PayloadType {
        /// Expected.
        expected: String,
    },
    /// No signature is the key's over this payload and type.
    #[error("none of {signatures} signatures is by {expected} over this statement")]
    NotSigned {
        /// The key.
        expected: SignerKey,
        /// Signatures that were tried.
        signatures: usize,
    },
    /// Not a statement with a predicate of the expected form.
    #[error("not an in-toto statement of this predicate type (line {line}, column {column})")]
    Statement {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another version of statements.
    #[error("not a statement of version 1")]
    StatementType,
    /// Another predicate.
    #[error("the statement's predicate is not of type {expected}")]
    PredicateType {
        /// Expected.
        expected: &'static str,
    },
    /// Not exactly one subject.
    #[error("{got} subjects; a receipt is about one")]
    SubjectCount {
        /// Found.
        got: usize,
    },
    /// The statement is about something else.
    #[error("the statement is about something with SHA-256 {got}, this has {expected}")]
    SubjectDigest {
        /// Of what is at hand.
        expected: String,
        /// In the statement.
        got: String,
    },
    /// The statement's subject has another name than its content gives.
    #[error("the subject is not called {expected}")]
    SubjectName {
        /// Expected.
        expected: String,
    },
    /// The entry's bytes.
    #[error("the entry: {source}")]
    Entry {
        /// Why.
        source: DecodeError,
    },
    /// The agent that the entry names did not sign it.
    #[error("the entry: {source}")]
    Signature {
        /// Why.
        source: SignatureError,
    },
    /// The card is of another program.
    #[error("the record is of program 0x{}, the card of 0x{}", hex::encode(.got), hex::encode(.expected))]
    OtherProgram {
        /// Of the card.
        expected: [u8; 32],
        /// Of the record.
        got: [u8; 32],
    },
    /// The card is of another domain.
    #[error("the record is of another chain or contract than the card")]
    OtherDomain,
    /// The statement says something else than the signed words.
    #[error("`{field}` of the statement is not what the agent signed")]
    Field {
        /// Field.
        field: &'static str,
    },
}

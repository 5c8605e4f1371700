//! The credentials of a record hold, and its statements are theirs.

use super::credential::{Credential, CredentialError, Holder};
use crate::header::Header;
use crate::record::Body;
use candor_program::Card;
use candor_program::decimal::format_decimal;
use candor_program::encoding::{encode, keccak256};
use candor_program::evidence::Statement;
use thiserror::Error;

/// What is wrong with the evidence of a record.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EvidenceError {
    /// Another number of statements or credentials than slots.
    #[error(
        "{statements} statements and {credentials} credentials, the program has {expected} evidence slots"
    )]
    Count {
        /// Slots.
        expected: usize,
        /// Statements.
        statements: usize,
        /// Credentials.
        credentials: usize,
    },
    /// A statement that nobody signed.
    #[error("slot `{slot}` has a statement that no credential supports")]
    Unsupported {
        /// Slot.
        slot: String,
    },
    /// A credential without its statement.
    #[error("slot `{slot}` has a credential whose statement is left out")]
    Unstated {
        /// Slot.
        slot: String,
    },
    /// A statement that is not the credential's.
    #[error("slot `{slot}` states {} from {} to {}, its credential {} from {} to {}",
        format_decimal(.got.value, *.decimals), .got.issued, .got.expires,
        format_decimal(.expected.value, *.decimals), .expected.issued, .expected.expires)]
    Statement {
        /// Slot.
        slot: String,
        /// Digits of its values after the decimal point.
        decimals: u8,
        /// The credential's.
        expected: Statement,
        /// The record's.
        got: Statement,
    },
    /// A credential that does not hold for its slot.
    #[error("the credential in slot `{slot}` does not hold: {source}")]
    Credential {
        /// Slot.
        slot: String,
        /// Why.
        source: Box<CredentialError>,
    },
}

/// What enters the evidence digest as salt: it hides the statements and binds the credentials.
#[must_use]
pub fn blinding(salt: u128, credentials: &[Option<Credential>]) -> u128 {
    let list: Vec<&Option<Credential>> = credentials.iter().collect();
    let hash = keccak256(&[b"candor/credentials/v1", &salt.to_be_bytes(), &encode(&list)]);
    hash.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
}

/// Every statement of the body is what the credential beside it states, and every credential holds for its slot.
///
/// Owes: that statements and credentials are those that the header binds ([`crate::opens_evidence`]).
pub fn check_credentials(card: &Card, header: &Header, body: &Body) -> Result<(), EvidenceError> {
    let (statements, credentials) = (&body.evidence.0, &body.credentials);
    let expected = card.evidence.len();
    if statements.len() != expected || credentials.len() != expected {
        let (statements, credentials) = (statements.len(), credentials.len());
        return Err(EvidenceError::Count { expected, statements, credentials });
    }
    let holder = Holder { agent: header.agent, program_id: header.program_id, time: header.time };
    for ((slot, statement), credential) in card.evidence.iter().zip(statements).zip(credentials) {
        let name = || slot.name.clone();
        match (statement, credential) {
            (None, None) => {}
            (Some(_), None) => return Err(EvidenceError::Unsupported { slot: name() }),
            (None, Some(_)) => return Err(EvidenceError::Unstated { slot: name() }),
            (Some(got), Some(credential)) => {
                let stated = credential.statement(slot, &holder);
                let expected = stated
                    .map_err(|source| EvidenceError::Credential { slot: name(), source: Box::new(source) })?;
                if expected != *got {
                    let (slot, decimals) = (name(), slot.decimals);
                    return Err(EvidenceError::Statement { slot, decimals, expected, got: *got });
                }
            }
        }
    }
    Ok(())
}

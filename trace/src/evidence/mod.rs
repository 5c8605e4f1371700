//! Evidence: who signed what about whom, and the statement that follows. Source: docs/spec/evidence.md.
//!
//! A [`Credential`] is an attestation or a chain of mandates. [`Credential::statement`] derives what it states for a slot,
//! or says why it does not hold there; [`check_credentials`] does that for a record; a [`Wallet`] chooses when recording.

mod attestation;
mod check;
mod credential;
mod file;
mod key;
mod mandate;
mod message;
mod wallet;

pub use attestation::{ATTESTATION_TYPE, Attestation, AttestationError, SignedAttestation};
pub use check::{EvidenceError, blinding, check_credentials};
pub use credential::{Credential, CredentialError, Holder, Kind};
pub use file::{
    Expected, FileError, MAX_FILE_BYTES, MAX_FILE_CREDENTIALS, credential_json, credentials_from_json,
    credentials_json,
};
pub use key::{KeyTextError, key_from_text};
pub use mandate::{
    Granted, Limit, MANDATE_TYPE, MAX_LIMITS, MAX_LINKS, Mandate, MandateError, SignedMandate, check_chain,
    direction_name,
};
pub use message::{EVIDENCE_MESSAGE_BYTES, TextDefect, domain_separator as evidence_domain_separator};
pub use wallet::{Presented, Unusable, Wallet};

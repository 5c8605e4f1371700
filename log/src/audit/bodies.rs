//! Bodies beside the log.

use crate::audit::error::AuditError;
use crate::audit::source::{Folder, Source, SourceError};
use candor_program::Card;
use candor_program::encoding::{decode_exact, keccak256};
use candor_trace::{Body, Entry, SignedRecord, check_body};
use std::path::Path;

/// Longest body: that of the longest record of a file log.
const MAX_BODY_BYTES: u64 = crate::frame::MAX_PAYLOAD_BYTES as u64;

/// Where bodies come from. They are not public: whoever audits them was given access.
pub trait Bodies {
    /// The body with this hash; `None` if there is none.
    fn body(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError>;
}

/// A folder of bodies, each under the hexadecimal digits of its hash.
#[derive(Clone, Debug)]
pub struct BodyFolder(Folder);

impl BodyFolder {
    /// Names the folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(Folder::at(path))
    }
}

impl Bodies for BodyFolder {
    fn body(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
        self.0.get(&hex::encode(hash), MAX_BODY_BYTES)
    }
}

/// The body is the one that the entry names and opens what the header signed. `false`: it is not there.
pub(super) fn check(
    bodies: &dyn Bodies,
    index: u64,
    entry: &Entry,
    card: Option<&Card>,
) -> Result<bool, AuditError> {
    let Some(bytes) = bodies.body(&entry.body)? else { return Ok(false) };
    let got = keccak256(&[&bytes]);
    if got != entry.body {
        return Err(AuditError::BodyHash { index, expected: entry.body, got });
    }
    let body: Body = decode_exact(&bytes).map_err(|source| AuditError::BodyMalformed { index, source })?;
    let Some(card) = card else { return Ok(true) };
    let record =
        SignedRecord { header: entry.signed.header.clone(), signature: entry.signed.signature, body };
    check_body(card, &record).map_err(|source| AuditError::Body { index, source })?;
    Ok(true)
}

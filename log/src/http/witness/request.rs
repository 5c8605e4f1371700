//! The body of `add-checkpoint`: the size that the witness knows, a consistency proof, a checkpoint. Source: C2SP
//! tlog-witness.

use crate::http::submission::decimal;
use candor_trace::tlog::{Hash, HashTextError, MAX_NOTE_BYTES, Note, NoteError};
use thiserror::Error;

/// Most hashes of a consistency proof.
pub const MAX_PROOF_HASHES: usize = 63;
/// Longest body: `old` line, hashes of 45 bytes, blank line, note.
pub const MAX_REQUEST_BYTES: usize = 32 + MAX_PROOF_HASHES * 45 + MAX_NOTE_BYTES;

/// A request to cosign a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddCheckpoint {
    /// Size of the tree that the witness cosigned last.
    pub old: u64,
    /// From that tree to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: Note,
}

/// Why bytes are no such request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum RequestError {
    /// More than a request has: nothing was read.
    #[error("{got} bytes; a request has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not UTF-8.
    #[error("byte {offset} of the request is not UTF-8")]
    NotUtf8 {
        /// Where.
        offset: usize,
    },
    /// The first line.
    #[error("the first line is not 'old' and a decimal number")]
    OldSize,
    /// No empty line after the proof.
    #[error("no empty line separates proof and checkpoint")]
    NoSeparator,
    /// Too many lines of proof.
    #[error("more than {limit} lines of proof")]
    TooManyHashes {
        /// Limit.
        limit: usize,
    },
    /// A line of the proof.
    #[error("line {line} of the proof: {source}")]
    ProofLine {
        /// From 1.
        line: usize,
        /// Why.
        source: HashTextError,
    },
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
}

impl AddCheckpoint {
    /// Strictly parses a body; [`AddCheckpoint::to_bytes`] gives the same bytes again.
    ///
    /// Owes: everything that a witness checks.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong { limit: MAX_REQUEST_BYTES, got: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| RequestError::NotUtf8 { offset: error.valid_up_to() })?;
        let (first, mut rest) = text.split_once('\n').ok_or(RequestError::OldSize)?;
        let old = first.strip_prefix("old ").and_then(decimal).ok_or(RequestError::OldSize)?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(RequestError::NoSeparator)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_PROOF_HASHES {
                return Err(RequestError::TooManyHashes { limit: MAX_PROOF_HASHES });
            }
            let hash = Hash::from_base64(line);
            proof.push(hash.map_err(|source| RequestError::ProofLine { line: proof.len() + 1, source })?);
        }
        Ok(Self { old, proof, checkpoint: Note::parse(rest.as_bytes())? })
    }
    /// The body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines: String = self.proof.iter().map(|hash| format!("{hash}\n")).collect();
        let mut bytes = format!("old {}\n{lines}\n", self.old).into_bytes();
        bytes.extend_from_slice(&self.checkpoint.to_bytes());
        bytes
    }
}

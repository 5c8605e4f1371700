//! Inclusion proofs as files: an entry's index and path, and a checkpoint with its cosignatures. Source: C2SP tlog-proof.

use super::hash::{Hash, HashTextError};
use super::note::{MAX_NOTE_BYTES, Note, NoteError};
use super::policy::{CheckpointRejected, QuorumPolicy, SignedCheckpoint};
use super::text::{decimal, from_base64, to_base64};
use super::tree::{ProofError, TREE_SIZE_BOUND, verify_inclusion};
use thiserror::Error;

/// Longest extra data.
pub const MAX_EXTRA_BYTES: usize = 1 << 16;
/// Longest path: a tree has fewer than 2^63 leaves.
const MAX_PATH_HASHES: usize = 63;
/// Longest file: extra data in base64, index, path, checkpoint.
pub const MAX_PROOF_BYTES: usize = 128 + MAX_EXTRA_BYTES / 3 * 4 + 4 + MAX_PATH_HASHES * 45 + MAX_NOTE_BYTES;
/// First line.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// The evidence that an entry is in a log: a `.tlog-proof` file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlogProof {
    /// Opaque data that nobody signed.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// Path from the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint, with all signatures.
    pub checkpoint: Note,
}

/// Why bytes are no proof file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProofFileError {
    /// More bytes than a proof file may have: nothing was read.
    #[error("{got} bytes; a proof file has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not UTF-8.
    #[error("byte {offset} of the proof file is not UTF-8")]
    NotUtf8 {
        /// Where.
        offset: usize,
    },
    /// Another first line.
    #[error("the first line is not c2sp.org/tlog-proof@v1")]
    FirstLine,
    /// No blank line before the checkpoint.
    #[error("there is no blank line before the checkpoint")]
    NoCheckpoint,
    /// Extra data that is not canonical base64.
    #[error("the extra data is not canonical base64")]
    Extra,
    /// Too much extra data.
    #[error("{got} bytes of extra data; at most {limit} are allowed")]
    ExtraTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// No index line, or an index that is not decimal without leading zeros.
    #[error("there is no line `index` with a decimal number below 2^63 without leading zeros")]
    Index,
    /// A line of the path is no hash.
    #[error("hash {position} of the path: {source}")]
    Path {
        /// From 0.
        position: usize,
        /// Why.
        source: HashTextError,
    },
    /// Too long a path.
    #[error("the path has more than {limit} hashes")]
    PathTooLong {
        /// Limit.
        limit: usize,
    },
    /// The checkpoint is no note.
    #[error("the proof's checkpoint: {0}")]
    Note(#[from] NoteError),
}

/// Why a proof file is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ProofRejected {
    /// The checkpoint is not accepted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointRejected),
    /// The entry is not where the proof says.
    #[error("inclusion of entry {index}: {source}")]
    Inclusion {
        /// Index.
        index: u64,
        /// Why.
        source: ProofError,
    },
}

impl TlogProof {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", to_base64(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&format!("{hash}\n"));
        }
        text.push('\n');
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.checkpoint.to_bytes());
        bytes
    }
    /// Strictly parses a file: limits first, and [`TlogProof::to_bytes`] gives the same bytes again.
    ///
    /// Owes: [`TlogProof::verify`]; nobody signed the extra data.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofFileError::TooLong { limit: MAX_PROOF_BYTES, got: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ProofFileError::NotUtf8 { offset: error.valid_up_to() })?;
        let rest = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(ProofFileError::FirstLine)?;
        let (lines, checkpoint) = rest.split_once("\n\n").ok_or(ProofFileError::NoCheckpoint)?;
        let mut lines = lines.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.filter(|index| *index < TREE_SIZE_BOUND).ok_or(ProofFileError::Index)?;
        let mut path = Vec::new();
        for (position, line) in lines.enumerate() {
            if position == MAX_PATH_HASHES {
                return Err(ProofFileError::PathTooLong { limit: MAX_PATH_HASHES });
            }
            path.push(Hash::from_base64(line).map_err(|source| ProofFileError::Path { position, source })?);
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        Ok(Self { extra, index, path, checkpoint })
    }
    /// The leaf is in the log at this index, under a checkpoint that satisfies the policy.
    ///
    /// Owes: that the leaf is the hash of the entry that one means ([`super::leaf_hash`]).
    pub fn verify(&self, leaf: &Hash, policy: &QuorumPolicy) -> Result<SignedCheckpoint, ProofRejected> {
        let signed = policy.check(&self.checkpoint)?;
        let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        verify_inclusion(leaf, self.index, size, &self.path, root)
            .map_err(|source| ProofRejected::Inclusion { index: self.index, source })?;
        Ok(signed)
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, ProofFileError> {
    let extra = from_base64(line.strip_prefix("extra ").unwrap_or_default()).ok_or(ProofFileError::Extra)?;
    match extra.len() {
        got if got > MAX_EXTRA_BYTES => Err(ProofFileError::ExtraTooLong { limit: MAX_EXTRA_BYTES, got }),
        _ => Ok(extra),
    }
}

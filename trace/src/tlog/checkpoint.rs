//! Checkpoints: a log's name, size and root in three lines. Source: C2SP tlog-checkpoint.

use super::hash::{Hash, HashTextError, empty_root};
use super::key::{KeyError, check_key_name};
use super::note::Note;
use super::signer::NoteSigner;
use super::text::decimal;
use super::tree::TREE_SIZE_BOUND;
use std::fmt;
use thiserror::Error;

/// Longest text: origin of 255 bytes, 19 digits, 44 characters, three newlines.
const MAX_TEXT_BYTES: usize = 255 + 19 + 44 + 3;

/// Size and root of the tree of the log with this origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

/// Why text is no checkpoint, or a checkpoint cannot be.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CheckpointError {
    /// More text than a checkpoint has: nothing was read.
    #[error("{got} bytes; a checkpoint without extension lines has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Other than three lines.
    #[error("{got} lines; a checkpoint has three: origin, size, root (extension lines are not accepted)")]
    Lines {
        /// Found; the last one has no newline if there are more of them than newlines.
        got: usize,
    },
    /// The last line has no newline.
    #[error("the checkpoint does not end in a newline")]
    NoFinalNewline,
    /// An origin that cannot be a key's name.
    #[error("the checkpoint's origin: {source}")]
    Origin {
        /// Why.
        source: KeyError,
    },
    /// The size is not decimal without leading zeros.
    #[error("the checkpoint's size is not a decimal number without leading zeros")]
    Size,
    /// The size is too large.
    #[error("a tree has fewer than 2^63 leaves, this has {got}")]
    SizeTooLarge {
        /// Found.
        got: u64,
    },
    /// The root is no hash.
    #[error("the checkpoint's root: {source}")]
    Root {
        /// Why.
        source: HashTextError,
    },
    /// The root of a tree without leaves is not the one that all such trees have.
    #[error("a tree without leaves has another root than {got}")]
    EmptyTreeRoot {
        /// Found.
        got: Hash,
    },
    /// The key's name is not the origin.
    #[error("the key is named {key}, the checkpoint's origin is {origin}")]
    SignerName {
        /// Name of the key.
        key: String,
        /// Origin.
        origin: String,
    },
}

impl Checkpoint {
    /// A checkpoint that can be.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        check_key_name(origin).map_err(|source| CheckpointError::Origin { source })?;
        if size >= TREE_SIZE_BOUND {
            return Err(CheckpointError::SizeTooLarge { got: size });
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyTreeRoot { got: root });
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
    /// The checkpoint whose text is exactly this: three lines, each with its newline.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(CheckpointError::TooLong { limit: MAX_TEXT_BYTES, got: text.len() });
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let &[origin, size, root] = lines.as_slice() else {
            return Err(CheckpointError::Lines { got: lines.len() });
        };
        let root = root.strip_suffix('\n').ok_or(CheckpointError::NoFinalNewline)?;
        let size = decimal(size.trim_end_matches('\n')).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|source| CheckpointError::Root { source })?;
        Self::new(origin.trim_end_matches('\n'), size, root)
    }
    /// Name of the log and of its key.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }
    /// Signs it as a note.
    ///
    /// Owes: that it is consistent with everything signed before, and durable before anybody sees it.
    pub fn sign(&self, signer: &NoteSigner) -> Result<Note, CheckpointError> {
        let key = signer.verifier_key().name();
        if key != self.origin {
            return Err(CheckpointError::SignerName { key: key.to_owned(), origin: self.origin.clone() });
        }
        let text = self.to_string();
        let signature = signer.sign(&text);
        Ok(Note::of_parts(text, signature))
    }
}

impl fmt::Display for Checkpoint {
    /// The text of the note.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

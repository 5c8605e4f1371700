//! The first thing that is wrong with a log.

use crate::audit::agents::AgentsFileError;
use crate::audit::bodies::BodyFaults;
use crate::audit::source::SourceError;
use crate::retention::RetentionFileError;
use candor_program::encoding::DecodeError;
use candor_trace::tlog::{CheckpointRejected, EntryBundleError, Hash, TileError};
use candor_trace::{ChainError, SignatureError};
use thiserror::Error;

/// Why a log is not accepted: what, in which file, at which entry. Files are paths below the log's prefix.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A file could not be read: that says nothing about the log.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    /// A file that must be there is not.
    #[error("{file} is missing{}", entry(.index))]
    Missing {
        /// File.
        file: String,
        /// First entry that it is needed for.
        index: Option<u64>,
    },
    /// The list of chains is malformed.
    #[error("agents.json: {source}")]
    Agents {
        /// Why.
        #[from]
        source: AgentsFileError,
    },
    /// The published policy is malformed.
    #[error("policy.json: {source}")]
    Policy {
        /// Why.
        #[from]
        source: RetentionFileError,
    },
    /// The policy says that entries may be gone which are not even published.
    #[error("policy.json: the minimum index {minimum_index} is beyond the {size} entries of the checkpoint")]
    MinimumIndex {
        /// Minimum index.
        minimum_index: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// Entries may be gone although nothing says for how long they are kept.
    #[error("policy.json: the minimum index is {minimum_index}, but there is no retention policy")]
    NoRetention {
        /// Minimum index.
        minimum_index: u64,
    },
    /// The checkpoint is malformed, not signed by the log, or not cosigned by enough witnesses.
    #[error("checkpoint: {source}")]
    Checkpoint {
        /// Why.
        #[from]
        source: CheckpointRejected,
    },
    /// The remembered checkpoint is not one of this log.
    #[error("the remembered checkpoint: {source}")]
    Remembered {
        /// Why.
        source: CheckpointRejected,
    },
    /// The log is smaller than it was.
    #[error(
        "checkpoint: it has {size} entries, the remembered one has {remembered}: the log shrank, and both are signed"
    )]
    Shrunk {
        /// Size of the remembered checkpoint.
        remembered: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// The log has another history than the one it signed before.
    #[error(
        "the first {size} entries give root {rebuilt}, the log signed {remembered} for them: the log forked, and both are signed"
    )]
    Forked {
        /// Entries of the remembered checkpoint.
        size: u64,
        /// Root of the remembered checkpoint.
        remembered: Hash,
        /// Root of the entries now.
        rebuilt: Hash,
    },
    /// The entries do not give the root that was signed.
    #[error("checkpoint: its root for {size} entries is {signed}, the entries give {rebuilt}")]
    Root {
        /// Entries.
        size: u64,
        /// Signed.
        signed: Hash,
        /// Of the entries.
        rebuilt: Hash,
    },
    /// A bundle is malformed.
    #[error("{file}, from entry {index} on: {source}")]
    Bundle {
        /// File.
        file: String,
        /// Its first entry.
        index: u64,
        /// Why.
        source: EntryBundleError,
    },
    /// A tile is malformed.
    #[error("{file}, from entry {index} on: {source}")]
    Tile {
        /// File.
        file: String,
        /// First entry below it.
        index: u64,
        /// Why.
        source: TileError,
    },
    /// A tile does not hold what the entries hash to.
    #[error(
        "{file}: hash {position}, over the entries from {index} on, is {got}, the entries give {expected}"
    )]
    TileMismatch {
        /// File.
        file: String,
        /// Position of the hash in the tile.
        position: usize,
        /// First entry below it.
        index: u64,
        /// Of the entries.
        expected: Hash,
        /// In the tile.
        got: Hash,
    },
    /// An entry is malformed.
    #[error("{file}, entry {index}: {source}")]
    Entry {
        /// File.
        file: String,
        /// Entry.
        index: u64,
        /// Why.
        source: DecodeError,
    },
    /// An entry of a chain that the log does not list.
    #[error(
        "{file}, entry {index}: agent 0x{} with program 0x{} is not in agents.json", hex::encode(.agent), hex::encode(.program_id)
    )]
    Unregistered {
        /// File.
        file: String,
        /// Entry.
        index: u64,
        /// Agent.
        agent: [u8; 20],
        /// Program.
        program_id: [u8; 32],
    },
    /// An entry for another chain or contract than its agent is registered for.
    #[error("{file}, entry {index}: it is of another EIP-712 domain than its agent is registered for")]
    Domain {
        /// File.
        file: String,
        /// Entry.
        index: u64,
    },
    /// An entry does not continue its agent's chain.
    #[error("{file}, entry {index}: {source}")]
    Link {
        /// File.
        file: String,
        /// Entry.
        index: u64,
        /// Why.
        source: ChainError,
    },
    /// An entry is not signed by the agent that it names.
    #[error("{file}, entry {index}: {source}")]
    Signature {
        /// File.
        file: String,
        /// Entry.
        index: u64,
        /// Why.
        source: SignatureError,
    },
    /// A chain is listed with other values than its program's card gives.
    #[error(
        "agents.json: agent 0x{} with program 0x{} is listed with another domain, program digest or initial state than the card gives",
        hex::encode(.agent), hex::encode(.program_id)
    )]
    Card {
        /// Agent.
        agent: [u8; 20],
        /// Program.
        program_id: [u8; 32],
    },
    /// The log is in order, and bodies of some chains are not what their agents signed.
    #[error(
        "{} of {} not what was signed; the first, of entry {}: {}",
        count(.faults.bodies, "body", "bodies"), count(.faults.chains, "chain is", "chains are"), first(.faults).0, first(.faults).1
    )]
    Bodies {
        /// Which.
        faults: Box<BodyFaults>,
    },
}

fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Entry and fault of the first, for the message.
fn first(faults: &BodyFaults) -> (u64, String) {
    faults.first.first().map(|first| (first.index, first.fault.to_string())).unwrap_or_default()
}

fn entry(index: &Option<u64>) -> String {
    index.map(|index| format!(", which entry {index} needs")).unwrap_or_default()
}

impl AuditError {
    /// The entry that is wrong, or the first below what is wrong.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Missing { index, .. } => *index,
            Self::Bundle { index, .. }
            | Self::Tile { index, .. }
            | Self::TileMismatch { index, .. }
            | Self::Entry { index, .. }
            | Self::Unregistered { index, .. }
            | Self::Domain { index, .. }
            | Self::Link { index, .. }
            | Self::Signature { index, .. } => Some(*index),
            Self::Bodies { faults } => faults.first.first().map(|first| first.index),
            Self::Unreadable(_)
            | Self::Agents { .. }
            | Self::Policy { .. }
            | Self::MinimumIndex { .. }
            | Self::NoRetention { .. }
            | Self::Checkpoint { .. }
            | Self::Remembered { .. }
            | Self::Shrunk { .. }
            | Self::Forked { .. }
            | Self::Root { .. }
            | Self::Card { .. } => None,
        }
    }
    /// How far into the log it lies. What could not be read is told only where nothing else is wrong.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Unreadable(_) => u64::MAX,
            Self::Forked { size, .. } => *size,
            other => other.index().unwrap_or(0),
        }
    }
    /// The file that is wrong.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Missing { file, .. }
            | Self::Bundle { file, .. }
            | Self::Tile { file, .. }
            | Self::TileMismatch { file, .. }
            | Self::Entry { file, .. }
            | Self::Unregistered { file, .. }
            | Self::Domain { file, .. }
            | Self::Link { file, .. }
            | Self::Signature { file, .. } => Some(file),
            Self::Agents { .. } | Self::Card { .. } => Some("agents.json"),
            Self::Policy { .. } | Self::MinimumIndex { .. } | Self::NoRetention { .. } => Some("policy.json"),
            Self::Checkpoint { .. } | Self::Shrunk { .. } | Self::Root { .. } => Some("checkpoint"),
            Self::Unreadable(_) | Self::Remembered { .. } | Self::Forked { .. } | Self::Bodies { .. } => None,
        }
    }
}

//! The first thing that is wrong with a log.

use crate::audit::agents::AgentsFileError;
use crate::audit::bodies::BodyFaults;
use crate::audit::source::SourceError;
use crate::retention::{ContentError, PolicyError, RetentionFileError, TombstoneError, TombstoneFault};
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
    /// The published pins are malformed.
    #[error("pins.json: {source}")]
    Pins {
        /// Why.
        source: RetentionFileError,
    },
    /// A tombstone is malformed, of another log, or not signed by it.
    #[error("tombstone/{number}: {source}")]
    Tombstone {
        /// Number.
        number: u64,
        /// Why.
        source: TombstoneError,
    },
    /// A tombstone contradicts itself, the one before it, or what was promised: the log's own signature shows it.
    #[error("tombstone/{number}: {source}")]
    TombstoneFault {
        /// Number.
        number: u64,
        /// Why.
        source: TombstoneFault,
    },
    /// The content of a tombstone is not what it names, or cannot be.
    #[error("tombstone/{number}: its content: {source}")]
    TombstoneContent {
        /// Number.
        number: u64,
        /// Why.
        source: ContentError,
    },
    /// A tombstone names another tree than the entries give.
    #[error("tombstone/{number}: it names root {named} for {size} entries, the entries give {rebuilt}")]
    TombstoneRoot {
        /// Number.
        number: u64,
        /// Entries.
        size: u64,
        /// In the tombstone.
        named: Hash,
        /// Of the entries.
        rebuilt: Hash,
    },
    /// The bodies that a tombstone lists are not those that the entries name.
    #[error("tombstone/{number}: the hash over the bodies that went is not that of their entries")]
    TombstoneBodies {
        /// Number.
        number: u64,
    },
    /// More tombstones than are read.
    #[error("the log has more than {limit} {what} of tombstones to read")]
    TombstoneLimit {
        /// `tombstones` or `runs`.
        what: &'static str,
        /// Limit.
        limit: u64,
    },
    /// The published policy promises less than the last tombstone went by.
    #[error("policy.json: it promises less than tombstone/{number} went by: {source}")]
    Shortened {
        /// Number of the last tombstone.
        number: u64,
        /// Why.
        source: PolicyError,
    },
    /// Entries are gone that may be gone, but no tombstone lists them: lost or withheld, not pruned.
    #[error(
        "{file} is missing, which entry {index} needs, and no tombstone lists it: lost or withheld, not pruned"
    )]
    WithoutTombstone {
        /// File.
        file: String,
        /// First entry that it is needed for.
        index: u64,
    },
    /// A record is gone although it is pinned.
    #[error(
        "record {sequence} of agent 0x{} with program 0x{} is pruned although pin {pin:?} keeps it",
        hex::encode(.agent), hex::encode(.program_id)
    )]
    PinnedEntry {
        /// Name of the pin.
        pin: String,
        /// Agent.
        agent: [u8; 20],
        /// Program.
        program_id: [u8; 32],
        /// First record of the pin that is gone.
        sequence: u64,
    },
    /// A body went although the same tombstone says that it is pinned.
    #[error(
        "tombstone/{number}: the body of entry {index} (record {sequence}) went although pin {pin:?} keeps it"
    )]
    PinnedBody {
        /// Number.
        number: u64,
        /// Name of the pin.
        pin: String,
        /// Entry.
        index: u64,
        /// Sequence number of its record.
        sequence: u64,
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
            | Self::WithoutTombstone { index, .. }
            | Self::PinnedBody { index, .. }
            | Self::Signature { index, .. } => Some(*index),
            Self::Bodies { faults } => faults.first.first().map(|first| first.index),
            Self::Unreadable(_)
            | Self::Agents { .. }
            | Self::Policy { .. }
            | Self::MinimumIndex { .. }
            | Self::NoRetention { .. }
            | Self::Pins { .. }
            | Self::Tombstone { .. }
            | Self::TombstoneFault { .. }
            | Self::TombstoneContent { .. }
            | Self::TombstoneRoot { .. }
            | Self::TombstoneBodies { .. }
            | Self::TombstoneLimit { .. }
            | Self::Shortened { .. }
            | Self::PinnedEntry { .. }
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
            Self::Forked { size, .. } | Self::TombstoneRoot { size, .. } => *size,
            other => other.index().unwrap_or(0),
        }
    }
    /// The tombstone that is wrong.
    #[must_use]
    pub fn tombstone(&self) -> Option<u64> {
        match self {
            Self::Tombstone { number, .. }
            | Self::TombstoneFault { number, .. }
            | Self::TombstoneContent { number, .. }
            | Self::TombstoneRoot { number, .. }
            | Self::TombstoneBodies { number }
            | Self::PinnedBody { number, .. } => Some(*number),
            _ => None,
        }
    }
    /// The file that is wrong, unless it is a tombstone.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Missing { file, .. }
            | Self::WithoutTombstone { file, .. }
            | Self::Bundle { file, .. }
            | Self::Tile { file, .. }
            | Self::TileMismatch { file, .. }
            | Self::Entry { file, .. }
            | Self::Unregistered { file, .. }
            | Self::Domain { file, .. }
            | Self::Link { file, .. }
            | Self::Signature { file, .. } => Some(file),
            Self::Agents { .. } | Self::Card { .. } => Some("agents.json"),
            Self::Policy { .. }
            | Self::MinimumIndex { .. }
            | Self::NoRetention { .. }
            | Self::Shortened { .. } => Some("policy.json"),
            Self::Pins { .. } => Some("pins.json"),
            Self::Checkpoint { .. } | Self::Shrunk { .. } | Self::Root { .. } => Some("checkpoint"),
            Self::Unreadable(_)
            | Self::Remembered { .. }
            | Self::Forked { .. }
            | Self::Bodies { .. }
            | Self::Tombstone { .. }
            | Self::TombstoneFault { .. }
            | Self::TombstoneContent { .. }
            | Self::TombstoneRoot { .. }
            | Self::TombstoneBodies { .. }
            | Self::TombstoneLimit { .. }
            | Self::PinnedEntry { .. }
            | Self::PinnedBody { .. } => None,
        }
    }
}

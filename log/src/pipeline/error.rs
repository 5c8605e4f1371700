//! What can go wrong with a log of many agents, in which file, and what to do about it.

use crate::error::Operation;
use crate::retention::{ContentError, TombstoneError, TombstoneFault};
use candor_program::encoding::DecodeError;
use candor_trace::ChainError;
use candor_trace::tlog::{CheckpointRejected, EntryBundleError, Hash, KeyError, TileError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// What is wrong with a file of a log.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FileDamage {
    /// A file that must be there is not.
    #[error("it is missing")]
    Missing,
    /// More bytes than such a file has: nothing was read.
    #[error("it has {got} bytes, at most {limit} are possible")]
    TooLong {
        /// Limit.
        limit: u64,
        /// Found.
        got: u64,
    },
    /// A file of ours that cannot be decoded.
    #[error("{0}")]
    Undecodable(#[from] DecodeError),
    /// A file of ours whose content does not have the hash that it names.
    #[error("its content does not match its hash")]
    HashMismatch,
    /// Registrations and the log do not belong together.
    #[error("entry {index} is of a chain that is not registered: one of the two files is an older copy")]
    Unregistered {
        /// Index of the entry; the size of the tree, where it is the end of a chain.
        index: u64,
    },
    /// A tile of another length.
    #[error("{0}")]
    Tile(#[from] TileError),
    /// A bundle that cannot be split into entries.
    #[error("{0}")]
    Bundle(#[from] EntryBundleError),
    /// A checkpoint that is not this log's.
    #[error("{0}")]
    Checkpoint(Box<CheckpointRejected>),
    /// A verifier key that is none.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A tombstone that is none of this log.
    #[error("{0}")]
    Tombstone(#[from] TombstoneError),
    /// A tombstone that is not the one that belongs there, or that no auditor would accept.
    #[error("{0}")]
    TombstoneFault(#[from] TombstoneFault),
    /// The content of a tombstone is not what it names.
    #[error("{0}")]
    Content(#[from] ContentError),
    /// Hashes that do not give the hash above them.
    #[error("its hashes do not give the one in the tree above it")]
    TileMismatch,
    /// Entries that do not hash to their tile.
    #[error("entry {index} does not hash to the leaf in the tree")]
    EntryMismatch {
        /// Index of the entry.
        index: u64,
    },
    /// The tree is not the one that was signed, and no single file explains it.
    #[error("it says that the root at size {size} is {expected}, the tiles give {got}")]
    RootMismatch {
        /// Size.
        size: u64,
        /// Signed.
        expected: Box<Hash>,
        /// From the tiles.
        got: Box<Hash>,
    },
    /// An object was to be written, and is there with other bytes.
    #[error("it is there already, with other bytes than the log has for it")]
    OtherBytes,
    /// The published checkpoint is larger than the last that this log signed.
    #[error("it has size {got}, this log signed nothing larger than {signed}: the private folder is older")]
    NotSigned {
        /// Largest size that was signed.
        signed: u64,
        /// Found.
        got: u64,
    },
    /// A journal segment whose header is not intact, or not the segment's.
    #[error("its header is damaged, or belongs to another segment")]
    SegmentHeader,
    /// A journal segment ends before what was synced.
    #[error("it has {got} bytes, {synced} were synced")]
    SegmentShort {
        /// Synced.
        synced: u64,
        /// Found.
        got: u64,
    },
    /// A synced frame is not intact.
    #[error("the frame at byte {offset} is not intact, although it was synced")]
    Frame {
        /// Where it begins.
        offset: u64,
    },
    /// An intact frame does not hold an entry of a registered chain.
    #[error("the frame at byte {offset} holds no entry of a registered agent")]
    FrameContent {
        /// Where it begins.
        offset: u64,
    },
    /// The segments of the journal do not continue each other.
    #[error("it does not continue the segment before it, which ends at entry {expected}")]
    SegmentGap {
        /// Index that would continue it.
        expected: u64,
    },
    /// The journal is shorter than what was made from it.
    #[error("the journal ends at entry {journal}, entry {known} was known")]
    JournalShort {
        /// Entries of the journal.
        journal: u64,
        /// Entries that were signed or indexed.
        known: u64,
    },
    /// The chains' ends are of a larger tree than the one that was signed.
    #[error(
        "it is of {got} entries, this log signed nothing larger than {signed}: the private folder is older"
    )]
    Beyond {
        /// Largest size that was signed.
        signed: u64,
        /// Found.
        got: u64,
    },
    /// The chains' ends are older than the last tombstone.
    #[error(
        "it is of {got} entries, a tombstone lists what went below {listed}: the private folder is older"
    )]
    Behind {
        /// End of the last tombstone's entries.
        listed: u64,
        /// Found.
        got: u64,
    },
    /// An entry does not continue its chain.
    #[error("entry {index} does not continue its agent's chain: {source}")]
    Chain {
        /// Index of the entry.
        index: u64,
        /// Why.
        source: Box<ChainError>,
    },
    /// The index does not say what the entries say.
    #[error("it does not agree with entry {index}: delete it while the log is not open, it is made again")]
    IndexMismatch {
        /// Index of the entry.
        index: u64,
    },
    /// A body does not have its hash.
    #[error("the body in the frame at byte {offset} does not have the hash that its entry names")]
    BodyMismatch {
        /// Where the frame begins.
        offset: u64,
    },
}

/// Why a log could not be opened, read or written.
#[derive(Clone, Debug, Error)]
pub enum PipelineError {
    /// The file system refused.
    #[error("log {}: {file}: could not {operation}: {source}", .path.display())]
    Io {
        /// The log's folder.
        path: PathBuf,
        /// Which file or folder in it.
        file: String,
        /// What was tried.
        operation: Operation,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The index could not be used.
    #[error("log {}: private/index.redb: {source}. Delete it while the log is not open, it is made again", .path.display())]
    Index {
        /// The log's folder.
        path: PathBuf,
        /// Why.
        source: Arc<redb::Error>,
    },
    /// There is no log.
    #[error("there is no log of many agents in {}: check the path, or create one there", .path.display())]
    NoLog {
        /// The folder.
        path: PathBuf,
    },
    /// There is a log already.
    #[error("there is a log in {} already: open it, or choose another folder", .path.display())]
    AlreadyExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("log {} is open in another process: stop it first", .path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// A setting is outside its range.
    #[error("setting {name} is {got}; {minimum} to {maximum} are possible")]
    Setting {
        /// Which.
        name: &'static str,
        /// Smallest value.
        minimum: u64,
        /// Largest value.
        maximum: u64,
        /// Found.
        got: u64,
    },
    /// The signing key is another log's, or not the one that the publication policy names.
    #[error("the key is {got}, the log's is {expected}")]
    OtherKey {
        /// Expected.
        expected: String,
        /// Found.
        got: String,
    },
    /// A file is damaged: nothing is accepted or signed.
    #[error("log {}: {file} is damaged: {damage}. Nothing was changed: restore the file from a copy", .path.display())]
    Damaged {
        /// The log's folder.
        path: PathBuf,
        /// Which file in it.
        file: String,
        /// What is wrong.
        damage: FileDamage,
    },
    /// What was to be a remembered checkpoint is not this log's.
    #[error("the remembered checkpoint: {source}")]
    Remembered {
        /// Why.
        source: CheckpointRejected,
    },
    /// The log has fewer entries than it once had signed: it is an old copy.
    #[error(
        "log {}: a checkpoint of this log has size {remembered}, the log has {got} entries: this is an older copy of it. Restore a newer one; going on would fork the log",
        .path.display()
    )]
    Behind {
        /// The log's folder.
        path: PathBuf,
        /// Size that is remembered.
        remembered: u64,
        /// Entries of the log.
        got: u64,
    },
    /// The log has another history than it once had signed.
    #[error(
        "log {}: a checkpoint of this log has root {remembered} at size {size}, the log has {got} there: an older copy of it was continued. Restore the right one; this one must not sign",
        .path.display()
    )]
    Forked {
        /// The log's folder.
        path: PathBuf,
        /// Size.
        size: u64,
        /// Root that is remembered.
        remembered: Hash,
        /// Root that the log has.
        got: Hash,
    },
    /// An earlier error: nothing more is accepted, signed or published.
    #[error("the log stopped: {cause}. Nothing more is accepted or signed until it is opened again")]
    Poisoned {
        /// The first error.
        cause: Arc<PipelineError>,
    },
    /// A thread of the log panicked: a defect of this program.
    #[error("the log's {thread} panicked: please report it")]
    Panicked {
        /// Which thread.
        thread: &'static str,
    },
    /// The log is being shut down.
    #[error("the log is being shut down")]
    ShuttingDown,
    /// The entry was settled, and is gone.
    #[error("entry {index} was settled and is pruned: entries from {minimum} on are kept")]
    Pruned {
        /// Asked for.
        index: u64,
        /// Below this index entries may be gone.
        minimum: u64,
    },
    /// No such entry.
    #[error("entry {index} is asked for, the log has {size}")]
    OutOfRange {
        /// Asked for.
        index: u64,
        /// There are.
        size: u64,
    },
}

impl PipelineError {
    /// The error that this one is told as, once it has stopped the log.
    #[must_use]
    pub(crate) fn as_poison(&self) -> Self {
        match self {
            Self::Poisoned { .. } => self.clone(),
            other => Self::Poisoned { cause: Arc::new(other.clone()) },
        }
    }
}

//! What can go wrong with a log, where, and what to do about it.

use crate::frame::MAX_PAYLOAD_BYTES;
use candor_program::encoding::DecodeError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A file-system operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Creating the directory.
    CreateDirectory,
    /// Taking the lock.
    Lock,
    /// Opening the file.
    Open,
    /// Creating the file.
    Create,
    /// Giving the file its name.
    Publish,
    /// Making names durable.
    SyncDirectories,
    /// Asking for the length.
    Length,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Cutting off an incomplete frame.
    Truncate,
    /// Making data durable.
    Sync,
    /// Listing a folder.
    List,
    /// Removing a file.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CreateDirectory => "create the directory",
            Self::Lock => "take the lock",
            Self::Open => "open the file",
            Self::Create => "create the file",
            Self::Publish => "name the file",
            Self::SyncDirectories => "make the directory durable",
            Self::Length => "get the length",
            Self::Read => "read",
            Self::Write => "write",
            Self::Truncate => "cut off an incomplete frame",
            Self::Sync => "make the data durable",
            Self::List => "list the folder",
            Self::Remove => "remove the file",
        })
    }
}

/// What is wrong with a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Damage {
    /// No frame has this length.
    #[error("its length field says {got}, a frame holds 1 to {MAX_PAYLOAD_BYTES} bytes")]
    LengthOutOfRange {
        /// Found.
        got: u32,
    },
    /// The length reaches beyond the file although the record is complete.
    #[error("its length field says {got}, but a complete record of {record_bytes} bytes follows")]
    LengthTooLong {
        /// Found.
        got: u32,
        /// Length of the record that is there.
        record_bytes: u32,
    },
    /// The payload, its hash, or the frame before was changed.
    #[error("its bytes do not match its hash")]
    HashMismatch,
}

/// Why a log could not be opened, read or written.
#[derive(Debug, Error)]
pub enum LogError {
    /// The file system refused.
    #[error("log {}: could not {operation}: {source}", .path.display())]
    Io {
        /// The log's directory.
        path: PathBuf,
        /// What was tried.
        operation: Operation,
        /// Why.
        source: io::Error,
    },
    /// There is no log.
    #[error("there is no log in {}: check the path, or create a log there", .path.display())]
    NoLog {
        /// The directory.
        path: PathBuf,
    },
    /// There is a log already.
    #[error("there is a log in {} already: open it, or choose another directory", .path.display())]
    AlreadyExists {
        /// The directory.
        path: PathBuf,
    },
    /// Another writer has it.
    #[error("log {} is being written by another process: stop it first, or only read", .path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The file does not begin as a log does.
    #[error("log {}: the file is not a log: {source}", .path.display())]
    NotALog {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: DecodeError,
    },
    /// A frame is damaged.
    #[error(
        "log {}: the frame of record {record} at byte {offset} is damaged: {damage}. The {record} records before it are intact; nothing was changed: restore the file from a copy",
        .path.display()
    )]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// Index of the record.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// A frame is intact but holds no record.
    #[error(
        "log {}: the frame of record {record} at byte {offset} holds no record: {source}. Its hash is right, so it was written like this, by another version or another program",
        .path.display()
    )]
    Undecodable {
        /// The directory.
        path: PathBuf,
        /// Index of the record.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// Why.
        source: DecodeError,
    },
    /// A record is too large for a frame. Nothing of the group was written.
    #[error("record {position} of the group has {got} bytes, a frame holds at most {MAX_PAYLOAD_BYTES}")]
    RecordTooLarge {
        /// Position in the group.
        position: usize,
        /// Found.
        got: u64,
    },
    /// An earlier write or sync failed, so nothing more is acknowledged.
    #[error(
        "log {}: an earlier write failed, so nothing more is written: free or check the disk, then open the log again",
        .path.display()
    )]
    Poisoned {
        /// The directory.
        path: PathBuf,
    },
    /// No such record.
    #[error("record {record} is asked for, the log has {records}")]
    OutOfRange {
        /// Asked for.
        record: u64,
        /// There are.
        records: u64,
    },
}

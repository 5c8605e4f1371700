//! Durable, append-only storage of signed records.
//!
//! A [`FileLog`] acknowledges a record only after it is durable, refuses what it did not write, and cuts off what
//! a crash left half-written. Format and rules: docs/spec/record.md, "File log".
//!
//! Limitations. A log that lost whole frames at its end looks like a shorter log: only somebody who knows its last
//! record (a checkpoint, the chain, a counterparty) can tell. A *complete* last
//! frame that does not match its hash is refused, never cut: it may have been acknowledged. On a disk that persists
//! parts of one write out of order, a crash while appending can leave such a frame; what was acknowledged before it
//! is still read by [`FileLogReader::open_intact_prefix`].

pub mod append;
pub mod audit;
pub mod check;
pub mod directory;
pub mod disk;
pub mod error;
pub mod frame;
#[cfg(feature = "client")]
pub mod http;
pub mod objects;
pub mod pipeline;
pub mod read;
pub mod retention;
pub mod storage;

pub use append::{AppendReceipt, FileLog};
pub use check::{ChainCheckError, ChainReport, RevisedProgram};
pub use directory::Directory;
pub use disk::{Disk, FileSystem};
pub use error::{Damage, LogError, Operation};
pub use frame::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES};
pub use objects::{DiskObjects, ObjectError, Objects};
pub use pipeline::{Log, LogSettings, PipelineError};
pub use read::{FileLogReader, OpenReport};
pub use storage::{Access, LogFile, Storage};

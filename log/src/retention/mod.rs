//! What a log keeps, and for how long. Pure: files, clock and entries are the caller's.
//!
//! Three classes: *settled* entries and bodies are past their window and may go; *pinned* ones belong to a dispute and stay;
//! *evidence* of equivocation has a window of its own. Rules: docs/spec/log.md, "Retention".

mod content;
mod file;
mod marks;
mod pins;
mod plan;
mod policy;
mod tombstone;

pub use content::{
    BodyDigest, ContentError, DroppedEvidence, KeptBody, MAX_BODY_RUNS, MAX_TOMBSTONE_CONTENT_BYTES, Run,
    Runs, TOMBSTONE_CONTENT_MAGIC, TombstoneContent, content_path, tombstone_path,
};
pub use file::{MAX_RETENTION_FILE_BYTES, RetentionFileError};
pub use marks::{MAX_MARKS, Mark, MarkError, Marks};
pub use pins::{MAX_PIN_REASON_BYTES, MAX_PINS, Pin, PinError, PinnedRange, Pins};
pub use plan::Plan;
pub use policy::{MAX_WINDOW_SECONDS, PolicyError, PublishedPolicy, RetentionPolicy, RetentionWindow};
pub use tombstone::{
    ContentDigest, MAX_TOMBSTONE_TEXT_BYTES, PrunedRange, SignedTombstone, Tombstone, TombstoneError,
    TombstoneFault,
};

//! What a log keeps, and for how long. Pure: files, clock and entries are the caller's.
//!
//! Three classes: *settled* entries and bodies are past their window and may go; *pinned* ones belong to a dispute and stay;
//! *evidence* of equivocation has a window of its own. Rules: docs/spec/log.md, "Retention".

mod file;
mod marks;
mod pins;
mod plan;
mod policy;

pub use file::{MAX_RETENTION_FILE_BYTES, RetentionFileError};
pub use marks::{MAX_MARKS, Mark, MarkError, Marks};
pub use pins::{MAX_PIN_REASON_BYTES, MAX_PINS, Pin, PinError, PinnedRange, Pins};
pub use plan::Plan;
pub use policy::{MAX_WINDOW_SECONDS, PolicyError, PublishedPolicy, RetentionPolicy, RetentionWindow};

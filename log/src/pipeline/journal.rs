//! The journal: the only thing that is synced before a record is acknowledged. Source: docs/spec/log.md, "Journal".

mod frame;
mod scan;
mod write;

pub(crate) use frame::{FrameView, Payload, read_body, segment_name};
pub(crate) use scan::{Scanned, list_segments, scan, scan_closed};
pub(crate) use write::Journal;

/// First eight bytes of a segment.
pub(crate) const JOURNAL_MAGIC: [u8; 8] = *b"CANDORJL";
/// Where frames begin.
pub(crate) const FRAMES_START: u64 = 4096;

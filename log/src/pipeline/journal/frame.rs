//! Segment headers, marks and frames.

use super::{FRAMES_START, JOURNAL_MAGIC};
use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{Files, JOURNAL};
use crate::pipeline::settings::MAX_BODY_BYTES;
use crate::storage::{Access, LogFile};
use candor_program::class::FORMAT_VERSION;
use candor_program::encoding::keccak256;
use candor_trace::tlog::MAX_ENTRY_BYTES;
use sha2::{Digest, Sha256};

/// Length of a segment's header.
pub(crate) const HEADER_BYTES: usize = 82;
/// Length of a mark.
pub(crate) const MARK_BYTES: usize = 48;
/// Where the two marks are: in sectors of their own.
pub(crate) const MARKS: [u64; 2] = [512, 1024];
/// Length of a frame without its payload.
pub(crate) const FRAME_HEADER_BYTES: u64 = 36;
/// Length of a payload without entry and body.
const PAYLOAD_HEADER_BYTES: usize = 3;
/// Longest payload.
pub(crate) const MAX_PAYLOAD_BYTES: u64 = (PAYLOAD_HEADER_BYTES + MAX_ENTRY_BYTES + MAX_BODY_BYTES) as u64;

/// Name of the segment whose first entry has this index.
pub(crate) fn segment_name(first_index: u64) -> String {
    format!("{JOURNAL}/{first_index:012}")
}

/// A segment's header, and the hash of it that its first frame continues.
pub(crate) fn encode_header(first_index: u64, chain_before: &[u8; 32]) -> ([u8; HEADER_BYTES], [u8; 32]) {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&JOURNAL_MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&first_index.to_le_bytes());
    bytes.extend_from_slice(chain_before);
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    bytes.extend_from_slice(&hash);
    let mut header = [0; HEADER_BYTES];
    header.copy_from_slice(&bytes);
    (header, hash)
}

/// What says that everything before it was synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// Bytes of the segment that were synced.
    pub(crate) durable_bytes: u64,
    /// Entries of the log up to there.
    pub(crate) size: u64,
}

impl Mark {
    pub(crate) fn encode(&self, header_hash: &[u8; 32]) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        let (values, hash) = bytes.split_at_mut(16);
        let (durable, size) = values.split_at_mut(8);
        durable.copy_from_slice(&self.durable_bytes.to_le_bytes());
        size.copy_from_slice(&self.size.to_le_bytes());
        hash.copy_from_slice(&Sha256::new().chain_update(header_hash).chain_update(values).finalize());
        bytes
    }
    /// The mark, if it is intact and this segment's.
    pub(crate) fn decode(bytes: &[u8; MARK_BYTES], header_hash: &[u8; 32]) -> Option<Self> {
        let (durable_bytes, rest) = bytes.split_first_chunk::<8>()?;
        let (size, _) = rest.split_first_chunk::<8>()?;
        let mark =
            Self { durable_bytes: u64::from_le_bytes(*durable_bytes), size: u64::from_le_bytes(*size) };
        (mark.encode(header_hash) == *bytes).then_some(mark)
    }
}

/// What a frame holds, with the hash that is worth computing before the sequencer's turn.
pub(crate) struct Payload {
    bytes: Vec<u8>,
    digest: [u8; 32],
}

impl Payload {
    /// An entry, of a length that a bundle takes, with its body.
    pub(crate) fn new(entry: &[u8], body: Option<&[u8]>) -> Self {
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(PAYLOAD_HEADER_BYTES + entry.len() + body.map_or(0, <[u8]>::len));
        bytes.push(u8::from(body.is_some()));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(entry);
        bytes.extend_from_slice(body.unwrap_or_default());
        let digest = Sha256::digest(&bytes).into();
        Self { bytes, digest }
    }
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
    /// Appends the frame and returns the chain hash after it.
    pub(crate) fn push_frame(&self, buffer: &mut Vec<u8>, chain: &[u8; 32]) -> [u8; 32] {
        let length = (self.bytes.len() as u32).to_le_bytes();
        let chain = next_chain(chain, length, &self.digest);
        buffer.extend_from_slice(&length);
        buffer.extend_from_slice(&chain);
        buffer.extend_from_slice(&self.bytes);
        chain
    }
}

/// SHA-256(chain hash before || length || SHA-256(payload)).
pub(crate) fn next_chain(before: &[u8; 32], length: [u8; 4], payload_digest: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(length).chain_update(payload_digest).finalize().into()
}

/// An intact frame that was read.
#[derive(Debug)]
pub(crate) struct FrameView<'a> {
    /// Index of the entry.
    pub(crate) index: u64,
    /// First index of the segment.
    pub(crate) segment: u64,
    /// Where the frame begins.
    pub(crate) offset: u64,
    pub(crate) entry: &'a [u8],
    /// Whether its body came with it.
    pub(crate) has_body: bool,
}

/// Entry and body of a payload.
pub(crate) fn split_payload(payload: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (&[kind, low, high], rest) = payload.split_first_chunk::<3>()?;
    let (entry, body) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
    match kind {
        0 if body.is_empty() => Some((entry, None)),
        1 => Some((entry, Some(body))),
        _ => None,
    }
}

/// The body in a frame of the journal; `None` if the segment is gone or the frame has none.
///
/// Errors: damage, if what is there does not have the hash.
pub(crate) fn read_body<D: Disk>(
    files: &Files<D>,
    (segment, offset): (u64, u64),
    body_hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, PipelineError> {
    let name = segment_name(segment);
    let Some(file) = files.open(&name, Access::Read)? else { return Ok(None) };
    let damaged = || files.damaged(&name, FileDamage::Frame { offset });
    let available = files.len(&name, &file)?.checked_sub(offset).ok_or_else(damaged)?;
    if offset < FRAMES_START || available < FRAME_HEADER_BYTES {
        return Err(damaged());
    }
    let mut length = [0; 4];
    let failed = |source| files.failed(&name, Operation::Read, source);
    file.read_exact_at(offset, &mut length).map_err(failed)?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_PAYLOAD_BYTES || length > available - FRAME_HEADER_BYTES {
        return Err(damaged());
    }
    let mut payload = vec![0; length as usize];
    file.read_exact_at(offset + FRAME_HEADER_BYTES, &mut payload).map_err(failed)?;
    let (_, body) = split_payload(&payload).ok_or_else(damaged)?;
    match body {
        Some(body) if keccak256(&[body]) == *body_hash => Ok(Some(body.to_vec())),
        Some(_) => Err(files.damaged(&name, FileDamage::BodyMismatch { offset })),
        None => Ok(None),
    }
}

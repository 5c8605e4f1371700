//! Going through the journal when a log is opened.

use super::FRAMES_START;
use super::frame::{
    FRAME_HEADER_BYTES, FrameView, HEADER_BYTES, MARK_BYTES, MARKS, MAX_PAYLOAD_BYTES, Mark, encode_header,
    next_chain, segment_name, split_payload,
};
use crate::disk::Disk;
use crate::error::Operation;
use crate::frame::Window;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{Files, JOURNAL};
use crate::storage::{Access, LogFile};
use sha2::{Digest, Sha256};
use std::io;

/// What going through the journal found.
#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    /// Entries of the log.
    pub(crate) size: u64,
    /// First index of the last segment.
    pub(crate) last_segment: u64,
    /// Hash of its header.
    pub(crate) header_hash: [u8; 32],
    /// What its mark says was synced.
    pub(crate) marked: u64,
    /// Where its last intact frame ends.
    pub(crate) end: u64,
    /// Chain hash after that frame.
    pub(crate) chain: [u8; 32],
    /// Bytes after it, which were never acknowledged.
    pub(crate) cut_bytes: u64,
    /// Which mark is the older one.
    pub(crate) next_mark: usize,
}

/// First indices of the journal's segments, in order.
pub(crate) fn list_segments<D: Disk>(files: &Files<D>) -> Result<Vec<u64>, PipelineError> {
    let parse = |name: &String| {
        let index = name.parse().ok()?;
        segment_name(index).ends_with(&format!("/{name}")).then_some(index)
    };
    let mut segments: Vec<u64> = files.list(JOURNAL)?.iter().filter_map(parse).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// Goes through neighbouring segments, of which the last is the journal's last, and shows every intact frame.
///
/// Owes: nothing was changed; [`super::Journal::resume`] cuts off the rest and syncs what was shown.
pub(crate) fn scan<D: Disk>(
    files: &Files<D>,
    segments: &[u64],
    mut visit: impl FnMut(&FrameView<'_>) -> Result<(), PipelineError>,
) -> Result<Scanned, PipelineError> {
    let mut before: Option<Scanned> = None;
    for (position, &first_index) in segments.iter().enumerate() {
        let is_last = position + 1 == segments.len();
        before = Some(scan_segment(files, first_index, before.as_ref(), is_last, &mut visit)?);
    }
    before.ok_or_else(|| files.damaged(&segment_name(0), FileDamage::Missing))
}

/// Goes through neighbouring closed segments, each intact to its end, behind which the segment `next` continues them. That
/// one may be written to meanwhile.
pub(crate) fn scan_closed<D: Disk>(
    files: &Files<D>,
    segments: &[u64],
    next: u64,
    mut visit: impl FnMut(&FrameView<'_>) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let mut before: Option<Scanned> = None;
    for &first_index in segments {
        before = Some(scan_segment(files, first_index, before.as_ref(), false, &mut visit)?);
    }
    let Some(before) = before else { return Ok(()) };
    let name = segment_name(next);
    let damaged = |damage| files.damaged(&name, damage);
    let file = files.open(&name, Access::Read)?.ok_or_else(|| damaged(FileDamage::Missing))?;
    let len_bytes = files.len(&name, &file)?;
    if len_bytes < FRAMES_START {
        return Err(damaged(FileDamage::SegmentHeader));
    }
    let header = read_header(&mut Window::new(&file, FRAMES_START), next)
        .map_err(|source| files.failed(&name, Operation::Read, source))?;
    let header = header.ok_or_else(|| damaged(FileDamage::SegmentHeader))?;
    match before.size == next && before.chain == header.chain_before {
        true => Ok(()),
        false => Err(damaged(FileDamage::SegmentGap { expected: before.size })),
    }
}

struct Header {
    hash: [u8; 32],
    chain_before: [u8; 32],
}

fn read_header<F: LogFile>(window: &mut Window<'_, F>, first_index: u64) -> io::Result<Option<Header>> {
    let bytes = *window.array::<HEADER_BYTES>(0)?;
    let chain_before: [u8; 32] =
        bytes.get(18..50).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    let (expected, hash) = encode_header(first_index, &chain_before);
    Ok((bytes == expected).then_some(Header { hash, chain_before }))
}

/// The larger mark that is intact, and which of the two is to be written next.
fn read_marks<F: LogFile>(
    window: &mut Window<'_, F>,
    header_hash: &[u8; 32],
) -> io::Result<(Option<Mark>, usize)> {
    let mut marks = [None; MARKS.len()];
    for (mark, place) in marks.iter_mut().zip(MARKS) {
        *mark = Mark::decode(window.array::<MARK_BYTES>(place)?, header_hash);
    }
    let [first, second] = marks.map(|mark| mark.map(|mark| mark.durable_bytes));
    Ok(if first >= second { (marks[0], 1) } else { (marks[1], 0) })
}

fn scan_segment<D: Disk>(
    files: &Files<D>,
    first_index: u64,
    before: Option<&Scanned>,
    is_last: bool,
    visit: &mut impl FnMut(&FrameView<'_>) -> Result<(), PipelineError>,
) -> Result<Scanned, PipelineError> {
    let name = segment_name(first_index);
    let failed = |source| files.failed(&name, Operation::Read, source);
    let damaged = |damage| files.damaged(&name, damage);
    let file = files.open(&name, Access::Read)?.ok_or_else(|| damaged(FileDamage::Missing))?;
    let len_bytes = files.len(&name, &file)?;
    if len_bytes < FRAMES_START {
        return Err(damaged(FileDamage::SegmentHeader));
    }
    let mut window = Window::new(&file, len_bytes);
    let header = read_header(&mut window, first_index).map_err(failed)?;
    let header = header.ok_or_else(|| damaged(FileDamage::SegmentHeader))?;
    if let Some(before) = before {
        let expected = before.size;
        if expected != first_index || before.chain != header.chain_before {
            return Err(damaged(FileDamage::SegmentGap { expected }));
        }
    }
    let (mark, next_mark) = read_marks(&mut window, &header.hash).map_err(failed)?;
    let marked = mark.map_or(FRAMES_START, |mark| mark.durable_bytes);
    if len_bytes < marked {
        return Err(damaged(FileDamage::SegmentShort { synced: marked, got: len_bytes }));
    }
    // A segment was synced before the one after it was created.
    let synced = if is_last { marked } else { len_bytes };
    let mut found = Scanned {
        size: first_index,
        last_segment: first_index,
        header_hash: header.hash,
        marked,
        end: FRAMES_START,
        chain: header.hash,
        cut_bytes: 0,
        next_mark,
    };
    loop {
        if mark.is_some_and(|mark| mark.durable_bytes == found.end && mark.size != found.size) {
            return Err(damaged(FileDamage::Frame { offset: found.end }));
        }
        let offset = found.end;
        let next = read_frame(&mut window, len_bytes, offset, &found.chain).map_err(failed)?;
        let Some((payload, chain)) = next else {
            if offset < synced {
                return Err(damaged(FileDamage::Frame { offset }));
            }
            found.cut_bytes = len_bytes - offset;
            return Ok(found);
        };
        let end = offset + FRAME_HEADER_BYTES + payload.len() as u64;
        let content = split_payload(payload);
        let (entry, body) = content.ok_or_else(|| damaged(FileDamage::FrameContent { offset }))?;
        if offset < marked && marked < end {
            return Err(damaged(FileDamage::Frame { offset }));
        }
        let has_body = body.is_some();
        visit(&FrameView { index: found.size, segment: first_index, offset, entry, has_body })?;
        (found.end, found.chain, found.size) = (end, chain, found.size + 1);
    }
}

/// The payload of an intact frame and the chain hash after it; `None` if there is none.
fn read_frame<'w, F: LogFile>(
    window: &'w mut Window<'_, F>,
    len_bytes: u64,
    offset: u64,
    chain: &[u8; 32],
) -> io::Result<Option<(&'w [u8], [u8; 32])>> {
    let available = len_bytes.saturating_sub(offset);
    if available < FRAME_HEADER_BYTES {
        return Ok(None);
    }
    let length = *window.array::<4>(offset)?;
    let hash = *window.array::<32>(offset + 4)?;
    let payload_bytes = u64::from(u32::from_le_bytes(length));
    if payload_bytes > MAX_PAYLOAD_BYTES || payload_bytes > available - FRAME_HEADER_BYTES {
        return Ok(None);
    }
    let payload = window.read(offset + FRAME_HEADER_BYTES, payload_bytes)?;
    let chain = next_chain(chain, length, &Sha256::digest(payload).into());
    Ok((chain == hash).then_some((payload, chain)))
}

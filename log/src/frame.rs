//! Frames: `u32 length || hash || payload`, each hash over the one before and the payload.

use crate::error::Damage;
use crate::storage::LogFile;
use borsh::BorshDeserialize;
use candor_program::class::FORMAT_VERSION;
use candor_program::encoding::{DecodeError, keccak256, magic};
use candor_trace::SignedRecord;
use std::io;

/// Length of the file's header: magic and version.
pub const FILE_HEADER_BYTES: u64 = 10;
/// Length of a frame without its payload.
pub const FRAME_HEADER_BYTES: u64 = 36;
/// Longest payload.
pub const MAX_PAYLOAD_BYTES: u32 = 16 << 20;
/// How much is read at once when a whole log is gone through.
const WINDOW_BYTES: u64 = 1 << 20;

/// The header that every log begins with.
#[must_use]
pub fn file_header() -> [u8; FILE_HEADER_BYTES as usize] {
    let [a, b, c, d, e, f, g, h] = magic::LOG;
    let [low, high] = FORMAT_VERSION.to_le_bytes();
    [a, b, c, d, e, f, g, h, low, high]
}

/// What the first frame's hash continues.
#[must_use]
pub fn first_hash() -> [u8; 32] {
    keccak256(&[&file_header()])
}

/// A frame, and its hash.
///
/// Shapes: the payload has 1 to [`MAX_PAYLOAD_BYTES`] bytes.
pub(crate) fn push_frame(buffer: &mut Vec<u8>, previous: &[u8; 32], payload: &[u8], length: u32) -> [u8; 32] {
    let hash = keccak256(&[previous, payload]);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&hash);
    buffer.extend_from_slice(payload);
    hash
}

/// The length and hash that a frame begins with.
pub(crate) fn split_header(header: &[u8; FRAME_HEADER_BYTES as usize]) -> (u32, [u8; 32]) {
    let ([a, b, c, d], rest) = header.split_first_chunk::<4>().map_or(([0; 4], &[][..]), |(l, r)| (*l, r));
    (u32::from_le_bytes([a, b, c, d]), rest.first_chunk::<32>().copied().unwrap_or_default())
}

/// The file begins as a log of this version does.
pub(crate) fn check_file_header(file: &impl LogFile, len_bytes: u64) -> io::Result<Result<(), DecodeError>> {
    if len_bytes < FILE_HEADER_BYTES {
        return Ok(Err(DecodeError::NoHeader { got: len_bytes }));
    }
    let mut header = [0; FILE_HEADER_BYTES as usize];
    file.read_exact_at(0, &mut header)?;
    let [found_magic @ .., low, high] = header;
    if found_magic != magic::LOG {
        return Ok(Err(DecodeError::WrongMagic { expected: magic::LOG, got: found_magic }));
    }
    let got = u16::from_le_bytes([low, high]);
    if got != FORMAT_VERSION {
        return Ok(Err(DecodeError::WrongVersion { expected: FORMAT_VERSION, got }));
    }
    Ok(Ok(()))
}

/// What a pass over all frames found.
pub(crate) struct Scan {
    /// Where each intact frame begins.
    pub(crate) offsets: Vec<u64>,
    /// Where the last intact frame ends.
    pub(crate) end: u64,
    /// Hash of the last intact frame.
    pub(crate) last_hash: [u8; 32],
    /// What is wrong with what follows; `None`: nothing, or an incomplete frame.
    pub(crate) damage: Option<Damage>,
}

/// Goes through the frames of a file with a good header, up to its end or the first that is not intact.
pub(crate) fn scan(file: &impl LogFile, len_bytes: u64) -> io::Result<Scan> {
    let mut window = Window::new(file, len_bytes);
    let mut scan =
        Scan { offsets: Vec::new(), end: FILE_HEADER_BYTES, last_hash: first_hash(), damage: None };
    loop {
        let remaining = len_bytes.saturating_sub(scan.end);
        if remaining < 4 {
            return Ok(scan);
        }
        let got = u32::from_le_bytes(*window.array::<4>(scan.end)?);
        if got == 0 || got > MAX_PAYLOAD_BYTES {
            scan.damage = Some(Damage::LengthOutOfRange { got });
            return Ok(scan);
        }
        if remaining < FRAME_HEADER_BYTES {
            return Ok(scan);
        }
        let hash = *window.array::<32>(scan.end + 4)?;
        let payload_at = scan.end + FRAME_HEADER_BYTES;
        let payload_bytes = u64::from(got).min(remaining - FRAME_HEADER_BYTES);
        let payload = window.read(payload_at, payload_bytes)?;
        if payload_bytes < u64::from(got) {
            scan.damage =
                complete_record(payload).map(|record_bytes| Damage::LengthTooLong { got, record_bytes });
            return Ok(scan);
        }
        if keccak256(&[&scan.last_hash, payload]) != hash {
            scan.damage = Some(Damage::HashMismatch);
            return Ok(scan);
        }
        scan.offsets.push(scan.end);
        scan.end = payload_at + payload_bytes;
        scan.last_hash = hash;
    }
}

/// The length of the record that the bytes begin with.
///
/// No record's encoding is the beginning of another's, so what a crash cut short never holds a whole record: if there
/// is one, the frame's length was changed after it was written, and cutting it off would lose what was acknowledged.
fn complete_record(bytes: &[u8]) -> Option<u32> {
    let mut rest = bytes;
    SignedRecord::deserialize(&mut rest).ok()?;
    u32::try_from(bytes.len() - rest.len()).ok()
}

/// Part of a file in memory.
pub(crate) struct Window<'a, F> {
    file: &'a F,
    len_bytes: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a, F: LogFile> Window<'a, F> {
    pub(crate) fn new(file: &'a F, len_bytes: u64) -> Self {
        Self { file, len_bytes, start: 0, bytes: Vec::new() }
    }
    pub(crate) fn read(&mut self, offset: u64, count: u64) -> io::Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + count > end {
            let fill = count.max(WINDOW_BYTES.min(self.len_bytes.saturating_sub(offset)));
            self.bytes.clear();
            self.start = offset;
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.resize(usize::try_from(fill).map_err(|_| io::ErrorKind::OutOfMemory)?, 0);
            self.file.read_exact_at(offset, &mut bytes)?;
            self.bytes = bytes;
        }
        let begin = (offset - self.start) as usize;
        self.bytes.get(begin..begin + count as usize).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
    pub(crate) fn array<const N: usize>(&mut self, offset: u64) -> io::Result<&[u8; N]> {
        self.read(offset, N as u64)?.first_chunk().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

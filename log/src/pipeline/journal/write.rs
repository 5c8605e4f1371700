//! Writing the journal: one write and one sync a group.

use super::frame::{MARKS, Mark, Payload, encode_header, segment_name};
use super::{FRAMES_START, Scanned};
use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::Files;
use crate::storage::{Access, LogFile};
use std::sync::Arc;

/// How much is written again at once.
const REWRITE_BYTES: u64 = 1 << 20;

/// The open end of the journal.
pub(crate) struct Journal<D: Disk> {
    files: Arc<Files<D>>,
    segment_limit: u64,
    segment: Segment<D>,
    /// Entries of the log.
    size: u64,
    /// Chain hash after the last frame.
    chain: [u8; 32],
}

struct Segment<D: Disk> {
    file: D::File,
    name: String,
    first_index: u64,
    header_hash: [u8; 32],
    end: u64,
    /// Which of the two marks is written next.
    next_mark: usize,
}

impl<D: Disk> Journal<D> {
    /// Creates the journal's first segment.
    pub(crate) fn create(files: Arc<Files<D>>, segment_limit: u64) -> Result<Self, PipelineError> {
        let (segment, chain) = Segment::create(&files, 0, &[0; 32])?;
        Ok(Self { files, segment_limit, segment, size: 0, chain })
    }
    /// Continues a journal that was gone through: cuts off what was never acknowledged, and makes the rest durable before
    /// anybody is told about it.
    ///
    /// What no mark covers is written again first: after a sync that failed, a kernel may show bytes that it takes for
    /// written and that are not on the disk.
    pub(crate) fn resume(
        files: Arc<Files<D>>,
        segment_limit: u64,
        scanned: &Scanned,
    ) -> Result<Self, PipelineError> {
        let name = segment_name(scanned.last_segment);
        let failed = |operation| {
            let (files, name) = (files.clone(), name.clone());
            move |source| files.failed(&name, operation, source)
        };
        let missing = || files.damaged(&name, crate::pipeline::FileDamage::Missing);
        let mut file = files.open(&name, Access::Write)?.ok_or_else(missing)?;
        if scanned.cut_bytes > 0 {
            file.truncate(scanned.end).map_err(failed(Operation::Truncate))?;
        }
        let mut at = scanned.marked;
        while at < scanned.end {
            let mut bytes = vec![0; (scanned.end - at).min(REWRITE_BYTES) as usize];
            file.read_exact_at(at, &mut bytes).map_err(failed(Operation::Read))?;
            file.write_at(at, &bytes).map_err(failed(Operation::Write))?;
            at += bytes.len() as u64;
        }
        file.sync().map_err(failed(Operation::Sync))?;
        files
            .disk()
            .sync_folder(crate::pipeline::files::JOURNAL)
            .map_err(failed(Operation::SyncDirectories))?;
        let segment = Segment {
            file,
            name: name.clone(),
            first_index: scanned.last_segment,
            header_hash: scanned.header_hash,
            end: scanned.end,
            next_mark: scanned.next_mark,
        };
        let mut journal = Self { files, segment_limit, segment, size: scanned.size, chain: scanned.chain };
        journal.mark()?;
        Ok(journal)
    }
    /// Entries of the log.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
    /// Appends a group. On `Ok` it is durable: place of each frame, as first index of its segment and offset.
    ///
    /// Errors: nothing of the group was acknowledged; it is taken back as far as the disk lets us. The journal must not
    /// be used any more.
    pub(crate) fn append<'a>(
        &mut self,
        payloads: impl Iterator<Item = &'a Payload>,
    ) -> Result<Vec<(u64, u64)>, PipelineError> {
        if self.segment.end >= self.segment_limit && self.size > self.segment.first_index {
            let (segment, chain) = Segment::create(&self.files, self.size, &self.chain)?;
            (self.segment, self.chain) = (segment, chain);
        }
        let (mut buffer, mut places) = (Vec::new(), Vec::new());
        let mut chain = self.chain;
        for payload in payloads {
            places.push((self.segment.first_index, self.segment.end + buffer.len() as u64));
            chain = payload.push_frame(&mut buffer, &chain);
        }
        if let Err(error) = self.segment.write(&self.files, &buffer) {
            // Keeps whoever opens the log next on this machine from building on bytes that are in memory but will
            // never reach the disk.
            let _ = self.segment.file.truncate(self.segment.end);
            return Err(error);
        }
        self.segment.end += buffer.len() as u64;
        self.size += places.len() as u64;
        self.chain = chain;
        self.mark()?;
        Ok(places)
    }
    /// Notes, without a sync of its own, that everything so far is durable.
    fn mark(&mut self) -> Result<(), PipelineError> {
        let mark = Mark { durable_bytes: self.segment.end, size: self.size };
        let place = MARKS.get(self.segment.next_mark).copied().unwrap_or_default();
        self.segment.next_mark = (self.segment.next_mark + 1) % MARKS.len();
        let bytes = mark.encode(&self.segment.header_hash);
        let failed = |source| self.files.failed(&self.segment.name, Operation::Write, source);
        self.segment.file.write_at(place, &bytes).map_err(failed)
    }
}

impl<D: Disk> Segment<D> {
    fn create(
        files: &Files<D>,
        first_index: u64,
        chain_before: &[u8; 32],
    ) -> Result<(Self, [u8; 32]), PipelineError> {
        let name = segment_name(first_index);
        let (header, header_hash) = encode_header(first_index, chain_before);
        let mut bytes = header.to_vec();
        bytes.resize(FRAMES_START as usize, 0);
        files.replace(&name, &bytes)?;
        let missing = || files.damaged(&name, crate::pipeline::FileDamage::Missing);
        let file = files.open(&name, Access::Write)?.ok_or_else(missing)?;
        let segment = Self { file, name, first_index, header_hash, end: FRAMES_START, next_mark: 0 };
        Ok((segment, header_hash))
    }
    fn write(&mut self, files: &Files<D>, bytes: &[u8]) -> Result<(), PipelineError> {
        self.file
            .write_at(self.end, bytes)
            .map_err(|source| files.failed(&self.name, Operation::Write, source))?;
        self.file.sync().map_err(|source| files.failed(&self.name, Operation::Sync, source))
    }
}

//! Reading a log: any record by its index, each checked against its hash again.

use crate::directory::Directory;
use crate::error::{Damage, LogError, Operation};
use crate::frame::{FRAME_HEADER_BYTES, Scan, check_file_header, first_hash, scan, split_header};
use crate::storage::{Access, LogFile, Storage};
use candor_program::encoding::{decode_exact, keccak256};
use candor_trace::{SignedHeader, SignedRecord};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was found on opening.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenReport {
    /// Intact records.
    pub records: u64,
    /// Length of an incomplete last frame: cut off by a writer, left alone by a reader. No record in it was acknowledged.
    pub truncated_tail_bytes: u64,
}

/// A log opened for reading: no lock is taken and nothing is changed.
///
/// It shows the records that were complete when it was opened; index and sequence number are the same.
#[derive(Debug)]
pub struct FileLogReader<F: LogFile = File> {
    pub(crate) path: PathBuf,
    pub(crate) file: F,
    /// Where each frame begins; 8 bytes a record are all that is held in memory.
    pub(crate) offsets: Vec<u64>,
    pub(crate) end: u64,
    pub(crate) last_hash: [u8; 32],
}

impl FileLogReader {
    /// Opens the log in a directory. A frame that is damaged, anywhere, is an error.
    pub fn open(directory: &Path) -> Result<(Self, OpenReport), LogError> {
        Self::open_in(&mut Directory::at(directory))
    }
    /// Opens what lies before the first damaged frame, and tells the damage.
    pub fn open_intact_prefix(directory: &Path) -> Result<(Self, OpenReport, Option<LogError>), LogError> {
        Self::open_intact_prefix_in(&mut Directory::at(directory))
    }
}

impl<F: LogFile> FileLogReader<F> {
    /// [`FileLogReader::open`] on any storage.
    pub fn open_in<S: Storage<File = F>>(storage: &mut S) -> Result<(Self, OpenReport), LogError> {
        match Self::open_intact_prefix_in(storage)? {
            (log, report, None) => Ok((log, report)),
            (_, _, Some(damage)) => Err(damage),
        }
    }
    /// [`FileLogReader::open_intact_prefix`] on any storage.
    pub fn open_intact_prefix_in<S: Storage<File = F>>(
        storage: &mut S,
    ) -> Result<(Self, OpenReport, Option<LogError>), LogError> {
        let path = storage.location().to_owned();
        match storage.open(Access::Read) {
            Ok(Some(file)) => Self::scan(path, file),
            Ok(None) => Err(LogError::NoLog { path }),
            Err(source) => Err(LogError::Io { path, operation: Operation::Open, source }),
        }
    }
    pub(crate) fn scan(path: PathBuf, file: F) -> Result<(Self, OpenReport, Option<LogError>), LogError> {
        let failed = |operation, source| LogError::Io { path: path.clone(), operation, source };
        let len_bytes = file.len().map_err(|source| failed(Operation::Length, source))?;
        check_file_header(&file, len_bytes)
            .map_err(|source| failed(Operation::Read, source))?
            .map_err(|source| LogError::NotALog { path: path.clone(), source })?;
        let Scan { offsets, end, last_hash, damage } =
            scan(&file, len_bytes).map_err(|source| failed(Operation::Read, source))?;
        let records = offsets.len() as u64;
        let damaged = damage.map(|damage| LogError::Damaged {
            path: path.clone(),
            record: records,
            offset: end,
            damage,
        });
        let truncated_tail_bytes = if damaged.is_some() { 0 } else { len_bytes - end };
        let log = Self { path, file, offsets, end, last_hash };
        Ok((log, OpenReport { records, truncated_tail_bytes }, damaged))
    }
    /// Number of records.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.offsets.len() as u64
    }
    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }
    /// Length of the file up to the end of the last intact frame.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.end
    }
    /// One record.
    pub fn get(&self, index: u64) -> Result<SignedRecord, LogError> {
        self.offset(index)?;
        let previous = self.hash_before(index)?;
        Ok(self.frame(index, &previous)?.0)
    }
    /// One record without its body.
    pub fn header(&self, index: u64) -> Result<SignedHeader, LogError> {
        Ok(self.get(index)?.signed_header())
    }
    /// The last record.
    pub fn tail(&self) -> Result<Option<SignedRecord>, LogError> {
        self.len().checked_sub(1).map(|last| self.get(last)).transpose()
    }
    /// Consecutive records; all of the range must be there.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<SignedRecord>, LogError> {
        if range.end > self.len() {
            return Err(LogError::OutOfRange { record: range.end.saturating_sub(1), records: self.len() });
        }
        self.iter_range(range).collect()
    }
    /// All records in order, one at a time. It ends after the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<SignedRecord, LogError>> + '_ {
        self.iter_range(0..self.len())
    }
    fn iter_range(&self, range: Range<u64>) -> impl Iterator<Item = Result<SignedRecord, LogError>> + '_ {
        let mut previous = None;
        let mut failed = false;
        range.map_while(move |index| {
            if failed {
                return None;
            }
            let read = match previous {
                Some(hash) => Ok(hash),
                None => self.hash_before(index),
            }
            .and_then(|hash| self.frame(index, &hash));
            failed = read.is_err();
            Some(read.map(|(record, hash)| {
                previous = Some(hash);
                record
            }))
        })
    }
    /// Where the frame of a record begins.
    pub(crate) fn offset(&self, index: u64) -> Result<u64, LogError> {
        let missing = LogError::OutOfRange { record: index, records: self.len() };
        usize::try_from(index).ok().and_then(|index| self.offsets.get(index)).copied().ok_or(missing)
    }
    fn hash_before(&self, index: u64) -> Result<[u8; 32], LogError> {
        let Some(before) = index.checked_sub(1) else { return Ok(first_hash()) };
        let mut header = [0; FRAME_HEADER_BYTES as usize];
        self.read_exact(self.offset(before)?, &mut header)?;
        Ok(split_header(&header).1)
    }
    /// The record and the hash of its frame.
    fn frame(&self, index: u64, previous: &[u8; 32]) -> Result<(SignedRecord, [u8; 32]), LogError> {
        let offset = self.offset(index)?;
        let end = self.offset(index + 1).unwrap_or(self.end);
        let mut bytes = vec![0; (end - offset) as usize];
        self.read_exact(offset, &mut bytes)?;
        let damaged = || LogError::Damaged {
            path: self.path.clone(),
            record: index,
            offset,
            damage: Damage::HashMismatch,
        };
        let (header, payload) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let (_, hash) = split_header(header);
        if keccak256(&[previous, payload]) != hash {
            return Err(damaged());
        }
        let record = decode_exact(payload).map_err(|source| LogError::Undecodable {
            path: self.path.clone(),
            record: index,
            offset,
            source,
        })?;
        Ok((record, hash))
    }
    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<(), LogError> {
        self.file.read_exact_at(offset, buffer).map_err(|source| self.failed(Operation::Read, source))
    }
    pub(crate) fn failed(&self, operation: Operation, source: io::Error) -> LogError {
        LogError::Io { path: self.path.clone(), operation, source }
    }
}

//! Writing a log: what is acknowledged is durable.

use crate::directory::Directory;
use crate::error::{LogError, Operation};
use crate::frame::{FILE_HEADER_BYTES, MAX_PAYLOAD_BYTES, file_header, first_hash, push_frame};
use crate::read::{FileLogReader, OpenReport};
use crate::storage::{Access, LogFile, Storage};
use candor_trace::SignedRecord;
use std::ops::Deref;
use std::path::Path;

/// The proof, for the caller, that records are durable: it exists only after the sync that made them so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AppendReceipt {
    /// Index of the first record of the group.
    pub first_index: u64,
    /// Number of records in the group.
    pub records: u64,
    /// Length of the file after it.
    pub size_bytes: u64,
}

/// A log opened for writing, by nobody else; everything of [`FileLogReader`] can be done with it too.
#[derive(Debug)]
pub struct FileLog<S: Storage = Directory> {
    /// Holds the lock.
    storage: S,
    log: FileLogReader<S::File>,
    poisoned: bool,
}

impl FileLog {
    /// Creates an empty log in a directory, which is created where missing. On return it is durable.
    pub fn create(directory: &Path) -> Result<Self, LogError> {
        Self::create_in(Directory::at(directory))
    }
    /// Opens the log in a directory. An incomplete last frame, which a crash left, is cut off and reported.
    pub fn open(directory: &Path) -> Result<(Self, OpenReport), LogError> {
        Self::open_in(Directory::at(directory))
    }
    /// Opens the log in a directory, or creates one where there is none.
    pub fn open_or_create(directory: &Path) -> Result<(Self, OpenReport), LogError> {
        match Self::open(directory) {
            Err(LogError::NoLog { .. }) => {
                Ok((Self::create(directory)?, OpenReport { records: 0, truncated_tail_bytes: 0 }))
            }
            other => other,
        }
    }
    /// Whether there is a log in a directory.
    #[must_use]
    pub fn exists(directory: &Path) -> bool {
        matches!(Directory::at(directory).open(Access::Read), Ok(Some(_)))
    }
}

impl<S: Storage> FileLog<S> {
    /// [`FileLog::create`] on any storage.
    ///
    /// The file gets its name only when it is complete and durable, so that no crash leaves half a log.
    pub fn create_in(mut storage: S) -> Result<Self, LogError> {
        storage.create_directory().map_err(|source| failed(&storage, Operation::CreateDirectory, source))?;
        take_lock(&mut storage)?;
        if storage.open(Access::Read).map_err(|source| failed(&storage, Operation::Open, source))?.is_some() {
            return Err(LogError::AlreadyExists { path: storage.location().to_owned() });
        }
        let mut file =
            storage.create_draft().map_err(|source| failed(&storage, Operation::Create, source))?;
        file.write_at(0, &file_header()).map_err(|source| failed(&storage, Operation::Write, source))?;
        file.sync().map_err(|source| failed(&storage, Operation::Sync, source))?;
        storage.publish_draft().map_err(|source| failed(&storage, Operation::Publish, source))?;
        storage.sync_directories().map_err(|source| failed(&storage, Operation::SyncDirectories, source))?;
        let path = storage.location().to_owned();
        let log = FileLogReader {
            path,
            file,
            offsets: Vec::new(),
            end: FILE_HEADER_BYTES,
            last_hash: first_hash(),
        };
        Ok(Self { storage, log, poisoned: false })
    }
    /// [`FileLog::open`] on any storage.
    ///
    /// Whoever wrote the log before may have died between writing and syncing; so what is shown is made durable first.
    pub fn open_in(mut storage: S) -> Result<(Self, OpenReport), LogError> {
        let path = storage.location().to_owned();
        let file = storage
            .open(Access::Write)
            .map_err(|source| failed(&storage, Operation::Open, source))?
            .ok_or(LogError::NoLog { path: path.clone() })?;
        take_lock(&mut storage)?;
        let (mut log, report, damage) = FileLogReader::scan(path, file)?;
        if let Some(damage) = damage {
            return Err(damage);
        }
        if report.truncated_tail_bytes > 0 {
            log.file.truncate(log.end).map_err(|source| log.failed(Operation::Truncate, source))?;
        }
        log.file.sync().map_err(|source| log.failed(Operation::Sync, source))?;
        storage.sync_directories().map_err(|source| failed(&storage, Operation::SyncDirectories, source))?;
        Ok((Self { storage, log, poisoned: false }, report))
    }
    /// Appends a group of records with one sync. On `Ok` all of them are durable.
    ///
    /// Errors: after an error of the file system nothing of the group is acknowledged, and this handle appends
    /// nothing more ([`LogError::Poisoned`]); what was acknowledged before can still be read. The group is taken back
    /// if the disk lets us; otherwise opening the log again shows none, some or all of it, from its front.
    /// Owes: that the records continue the chain ([`FileLogReader::check_chain`] checks a whole log).
    pub fn append(&mut self, records: &[SignedRecord]) -> Result<AppendReceipt, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned { path: self.log.path.clone() });
        }
        let group = self.encode(records)?;
        if !group.bytes.is_empty() {
            // Poisoned until proven durable.
            self.poisoned = true;
            if let Err(error) = self.write(&group.bytes) {
                // Nobody was told about the group. Taking it back, as far as the disk lets us, keeps whoever opens the
                // log next on this machine from building on bytes that are in memory but will never reach the disk.
                let _ = self.log.file.truncate(self.log.end);
                return Err(error);
            }
            self.poisoned = false;
        }
        let first_index = self.log.len();
        self.log.end += group.bytes.len() as u64;
        self.log.last_hash = group.last_hash;
        self.log.offsets.extend(group.offsets);
        Ok(AppendReceipt { first_index, records: records.len() as u64, size_bytes: self.log.end })
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let log = &mut self.log;
        log.file.write_at(log.end, bytes).map_err(|source| log.failed(Operation::Write, source))?;
        log.file.sync().map_err(|source| log.failed(Operation::Sync, source))
    }
    fn encode(&self, records: &[SignedRecord]) -> Result<Group, LogError> {
        let mut group = Group { bytes: Vec::new(), offsets: Vec::new(), last_hash: self.log.last_hash };
        for (position, record) in records.iter().enumerate() {
            // Writing Borsh into memory fails only where a length exceeds u32.
            let payload = borsh::to_vec(record)
                .map_err(|_| LogError::RecordTooLarge { position, got: u64::from(u32::MAX) })?;
            let got = payload.len() as u64;
            let length = u32::try_from(got).ok().filter(|&length| length <= MAX_PAYLOAD_BYTES);
            let length = length.ok_or(LogError::RecordTooLarge { position, got })?;
            group.offsets.push(self.log.end + group.bytes.len() as u64);
            group.last_hash = push_frame(&mut group.bytes, &group.last_hash, &payload, length);
        }
        Ok(group)
    }
    /// Whether a write or sync failed, so that nothing more is appended.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
    /// Where the log is.
    #[must_use]
    pub fn location(&self) -> &Path {
        self.storage.location()
    }
}

/// Encoded frames that are not written yet.
struct Group {
    bytes: Vec<u8>,
    offsets: Vec<u64>,
    last_hash: [u8; 32],
}

fn failed(storage: &impl Storage, operation: Operation, source: std::io::Error) -> LogError {
    LogError::Io { path: storage.location().to_owned(), operation, source }
}

fn take_lock(storage: &mut impl Storage) -> Result<(), LogError> {
    match storage.lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(LogError::Locked { path: storage.location().to_owned() }),
        Err(source) => Err(failed(storage, Operation::Lock, source)),
    }
}

impl<S: Storage> Deref for FileLog<S> {
    type Target = FileLogReader<S::File>;
    fn deref(&self) -> &Self::Target {
        &self.log
    }
}

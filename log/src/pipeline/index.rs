//! The index: what finds entries without going through the log. It can be made again from bundles and journal.
//! Source: docs/spec/log.md, "Index".

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{Files, INDEX};
use crate::pipeline::settings::OpenCheck;
use crate::pipeline::submission::hold;
use crate::storage::{Access, LogFile};
use candor_program::encoding::{decode_exact, encode};
use candor_trace::Header;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Chain number and sequence to index.
const PLACES: TableDefinition<'_, (u32, u64), u64> = TableDefinition::new("places");
/// Generation, beginning of a record's or body's hash, and index. A new generation begins now and then, so that what is
/// inserted lies close together although hashes do not.
const HASHES: TableDefinition<'_, (u32, u64, u64), ()> = TableDefinition::new("hashes");
/// Index to first index of the journal segment and offset of the frame.
const FRAMES: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("frames");
/// Chain number to the last header, with its record hash.
const HEADS: TableDefinition<'_, u32, (&[u8], [u8; 32])> = TableDefinition::new("heads");
/// The number of entries that are indexed.
const SIZE: TableDefinition<'_, (), u64> = TableDefinition::new("size");
/// Entries of a generation, as a power of two.
const GENERATION_LOG2: u32 = 18;

/// What the index is told about an entry.
pub(crate) struct Indexed<'a> {
    pub(crate) index: u64,
    pub(crate) chain: u32,
    pub(crate) header: &'a Header,
    pub(crate) record_hash: [u8; 32],
    pub(crate) body_hash: [u8; 32],
    /// Segment and offset of its frame, if the journal still has it.
    pub(crate) frame: Option<(u64, u64)>,
}

/// Where a chain was when it was indexed last.
pub(crate) struct Head {
    pub(crate) chain: u32,
    pub(crate) header: Header,
    pub(crate) record_hash: [u8; 32],
}

/// The index.
pub(crate) struct Index {
    database: Database,
    path: PathBuf,
}

/// A database's file on a disk.
struct Backend<F> {
    file: Mutex<F>,
}

impl<F> std::fmt::Debug for Backend<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(INDEX)
    }
}

impl<F: LogFile + Send + Sync + 'static> redb::StorageBackend for Backend<F> {
    fn len(&self) -> io::Result<u64> {
        hold(&self.file).len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        hold(&self.file).read_exact_at(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        hold(&self.file).truncate(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        hold(&self.file).sync()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        hold(&self.file).write_at(offset, data)
    }
}

/// The beginning of a hash, as a number.
fn prefix(hash: &[u8; 32]) -> u64 {
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl Index {
    /// Creates an empty index, over one that there may be.
    pub(crate) fn create<D: Disk>(files: &Files<D>, cache_bytes: usize) -> Result<Self, PipelineError> {
        let file =
            files.disk().create(INDEX).map_err(|source| files.failed(INDEX, Operation::Create, source))?;
        let index = Self::over(files, file, cache_bytes)?;
        files
            .disk()
            .sync_folder("private")
            .map_err(|source| files.failed("private", Operation::SyncDirectories, source))?;
        Ok(index)
    }
    /// Opens the index; `None` if there is none, or none that can be used.
    pub(crate) fn open<D: Disk>(
        files: &Files<D>,
        cache_bytes: usize,
        check: OpenCheck,
    ) -> Result<Option<(Self, u64)>, PipelineError> {
        let Some(file) = files.open(INDEX, Access::Write)? else { return Ok(None) };
        // A file that is no database, or a torn one, must not keep the log from being opened.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut index = Self::over(files, file, cache_bytes)?;
            // Every page by its checksum; one that had to be repaired is not to be believed either.
            let sound = check == OpenCheck::Edge || index.database.check_integrity().unwrap_or(false);
            let size = index.size()?;
            Ok::<_, PipelineError>(sound.then_some((index, size)))
        }));
        Ok(opened.ok().and_then(Result::ok).flatten())
    }
    fn over<D: Disk>(files: &Files<D>, file: D::File, cache_bytes: usize) -> Result<Self, PipelineError> {
        let path = files.path();
        let backend = Backend { file: Mutex::new(file) };
        let database = Database::builder()
            .set_cache_size(cache_bytes)
            .create_with_backend(backend)
            .map_err(|source| failed(&path, source))?;
        let index = Self { database, path };
        index.write(|transaction| {
            transaction.open_table(PLACES)?;
            transaction.open_table(HASHES)?;
            transaction.open_table(FRAMES)?;
            transaction.open_table(HEADS)?;
            transaction.open_table(SIZE)?;
            Ok(())
        })?;
        Ok(index)
    }
    fn write(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), PipelineError> {
        self.guarded(|| {
            let mut transaction = self.database.begin_write()?;
            transaction.set_two_phase_commit(true);
            change(&transaction)?;
            transaction.commit()?;
            Ok(())
        })
    }
    fn read<T>(
        &self,
        look: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, PipelineError> {
        self.guarded(|| look(&self.database.begin_read()?))
    }
    /// Pages that rotted can make the database panic: that is an error like others.
    fn guarded<T>(&self, apply: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, PipelineError> {
        let panicked = || redb::Error::Corrupted("a page is not what the database wrote".to_owned());
        let outcome = catch_unwind(AssertUnwindSafe(apply)).unwrap_or_else(|_| Err(panicked()));
        outcome.map_err(|source| failed(&self.path, source))
    }
    /// Entries that are indexed.
    pub(crate) fn size(&self) -> Result<u64, PipelineError> {
        self.read(|transaction| Ok(transaction.open_table(SIZE)?.get(())?.map_or(0, |size| size.value())))
    }
    /// Indexes entries that follow those that are indexed; all of them or none.
    pub(crate) fn append(&self, entries: &[Indexed<'_>]) -> Result<(), PipelineError> {
        let Some(last) = entries.last() else { return Ok(()) };
        let heads: BTreeMap<u32, &Indexed<'_>> = entries.iter().map(|entry| (entry.chain, entry)).collect();
        self.write(|transaction| {
            let mut places = transaction.open_table(PLACES)?;
            let mut hashes = transaction.open_table(HASHES)?;
            let mut frames = transaction.open_table(FRAMES)?;
            for entry in entries {
                let index = entry.index;
                places.insert((entry.chain, entry.header.sequence), index)?;
                let generation = (index >> GENERATION_LOG2) as u32;
                hashes.insert((generation, prefix(&entry.record_hash), index), ())?;
                hashes.insert((generation, prefix(&entry.body_hash), index), ())?;
                if let Some(frame) = entry.frame {
                    frames.insert(index, frame)?;
                }
            }
            let mut table = transaction.open_table(HEADS)?;
            for (chain, entry) in heads {
                table.insert(chain, (encode(entry.header).as_slice(), entry.record_hash))?;
            }
            transaction.open_table(SIZE)?.insert((), last.index + 1)?;
            Ok(())
        })
    }
    /// Notes where frames are, for entries that were indexed without.
    pub(crate) fn add_frames(&self, found: &[(u64, (u64, u64))]) -> Result<(), PipelineError> {
        self.write(|transaction| {
            let mut frames = transaction.open_table(FRAMES)?;
            for (index, frame) in found {
                frames.insert(index, frame)?;
            }
            Ok(())
        })
    }
    /// Index of the entry at a place of a chain.
    pub(crate) fn place(&self, chain: u32, sequence: u64) -> Result<Option<u64>, PipelineError> {
        self.read(|transaction| {
            Ok(transaction.open_table(PLACES)?.get((chain, sequence))?.map(|index| index.value()))
        })
    }
    /// Indices whose record or body hash may be this one, latest first.
    ///
    /// Owes: comparing the whole hash with the entry's.
    pub(crate) fn candidates(&self, hash: &[u8; 32]) -> Result<Vec<u64>, PipelineError> {
        let prefix = prefix(hash);
        self.read(|transaction| {
            let size = transaction.open_table(SIZE)?.get(())?.map_or(0, |size| size.value());
            let table = transaction.open_table(HASHES)?;
            let mut found = Vec::new();
            for generation in 0..=(size >> GENERATION_LOG2) as u32 {
                for row in table.range((generation, prefix, 0)..=(generation, prefix, u64::MAX))? {
                    let (_, _, index) = row?.0.value();
                    found.push(index);
                }
            }
            found.reverse();
            Ok(found)
        })
    }
    /// Segment and offset of an entry's frame.
    pub(crate) fn frame(&self, index: u64) -> Result<Option<(u64, u64)>, PipelineError> {
        self.read(|transaction| Ok(transaction.open_table(FRAMES)?.get(index)?.map(|frame| frame.value())))
    }
    /// The last indexed header of every chain; `None` if one cannot be decoded.
    pub(crate) fn heads(&self) -> Result<Option<Vec<Head>>, PipelineError> {
        self.read(|transaction| {
            let mut heads = Vec::new();
            for row in transaction.open_table(HEADS)?.iter()? {
                let (chain, value) = row?;
                let (header, record_hash) = value.value();
                let Ok(header) = decode_exact(header) else { return Ok(None) };
                heads.push(Head { chain: chain.value(), header, record_hash });
            }
            Ok(Some(heads))
        })
    }
}

fn failed(path: &std::path::Path, source: impl Into<redb::Error>) -> PipelineError {
    PipelineError::Index { path: path.to_owned(), source: Arc::new(source.into()) }
}

//! Immutable objects by name: what anybody may read of a log, wherever it is stored.
//!
//! Everything that the pipeline publishes goes through [`Objects`]. [`DiskObjects`] keeps it in a folder that any static
//! web server can serve; an object store can implement the same few calls.

use crate::disk::Disk;
use crate::error::Operation;
use crate::storage::{Access, LogFile};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// Longest object that is read: a full bundle of the longest entries is below it, and so is the list of all agents.
pub const MAX_OBJECT_BYTES: u64 = 1 << 26;
/// Behind the name of an object that is not complete.
const DRAFT_SUFFIX: &str = ".new";

/// Why an object could not be read or written.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// The storage refused.
    #[error("{name}: could not {operation}: {source}")]
    Io {
        /// Which object or folder.
        name: String,
        /// What was tried.
        operation: Operation,
        /// Why.
        source: io::Error,
    },
    /// An object of this name has other bytes: objects do not change.
    #[error("{name} is there already, with other bytes")]
    OtherBytes {
        /// Which object.
        name: String,
    },
    /// Larger than any object: nothing was read.
    #[error("{name} has {got} bytes, an object has at most {limit}")]
    TooLong {
        /// Which object.
        name: String,
        /// Limit.
        limit: u64,
        /// Found.
        got: u64,
    },
}

/// Where a log's public objects are kept. Names are paths below the log's prefix, as clients ask for them.
pub trait Objects: std::fmt::Debug + Send + Sync + 'static {
    /// The bytes of an object; `None` if there is none.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError>;
    /// Adds objects that never change. On `Ok` all of them are durable; one that was there with the same bytes stays.
    ///
    /// Errors: any part of them may be there, each of them whole.
    fn put_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), ObjectError>;
    /// Gives an object new bytes, atomically; durable on `Ok`. Only for the few that change.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ObjectError>;
    /// Removes an object or an empty folder; `false` if there was none. Not durable by itself: what is removed may come
    /// back after a crash.
    fn remove(&self, name: &str) -> Result<bool, ObjectError>;
    /// Removes objects. On `Ok` none of them is there, and none comes back after a crash.
    ///
    /// Errors: any of them may be gone.
    fn remove_all(&self, names: &[String]) -> Result<(), ObjectError>;
    /// Bytes of an object; `None` if there is none. A store that knows it need not read the object.
    fn len_bytes(&self, name: &str) -> Result<Option<u64>, ObjectError> {
        Ok(self.get(name)?.map(|bytes| bytes.len() as u64))
    }
    /// The names in a folder, sorted by bytes; those of folders end in `/`.
    fn list(&self, folder: &str) -> Result<Vec<String>, ObjectError>;
}

/// Objects as files in a folder of a disk.
pub struct DiskObjects<D> {
    disk: Arc<D>,
    prefix: String,
}

impl<D: Disk> std::fmt::Debug for DiskObjects<D> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DiskObjects({})", self.disk.location().join(&self.prefix).display())
    }
}

impl<D: Disk> DiskObjects<D> {
    /// Objects in this folder of the disk; the empty name is the disk's own. Nothing is touched.
    #[must_use]
    pub fn new(disk: Arc<D>, folder: &str) -> Self {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Self { disk, prefix }
    }
    fn file(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
    /// Writes a draft and makes its bytes durable.
    fn write_draft(&self, file: &str, bytes: &[u8]) -> Result<(), ObjectError> {
        let draft = format!("{file}{DRAFT_SUFFIX}");
        let folder = folder_of(file);
        self.disk.create_folder(folder).map_err(failed(folder, Operation::CreateDirectory))?;
        let mut target = self.disk.create(&draft).map_err(failed(&draft, Operation::Create))?;
        target.write_at(0, bytes).map_err(failed(&draft, Operation::Write))?;
        target.sync().map_err(failed(&draft, Operation::Sync))
    }
    fn publish_draft(&self, file: &str) -> Result<(), ObjectError> {
        let draft = format!("{file}{DRAFT_SUFFIX}");
        self.disk.rename(&draft, file).map_err(failed(file, Operation::Publish))
    }
    fn sync_folder(&self, folder: &str) -> Result<(), ObjectError> {
        self.disk.sync_folder(folder).map_err(failed(folder, Operation::SyncDirectories))
    }
}

fn failed(name: &str, operation: Operation) -> impl FnOnce(io::Error) -> ObjectError {
    let name = name.to_owned();
    move |source| ObjectError::Io { name, operation, source }
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<D: Disk> Objects for DiskObjects<D> {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let file = self.file(name);
        let Some(source) = self.disk.open(&file, Access::Read).map_err(failed(&file, Operation::Open))?
        else {
            return Ok(None);
        };
        let got = source.len().map_err(failed(&file, Operation::Length))?;
        let too_long = || ObjectError::TooLong { name: file.clone(), limit: MAX_OBJECT_BYTES, got };
        if got > MAX_OBJECT_BYTES {
            return Err(too_long());
        }
        let mut bytes = vec![0; usize::try_from(got).map_err(|_| too_long())?];
        source.read_exact_at(0, &mut bytes).map_err(failed(&file, Operation::Read))?;
        Ok(Some(bytes))
    }
    fn put_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), ObjectError> {
        let mut drafts = Vec::new();
        let mut folders = BTreeSet::new();
        for (name, bytes) in objects {
            let file = self.file(name);
            folders.insert(folder_of(&file).to_owned());
            match self.get(name)? {
                // Its bytes were durable before it had the name; the name may not be yet.
                Some(there) if there == *bytes => {}
                Some(_) => return Err(ObjectError::OtherBytes { name: file }),
                None => {
                    self.write_draft(&file, bytes)?;
                    drafts.push(file);
                }
            }
        }
        for file in &drafts {
            self.publish_draft(file)?;
        }
        folders.iter().try_for_each(|folder| self.sync_folder(folder))
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ObjectError> {
        let file = self.file(name);
        self.write_draft(&file, bytes)?;
        self.publish_draft(&file)?;
        self.sync_folder(folder_of(&file))
    }
    fn remove(&self, name: &str) -> Result<bool, ObjectError> {
        let file = self.file(name);
        self.disk.remove(&file).map_err(failed(&file, Operation::Remove))
    }
    fn remove_all(&self, names: &[String]) -> Result<(), ObjectError> {
        let mut folders = BTreeSet::new();
        for name in names {
            let file = self.file(name);
            self.disk.remove(&file).map_err(failed(&file, Operation::Remove))?;
            folders.insert(folder_of(&file).to_owned());
        }
        for folder in folders {
            match self.disk.sync_folder(&folder) {
                // Somebody removed it meanwhile, with all that was in it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                synced => synced.map_err(failed(&folder, Operation::SyncDirectories))?,
            }
        }
        Ok(())
    }
    fn len_bytes(&self, name: &str) -> Result<Option<u64>, ObjectError> {
        let file = self.file(name);
        let source = self.disk.open(&file, Access::Read).map_err(failed(&file, Operation::Open))?;
        source.map(|source| source.len().map_err(failed(&file, Operation::Length))).transpose()
    }
    fn list(&self, folder: &str) -> Result<Vec<String>, ObjectError> {
        let folder = self.file(folder);
        let folder = folder.trim_end_matches('/');
        self.disk.list(folder).map_err(failed(folder, Operation::List))
    }
}

//! The log's own files on a disk, with errors that name them.

use crate::disk::Disk;
use crate::error::Operation;
use crate::objects::{DiskObjects, ObjectError, Objects};
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::storage::{Access, LogFile};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Name of the lock.
pub(crate) const LOCK: &str = "log.lock";
/// Folder of what nobody but the log reads.
pub(crate) const PRIVATE: &str = "private";
/// Folder of what everybody may read.
pub(crate) const PUBLIC: &str = "public";
/// Registrations.
pub(crate) const REGISTRATIONS: &str = "private/registrations";
/// The last checkpoint that was signed.
pub(crate) const SIGNED: &str = "private/signed";
/// Folder of the journal.
pub(crate) const JOURNAL: &str = "private/journal";
/// Folder of equivocations.
pub(crate) const EVIDENCE: &str = "private/evidence";
/// Folder of bodies that outlive their segment.
pub(crate) const BODIES: &str = "private/bodies";
/// What every chain's next record continues, at the size below which entries may be gone.
pub(crate) const HEADS: &str = "private/heads";
/// The clock of retention.
pub(crate) const MARKS: &str = "private/marks.json";
/// What disputes keep from being pruned.
pub(crate) const PINS: &str = "private/pins.json";
/// Held while one of the files of retention is changed.
pub(crate) const RETENTION_LOCK: &str = "private/retention.lock";
/// The index.
pub(crate) const INDEX: &str = "private/index.redb";
/// Object: the published checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Object: the log's verifier key.
pub(crate) const VERIFIER_KEY: &str = "log.vkey";
/// Object: how long everything is kept, and what may be gone.
pub(crate) const POLICY: &str = "policy.json";
/// Object: what disputes keep, without the operator's reasons.
pub(crate) const PUBLIC_PINS: &str = "pins.json";
/// Folder of objects: what was pruned.
pub(crate) const TOMBSTONES: &str = "tombstone";
/// Object: registered agents.
pub(crate) const AGENTS: &str = "agents.json";

/// A log's folder.
pub(crate) struct Files<D> {
    disk: Arc<D>,
    /// Everything, so that private files are written in the same careful way.
    all: DiskObjects<D>,
    public: Arc<dyn Objects>,
}

impl<D: Disk> Files<D> {
    pub(crate) fn new(disk: D) -> Self {
        Self::with_objects(disk, None)
    }
    /// With what everybody may read kept elsewhere than below `public/`.
    pub(crate) fn with_objects(disk: D, objects: Option<Arc<dyn Objects>>) -> Self {
        let disk = Arc::new(disk);
        let all = DiskObjects::new(disk.clone(), "");
        let public = objects.unwrap_or_else(|| Arc::new(DiskObjects::new(disk.clone(), PUBLIC)));
        Self { disk, all, public }
    }
    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }
    pub(crate) fn path(&self) -> PathBuf {
        self.disk.location().to_owned()
    }
    /// What everybody may read.
    pub(crate) fn public(&self) -> &dyn Objects {
        &*self.public
    }
    pub(crate) fn lock(&self) -> Result<(), PipelineError> {
        match self.disk.lock(LOCK) {
            Ok(true) => Ok(()),
            Ok(false) => Err(PipelineError::Locked { path: self.path() }),
            Err(source) => Err(self.failed(LOCK, Operation::Lock, source)),
        }
    }
    /// The names in a folder are durable on return. Whoever opened the log before may have died between giving a name and
    /// syncing its folder: what is seen then goes with the power, and must not be built on. A folder that is not there has
    /// none.
    pub(crate) fn settle_names(&self, folder: &str) -> Result<(), PipelineError> {
        match self.disk.sync_folder(folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(self.failed(folder, Operation::SyncDirectories, source))
            }
            _ => Ok(()),
        }
    }
    /// Bytes of a file by its name in the log's folder; `None` if there is none.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PipelineError> {
        self.all.get(name).map_err(|error| self.object_failed(error))
    }
    /// Bytes of a file that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<Vec<u8>, PipelineError> {
        self.get(name)?.ok_or_else(|| self.damaged(name, FileDamage::Missing))
    }
    /// Bytes of a public object; `None` if there is none.
    pub(crate) fn get_public(&self, name: &str) -> Result<Option<Vec<u8>>, PipelineError> {
        self.public.get(name).map_err(|error| self.object_failed(error))
    }
    /// Adds a private file that never changes; durable on return.
    pub(crate) fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<(), PipelineError> {
        self.all.put_new(&[(name.to_owned(), bytes)]).map_err(|error| self.object_failed(error))
    }
    /// Adds public objects that never change; durable on return.
    pub(crate) fn publish_new(&self, objects: &[(String, Vec<u8>)]) -> Result<(), PipelineError> {
        self.public.put_new(objects).map_err(|error| self.object_failed(error))
    }
    /// Replaces a file; atomic, and durable on return.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), PipelineError> {
        self.all.replace(name, bytes).map_err(|error| self.object_failed(error))
    }
    /// Replaces a public object; atomic, and durable on return.
    pub(crate) fn replace_public(&self, name: &str, bytes: &[u8]) -> Result<(), PipelineError> {
        self.public.replace(name, bytes).map_err(|error| self.object_failed(error))
    }
    /// Removes a file; not durable by itself.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, PipelineError> {
        self.all.remove(name).map_err(|error| self.object_failed(error))
    }
    /// Removes public objects; none comes back after a crash.
    pub(crate) fn remove_public(&self, names: &[String]) -> Result<(), PipelineError> {
        self.public.remove_all(names).map_err(|error| self.object_failed(error))
    }
    /// Where what everybody may read is kept.
    #[cfg(feature = "server")]
    pub(crate) fn shared_public(&self) -> Arc<dyn Objects> {
        Arc::clone(&self.public)
    }
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, PipelineError> {
        self.all.list(folder).map_err(|error| self.object_failed(error))
    }
    pub(crate) fn open(&self, name: &str, access: Access) -> Result<Option<D::File>, PipelineError> {
        self.disk.open(name, access).map_err(|source| self.failed(name, Operation::Open, source))
    }
    pub(crate) fn len(&self, name: &str, file: &D::File) -> Result<u64, PipelineError> {
        file.len().map_err(|source| self.failed(name, Operation::Length, source))
    }
    pub(crate) fn failed(&self, file: &str, operation: Operation, source: io::Error) -> PipelineError {
        let file = file.to_owned();
        PipelineError::Io { path: self.path(), file, operation, source: Arc::new(source) }
    }
    pub(crate) fn damaged(&self, file: &str, damage: FileDamage) -> PipelineError {
        PipelineError::Damaged { path: self.path(), file: file.to_owned(), damage }
    }
    pub(crate) fn damaged_public(&self, name: &str, damage: FileDamage) -> PipelineError {
        self.damaged(&format!("{PUBLIC}/{name}"), damage)
    }
    pub(crate) fn object_failed(&self, error: ObjectError) -> PipelineError {
        match error {
            ObjectError::Io { name, operation, source } => self.failed(&name, operation, source),
            ObjectError::OtherBytes { name } => self.damaged(&name, FileDamage::OtherBytes),
            ObjectError::TooLong { name, limit, got } => {
                self.damaged(&name, FileDamage::TooLong { limit, got })
            }
        }
    }
}

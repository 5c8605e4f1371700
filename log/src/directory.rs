//! A log's directory on a real file system.

use crate::disk::{parent, sync_directory};
use crate::storage::{Access, LogFile, Storage};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the log's file.
const LOG_FILE: &str = "log.candor";
/// Name of a log's file that is not complete yet.
const DRAFT_FILE: &str = "log.candor.new";
/// Name of the file whose lock keeps a second writer out.
const LOCK_FILE: &str = "log.lock";

/// A directory with `log.candor`, and `log.lock` beside it.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Directories above that were created and whose own names are not durable yet.
    created_in: Vec<PathBuf>,
    /// Holds the lock until dropped.
    lock: Option<File>,
}

impl Directory {
    /// Names a directory; nothing is touched.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), created_in: Vec::new(), lock: None }
    }
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Storage for Directory {
    type File = File;
    fn location(&self) -> &Path {
        &self.path
    }
    fn create_directory(&mut self) -> io::Result<()> {
        for ancestor in self.path.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            if ancestor.exists() {
                break;
            }
            self.created_in.push(parent(ancestor).to_owned());
        }
        std::fs::create_dir_all(&self.path)
    }
    fn lock(&mut self) -> io::Result<bool> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.file(LOCK_FILE))?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
    fn open(&mut self, access: Access) -> io::Result<Option<File>> {
        let write = access == Access::Write;
        match OpenOptions::new().read(true).write(write).open(self.file(LOG_FILE)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    fn create_draft(&mut self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(self.file(DRAFT_FILE))
    }
    fn publish_draft(&mut self) -> io::Result<()> {
        std::fs::rename(self.file(DRAFT_FILE), self.file(LOG_FILE))
    }
    fn sync_directories(&mut self) -> io::Result<()> {
        sync_directory(&self.path)?;
        sync_directory(parent(&self.path))?;
        for path in &self.created_in {
            sync_directory(path)?;
        }
        self.created_in.clear();
        Ok(())
    }
}

impl LogFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }
    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }
    fn truncate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.set_len(len_bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

//! A log's folder on a real file system.

use crate::disk::Disk;
use crate::disk::name::{check, check_folder, folder_of, is_part, with_folders_above};
use crate::storage::Access;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A folder on a real file system.
///
/// What lies in the folder is followed through no symbolic link: a name that is one, or that leads through one, is
/// refused. The folder itself may be reached through links.
///
/// Owes: nothing is checked between looking at a name and using it, so whoever may write into the folder meanwhile can
/// still place a link. Keep the folder writable for the log's user only.
#[derive(Debug)]
pub struct FileSystem {
    path: PathBuf,
    /// Folders whose names this handle made durable.
    durable_folders: Mutex<BTreeSet<String>>,
    /// Held until given back or dropped.
    locks: Mutex<Vec<(String, File)>>,
}

impl FileSystem {
    /// Names a folder; nothing is touched.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), durable_folders: Mutex::default(), locks: Mutex::default() }
    }
    /// The path of a name, once no part of it is a link.
    fn resolve(&self, name: &str) -> io::Result<PathBuf> {
        let mut path = self.path.clone();
        for part in name.split('/').filter(|part| !part.is_empty()) {
            path.push(part);
            match std::fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.file_type().is_symlink() => return Err(link(&path)),
                Ok(_) => {}
                // What is below a missing folder is missing too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(path)
    }
    fn file(&self, name: &str) -> io::Result<PathBuf> {
        check(name)?;
        self.resolve(name)
    }
    fn folder(&self, name: &str) -> io::Result<PathBuf> {
        check_folder(name)?;
        self.resolve(name)
    }
    /// Creates the log's folder and those above it, and makes their names durable.
    fn create_root(&self) -> io::Result<()> {
        let mut holders = vec![parent(&self.path).to_owned()];
        for ancestor in self.path.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            if ancestor.exists() {
                break;
            }
            holders.push(parent(ancestor).to_owned());
        }
        std::fs::create_dir_all(&self.path)?;
        holders.dedup();
        holders.iter().try_for_each(|path| sync_directory(path))
    }
}

/// Nothing that these locks guard is left half-done by a panic.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn link(path: &Path) -> io::Error {
    let message = format!("{} is a symbolic link, and a log's files are none", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The directory that holds the name of this one.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Names are journalled there, and a directory cannot be opened as a file.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

impl Disk for FileSystem {
    type File = File;
    fn location(&self) -> &Path {
        &self.path
    }
    fn lock(&self, name: &str) -> io::Result<bool> {
        let path = self.file(name)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                hold(&self.locks).push((name.to_owned(), file));
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
    fn unlock(&self, name: &str) {
        hold(&self.locks).retain(|(locked, _)| locked != name);
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Option<File>> {
        let write = access == Access::Write;
        match OpenOptions::new().read(true).write(write).open(self.file(name)?) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(self.file(name)?)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.file(from)?, self.file(to)?)
    }
    fn remove(&self, name: &str) -> io::Result<bool> {
        let path = self.file(name)?;
        let removed = std::fs::symlink_metadata(&path).and_then(|metadata| {
            if metadata.is_dir() {
                hold(&self.durable_folders).remove(name);
                std::fs::remove_dir(&path)
            } else {
                std::fs::remove_file(&path)
            }
        });
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.folder(folder)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str().filter(|name| is_part(name)) {
                let end = if entry.file_type()?.is_dir() { "/" } else { "" };
                names.push(format!("{name}{end}"));
            }
        }
        names.sort();
        Ok(names)
    }
    fn create_folder(&self, name: &str) -> io::Result<()> {
        check_folder(name)?;
        // Held throughout, so that no second caller takes a name for durable that is not yet.
        let mut durable = hold(&self.durable_folders);
        if !durable.contains("") {
            self.create_root()?;
            durable.insert(String::new());
        }
        for folder in with_folders_above(name) {
            if durable.contains(folder) {
                continue;
            }
            let path = self.resolve(folder)?;
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                created => created?,
            }
            // Also where it was there: whoever created it may have died before this.
            sync_directory(&self.resolve(folder_of(folder))?)?;
            durable.insert(folder.to_owned());
        }
        Ok(())
    }
    fn sync_folder(&self, name: &str) -> io::Result<()> {
        sync_directory(&self.folder(name)?)
    }
}

//! A disk whose syncs wait at a gate, or fail, by the name of the file.

use candor_log::{Access, Disk, FileSystem, LogFile};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Control {
    /// Syncs of files whose names begin so wait.
    closed: Mutex<Option<&'static str>>,
    opened: Condvar,
    /// Syncs of files whose names begin so fail.
    failing: Mutex<Option<&'static str>>,
    /// Syncs of files whose names begin so panic.
    panicking: Mutex<Option<&'static str>>,
}

/// Who opens and closes the gate.
#[derive(Clone, Default)]
pub(crate) struct Keeper(Arc<Control>);

impl Keeper {
    pub(crate) fn close(&self, prefix: &'static str) {
        *self.0.closed.lock().unwrap() = Some(prefix);
    }
    pub(crate) fn open(&self) {
        *self.0.closed.lock().unwrap() = None;
        self.0.opened.notify_all();
    }
    pub(crate) fn fail(&self, prefix: &'static str) {
        *self.0.failing.lock().unwrap() = Some(prefix);
    }
    pub(crate) fn panic(&self, prefix: &'static str) {
        *self.0.panicking.lock().unwrap() = Some(prefix);
    }
    pub(crate) fn disk(&self, place: &Path) -> Gate {
        Gate { disk: FileSystem::at(place), keeper: self.clone() }
    }
    fn pass(&self, name: &str) -> io::Result<()> {
        if self.0.failing.lock().unwrap().is_some_and(|prefix| name.starts_with(prefix)) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let panicking = *self.0.panicking.lock().unwrap();
        assert!(!panicking.is_some_and(|prefix| name.starts_with(prefix)), "a defect of the disk's driver");
        let mut closed = self.0.closed.lock().unwrap();
        while closed.is_some_and(|prefix| name.starts_with(prefix)) {
            closed = self.0.opened.wait(closed).unwrap();
        }
        Ok(())
    }
}

/// The disk.
pub(crate) struct Gate {
    disk: FileSystem,
    keeper: Keeper,
}

/// A file of it.
pub(crate) struct GateFile {
    file: File,
    name: String,
    keeper: Keeper,
}

impl Gate {
    fn guard(&self, name: &str, file: File) -> GateFile {
        GateFile { file, name: name.to_owned(), keeper: self.keeper.clone() }
    }
}

impl Disk for Gate {
    type File = GateFile;
    fn location(&self) -> &Path {
        self.disk.location()
    }
    fn lock(&self, name: &str) -> io::Result<bool> {
        self.disk.lock(name)
    }
    fn unlock(&self, name: &str) {
        self.disk.unlock(name);
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Option<GateFile>> {
        Ok(self.disk.open(name, access)?.map(|file| self.guard(name, file)))
    }
    fn create(&self, name: &str) -> io::Result<GateFile> {
        Ok(self.guard(name, self.disk.create(name)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<bool> {
        self.disk.remove(name)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }
    fn create_folder(&self, name: &str) -> io::Result<()> {
        self.disk.create_folder(name)
    }
    fn sync_folder(&self, name: &str) -> io::Result<()> {
        self.disk.sync_folder(name)
    }
}

impl LogFile for GateFile {
    fn len(&self) -> io::Result<u64> {
        LogFile::len(&self.file)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn truncate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.file.truncate(len_bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.keeper.pass(&self.name)?;
        self.file.sync()
    }
}

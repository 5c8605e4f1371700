//! The seam between the pipeline and the file system: every call that it makes, so that tests can make each of them
//! fail, die, drop, tear or reorder.

mod file_system;
mod name;

pub use file_system::FileSystem;
pub(crate) use file_system::{parent, sync_directory};
pub use name::{InvalidName, MAX_NAME_BYTES};

use crate::storage::{Access, LogFile};
use std::io;
use std::path::Path;

/// A folder that holds one log.
///
/// Names are relative to it, their parts separated by `/` ([`InvalidName`] says which are names); the empty name is the
/// folder itself. Nothing is durable before the call that says so: a file's bytes after its [`LogFile::sync`], its
/// name, a new name or its absence after [`Disk::sync_folder`] of the folders that hold it.
///
/// Owes: the order of calls on one file. Calls of several threads on different files are fine.
pub trait Disk: Send + Sync + 'static {
    /// An open file.
    type File: LogFile + Send + Sync + 'static;
    /// Where the folder is, for messages.
    fn location(&self) -> &Path;
    /// Takes a lock on a file, created if need be, until `self` is dropped; `false` if somebody holds it.
    fn lock(&self, name: &str) -> io::Result<bool>;
    /// Gives a lock back that `self` took; nothing happens where it has none.
    fn unlock(&self, name: &str);
    /// Opens a file; `None` if there is none.
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Self::File>>;
    /// Opens a new file, or one that it empties, for reading and writing. Its folder must be there.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Gives a file another name, atomically, over a file that may have it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file or an empty folder; `false` if there is none.
    fn remove(&self, name: &str) -> io::Result<bool>;
    /// The names in a folder, sorted by bytes: a file's as it is, a folder's with a `/` behind it. Empty if there is no
    /// such folder. Names that this trait does not accept are left out.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Creates a folder and those above it where missing, and returns once their names are durable, whoever created
    /// them.
    fn create_folder(&self, name: &str) -> io::Result<()>;
    /// Returns once the names in a folder are durable: those there are there, those gone are gone.
    fn sync_folder(&self, name: &str) -> io::Result<()>;
}

//! The seam to the file system: every call that a log makes, so that tests can make each of them fail.

use std::io;
use std::path::Path;

/// How a log's file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// For reading.
    Read,
    /// For reading and writing.
    Write,
}

/// A directory that holds one log.
pub trait Storage {
    /// The log's file.
    type File: LogFile;
    /// Where it is, for messages.
    fn location(&self) -> &Path;
    /// Creates the directory, and those above it, where missing.
    fn create_directory(&mut self) -> io::Result<()>;
    /// Takes the writer's lock until `self` is dropped; `false` if somebody else holds it.
    fn lock(&mut self) -> io::Result<bool>;
    /// Opens the log's file; `None` if there is none.
    fn open(&mut self, access: Access) -> io::Result<Option<Self::File>>;
    /// Creates an empty file under a provisional name, over one that a crash may have left.
    fn create_draft(&mut self) -> io::Result<Self::File>;
    /// Gives the draft the log's name, atomically.
    fn publish_draft(&mut self) -> io::Result<()>;
    /// Returns once the names (file, directory, directories created above it) are durable.
    fn sync_directories(&mut self) -> io::Result<()>;
}

/// An open file of a log.
pub trait LogFile {
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Reads up to a buffer full at an offset; 0 only at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all bytes at an offset. After an error any part of them may have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to a length.
    fn truncate(&mut self, len_bytes: u64) -> io::Result<()>;
    /// Returns once everything written or cut before is durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Whether the file is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills the buffer from an offset, or fails with `UnexpectedEof`.
    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(offset, buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = buffer.get_mut(count..).unwrap_or_default();
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

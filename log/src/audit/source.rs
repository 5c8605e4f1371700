//! Where a log's published files come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Longest checkpoint file that is read.
pub const MAX_CHECKPOINT_FILE_BYTES: u64 = candor_trace::tlog::MAX_NOTE_BYTES as u64;

/// A published file that could not be had: nothing is known about it.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The file system, or a server, failed.
    #[error("could not read {file}: {source}")]
    Io {
        /// Path below the log's prefix.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// More bytes than such a file may have: they were not read.
    #[error("{file} has more than {limit} bytes")]
    TooLong {
        /// Path below the log's prefix.
        file: String,
        /// Limit.
        limit: u64,
    },
    /// A proof needs it, and it is not there.
    #[error("{file} is missing")]
    Missing {
        /// Path below the log's prefix.
        file: String,
    },
    /// A server answered neither with the file nor that there is none.
    #[cfg(feature = "client")]
    #[error("{file}: the server answered with status {status}")]
    Status {
        /// Path below the log's prefix.
        file: String,
        /// Found.
        status: u16,
    },
    /// A server could not be asked.
    #[cfg(feature = "client")]
    #[error("{file}: {source}")]
    Connect {
        /// Path below the log's prefix.
        file: String,
        /// Why.
        source: crate::http::ConnectError,
    },
}

/// What a log publishes, by path: a folder, or what a web server serves.
pub trait Source {
    /// The bytes of a file; `None` if there is none.
    ///
    /// Errors: more than `limit_bytes`, which are then not read into memory.
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError>;
}

/// The `public/` folder of a log, or a copy of it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Names the folder. A log's own folder is taken for the `public/` in it.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let public = path.join("public");
        let path = if public.is_dir() { public } else { path.to_owned() };
        Self { path }
    }
    /// The folder that is read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Source for Folder {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let failed = |source| SourceError::Io { file: file.to_owned(), source };
        let opened = match File::open(self.path.join(file)) {
            Ok(opened) => opened,
            // A file in the place of a folder: what would be below it is not there.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        opened.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(SourceError::TooLong { file: file.to_owned(), limit: limit_bytes });
        }
        Ok(Some(bytes))
    }
}

//! Which names the pipeline's files have.

use std::io;
use thiserror::Error;

/// Bytes in the longest name, and in the longest of its parts.
pub const MAX_NAME_BYTES: usize = 255;

/// A name that is none: a name has 1 to 255 bytes; its parts, between `/`, are made of ASCII letters, digits, `.`, `-` and
/// `_`, none of them empty, `.` or `..`. So no name leads out of the log's folder, and every name means the same on every
/// file system and in a URL.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "{name:?} is not the name of a log's file: letters, digits, '.', '-' and '_' between '/', at most 255 bytes"
)]
pub struct InvalidName {
    /// What was given.
    pub name: String,
}

impl From<InvalidName> for io::Error {
    fn from(error: InvalidName) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// Whether this may be one part of a name.
pub(crate) fn is_part(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !part.is_empty()
        && part.len() <= MAX_NAME_BYTES
        && part != "."
        && part != ".."
        && part.bytes().all(allowed)
}

/// Passes a file's name.
pub(crate) fn check(name: &str) -> Result<(), InvalidName> {
    if name.len() <= MAX_NAME_BYTES && name.split('/').all(is_part) {
        Ok(())
    } else {
        Err(InvalidName { name: name.to_owned() })
    }
}

/// Passes a folder's name; the empty one is the log's folder.
pub(crate) fn check_folder(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() { Ok(()) } else { check(name) }
}

/// The folder that holds a name.
pub(crate) fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A name and those of the folders above it, from the top.
pub(crate) fn with_folders_above(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(index, _)| index).chain([name.len()]);
    ends.map(|end| name.get(..end).unwrap_or(name)).filter(|part| !part.is_empty())
}

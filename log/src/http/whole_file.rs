//! Small files that are always whole: the old content or the new one, whatever happens in between.

use crate::disk::Disk;
use crate::storage::{Access, LogFile};
use std::io;

/// Gives a file this content. On `Ok` it is durable; after an error or a crash it holds the old content or the new one.
///
/// Owes: that nobody else writes it at the same time.
pub(crate) fn replace<D: Disk>(disk: &D, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let draft = format!("{name}.new");
    disk.create_folder(folder)?;
    let mut file = disk.create(&draft)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    drop(file);
    disk.rename(&draft, name)?;
    disk.sync_folder(folder)
}

/// The content of a file of at most so many bytes; `None` if there is none.
///
/// Errors: a longer file is `FileTooLarge`, and none of it is read.
pub(crate) fn read<D: Disk>(disk: &D, name: &str, limit_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = disk.open(name, Access::Read)? else { return Ok(None) };
    let len_bytes = file.len()?;
    if len_bytes > limit_bytes {
        let message = format!("{name} has {len_bytes} bytes, at most {limit_bytes} are allowed");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    let mut bytes = vec![0; usize::try_from(len_bytes).map_err(|_| io::ErrorKind::OutOfMemory)?];
    file.read_exact_at(0, &mut bytes)?;
    Ok(Some(bytes))
}

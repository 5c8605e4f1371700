//! What a log's files take.

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{BODIES, EVIDENCE, Files, INDEX, JOURNAL, PUBLIC};
use crate::storage::Access;
use serde::{Deserialize, Serialize};

/// Bytes of a log's files, by what they hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Entry bundles.
    pub entries: u64,
    /// Tiles.
    pub hashes: u64,
    /// Journal: entries and bodies in the order in which they came.
    pub journal: u64,
    /// Bodies that outlive their journal segment.
    pub bodies: u64,
    /// Equivocations.
    pub evidence: u64,
    /// The index.
    pub index: u64,
    /// Everything else.
    pub other: u64,
}

impl Usage {
    /// Bytes of all files.
    #[must_use]
    pub fn total(&self) -> u64 {
        [self.entries, self.hashes, self.journal, self.bodies, self.evidence, self.index, self.other]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
    pub(crate) fn of<D: Disk>(files: &Files<D>) -> Result<Self, PipelineError> {
        let mut usage = Self::default();
        let public = format!("{PUBLIC}/");
        for name in all_files(files, "")?.iter().filter(|name| !name.starts_with(&public)) {
            *usage.class(name) += file_bytes(files, name)?;
        }
        for name in all_objects(files, "")? {
            *usage.class(&format!("{PUBLIC}/{name}")) += object_bytes(files, &name)?;
        }
        Ok(usage)
    }
    /// The class of a file.
    pub(crate) fn class(&mut self, name: &str) -> &mut u64 {
        let within = |folder: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        match name {
            INDEX => &mut self.index,
            _ if within(&format!("{PUBLIC}/tile/entries")) => &mut self.entries,
            _ if within(&format!("{PUBLIC}/tile")) => &mut self.hashes,
            _ if within(JOURNAL) => &mut self.journal,
            _ if within(BODIES) => &mut self.bodies,
            _ if within(EVIDENCE) => &mut self.evidence,
            _ => &mut self.other,
        }
    }
}

/// Names of all files in a folder and the folders in it, from the log's folder; the empty name is that.
pub(crate) fn all_files<D: Disk>(files: &Files<D>, folder: &str) -> Result<Vec<String>, PipelineError> {
    walk(folder, |folder| {
        files.disk().list(folder).map_err(|source| files.failed(folder, Operation::List, source))
    })
}

/// Names of all public objects in a folder and the folders in it; the empty name is that of all.
pub(crate) fn all_objects<D: Disk>(files: &Files<D>, folder: &str) -> Result<Vec<String>, PipelineError> {
    walk(folder, |folder| files.public().list(folder).map_err(|error| files.object_failed(error)))
}

/// Everything below a folder, in order; `list` names what lies in one, folders with a slash at the end.
fn walk(
    folder: &str,
    list: impl Fn(&str) -> Result<Vec<String>, PipelineError>,
) -> Result<Vec<String>, PipelineError> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for name in list(&folder)? {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match path.strip_suffix('/') {
                Some(inner) => folders.push(inner.to_owned()),
                None => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Length of a public object; 0 if it is gone.
pub(crate) fn object_bytes<D: Disk>(files: &Files<D>, name: &str) -> Result<u64, PipelineError> {
    Ok(files.public().len_bytes(name).map_err(|error| files.object_failed(error))?.unwrap_or(0))
}

/// Length of a file; 0 if it is gone.
pub(crate) fn file_bytes<D: Disk>(files: &Files<D>, name: &str) -> Result<u64, PipelineError> {
    files.open(name, Access::Read)?.map_or(Ok(0), |file| files.len(name, &file))
}

//! `[[weights]]`: files beside the model's own, each with its digest.

use super::source::File;
use super::{ManifestError, Text};

/// Most files of weights.
const FILES: usize = 64;

/// A file of weights.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct WeightFile {
    /// Path, relative to agent.toml.
    pub(crate) file: String,
    /// What the model calls it.
    pub(crate) location: String,
    /// SHA-256 of its bytes.
    pub(crate) sha256: [u8; 32],
}

/// The files; a model calls a file what agent.toml calls it, unless a location is given.
pub(super) fn files(text: Text<'_>, file: &File) -> Result<Vec<WeightFile>, ManifestError> {
    text.count(&file.weights, "weights", FILES)?;
    let mut files = Vec::with_capacity(file.weights.len());
    for (index, spanned) in file.weights.iter().enumerate() {
        let written = spanned.get_ref();
        let field = |key: &str| format!("weights[{index}].{key}");
        let location = written.location.as_ref().unwrap_or(&written.file);
        files.push(WeightFile {
            file: written.file.get_ref().clone(),
            location: text.shown(location, field("location"))?,
            sha256: text.hexadecimal(&written.sha256, field("sha256"))?,
        });
    }
    Ok(files)
}

//! The files of an agent, read once and with limits.

use crate::cedar::{self, Schema};
use crate::error::CompileError;
use crate::graph::{ExternalFile, ExternalFiles};
use crate::manifest::Manifest;
use crate::onnx::MODEL_BYTES;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest agent.toml.
pub const MANIFEST_BYTES: u64 = 4 << 20;
/// Largest file of observations or of reference answers.
pub const LINES_BYTES: u64 = 256 << 20;

/// A file with the path that messages name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Path.
    pub path: PathBuf,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// Everything that a program is compiled from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentSource {
    /// agent.toml.
    pub manifest: SourceFile,
    /// ONNX model.
    pub model: SourceFile,
    /// Files of weights beside the model's own, by the location that it names; their digests are those of agent.toml.
    pub weights: ExternalFiles,
    /// Cedar policies.
    pub policy: Option<SourceFile>,
    /// Typical observations, one JSON line each.
    pub calibration: Option<SourceFile>,
    /// The float model's answers, one JSON line each.
    pub reference: Option<SourceFile>,
    /// The observations that the answers belong to.
    pub observations: Option<SourceFile>,
}

impl AgentSource {
    /// Reads agent.toml and the files that it names, relative to itself.
    ///
    /// `observations.jsonl` beside agent.toml is read along with `reference` where agent.toml names none.
    pub fn read(agent_toml: &Path) -> Result<Self, CompileError> {
        let manifest = SourceFile::read(agent_toml, "path", MANIFEST_BYTES)?;
        let names = Manifest::read(&manifest.bytes).map_err(|source| CompileError::Manifest {
            path: manifest.path.clone(),
            source: Box::new(source),
        })?;
        let folder = agent_toml.parent().unwrap_or(Path::new(""));
        let lines = |name: &Option<String>, field| match name {
            None => Ok(None),
            Some(name) => SourceFile::read(&folder.join(name), field, LINES_BYTES).map(Some),
        };
        let default = Some("observations.jsonl".to_owned()).filter(|name| folder.join(name).exists());
        let observations = match &names.reference {
            None => None,
            Some(_) => lines(&names.observations.clone().or(default), "agent.observations")?,
        };
        let mut weights = ExternalFiles::new();
        for file in &names.weights {
            let read = SourceFile::read(&folder.join(&file.file), "weights.file", MODEL_BYTES)?;
            let verified = ExternalFile::verified(read.bytes, file.sha256)
                .map_err(|source| CompileError::Weights { path: read.path, source })?;
            weights.insert(file.location.clone(), verified);
        }
        Ok(Self {
            weights,
            model: SourceFile::read(&folder.join(&names.model), "agent.model", MODEL_BYTES)?,
            policy: match &names.cedar {
                None => None,
                Some(name) => {
                    Some(SourceFile::read(&folder.join(name), "policy.cedar", cedar::SOURCE_BYTES as u64)?)
                }
            },
            calibration: lines(&names.calibration, "agent.calibration")?,
            reference: lines(&names.reference, "agent.reference")?,
            observations,
            manifest,
        })
    }
}

/// The schema that an agent's Cedar policies are validated against. Its model and policies need not be there yet.
pub fn cedar_schema(agent_toml: &Path) -> Result<Schema, CompileError> {
    let manifest = SourceFile::read(agent_toml, "path", MANIFEST_BYTES)?;
    let path = manifest.path.clone();
    let names = Manifest::read(&manifest.bytes)
        .map_err(|source| CompileError::Manifest { path: path.clone(), source: Box::new(source) })?;
    Schema::new(&names.name, &names.vocabulary())
        .map_err(|source| CompileError::Cedar { path, source: Box::new(source) })
}

impl SourceFile {
    fn read(path: &Path, field: &'static str, limit_bytes: u64) -> Result<Self, CompileError> {
        let failed = |source| CompileError::ReadFile { path: path.to_owned(), field, source };
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(CompileError::FileTooLarge { path: path.to_owned(), limit_bytes });
        }
        Ok(Self { path: path.to_owned(), bytes })
    }
}

//! Why an agent is not compiled: what happened, where, and what to do.

use crate::cedar::CedarError;
use crate::fidelity::Target;
use crate::graph::ExternalDigestError;
use crate::manifest::ManifestError;
use crate::onnx::obstacle::Name;
use crate::onnx::{ModelError, Obstacle};
use crate::reference::ReferenceError;
use crate::report::FidelityReport;
use candor_program::interval::ProgramError;
use candor_program::observation::ObservationError;
use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// Why an agent is not compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// A file cannot be read.
    #[error("{}: cannot be read ({source}); check `{field}` in agent.toml", path.display())]
    ReadFile {
        /// File.
        path: PathBuf,
        /// Field of agent.toml that names it, or `path` for agent.toml itself.
        field: &'static str,
        /// Reason.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("{}: more than {limit_bytes} bytes; use a smaller file", path.display())]
    FileTooLarge {
        /// File.
        path: PathBuf,
        /// Limit.
        limit_bytes: u64,
    },
    /// agent.toml is wrong.
    #[error("{}:{}: {source}", path.display(), source.line)]
    Manifest {
        /// agent.toml.
        path: PathBuf,
        /// Place and defect.
        source: Box<ManifestError>,
    },
    /// A Cedar policy is wrong, or no table says it.
    #[error("{}:{}:{}: {source}", path.display(), source.line, source.column)]
    Cedar {
        /// Policy file.
        path: PathBuf,
        /// Place and defect.
        source: Box<CedarError>,
    },
    /// agent.toml names a Cedar policy that is not among the files.
    #[error("{}: the policy {} is not there; read the agent's files with `AgentSource::read`", path.display(), Name(policy))]
    CedarAbsent {
        /// agent.toml.
        path: PathBuf,
        /// What it names.
        policy: String,
    },
    /// The model file is not an ONNX model that this build reads.
    #[error("{}: {source}", path.display())]
    Model {
        /// Model file.
        path: PathBuf,
        /// Defect.
        source: ModelError,
    },
    /// The model is ONNX, and no program: everything that stands in the way.
    #[error("{}: {}", path.display(), List(obstacles))]
    Unsupported {
        /// Model file.
        path: PathBuf,
        /// At least one.
        obstacles: Vec<Obstacle>,
    },
    /// An observation is not what agent.toml declares.
    #[error("{}:{line}: {source}", path.display())]
    Observation {
        /// File of observations.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Defect.
        source: ObservationError,
    },
    /// A file of weights is another one than agent.toml says.
    #[error("{}: {source}, or write its digest under [[weights]]", path.display())]
    Weights {
        /// File.
        path: PathBuf,
        /// The digests.
        source: ExternalDigestError,
    },
    /// A line is not UTF-8.
    #[error("{}:{line}: not UTF-8; save the file as UTF-8", path.display())]
    NotUtf8 {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A file of observations without any.
    #[error("{}: no observations; add lines, or remove `{field}` from agent.toml", path.display())]
    NoLines {
        /// File.
        path: PathBuf,
        /// Field of agent.toml that names it.
        field: &'static str,
    },
    /// A line of the float reference is wrong.
    #[error("{}:{line}: {source}", path.display())]
    Reference {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Defect.
        source: ReferenceError,
    },
    /// The reference string has too few powers for any class.
    #[error(
        "the setup has 2^{powers_log2} powers, at least 2^{needed_log2} are needed; make or download a larger one"
    )]
    SetupTooSmall {
        /// Found.
        powers_log2: u8,
        /// Needed.
        needed_log2: u8,
    },
    /// No scaling that was tried is as near to the float model as agent.toml asks.
    #[error(
        "{}: {}{}; train with weight decay or more even layers, give calibration data that cover what the agent will see, or ask for less",
        path.display(), Missed { wanted, got }, Layer(layer.as_deref())
    )]
    Fidelity {
        /// agent.toml.
        path: PathBuf,
        /// What `[fidelity]` asks for.
        wanted: Target,
        /// The nearest.
        got: Box<FidelityReport>,
        /// Node that most accuracy is lost in.
        layer: Option<String>,
    },
    /// The result is refused by the checks that every reader of a program makes.
    #[error("{}: the compiled program is not valid: {source}", path.display())]
    Program {
        /// agent.toml.
        path: PathBuf,
        /// Defect.
        source: ProgramError,
    },
}

struct Missed<'a> {
    wanted: &'a Target,
    got: &'a FidelityReport,
}

impl fmt::Display for Missed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the nearest program has {}; [fidelity] asks for", self.got)?;
        if let Some(bits) = self.wanted.bits {
            write!(out, " {bits} bits")?;
        }
        if let Some(share) = self.wanted.disagreement {
            let and = if self.wanted.bits.is_some() { " and" } else { "" };
            write!(out, "{and} at most {}% of decisions that differ", 100.0 * share)?;
        }
        Ok(())
    }
}

struct Layer<'a>(Option<&'a str>);

impl fmt::Display for Layer<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(out, "; most accuracy is lost in {}", Name(name)),
            None => Ok(()),
        }
    }
}

/// Kinds of errors that never mix, since they call for different people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    /// agent.toml or a path in it is wrong: the author of the agent.
    Usage,
    /// Bytes are not what they should be: whoever made the file.
    Malformed,
    /// Beyond a limit.
    Limit,
    /// A model that cannot be a program: whoever trains it.
    Unsupported,
}

impl CompileError {
    /// Who has to do something.
    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::ReadFile { .. }
            | Self::Manifest { .. }
            | Self::Cedar { .. }
            | Self::CedarAbsent { .. }
            | Self::NoLines { .. } => Category::Usage,
            Self::Model { source: ModelError::Opset { .. }, .. }
            | Self::Unsupported { .. }
            | Self::Fidelity { .. } => Category::Unsupported,
            Self::Model { .. }
            | Self::Weights { .. }
            | Self::Observation { .. }
            | Self::NotUtf8 { .. }
            | Self::Reference { .. } => Category::Malformed,
            Self::FileTooLarge { .. } | Self::SetupTooSmall { .. } | Self::Program { .. } => Category::Limit,
        }
    }
}

/// Obstacles, each on a line of its own.
pub(crate) struct List<'o>(pub(crate) &'o [Obstacle]);

impl fmt::Display for List<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [obstacle] = self.0 {
            return write!(out, "{obstacle}");
        }
        write!(out, "{} obstacles", self.0.len())?;
        for obstacle in self.0 {
            write!(out, "\n  - {obstacle}")?;
        }
        Ok(())
    }
}

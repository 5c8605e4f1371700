//! `candor check`: what a model would become, before anything is set up.

use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::Report;
use crate::progress::Progress;
use crate::store;
use candor_compiler::check::check;
use candor_compiler::graph::{ExternalFile, ExternalFiles, GraphError};
use candor_compiler::onnx::MODEL_BYTES;
use clap::Args;
use std::path::PathBuf;

/// `candor check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// The model
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// A file of weights that the model names, beside it; may be given several times
    #[arg(long, value_name = "FILE")]
    pub weights: Vec<PathBuf>,
    /// The output that an agent would read [default: the first]
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
}

impl Check {
    /// Reads the model and lowers it with drawn inputs.
    pub fn run(&self) -> Result<Report, Failure> {
        let model = store::read(&self.model, MODEL_BYTES)?;
        let spinner = Progress::spinner("checking");
        let weights = weights(&self.weights)?;
        let answer = check(&model, &weights, self.output.as_deref())
            .map_err(|error| error.failure().at(self.model.display()))?;
        drop(spinner);
        let class =
            if answer.obstacles.is_empty() { ExitClass::Accepted } else { ExitClass::UnsupportedModel };
        let json =
            serde_json::to_value(&answer).map_err(|error| Failure::new(ExitClass::Unexpected, error))?;
        Ok(Report { class, text: answer.to_string(), json })
    }
}

/// Files of weights by their names, which are what models call them.
pub(crate) fn weights(paths: &[PathBuf]) -> Result<ExternalFiles, Failure> {
    let mut files = ExternalFiles::new();
    for path in paths {
        let name = path.file_name().ok_or_else(|| Failure::usage("no file").at(path.display()))?;
        let file = ExternalFile::unverified(store::read(path, MODEL_BYTES)?);
        files.insert(name.to_string_lossy().into_owned(), file);
    }
    Ok(files)
}

impl Classify for GraphError {
    fn class(&self) -> ExitClass {
        match self {
            Self::TooLarge { .. } => ExitClass::Limit,
            Self::Model { .. } => ExitClass::Malformed,
            Self::Obstacles { .. } => ExitClass::UnsupportedModel,
        }
    }
}

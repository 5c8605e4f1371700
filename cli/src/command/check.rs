//! `candor check`: what a model would become, before anything is set up.

use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::Report;
use crate::progress::Progress;
use crate::store;
use candor_compiler::check::check;
use candor_compiler::graph::GraphError;
use candor_compiler::onnx::MODEL_BYTES;
use clap::Args;
use std::path::PathBuf;

/// `candor check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// The model
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// The output that an agent would read [default: the first]
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
}

impl Check {
    /// Reads the model and lowers it with drawn inputs.
    pub fn run(&self) -> Result<Report, Failure> {
        let model = store::read(&self.model, MODEL_BYTES)?;
        let spinner = Progress::spinner("checking");
        let answer = check(&model, self.output.as_deref())
            .map_err(|error| error.failure().at(self.model.display()))?;
        drop(spinner);
        let class =
            if answer.obstacles.is_empty() { ExitClass::Accepted } else { ExitClass::UnsupportedModel };
        let json =
            serde_json::to_value(&answer).map_err(|error| Failure::new(ExitClass::Unexpected, error))?;
        Ok(Report { class, text: answer.to_string(), json })
    }
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

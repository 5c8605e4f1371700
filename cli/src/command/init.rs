//! `candor init`: a commented agent.toml for somebody's ONNX model.

use crate::classify::Classify;
use crate::command::check;
use crate::exit::Failure;
use crate::output::Report;
use crate::store::{self, Existing};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Largest ONNX file.
const MAX_MODEL_BYTES: u64 = 1 << 30;

/// `candor init`.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// The model
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// A file of weights that the model names; agent.toml gets its digest. It has to lie beside agent.toml
    #[arg(long, value_name = "FILE")]
    pub weights: Vec<PathBuf>,
    /// Where to write [default: agent.toml beside the model]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Init {
    /// Reads the model's inputs and outputs and writes a description to fill in.
    pub fn run(&self) -> Result<Report, Failure> {
        let output = self.output.clone().unwrap_or_else(|| self.model.with_file_name("agent.toml"));
        let keep = |failure: Failure| failure.fix("name another file with --output, or move this one away");
        store::check_absent(&output, Existing::Keep).map_err(keep)?;
        let model = store::read(&self.model, MAX_MODEL_BYTES)?;
        let weights = check::weights(&self.weights)?;
        let text = candor_compiler::agent_toml_template(&model, &self.model_path(&output), &weights)
            .map_err(|error| error.failure().at(self.model.display()))?;
        store::write(&output, text.as_bytes(), Existing::Keep).map_err(keep)?;
        let path = output.display().to_string();
        Ok(Report::accepted(
            format!(
                "wrote {path}\nnext: fill in features, actions, policy and transaction, then run\n  candor setup --development\n  candor agent-key\n  candor compile {path}"
            ),
            json!({ "agentToml": path }),
        ))
    }
    /// The model's path as agent.toml names it: relative to agent.toml where both are in one folder.
    fn model_path(&self, output: &std::path::Path) -> String {
        let path = match (self.model.parent(), output.parent(), self.model.file_name()) {
            (model, toml, Some(name)) if model == toml => PathBuf::from(name),
            _ => std::path::absolute(&self.model).unwrap_or_else(|_| self.model.clone()),
        };
        path.display().to_string()
    }
}

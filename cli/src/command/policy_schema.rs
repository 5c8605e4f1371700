//! `candor policy schema`: what a Cedar policy of an agent can speak about.

use crate::classify::Classify;
use crate::exit::Failure;
use crate::output::Report;
use candor_compiler::cedar::Kind;
use candor_compiler::cedar_schema;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor policy schema`.
#[derive(Args, Clone, Debug)]
pub struct Schema {
    /// Description of the agent; its model and policies need not be there yet
    #[arg(value_name = "AGENT.toml")]
    pub agent: PathBuf,
}

impl Schema {
    /// Prints the schema, as Cedar's own tools read it.
    pub fn run(&self) -> Result<Report, Failure> {
        let schema = cedar_schema(&self.agent).map_err(|error| error.failure())?;
        let attributes = schema.attributes().map(|attribute| {
            json!({
                "path": attribute.path,
                "type": Kind::name(attribute.kind),
                "decimals": attribute.decimals,
                "optional": attribute.optional.is_some(),
            })
        });
        let json = json!({ "cedarschema": schema.text(), "context": attributes.collect::<Vec<_>>() });
        Ok(Report::accepted(schema.text().trim_end().to_owned(), json))
    }
}

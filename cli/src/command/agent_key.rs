//! `candor agent-key`: the key that signs records.

use crate::exit::Failure;
use crate::expectation::ExpectedFile;
use crate::key;
use crate::output::{Report, hex_string};
use crate::store::Store;
use clap::Args;
use serde_json::json;

/// `candor agent-key`.
#[derive(Args, Clone, Debug)]
pub struct AgentKeyCommand {
    /// Only show the address of the key that is there
    #[arg(long)]
    pub show: bool,
}

impl AgentKeyCommand {
    /// Makes the key, or reads it, and notes its address in expected.json.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let path = store.key();
        let key = if self.show { key::load(&path)? } else { key::create(&path)? };
        let agent = hex_string(&key.address());
        let json = json!({ "path": path.display().to_string(), "agent": agent });
        if self.show {
            return Ok(Report::accepted(agent, json));
        }
        ExpectedFile::update(&store.expected(), |file| file.agent = Some(agent.clone()))?;
        let text = format!(
            "wrote {} (readable by you alone; keep a copy in a safe place)\nagent  {agent}",
            path.display()
        );
        Ok(Report::accepted(text, json))
    }
}

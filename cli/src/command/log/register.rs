//! `candor log register`: an agent that may write, with its program.

use crate::artefact;
use crate::classify::Classify;
use crate::command::log::open;
use crate::delivering::is_url;
use crate::exit::{ExitClass, Failure};
use crate::expectation::parse_agent;
use crate::log_keys;
use crate::output::{Report, hex_string};
use crate::store::Store;
use candor_log::http::{ClientError, LogClient, Patience, RegistrationRequest, fetch_key};
use candor_log::pipeline::{LogSettings, RegisterError, Registration};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(30) };

/// `candor log register`.
#[derive(Args, Clone, Debug)]
pub struct Register {
    /// The log's directory while it is not served, or its URL
    #[arg(value_name = "DIRECTORY_OR_URL")]
    pub log: PathBuf,
    /// Card of the agent's program [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Agent's address in hexadecimal, or a file that holds it [default: expected.json in --dir]
    #[arg(long, value_name = "ADDRESS_OR_FILE")]
    pub agent: Option<String>,
    /// File with the operator's token, for a URL
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

impl Register {
    /// Registers; durable on return.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let agent = match &self.agent {
            Some(agent) => parse_agent(agent)?,
            None => parse_agent(&store.expected().to_string_lossy())?,
        };
        let registration = Registration::of(&card, agent);
        if is_url(&self.log) {
            self.online(&registration)?;
        } else {
            offline(&self.log, registration.clone())?;
        }
        let (agent, program_id) = (hex_string(&registration.agent), hex_string(&registration.program_id));
        let text = format!("agent {agent} may write records of program {program_id}");
        let json = json!({ "agent": agent, "programId": program_id, "log": self.log.display().to_string() });
        Ok(Report::accepted(text, json))
    }
    fn online(&self, registration: &Registration) -> Result<(), Failure> {
        let url = self.log.to_string_lossy();
        let token_file = self.token_file.as_deref().ok_or_else(|| {
            Failure::usage("registering at a URL needs the operator's token")
                .fix("name the file with --token-file; candor log init wrote it to private/operator.token")
        })?;
        let token = log_keys::load_token(token_file)?;
        let request = RegistrationRequest {
            agent: hex_string(&registration.agent),
            chain_id: registration.domain.chain_id,
            verifying_contract: hex_string(&registration.domain.verifying_contract),
            program_id: hex_string(&registration.program_id),
            program_fr: hex_string(&registration.program_fr.0),
            initial_state: hex_string(&registration.initial_state.0),
        };
        let key = fetch_key(&url, PATIENCE).map_err(|error| error.failure())?;
        let client =
            LogClient::new(&url, key, PATIENCE).map_err(|error| ClientError::from(error).failure())?;
        client.register(&request, &token).map_err(|error| error.failure())
    }
}

fn offline(directory: &Path, registration: Registration) -> Result<(), Failure> {
    let opened = open::open(directory, LogSettings::default())?;
    opened.log.register(registration).map_err(|error| match error {
        RegisterError::Conflict { .. } => Failure::new(ExitClass::Rejected, error).at(directory.display()),
        RegisterError::TooMany { .. } => Failure::new(ExitClass::Limit, error).at(directory.display()),
        RegisterError::Pipeline(source) => open::failure(&source, directory),
    })
}

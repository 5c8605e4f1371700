//! `candor log witness`: cosigns the checkpoints of logs that it knows (C2SP tlog-witness).

use crate::arguments::Context;
use crate::events;
use crate::exit::{ExitClass, Failure};
use crate::log_keys;
use crate::output::Report;
use candor_log::FileSystem;
use candor_log::http::server::{ConnectionSettings, SystemClock, WitnessSettings, serve_witness};
use candor_log::http::witness::{MemoryError, Witness, WitnessMemory};
use candor_trace::tlog::{Algorithm, VerifierKey};
use clap::Args;
use serde_json::json;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

/// `candor log witness`.
#[derive(Args, Clone, Debug)]
pub struct WitnessCommand {
    /// The witness's directory: its key, and what it cosigned
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Name of the witness, where its key is to be made
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Verifier key of a log to cosign, or a file with one a line. May be repeated; without it the key is only shown
    #[arg(long, value_name = "KEY_OR_FILE")]
    pub trust: Vec<String>,
    /// Where to listen. There is no TLS here: to be reached from elsewhere put a web server in front
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6963")]
    pub listen: SocketAddr,
    /// Address of the web server in front: its requests count for whom it names last in X-Forwarded-For
    #[arg(long, value_name = "ADDRESS")]
    pub proxy: Option<IpAddr>,
}

impl WitnessCommand {
    /// Makes or shows the key, or serves until it is asked to end.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        let path = self.directory.join("witness.key");
        let there = path.symlink_metadata().is_ok();
        let signer = match &self.name {
            Some(name) if !there => log_keys::create_witness_key(&path, name)?,
            Some(name) => {
                let signer = log_keys::load_witness_key(&path)?;
                if signer.verifier_key().name() != name {
                    let message = format!("this witness is named {}", signer.verifier_key().name());
                    return Err(Failure::usage(message).at(path.display()).fix("leave --name out"));
                }
                signer
            }
            None => log_keys::load_witness_key(&path)
                .map_err(|failure| failure.fix("name a new witness with --name: witness.example/w1"))?,
        };
        let key = signer.verifier_key().to_string();
        let logs = self.logs()?;
        if logs.is_empty() {
            let json = json!({ "verifierKey": key, "keyFile": path.display().to_string() });
            return Ok(Report::accepted(key, json));
        }
        events::print();
        let listener = TcpListener::bind(self.listen).map_err(|error| self.not_served(error))?;
        let memory = WitnessMemory::open(FileSystem::at(&self.directory)).map_err(|error| memory(&error))?;
        let count = logs.len();
        let witness = Arc::new(Witness::new(signer, logs, memory));
        let connections = ConnectionSettings { proxy: self.proxy, ..ConnectionSettings::default() };
        let settings = WitnessSettings { connections, ..WitnessSettings::default() };
        let running = serve_witness(witness, Arc::new(SystemClock), listener, settings)
            .map_err(|error| self.not_served(error))?;
        let url = running.url();
        let line = if context.output.json {
            json!({ "url": url, "verifierKey": key, "logs": count }).to_string()
        } else {
            format!(
                "witness {key}\nat {url}, for {}. Ctrl-C ends it",
                crate::output::count(count as u64, "log")
            )
        };
        let signals = running.end_signals().map_err(|error| self.not_served(error))?;
        context.output.line(&line)?;
        running.wait_for_signal(signals).map_err(|error| self.not_served(error))?;
        running.stop();
        Ok(Report::accepted("ended".to_owned(), json!({ "ended": true })))
    }
    fn logs(&self) -> Result<Vec<VerifierKey>, Failure> {
        let mut logs = Vec::new();
        for named in &self.trust {
            for key in log_keys::verifier_keys(named)? {
                if key.algorithm() != Algorithm::Ed25519 {
                    let message = format!("{} is a witness's key, not a log's", key.name());
                    return Err(Failure::usage(message).at("--trust"));
                }
                logs.push(key);
            }
        }
        Ok(logs)
    }
    fn not_served(&self, error: std::io::Error) -> Failure {
        Failure::new(ExitClass::Unexpected, format!("could not listen: {error}"))
            .at(self.listen)
            .fix("choose another --listen, or stop what listens there")
    }
}

fn memory(error: &MemoryError) -> Failure {
    let class = match error {
        MemoryError::Locked { .. } => ExitClass::Usage,
        MemoryError::Malformed { .. } | MemoryError::Exchanged { .. } => ExitClass::Malformed,
        MemoryError::Io { .. } | MemoryError::Poisoned { .. } => ExitClass::Unexpected,
    };
    Failure::new(class, error)
}

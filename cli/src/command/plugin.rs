//! `candor plugin`: keys and signatures of plugins that sign what they report.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::key;
use crate::output::{Report, table};
use crate::store::{self, Store};
use candor_program::card::{Card, Plugin};
use candor_program::limits;
use candor_trace::{check_signed, payload_message, sign_payload};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// `candor plugin`.
#[derive(Args, Clone, Debug)]
pub struct PluginCommand {
    /// What to do
    #[command(subcommand)]
    pub command: Action,
}

/// One action each.
#[derive(Subcommand, Clone, Debug)]
pub enum Action {
    /// Make an Ed25519 key, for a plugin or for receipts
    #[command(after_help = "Example: candor plugin key --output plugin.key")]
    Key(Key),
    /// Sign what a plugin reports: the envelope that an observation carries
    #[command(
        after_help = "Example: candor plugin sign payload.json --plugin market-data --key plugin.key --time 1700000000"
    )]
    Sign(Sign),
}

/// `candor plugin key`.
#[derive(Args, Clone, Debug)]
pub struct Key {
    /// The key's file; there must be none yet
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `candor plugin sign`.
#[derive(Args, Clone, Debug)]
pub struct Sign {
    /// What the plugin reports; - reads the standard input
    #[arg(value_name = "PAYLOAD")]
    pub payload: PathBuf,
    /// The plugin's id in the card
    #[arg(long, value_name = "ID")]
    pub plugin: String,
    /// The plugin's key: a file of `plugin key` or `agent-key`
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Unix seconds that are signed
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..limits::TIME))]
    pub time: u64,
    /// The card that declares the plugin [default: card.candor in --dir]
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
}

impl Action {
    /// Does it.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        match self {
            Self::Key(command) => command.run(),
            Self::Sign(command) => command.run(store),
        }
    }
}

impl Key {
    fn run(&self) -> Result<Report, Failure> {
        let key = candor_trace::SecretKey::Ed25519(key::create_ed25519(&self.output)?);
        let signer = key.public().to_string();
        let text = table(&[
            (
                "wrote",
                format!("{} (readable by you alone; keep a copy in a safe place)", self.output.display()),
            ),
            ("signer", signer.clone()),
        ]);
        Ok(Report::accepted(text, json!({ "path": self.output.display().to_string(), "signer": signer })))
    }
}

impl Sign {
    fn run(&self, store: &Store) -> Result<Report, Failure> {
        let card = artefact::card(&self.card.clone().unwrap_or_else(|| store.card()))?;
        let plugin = declared(&card, &self.plugin)?;
        let key = key::load_any(&self.key)?;
        let payload = text(&self.payload)?;
        let envelope = sign_payload(&key, plugin, self.time, payload.trim());
        if let Some(signer) = plugin.signer {
            let message = payload_message(plugin, envelope.time, &envelope.payload);
            check_signed(&signer.key, &message, &envelope.signature).map_err(|error| {
                Failure::new(ExitClass::Rejected, error)
                    .at(self.key.display())
                    .fix("sign with the key that agent.toml declares for this plugin")
            })?;
        }
        let envelope = envelope.to_json();
        let json =
            serde_json::from_str(&envelope).map_err(|error| Failure::new(ExitClass::Unexpected, error))?;
        Ok(Report::accepted(envelope, json))
    }
}

/// The plugin of this id.
pub fn declared<'a>(card: &'a Card, id: &str) -> Result<&'a Plugin, Failure> {
    card.plugins.iter().find(|plugin| plugin.id == id).ok_or_else(|| {
        let ids: Vec<&str> = card.plugins.iter().map(|plugin| plugin.id.as_str()).collect();
        Failure::usage(format!("the program has no plugin `{id}`")).fix(format!("it has {}", ids.join(", ")))
    })
}

/// A text file, or the standard input.
pub fn text(path: &Path) -> Result<String, Failure> {
    text_of(path, limits::LINE_BYTES as u64)
}

/// A text file of at most so many bytes, or the standard input.
pub fn text_of(path: &Path, limit_bytes: u64) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        store::read(Path::new("/dev/stdin"), limit_bytes)?
    } else {
        store::read(path, limit_bytes)?
    };
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(ExitClass::Malformed, "the file is not UTF-8")
            .at(path.display())
            .fix("write it as UTF-8")
    })
}

impl Classify for candor_trace::SignerError {
    fn class(&self) -> ExitClass {
        ExitClass::Rejected
    }
}

//! `candor log init`: a log with its key.

use crate::command::log::open;
use crate::exit::Failure;
use crate::log_keys::{self, WitnessList};
use crate::output::{Report, table};
use crate::store::{self, Existing};
use candor_log::FileSystem;
use candor_log::pipeline::{Log, LogSettings};
use candor_trace::tlog::is_key_name;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log init`.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// The log's directory, which is created
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Name of the log and of its key: its URL without the scheme. It never changes
    #[arg(long, value_name = "NAME")]
    pub origin: String,
    /// List of witnesses: lines `witness KEY URL` and `quorum N`
    #[arg(long, value_name = "FILE")]
    pub witnesses: Option<PathBuf>,
}

impl Init {
    /// Makes key, token and an empty log.
    pub fn run(&self) -> Result<Report, Failure> {
        if !is_key_name(&self.origin) {
            return Err(Failure::usage("an origin has no spaces, no plus and no control characters")
                .at("--origin")
                .fix("use the log's URL without its scheme: log.example/agents"));
        }
        let directory = &self.directory;
        let (key_path, token_path) = (log_keys::log_key(directory), log_keys::operator_token(directory));
        for path in [&key_path, &token_path, &directory.join("public")] {
            store::check_absent(path, Existing::Keep).map_err(|failure| {
                failure.fix("there is a log already: serve it, or choose another directory")
            })?;
        }
        let witnesses = self.witnesses.as_deref().map(|path| open::list(path, &self.origin)).transpose()?;
        let signer = log_keys::create_log_key(&key_path, &self.origin)?;
        log_keys::create_token(&token_path)?;
        if let Some(text) = &witnesses {
            store::write(&log_keys::witnesses_file(directory), text, Existing::Keep)?;
        }
        let key = signer.verifier_key().to_string();
        // Where witnesses are needed nothing is published here: candor log serve asks them.
        let list = WitnessList::of_log(directory)?;
        let policy = list.map(|list| list.policy(signer.verifier_key())).transpose()?;
        let settings = LogSettings { policy, ..LogSettings::default() };
        let log = Log::create(FileSystem::at(directory), settings, signer)
            .map_err(|error| open::failure(&error, directory))?;
        drop(log);
        let text = table(&[
            ("log", directory.display().to_string()),
            ("key", format!("{} (secret: keep a copy in a safe place)", key_path.display())),
            ("token", format!("{} (secret: registers agents and reads bodies)", token_path.display())),
            ("verifier key", key.clone()),
        ]);
        let json = json!({
            "directory": directory.display().to_string(),
            "origin": self.origin,
            "verifierKey": key,
            "keyFile": key_path.display().to_string(),
            "tokenFile": token_path.display().to_string(),
        });
        Ok(Report::accepted(text, json))
    }
}

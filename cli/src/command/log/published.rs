//! A log that is read, by folder or URL, and whose word about it counts.

use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::store;
use candor_log::audit::{Folder, Prefix, Source, SourceError, read_key};
use candor_trace::tlog::{QuorumPolicy, VerifierKey};
use clap::Args;
use serde_json::{Value, json};
use std::path::Path;

/// Longest file that holds a verifier key.
const MAX_KEY_FILE_BYTES: u64 = 1024;

/// What a log publishes.
pub(super) enum Published {
    Folder(Folder),
    Prefix(Prefix),
}

impl Published {
    /// The log at a URL, or in a folder.
    pub(super) fn at(place: &str) -> Result<Self, Failure> {
        if place.starts_with("http://") || place.starts_with("https://") {
            let prefix = Prefix::at(place).map_err(Failure::usage)?;
            return Ok(Self::Prefix(prefix));
        }
        let path = Path::new(place);
        if !path.is_dir() {
            return Err(Failure::usage("there is no such folder").at(path.display()).fix(
                "name the folder of a log, its public/ folder, or a URL that begins with http:// or https://",
            ));
        }
        Ok(Self::Folder(Folder::at(path)))
    }
}

impl Source for Published {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError> {
        match self {
            Self::Folder(folder) => folder.get(file, limit_bytes),
            Self::Prefix(prefix) => prefix.get(file, limit_bytes),
        }
    }
}

/// Whose signatures a checkpoint must bear.
#[derive(Args, Clone, Debug)]
pub struct Trust {
    /// The log's verifier key, or a file that holds it
    #[arg(long, value_name = "KEY")]
    pub log_key: Option<String>,
    /// A witness's verifier key, or a file that holds it; may be given several times
    #[arg(long, value_name = "KEY")]
    pub witness: Vec<String>,
    /// How many of the witnesses must have cosigned [default: all of them]
    #[arg(long, value_name = "N")]
    pub cosignatures: Option<usize>,
}

/// A policy, and whether the log's key was taken from the log itself.
pub(super) struct Trusted {
    pub(super) policy: QuorumPolicy,
    pub(super) own_word: bool,
}

impl Trust {
    /// The policy; without `--log-key` the log's own word for its key is taken, and every report says so.
    pub(super) fn policy_of(&self, source: &Published) -> Result<Trusted, Failure> {
        let (key, own_word) = match &self.log_key {
            Some(key) => (verifier_key(key)?, false),
            None => (read_key(source).map_err(|error| error.failure())?, true),
        };
        Ok(Trusted { policy: self.with_key(key)?, own_word })
    }
    /// The policy where there is no log to ask.
    pub fn policy(&self) -> Result<QuorumPolicy, Failure> {
        let key = self.log_key.as_ref().ok_or_else(|| {
            Failure::usage("whose log it is must be said").fix("give the log's verifier key with --log-key")
        })?;
        self.with_key(verifier_key(key)?)
    }
    fn with_key(&self, log: VerifierKey) -> Result<QuorumPolicy, Failure> {
        let witnesses: Vec<_> = self.witness.iter().map(|key| verifier_key(key)).collect::<Result<_, _>>()?;
        let needed = self.cosignatures.unwrap_or(witnesses.len());
        QuorumPolicy::new(log, witnesses, needed).map_err(|error| error.failure())
    }
}

impl Trusted {
    /// What the outcome rests on, for people.
    pub(super) fn assumptions(&self) -> String {
        let key =
            if self.own_word { "the log's own word for its key" } else { "the log's key that you gave" };
        let needed = self.policy.needed();
        match needed {
            0 => format!("{key}; no witness says that others see the same log"),
            _ => format!("{key}; {needed} of {} witnesses", self.policy.witnesses().len()),
        }
    }
    /// The same, for programs.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "logKey": self.policy.log().to_string(),
            "logKeyFromLog": self.own_word,
            "witnesses": self.policy.witnesses().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "cosignaturesNeeded": self.policy.needed(),
        })
    }
}

/// A key's text, or the one line of a file.
fn verifier_key(text: &str) -> Result<VerifierKey, Failure> {
    let path = Path::new(text);
    if !path.is_file() {
        return VerifierKey::parse(text).map_err(|error| error.failure());
    }
    let bytes = store::read(path, MAX_KEY_FILE_BYTES)?;
    let not_text = |_| Failure::new(ExitClass::Malformed, "the file is not text").at(path.display());
    let line = std::str::from_utf8(&bytes).map_err(not_text)?;
    VerifierKey::parse(line.strip_suffix('\n').unwrap_or(line))
        .map_err(|error| error.failure().at(path.display()))
}

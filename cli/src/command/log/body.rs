//! `candor log body`: what an agent saw, or why nobody can say any more.

use super::published::{Published, Trust};
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::log_keys;
use crate::output::{Report, hex_string, table};
use crate::store::{self, Existing};
use candor_log::audit::{Source, listed_body};
use candor_log::http::{BodyAnswer, ClientError, LogClient, Patience};
use candor_trace::Entry;
use candor_trace::tlog::{BundleId, Checkpoint, MAX_BUNDLE_BYTES, TILE_WIDTH, bundle_entries};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(60) };

/// `candor log body`.
#[derive(Args, Clone, Debug)]
pub struct FetchBody {
    /// The URL of the log
    #[arg(value_name = "URL")]
    pub log: String,
    /// Index of the entry
    #[arg(long, value_name = "N")]
    pub index: u64,
    /// The body's hash, where the entry itself is pruned [default: the one that the entry names]
    #[arg(long, value_name = "HASH")]
    pub hash: Option<String>,
    /// File with a token that reads bodies
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
    /// Where the body goes [default: body-<N>]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

impl FetchBody {
    /// Fetches the body; a body that is not there leaves a verdict undecided, and its tombstone is named.
    pub fn run(&self) -> Result<Report, Failure> {
        let output = self.output.clone().unwrap_or_else(|| PathBuf::from(format!("body-{}", self.index)));
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let keep =
            |failure: Failure| failure.fix("name another file with --output, or replace it with --force");
        store::check_absent(&output, existing).map_err(keep)?;
        let token = log_keys::load_token(&self.token_file)?;
        let published = Published::at(&self.log)?;
        let place = |failure: Failure| failure.at(&self.log);
        let trusted = self.trust.policy_of(&published).map_err(place)?;
        let hash = self.hash(&published)?;
        let client = LogClient::new(&self.log, trusted.policy.log().clone(), PATIENCE)
            .map_err(|error| ClientError::from(error).failure())?;
        match client.body_or_why(&hash, Some(self.index), &token).map_err(|error| error.failure())? {
            BodyAnswer::There(body) => {
                store::write(&output, &body, existing).map_err(keep)?;
                let text = table(&[
                    ("entry", self.index.to_string()),
                    (
                        "body",
                        format!(
                            "{}, {} bytes, its hash is {}",
                            output.display(),
                            body.len(),
                            hex_string(&hash)
                        ),
                    ),
                ]);
                let file = output.display().to_string();
                Ok(Report::accepted(
                    text,
                    json!({ "index": self.index, "hash": hex_string(&hash), "file": file }),
                ))
            }
            BodyAnswer::Pruned { tombstone } => {
                let log = trusted.policy.log();
                let listed = listed_body(&published, log, tombstone, self.index)
                    .map_err(|error| place(error.failure()))?;
                let Some(listed) = listed else {
                    let message = format!(
                        "the log says that the body of entry {} was pruned, and tombstone/{tombstone} does not list it",
                        self.index
                    );
                    return Err(place(Failure::new(ExitClass::Rejected, message)).fix(
                        "keep the tombstone: it contradicts the log's answer. Then ask the log's operator",
                    ));
                };
                let missing = format!(
                    "the body of entry {}: pruned at {} by a policy that keeps bodies for {} seconds; tombstone/{tombstone}, signed by the log, lists it",
                    self.index,
                    listed.time,
                    listed.retention.bodies_seconds(),
                );
                Ok(self.undecided(&missing, Some(tombstone), &trusted.assumptions()))
            }
            BodyAnswer::Missing => {
                let missing = format!(
                    "the body of entry {}: the log does not have it, and no tombstone lists it: withheld by the agent, or lost",
                    self.index
                );
                Ok(self.undecided(&missing, None, &trusted.assumptions()))
            }
        }
    }
    fn undecided(&self, missing: &str, tombstone: Option<u64>, assumptions: &str) -> Report {
        Report {
            class: ExitClass::Undecided,
            text: format!("verdict: undecided\n  missing: {missing}\n  rests on: {assumptions}"),
            json: json!({
                "verdict": "undecided",
                "index": self.index,
                "missing": [missing],
                "tombstone": tombstone,
                "exitCode": ExitClass::Undecided.code(),
            }),
        }
    }
    /// The hash that was given, or the one that the entry names.
    fn hash(&self, published: &Published) -> Result<[u8; 32], Failure> {
        if let Some(text) = &self.hash {
            let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok();
            return bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
                Failure::usage(format!("{text:?} is no hash")).fix("it has 64 hexadecimal digits")
            });
        }
        let place = |failure: Failure| failure.at(&self.log);
        let get = |file: &str, limit| published.get(file, limit).map_err(|error| place(error.failure()));
        let checkpoint = get("checkpoint", candor_log::audit::MAX_CHECKPOINT_FILE_BYTES)?;
        let size = checkpoint
            .and_then(|bytes| candor_trace::tlog::Note::parse(&bytes).ok())
            .and_then(|note| Checkpoint::parse(note.text()).ok())
            .map_or(0, |checkpoint| checkpoint.size());
        let none = || {
            place(Failure::usage(format!("entry {} is not published, or is pruned", self.index)))
                .fix("entries are numbered from 0; of a pruned one say the body's --hash")
        };
        let id = BundleId::of_tree(self.index / TILE_WIDTH, size)
            .filter(|_| self.index < size)
            .ok_or_else(none)?;
        let (id, bytes) = match get(&id.path(), MAX_BUNDLE_BYTES as u64)? {
            Some(bytes) => (id, bytes),
            None => (id.full(), get(&id.full().path(), MAX_BUNDLE_BYTES as u64)?.ok_or_else(none)?),
        };
        let malformed = |error: &dyn std::fmt::Display| {
            place(Failure::new(ExitClass::Malformed, format!("{}: {error}", id.path())))
        };
        let entries = bundle_entries(&id, &bytes).map_err(|error| malformed(&error))?;
        let entry = entries.get((self.index % TILE_WIDTH) as usize).ok_or_else(none)?;
        Ok(Entry::from_bytes(entry).map_err(|error| malformed(&error))?.body)
    }
}

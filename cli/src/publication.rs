//! Whose word about times counts, as arguments.

use crate::command::log::published::Trust;
use crate::exit::Failure;
use candor_verifier::Publication;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A log, its witnesses and bounds: without them no record is late or dated ahead.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PublicationArguments {
    /// Log and witnesses whose word about times counts
    #[command(flatten)]
    pub trust: Trust,
    /// How long after a record's time the log must have it
    #[arg(long, value_name = "SECONDS", requires = "log_key")]
    pub delivered_within: Option<u64>,
    /// How long after that witnesses must have cosigned it
    #[arg(long, value_name = "SECONDS", requires = "log_key")]
    pub published_within: Option<u64>,
    /// How far a record's time may be ahead of the witnesses' clocks
    #[arg(long, value_name = "SECONDS", requires = "log_key")]
    pub clock_within: Option<u64>,
    /// The log's promise about a record: its agent did not hold it back
    #[arg(long, value_name = "FILE", requires = "log_key")]
    pub promise: Vec<PathBuf>,
}

impl PublicationArguments {
    /// What the reader says about times; `None` where nothing.
    pub fn publication(&self) -> Result<Option<Publication>, Failure> {
        let named = self.trust.log_key.is_some()
            || !self.trust.witness.is_empty()
            || self.trust.cosignatures.is_some();
        if !named {
            return Ok(None);
        }
        let policy = self.trust.policy()?;
        let (Some(delivery_seconds), Some(publication_seconds), Some(clock_seconds)) =
            (self.delivered_within, self.published_within, self.clock_within)
        else {
            return Err(Failure::usage("how late is late must be said")
                .fix("give --delivered-within, --published-within and --clock-within, in seconds"));
        };
        Ok(Some(Publication { policy, delivery_seconds, publication_seconds, clock_seconds }))
    }
}

/// Log, witnesses and bounds as `--json` prints them.
#[must_use]
pub fn to_json(publication: &Publication) -> Value {
    let policy = &publication.policy;
    json!({
        "logKey": policy.log().to_string(),
        "witnesses": policy.witnesses().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "cosignaturesNeeded": policy.needed(),
        "deliveredWithin": publication.delivery_seconds,
        "publishedWithin": publication.publication_seconds,
        "clockWithin": publication.clock_seconds,
    })
}

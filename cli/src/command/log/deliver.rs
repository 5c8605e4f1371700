//! `candor log deliver`: what waits in an agent's outbox, handed in.

use crate::artefact;
use crate::classify::Classify;
use crate::delivering::{DeliveryArguments, deliver_visibly};
use crate::exit::Failure;
use crate::output::{Report, count};
use crate::store::Store;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log deliver`.
#[derive(Args, Clone, Debug)]
pub struct Deliver {
    /// The log
    #[arg(value_name = "URL")]
    pub url: String,
    /// The agent's own log [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY")]
    pub outbox: Option<PathBuf>,
    /// How
    #[command(flatten)]
    pub delivery: DeliveryArguments,
}

impl Deliver {
    /// Delivers everything, or says what kept it from that.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let directory = self.outbox.clone().unwrap_or_else(|| store.log());
        let (outbox, _) = artefact::log(&directory)?;
        let card = artefact::card(&store.card())?;
        let mut delivery = self.delivery.open(&self.url, store, &card, &directory, &outbox)?;
        let head = delivery.ask_head(&outbox);
        // Read after the answer: the agent may be recording.
        let (outbox, _) = artefact::log(&directory)?;
        match head.and_then(|head| delivery.check_head(head.as_ref(), &outbox)) {
            // Asked again with every attempt to deliver.
            Err(error) if error.is_temporary() => {}
            checked => checked.map_err(|error| error.failure().at(directory.display()))?,
        }
        let before = delivery.delivered();
        let done = deliver_visibly(&mut delivery, &outbox, self.delivery.timeout());
        let (delivered, waiting) = (delivery.delivered(), outbox.len().saturating_sub(delivery.delivered()));
        done.map_err(|failure| failure.at(format!("{} waiting", count(waiting, "record"))))?;
        let text = format!(
            "{} handed in, {} in all",
            count(delivered.saturating_sub(before), "record"),
            count(delivered, "record")
        );
        Ok(Report::accepted(text, json!({ "delivered": delivered, "before": before, "waiting": waiting })))
    }
}

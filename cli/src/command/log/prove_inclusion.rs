//! `candor log prove-inclusion`: the evidence that an entry is in a log.

use super::published::{Published, Trust};
use crate::classify::Classify;
use crate::exit::Failure;
use crate::output::{Report, table};
use crate::store::{self, Existing};
use candor_log::audit::inclusion_proof;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log prove-inclusion`.
#[derive(Args, Clone, Debug)]
pub struct ProveInclusion {
    /// The log's folder, its public/ folder, or the URL of its files
    #[arg(value_name = "LOG")]
    pub log: String,
    /// Index of the entry
    #[arg(long, value_name = "N")]
    pub index: u64,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
    /// Where the proof goes [default: entry-<N>.tlog-proof]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

impl ProveInclusion {
    /// Reads tiles, proves, verifies, writes.
    pub fn run(&self) -> Result<Report, Failure> {
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| PathBuf::from(format!("entry-{}.tlog-proof", self.index)));
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let keep =
            |failure: Failure| failure.fix("name another file with --output, or replace it with --force");
        store::check_absent(&output, existing).map_err(keep)?;
        let published = Published::at(&self.log)?;
        let place = |failure: Failure| failure.at(&self.log);
        let trusted = self.trust.policy_of(&published).map_err(place)?;
        let (proof, leaf, signed) = inclusion_proof(&published, &trusted.policy, self.index)
            .map_err(|error| place(error.failure()))?;
        store::write(&output, &proof.to_bytes(), existing).map_err(keep)?;
        let checkpoint = signed.checkpoint();
        let text = table(&[
            ("entry", format!("{} of {} in {}", self.index, checkpoint.size(), checkpoint.origin())),
            ("leaf", leaf.to_base64()),
            ("proof", format!("{}, {} hashes long", output.display(), proof.path.len())),
            ("rests on", trusted.assumptions()),
        ]);
        let json = json!({
            "origin": checkpoint.origin(),
            "index": self.index,
            "size": checkpoint.size(),
            "leaf": leaf.to_base64(),
            "file": output.display().to_string(),
            "restsOn": trusted.to_json(),
        });
        Ok(Report::accepted(text, json))
    }
}

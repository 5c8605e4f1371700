//! `candor log consistency`: whether a log continues a checkpoint that somebody kept.

use super::published::{Published, Trust};
use crate::classify::Classify;
use crate::exit::Failure;
use crate::output::{Report, table};
use crate::store;
use candor_log::audit::{MAX_CHECKPOINT_FILE_BYTES, consistency_proof};
use candor_trace::tlog::Hash;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log consistency`.
#[derive(Args, Clone, Debug)]
pub struct Consistency {
    /// The log's folder, its public/ folder, or the URL of its files
    #[arg(value_name = "LOG")]
    pub log: String,
    /// The checkpoint that was kept
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
}

impl Consistency {
    /// Proves from the tiles, and verifies.
    pub fn run(&self) -> Result<Report, Failure> {
        let published = Published::at(&self.log)?;
        let place = |failure: Failure| failure.at(&self.log);
        let remembered = store::read(&self.from, MAX_CHECKPOINT_FILE_BYTES)?;
        let trusted = self.trust.policy_of(&published).map_err(place)?;
        let (proof, old, new) = consistency_proof(&published, &trusted.policy, &remembered)
            .map_err(|error| place(error.failure()))?;
        let (old, new) = (old.checkpoint(), new.checkpoint());
        let hashes: Vec<String> = proof.iter().map(Hash::to_base64).collect();
        let mut rows = vec![
            ("log", new.origin().to_owned()),
            ("from", format!("{} entries, root {}", old.size(), old.root())),
            ("to", format!("{} entries, root {}", new.size(), new.root())),
            ("rests on", trusted.assumptions()),
        ];
        rows.extend(hashes.iter().map(|hash| ("proof", hash.clone())));
        let json = json!({
            "origin": new.origin(),
            "from": { "size": old.size(), "root": old.root().to_base64() },
            "to": { "size": new.size(), "root": new.root().to_base64() },
            "proof": hashes,
            "restsOn": trusted.to_json(),
        });
        Ok(Report::accepted(table(&rows), json))
    }
}

//! `candor log verify-inclusion`: whether a proof shows that an entry is in a log. Needs no log.

use super::published::Trust;
use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, table};
use crate::store::Store;
use candor_trace::Entry;
use candor_trace::tlog::{Hash, MAX_ENTRY_BYTES, MAX_PROOF_BYTES, TlogProof, leaf_hash};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `candor log verify-inclusion`.
#[derive(Args, Clone, Debug)]
pub struct VerifyInclusion {
    /// The proof
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// Whom to believe; --log-key is needed
    #[command(flatten)]
    pub trust: Trust,
    /// Which entry it is to be
    #[command(flatten)]
    pub entry: Which,
}

/// The entry that the proof is to be of: said in one way.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The leaf's hash, in base64
    #[arg(long, value_name = "BASE64")]
    pub leaf: Option<String>,
    /// A file with the entry's bytes
    #[arg(long, value_name = "FILE")]
    pub entry: Option<PathBuf>,
    /// This record of the agent's own log in --dir, with its card there
    #[arg(long, value_name = "N")]
    pub record: Option<u64>,
}

impl Which {
    fn leaf(&self, store: &Store) -> Result<Hash, Failure> {
        if let Some(text) = &self.leaf {
            return Hash::from_base64(text).map_err(|error| Failure::usage(error).at("--leaf"));
        }
        if let Some(path) = &self.entry {
            let bytes = crate::store::read(path, MAX_ENTRY_BYTES as u64)?;
            return Ok(leaf_hash(&bytes));
        }
        let Some(sequence) = self.record else {
            return Err(Failure::usage("which entry it is to be must be said")
                .fix("give --leaf, --entry or --record"));
        };
        let card = artefact::card(&store.card())?;
        let (log, _) = artefact::log(&store.log())?;
        let record = log.get(sequence).map_err(|error| error.failure().at(store.log().display()))?;
        Ok(Entry::of(&record, &card.domain).leaf_hash())
    }
}

impl VerifyInclusion {
    /// Parses, checks signatures and path.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let policy = self.trust.policy()?;
        let leaf = self.entry.leaf(store)?;
        let place = |failure: Failure| failure.at(self.proof.display());
        let bytes = crate::store::read(&self.proof, MAX_PROOF_BYTES as u64)?;
        let proof = TlogProof::parse(&bytes).map_err(|error| place(error.failure()))?;
        let signed = proof.verify(&leaf, &policy).map_err(|error| place(error.failure()))?;
        let checkpoint = signed.checkpoint();
        let mut rows = vec![
            ("entry", format!("{} of {} in {}", proof.index, checkpoint.size(), checkpoint.origin())),
            ("leaf", leaf.to_base64()),
        ];
        for cosigned in signed.cosigned() {
            rows.push(("witness", format!("{} at {}", cosigned.name, cosigned.time)));
        }
        if signed.cosigned().is_empty() {
            rows.push(("witness", "none: nobody says that others see the same log".to_owned()));
        }
        let cosigned: Vec<_> =
            signed.cosigned().iter().map(|by| json!({ "name": by.name, "time": by.time })).collect();
        let json = json!({
            "class": ExitClass::Accepted.name(),
            "origin": checkpoint.origin(),
            "index": proof.index,
            "size": checkpoint.size(),
            "leaf": leaf.to_base64(),
            "cosigned": cosigned,
        });
        Ok(Report::accepted(table(&rows), json))
    }
}

//! `candor log prove-published`: the evidence of when a record was public.

use super::published::{Published, Trust, Trusted};
use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, table};
use crate::store::{self, Existing, Store};
use candor_log::FileSystem;
use candor_log::audit::{
    LogProofError, MAX_CHECKPOINT_FILE_BYTES, consistency_between, entry_at, find_leaf, inclusion_proof,
};
use candor_log::http::read_promises;
use candor_trace::Entry;
use candor_trace::tlog::{SignedCheckpoint, TlogProof, leaf_hash};
use candor_verifier::{Challenge, LateRecord, PublishedRecord};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `candor log prove-published`.
#[derive(Args, Clone, Debug)]
pub struct ProvePublished {
    /// The log's folder, its public/ folder, or the URL of its files
    #[arg(value_name = "LOG")]
    pub log: String,
    /// Which record
    #[command(flatten)]
    pub which: Which,
    /// A checkpoint that was kept, cosigned, and does not have the record: evidence that it was late
    #[arg(long, value_name = "FILE")]
    pub earlier: Option<PathBuf>,
    /// Also write the log's promise about the record, as it lies beside the agent's own log in --dir
    #[arg(long, value_name = "FILE", requires = "record")]
    pub promise: Option<PathBuf>,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
    /// Where the evidence goes [default: published-<N>.candor, or late-<N>.candor, of the sequence number]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
}

/// The record: said in one way.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The entry at this index of the log
    #[arg(long, value_name = "N")]
    pub index: Option<u64>,
    /// This record of the agent's own log in --dir, with its card there; looked for in the log
    #[arg(long, value_name = "N")]
    pub record: Option<u64>,
}

/// What was found in the log.
struct Found {
    proof: TlogProof,
    entry: Entry,
    checkpoint: SignedCheckpoint,
}

impl ProvePublished {
    /// Reads tiles, proves, verifies, writes.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let published = Published::at(&self.log)?;
        let trusted = self.trust.policy_of(&published).map_err(|failure| failure.at(&self.log))?;
        let found = self.find(store, &published, &trusted)?;
        let earlier = self.earlier.as_deref().map(|path| self.earlier(path, &published, &trusted, &found));
        let earlier = earlier.transpose()?;
        let sequence = found.entry.signed.header.sequence;
        let kind = if earlier.is_some() { "late" } else { "published" };
        let output = self.output.clone();
        let output = output.unwrap_or_else(|| PathBuf::from(format!("{kind}-{sequence}.candor")));
        let promise = self.promise.as_deref().map(|path| {
            promise_of(store, &trusted, sequence, &found.entry.record_hash()).map(|note| (path, note))
        });
        let promise = promise.transpose()?;
        let record = PublishedRecord {
            signed: found.entry.signed.clone(),
            body: found.entry.body,
            proof: found.proof.to_bytes(),
        };
        let (size, index) = (found.checkpoint.checkpoint().size(), found.proof.index);
        let mut rows = vec![
            ("record", format!("{sequence}, of time {}", found.entry.signed.header.time)),
            ("entry", format!("{index} of {size} in {}", found.checkpoint.checkpoint().origin())),
        ];
        rows.extend(times(&found.checkpoint, "seen with it"));
        let mut json = json!({
            "evidence": kind,
            "sequence": sequence,
            "recordTime": found.entry.signed.header.time,
            "index": index,
            "size": size,
            "cosigned": times_json(&found.checkpoint),
            "file": output.display().to_string(),
            "restsOn": trusted.to_json(),
        });
        let challenge = match earlier {
            None => Challenge::published(record),
            Some((earlier, signed, consistency)) => {
                let entries = signed.checkpoint().size();
                rows.push(("earlier", format!("{entries} entries, without it")));
                rows.extend(times(&signed, "seen without it"));
                json["earlier"] = json!({ "size": entries, "cosigned": times_json(&signed) });
                Challenge::late(LateRecord { published: record, earlier, consistency })
            }
        };
        self.write(&output, &challenge.to_bytes())?;
        rows.push(("evidence", format!("{} (it decides nothing: candor settle does)", output.display())));
        if let Some((path, note)) = promise {
            self.write(path, &note)?;
            rows.push(("promise", path.display().to_string()));
            json["promise"] = path.display().to_string().into();
        }
        rows.push(("rests on", trusted.assumptions()));
        Ok(Report::accepted(table(&rows), json))
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        store::write(path, bytes, existing)
            .map_err(|failure| failure.fix("name another file, or replace it with --force"))
    }
    /// The record in the log, with its proof.
    fn find(&self, store: &Store, published: &Published, trusted: &Trusted) -> Result<Found, Failure> {
        let place = |failure: Failure| failure.at(&self.log);
        let proven = |error: LogProofError| place(error.failure());
        if let Some(sequence) = self.which.record {
            let card = artefact::card(&store.card())?;
            let (own, _) = artefact::log(&store.log())?;
            let record = own.get(sequence).map_err(|error| error.failure().at(store.log().display()))?;
            let entry = Entry::of(&record, &card.domain);
            // Whatever the log has grown to; proven below under one checkpoint.
            let (_, _, signed) = inclusion_proof(published, &trusted.policy, 0).map_err(proven)?;
            let size = signed.checkpoint().size();
            let index = find_leaf(published, &entry.leaf_hash(), 0, size).map_err(proven)?;
            let absent = || {
                Failure::usage(format!("record {sequence} is none of the log's {size} entries"))
                    .fix("deliver it first (candor log deliver), or name the log that has it")
            };
            let index = index.ok_or_else(|| place(absent()))?;
            let (proof, _, checkpoint) =
                inclusion_proof(published, &trusted.policy, index).map_err(proven)?;
            return Ok(Found { proof, entry, checkpoint });
        }
        let index = self.which.index.unwrap_or_default();
        let (proof, leaf, checkpoint) = inclusion_proof(published, &trusted.policy, index).map_err(proven)?;
        let bytes = entry_at(published, index, checkpoint.checkpoint().size()).map_err(proven)?;
        let gone = || {
            Failure::usage(format!("entry {index} was pruned: its tile remains, and no bytes"))
                .fix("name the record in the agent's own log with --record")
        };
        let bytes = bytes.filter(|bytes| leaf_hash(bytes) == leaf).ok_or_else(|| place(gone()))?;
        let entry = Entry::from_bytes(&bytes).map_err(|error| place(error.failure()))?;
        Ok(Found { proof, entry, checkpoint })
    }
    /// The kept checkpoint, and that the one of the proof continues it.
    fn earlier(
        &self,
        path: &Path,
        published: &Published,
        trusted: &Trusted,
        found: &Found,
    ) -> Result<(Vec<u8>, SignedCheckpoint, Vec<candor_trace::tlog::Hash>), Failure> {
        let place = |failure: Failure| failure.at(path.display());
        let bytes = store::read(path, MAX_CHECKPOINT_FILE_BYTES)?;
        let signed = trusted.policy.check_bytes(&bytes).map_err(|error| place(error.failure()))?;
        let (size, index) = (signed.checkpoint().size(), found.proof.index);
        if index < size {
            let message = format!("this checkpoint has {size} entries, and entry {index} is the record");
            let fix = "name a checkpoint that was kept before the record was in it, or leave --earlier out";
            return Err(place(Failure::new(ExitClass::Rejected, message).fix(fix)));
        }
        let proof = consistency_between(published, signed.checkpoint(), found.checkpoint.checkpoint())
            .map_err(|error| place(error.failure()))?;
        Ok((bytes, signed, proof))
    }
}

/// The promise that the agent's outbox keeps.
fn promise_of(
    store: &Store,
    trusted: &Trusted,
    sequence: u64,
    record_hash: &[u8; 32],
) -> Result<Vec<u8>, Failure> {
    let (outbox, key) = (store.log(), trusted.policy.log());
    let place = |failure: Failure| failure.at(outbox.display());
    let kept = read_promises(&FileSystem::at(&outbox), key).map_err(|error| place(error.failure()))?;
    let promise = kept.map(|kept| kept.get(sequence)).transpose().map_err(|error| place(error.failure()))?;
    let promise = promise.flatten().filter(|signed| signed.promise().record_hash == *record_hash);
    let none = || {
        place(Failure::usage(format!("no promise of {key} about record {sequence} is kept here")))
            .fix("candor log deliver keeps the promises that the log gives; or leave --promise out")
    };
    promise.map(|signed| signed.to_note(key).to_bytes()).ok_or_else(none)
}

fn times(signed: &SignedCheckpoint, label: &'static str) -> Vec<(&'static str, String)> {
    if signed.cosigned().is_empty() {
        return vec![(label, "by no witness: nobody but the log says when".to_owned())];
    }
    signed.cosigned().iter().map(|by| (label, format!("at {} by {}", by.time, by.name))).collect()
}

fn times_json(signed: &SignedCheckpoint) -> Vec<serde_json::Value> {
    let one = |by: &candor_trace::tlog::Cosigned| json!({ "name": by.name, "time": by.time, "earliest": by.earliest });
    signed.cosigned().iter().map(one).collect()
}

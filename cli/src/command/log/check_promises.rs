//! `candor log check-promises`: whether a log keeps what it signed when it acknowledged records.

use super::published::{Published, Trust};
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::{Report, count, hex_string, table};
use crate::store::{self, Existing, Store};
use candor_log::FileSystem;
use candor_log::audit::{Breach, BrokenPromise, LogProofError, PromiseReport, check_promises};
use candor_log::http::{PromisesError, read_promises};
use candor_trace::tlog::VerifierKey;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `candor log check-promises`.
#[derive(Args, Clone, Debug)]
pub struct CheckPromises {
    /// The log's folder, its public/ folder, or the URL of its files
    #[arg(value_name = "LOG")]
    pub log: String,
    /// The agent's own log, beside whose records the promises lie [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY")]
    pub outbox: Option<PathBuf>,
    /// How long after a promise a witness may see the log without it
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    pub within: u64,
    /// Folder for the evidence: every promise that is broken, and the proof of what is there instead
    #[arg(long, value_name = "DIRECTORY")]
    pub evidence: Option<PathBuf>,
    /// Whom to believe
    #[command(flatten)]
    pub trust: Trust,
}

impl CheckPromises {
    /// Looks every promise up under the published checkpoint.
    pub fn run(&self, store: &Store) -> Result<Report, Failure> {
        let published = Published::at(&self.log)?;
        let place = |failure: Failure| failure.at(&self.log);
        let trusted = self.trust.policy_of(&published).map_err(place)?;
        let key = trusted.policy.log().clone();
        let outbox = self.outbox.clone().unwrap_or_else(|| store.log());
        let kept = read_promises(&FileSystem::at(&outbox), &key).map_err(|error| error.failure())?;
        let none = || {
            Failure::usage(format!("no promises of {key} are kept here"))
                .at(outbox.display())
                .fix("name the agent's outbox with --outbox, and the key of the log that it delivers to with --log-key")
        };
        let kept = kept.ok_or_else(none)?;
        let end = kept.end().map_err(|error| error.failure())?;
        let promises = (0..end).filter_map(|sequence| kept.get(sequence).transpose());
        let promises = promises.map(|promise| promise.map_err(Unanswered::Kept));
        let report = check_promises(&published, &trusted.policy, self.within, promises)
            .map_err(|error| place(error.failure()))?;
        if let Some(folder) = &self.evidence {
            for broken in &report.broken {
                write_evidence(folder, broken, &key)?;
            }
        }
        Ok(describe(&report, &key, &trusted.assumptions(), trusted.to_json()))
    }
}

/// Why nothing is known about promises.
enum Unanswered {
    Kept(PromisesError),
    Log(LogProofError),
}

impl From<LogProofError> for Unanswered {
    fn from(error: LogProofError) -> Self {
        Self::Log(error)
    }
}

impl Unanswered {
    fn failure(&self) -> Failure {
        match self {
            Self::Kept(error) => error.failure(),
            Self::Log(error) => error.failure(),
        }
    }
}

fn write_evidence(
    folder: &std::path::Path,
    broken: &BrokenPromise,
    key: &VerifierKey,
) -> Result<(), Failure> {
    store::create_private_directory(folder)?;
    let sequence = broken.signed.promise().sequence;
    let promise = folder.join(format!("{sequence}.promise"));
    store::write(&promise, &broken.signed.to_note(key).to_bytes(), Existing::Replace)?;
    if let Breach::OtherLeaf { proof, .. } = &broken.kind {
        let path = folder.join(format!("{sequence}.tlog-proof"));
        store::write(&path, &proof.to_bytes(), Existing::Replace)?;
    }
    Ok(())
}

fn describe(report: &PromiseReport, key: &VerifierKey, assumptions: &str, trust: Value) -> Report {
    let checkpoint = report.checkpoint.checkpoint();
    let rows = [
        ("log", format!("{}, {} entries", checkpoint.origin(), checkpoint.size())),
        ("kept", count(report.kept, "promise")),
        ("not published yet", count(report.pending, "promise")),
        ("broken", count(report.broken_count, "promise")),
        ("rests on", assumptions.to_owned()),
    ];
    let mut text = table(&rows);
    for broken in &report.broken {
        let promise = broken.signed.promise();
        let (sequence, index) = (promise.sequence, promise.index);
        let what = match &broken.kind {
            Breach::OtherLeaf { leaf, .. } => format!("another entry is there, leaf {leaf}"),
            Breach::Overdue { size, cosigned } => {
                format!("promised at {}, and at {cosigned} the log had {size} entries", promise.time)
            }
        };
        text.push_str(&format!("\nrecord {sequence} was promised index {index}: {what}"));
    }
    let list: Vec<Value> = report
        .broken
        .iter()
        .map(|broken| {
            let promise = broken.signed.promise();
            let (kind, leaf, size) = match &broken.kind {
                Breach::OtherLeaf { leaf, .. } => ("other-leaf", Some(leaf.to_base64()), None),
                Breach::Overdue { size, .. } => ("overdue", None, Some(*size)),
            };
            json!({
                "kind": kind,
                "sequence": promise.sequence,
                "recordHash": hex_string(&promise.record_hash),
                "index": promise.index,
                "time": promise.time,
                "promise": String::from_utf8_lossy(&broken.signed.to_note(key).to_bytes()),
                "leaf": leaf,
                "size": size,
            })
        })
        .collect();
    let class = if report.broken_count > 0 { ExitClass::Rejected } else { ExitClass::Accepted };
    let json = json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.size(),
        "kept": report.kept,
        "pending": report.pending,
        "broken": report.broken_count,
        "brokenPromises": list,
        "exitCode": class.code(),
        "restsOn": trust,
    });
    Report { class, text, json }
}

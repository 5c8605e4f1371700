//! `candor log prune`: drops what is settled and past its window, keeps what is pinned.

use crate::classify::Classify;
use crate::command::log::retention::{failure, seconds};
use crate::delivering::is_url;
use crate::exit::Failure;
use crate::log_keys;
use crate::output::Report;
use candor_log::FileSystem;
use candor_log::http::{ClientError, LogClient, Patience, PruneRequest, fetch_key};
use candor_log::pipeline::{PruneOptions, PruneReport, Usage, mark, prune};
use candor_log::retention::Mark;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A long pruning is waited for.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(3600) };

/// `candor log prune`.
#[derive(Args, Clone, Debug)]
pub struct Prune {
    /// The log's directory while it is not served, or its URL
    #[arg(value_name = "DIRECTORY_OR_URL")]
    pub log: PathBuf,
    /// File with the operator's token, for a URL
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Only say what would go; the log may be served meanwhile
    #[arg(long)]
    pub dry_run: bool,
    /// Only note how many entries are published now, which windows are counted from; the log may be served meanwhile
    #[arg(long, conflicts_with = "dry_run")]
    pub mark_only: bool,
    /// Time that may have passed since the last mark before the clock is doubted
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "40d")]
    pub clock_step: u64,
    /// Believe the clock however far it is from the last mark
    #[arg(long)]
    pub accept_clock_step: bool,
    /// Unix seconds [default: the system's clock]; not for a URL, where the server's clock counts
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<u64>,
}

impl Prune {
    /// Prunes, or says what would go, or sets a mark.
    pub fn run(&self) -> Result<Report, Failure> {
        match is_url(&self.log) {
            true => self.online(),
            false => self.offline(),
        }
    }
    fn max_clock_step_seconds(&self) -> Option<u64> {
        (!self.accept_clock_step).then_some(self.clock_step)
    }
    /// Asks the server, whose clock says what time it is.
    fn online(&self) -> Result<Report, Failure> {
        let url = self.log.to_string_lossy();
        if self.now.is_some() {
            return Err(
                Failure::usage("a log that is served is pruned by its own clock").fix("leave out --now")
            );
        }
        let token_file = self.token_file.as_deref().ok_or_else(|| {
            Failure::usage("pruning at a URL needs the operator's token")
                .fix("name the file with --token-file; candor log init wrote it to private/operator.token")
        })?;
        let token = log_keys::load_token(token_file)?;
        let key = fetch_key(&url, PATIENCE).map_err(|error| error.failure())?;
        let client =
            LogClient::new(&url, key, PATIENCE).map_err(|error| ClientError::from(error).failure())?;
        let max_clock_step_seconds = self.max_clock_step_seconds();
        if self.mark_only {
            let marked = client.mark(max_clock_step_seconds, &token).map_err(|error| error.failure())?;
            return Ok(marked_report(&marked));
        }
        let request = PruneRequest { dry_run: self.dry_run, mark_only: false, max_clock_step_seconds };
        let report = client.prune(&request, &token).map_err(|error| error.failure())?;
        Ok(Report::accepted(self.text(&report), self.json(&report)))
    }
    fn offline(&self) -> Result<Report, Failure> {
        let disk = FileSystem::at(&self.log);
        let now = match self.now {
            Some(now) => now,
            None => SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or(0),
        };
        let max_clock_step_seconds = self.max_clock_step_seconds();
        if self.mark_only {
            let marked =
                mark(disk, now, max_clock_step_seconds).map_err(|error| failure(&error, &self.log))?;
            return Ok(marked_report(&marked));
        }
        let signer = log_keys::load_log_key(&log_keys::log_key(&self.log))
            .map_err(|failure| failure.fix("name a log's directory, or the URL of a log that is served"))?;
        let options = PruneOptions { max_clock_step_seconds, dry_run: self.dry_run, ..PruneOptions::at(now) };
        let report = prune(disk, &signer, &options).map_err(|error| failure(&error, &self.log))?;
        Ok(Report::accepted(self.text(&report), self.json(&report)))
    }
    fn text(&self, report: &PruneReport) -> String {
        let PruneReport { decisions, minimum_index, minimum_body_index, .. } = report;
        let went = if self.dry_run { "would go" } else { "went" };
        let tombstone = match report.tombstone {
            Some(number) => format!("tombstone/{number} lists it and is signed"),
            None => "no tombstone: nothing new".to_owned(),
        };
        format!(
            "{} entry bundles, {} journal segments, {} bodies, {} pieces of evidence {went}; {} bundles and {} bodies stay for pins; {tombstone}\n\
             entries from {minimum_index} and bodies from {minimum_body_index} on are kept, all {decisions} can be proven\n\
             bytes a decision: {:.1} before, {:.1} after ({} to {} bytes in all)",
            report.bundles_removed,
            report.segments_removed,
            report.bodies_removed,
            report.evidence_removed,
            report.bundles_pinned,
            report.bodies_moved,
            a_decision(&report.before, *decisions),
            a_decision(&report.after, *decisions),
            report.before.total(),
            report.after.total(),
        )
    }
    fn json(&self, report: &PruneReport) -> Value {
        json!({
            "dryRun": self.dry_run,
            "decisions": report.decisions,
            "minimumIndex": report.minimum_index,
            "minimumBodyIndex": report.minimum_body_index,
            "tombstone": report.tombstone,
            "bodiesDropped": report.bodies_dropped,
            "bundlesRemoved": report.bundles_removed,
            "bundlesPinned": report.bundles_pinned,
            "segmentsRemoved": report.segments_removed,
            "bodiesMoved": report.bodies_moved,
            "bodiesRemoved": report.bodies_removed,
            "evidenceRemoved": report.evidence_removed,
            "indexRemoved": report.index_removed,
            "before": usage(&report.before, report.decisions),
            "after": usage(&report.after, report.decisions),
        })
    }
}

fn marked_report(mark: &Mark) -> Report {
    let text = format!("marked: {} entries are published at {}", mark.size, mark.time);
    Report::accepted(text, json!(mark))
}

fn a_decision(usage: &Usage, decisions: u64) -> f64 {
    usage.total() as f64 / decisions.max(1) as f64
}

fn usage(usage: &Usage, decisions: u64) -> Value {
    json!({
        "entries": usage.entries,
        "hashes": usage.hashes,
        "journal": usage.journal,
        "bodies": usage.bodies,
        "evidence": usage.evidence,
        "index": usage.index,
        "other": usage.other,
        "total": usage.total(),
        "bytesPerDecision": a_decision(usage, decisions),
    })
}

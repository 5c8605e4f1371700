//! `candor log prune`: drops what is settled and past its window, keeps what is pinned.

use crate::command::log::retention::{failure, seconds};
use crate::exit::Failure;
use crate::output::Report;
use candor_log::FileSystem;
use candor_log::pipeline::{PruneOptions, PruneReport, Usage, mark, prune};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// `candor log prune`.
#[derive(Args, Clone, Debug)]
pub struct Prune {
    /// The log's directory, while it is not served
    #[arg(value_name = "DIRECTORY")]
    pub log: PathBuf,
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
    /// Unix seconds [default: the system's clock]
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<u64>,
}

impl Prune {
    /// Prunes, or says what would go, or sets a mark.
    pub fn run(&self) -> Result<Report, Failure> {
        let disk = FileSystem::at(&self.log);
        let now = match self.now {
            Some(now) => now,
            None => SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or(0),
        };
        let max_clock_step_seconds = (!self.accept_clock_step).then_some(self.clock_step);
        if self.mark_only {
            let mark = mark(disk, now, max_clock_step_seconds).map_err(|error| failure(&error, &self.log))?;
            let text = format!("marked: {} entries are published at {}", mark.size, mark.time);
            return Ok(Report::accepted(text, json!(mark)));
        }
        let options = PruneOptions { now, max_clock_step_seconds, dry_run: self.dry_run };
        let report = prune(disk, &options).map_err(|error| failure(&error, &self.log))?;
        Ok(Report::accepted(self.text(&report), self.json(&report)))
    }
    fn text(&self, report: &PruneReport) -> String {
        let PruneReport { decisions, minimum_index, minimum_body_index, .. } = report;
        let went = if self.dry_run { "would go" } else { "went" };
        format!(
            "{} entry bundles, {} journal segments, {} bodies, {} pieces of evidence {went}; {} bundles and {} bodies stay for pins\n\
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

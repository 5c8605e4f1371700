//! `candor log retention`: how long a log promises to keep what is written to it.

use crate::command::log::open;
use crate::exit::{ExitClass, Failure};
use crate::output::Report;
use candor_log::FileSystem;
use candor_log::pipeline::{RetainError, policy, set_retention};
use candor_log::retention::{
    MarkError, PinError, PolicyError, PublishedPolicy, RetentionFileError, RetentionPolicy,
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `candor log retention`.
#[derive(Args, Clone, Debug)]
pub struct Retention {
    /// The log's directory; it may be served meanwhile
    #[arg(value_name = "DIRECTORY")]
    pub log: PathBuf,
    /// Publish a policy: how long a decision can be disputed, such as 7d, 36h, 90m or 30s
    #[arg(long, value_name = "TIME", value_parser = seconds, requires_all = ["proving", "finality", "margin", "entries_extra"])]
    pub dispute: Option<u64>,
    /// How long its proof may take
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "dispute")]
    pub proving: Option<u64>,
    /// How long the chain's verdict can be reverted
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "dispute")]
    pub finality: Option<u64>,
    /// For clocks, outages and prunings that come late
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "dispute")]
    pub margin: Option<u64>,
    /// How much longer than bodies entries are kept
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "dispute")]
    pub entries_extra: Option<u64>,
    /// How long evidence of equivocation is kept [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "dispute")]
    pub evidence: Option<u64>,
}

impl Retention {
    /// Shows the policy, or publishes one.
    pub fn run(&self) -> Result<Report, Failure> {
        let disk = FileSystem::at(&self.log);
        let windows = (self.dispute, self.proving, self.finality, self.margin, self.entries_extra);
        let published = match windows {
            (Some(dispute), Some(proving), Some(finality), Some(margin), Some(entries_extra)) => {
                let retention = RetentionPolicy {
                    dispute_seconds: dispute,
                    proving_seconds: proving,
                    finality_seconds: finality,
                    margin_seconds: margin,
                    entries_extra_seconds: entries_extra,
                    evidence_seconds: self.evidence,
                };
                set_retention(disk, retention)
            }
            _ => policy(disk),
        };
        let published = published.map_err(|error| failure(&error, &self.log))?;
        Ok(Report::accepted(text(&published), json!(published)))
    }
}

fn text(published: &PublishedPolicy) -> String {
    match &published.retention {
        None => "no retention policy: everything is kept".to_owned(),
        Some(retention) => format!(
            "bodies are kept for {}, entries for {}, evidence {}; entries below {} and bodies below {} may be gone",
            time(retention.bodies_seconds()),
            time(retention.entries_seconds()),
            retention
                .evidence_seconds
                .map_or("for ever".to_owned(), |seconds| format!("for {}", time(seconds))),
            published.minimum_index,
            published.minimum_body_index,
        ),
    }
}

/// Seconds as people say them, if they come out even.
fn time(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let even = units.iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    even.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

/// A time with its unit: 7d, 36h, 90m, 30s.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "a number with its unit, such as 7d, 36h, 90m or 30s".to_owned();
    let units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let (unit, seconds) = units.into_iter().find(|(unit, _)| text.ends_with(*unit)).ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(seconds).ok_or_else(wrong)
}

/// Why a retention file was not changed, or nothing was pruned.
pub(super) fn failure(error: &RetainError, directory: &Path) -> Failure {
    let new = |class| Failure::new(class, error).at(directory.display());
    match error {
        RetainError::Pipeline(error) => open::failure(error, directory),
        RetainError::File { source: RetentionFileError::TooLong { .. }, .. } => new(ExitClass::Limit),
        RetainError::File { .. } => new(ExitClass::Malformed),
        RetainError::Policy(PolicyError::TooLong { .. }) => new(ExitClass::Limit),
        RetainError::Policy(_) => {
            new(ExitClass::Rejected).fix("keep everything at least as long as was promised")
        }
        RetainError::Mark(MarkError::ClockStep { .. }) => {
            new(ExitClass::Rejected).fix("check the clock, then add --accept-clock-step")
        }
        RetainError::Mark(MarkError::TooMany) => new(ExitClass::Limit),
        RetainError::Mark(_) => {
            new(ExitClass::Rejected).fix("check the clock and that this is the newest copy of the log")
        }
        RetainError::Pin(PinError::TooMany | PinError::ReasonTooLong { .. }) => new(ExitClass::Limit),
        RetainError::Pin(_) => new(ExitClass::Usage).fix("candor log pin DIRECTORY lists the pins"),
        RetainError::NoPolicy { .. } => new(ExitClass::Usage).fix("publish one with candor log retention"),
        RetainError::Busy { .. } => new(ExitClass::Usage),
        RetainError::PinsPruned { .. } => {
            new(ExitClass::Rejected).fix("pin from there on; what is pruned is gone")
        }
    }
}

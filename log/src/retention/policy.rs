//! The published promise: how long entries and bodies are kept.

use super::file::{RetentionFileError, decode, encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Longest part of a window: a hundred years of 365 days.
pub const MAX_WINDOW_SECONDS: u64 = 100 * 365 * 86_400;

/// Which promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetentionWindow {
    /// How long bodies are kept.
    Bodies,
    /// How long entries are kept.
    Entries,
    /// How long evidence is kept.
    Evidence,
}

impl fmt::Display for RetentionWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bodies => "bodies",
            Self::Entries => "entries",
            Self::Evidence => "evidence",
        })
    }
}

/// Why a policy is none, or may not follow the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PolicyError {
    /// A part is too long.
    #[error("{part} is {got} seconds, at most {MAX_WINDOW_SECONDS} are allowed")]
    TooLong {
        /// Name of the part in the file.
        part: &'static str,
        /// Found.
        got: u64,
    },
    /// The new policy keeps something for a shorter time than was promised to those who already wrote.
    #[error(
        "{window} are promised for {promised} seconds, the new policy keeps them for {got}: a promise can only be prolonged"
    )]
    Shortened {
        /// What.
        window: RetentionWindow,
        /// Promised.
        promised: u64,
        /// In the new policy.
        got: u64,
    },
    /// Entries that may be gone are not there again.
    #[error("the minimum index was {was} and would be {got}: it never goes back")]
    MinimumIndex {
        /// Before.
        was: u64,
        /// After.
        got: u64,
    },
}

/// How long what is written to a log can be read there.
///
/// A body and its entry are kept for dispute window + proving window + finality + margin, an entry for a further time.
/// Units: seconds since the log first saw it published ([`super::Marks`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetentionPolicy {
    /// How long a decision can be disputed.
    pub dispute_seconds: u64,
    /// How long its proof may take.
    pub proving_seconds: u64,
    /// How long the chain's verdict can still be reverted.
    pub finality_seconds: u64,
    /// For clocks, outages and prunings that come late.
    pub margin_seconds: u64,
    /// How much longer than bodies entries are kept.
    pub entries_extra_seconds: u64,
    /// How long evidence of equivocation is kept; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_seconds: Option<u64>,
}

impl Default for RetentionPolicy {
    /// Seven days of dispute, one of proving, one of finality, seven of margin; entries for a year; evidence for ever.
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            dispute_seconds: 7 * DAY,
            proving_seconds: DAY,
            finality_seconds: DAY,
            margin_seconds: 7 * DAY,
            entries_extra_seconds: 349 * DAY,
            evidence_seconds: None,
        }
    }
}

impl RetentionPolicy {
    /// How long a body is kept. Units: seconds.
    #[must_use]
    pub fn bodies_seconds(&self) -> u64 {
        [self.proving_seconds, self.finality_seconds, self.margin_seconds]
            .iter()
            .fold(self.dispute_seconds, |sum, part| sum.saturating_add(*part))
    }
    /// How long an entry is kept. Units: seconds.
    #[must_use]
    pub fn entries_seconds(&self) -> u64 {
        self.bodies_seconds().saturating_add(self.entries_extra_seconds)
    }
    /// No part is above its limit.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let parts = [
            ("disputeSeconds", self.dispute_seconds),
            ("provingSeconds", self.proving_seconds),
            ("finalitySeconds", self.finality_seconds),
            ("marginSeconds", self.margin_seconds),
            ("entriesExtraSeconds", self.entries_extra_seconds),
            ("evidenceSeconds", self.evidence_seconds.unwrap_or(0)),
        ];
        match parts.into_iter().find(|(_, got)| *got > MAX_WINDOW_SECONDS) {
            Some((part, got)) => Err(PolicyError::TooLong { part, got }),
            None => Ok(()),
        }
    }
    /// It keeps everything at least as long as the one before promised.
    pub fn check_follows(&self, before: &Self) -> Result<(), PolicyError> {
        let evidence = |policy: &Self| policy.evidence_seconds.unwrap_or(u64::MAX);
        let windows = [
            (RetentionWindow::Bodies, before.bodies_seconds(), self.bodies_seconds()),
            (RetentionWindow::Entries, before.entries_seconds(), self.entries_seconds()),
            (RetentionWindow::Evidence, evidence(before), evidence(self)),
        ];
        match windows.into_iter().find(|(_, promised, got)| got < promised) {
            Some((window, promised, got)) => Err(PolicyError::Shortened { window, promised, got }),
            None => Ok(()),
        }
    }
}

/// `public/policy.json`: what the operator promises, and what is gone already.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedPolicy {
    /// Below this index entries may be gone. A multiple of 256; 0 as long as there is no retention policy.
    pub minimum_index: u64,
    /// Below this index bodies may be gone.
    #[serde(default)]
    pub minimum_body_index: u64,
    /// How long everything is kept; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionPolicy>,
    /// Cosignatures that a published checkpoint carries.
    #[serde(default)]
    pub cosignatures_needed: u32,
    /// Verifier keys of the witnesses they come from.
    #[serde(default)]
    pub witnesses: Vec<String>,
}

impl PublishedPolicy {
    /// Strictly decodes the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RetentionFileError> {
        let policy: Self = decode(bytes)?;
        if let Some(retention) = &policy.retention {
            retention.validate()?;
        }
        Ok(policy)
    }
    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RetentionFileError> {
        encode(self)
    }
    /// It promises no less than the one before, and what was gone stays gone.
    pub fn check_follows(&self, before: &Self) -> Result<(), PolicyError> {
        for (was, got) in
            [(before.minimum_index, self.minimum_index), (before.minimum_body_index, self.minimum_body_index)]
        {
            if got < was {
                return Err(PolicyError::MinimumIndex { was, got });
            }
        }
        match (&before.retention, &self.retention) {
            (Some(before), Some(after)) => after.check_follows(before),
            // Without a policy everything is kept: withdrawing one keeps more, giving the first one begins to promise.
            _ => Ok(()),
        }
    }
}

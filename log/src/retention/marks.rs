//! When the log first saw how many entries published: the only clock of retention.
//!
//! A record's own time is its agent's word: an agent could date it back to have it forgotten before anybody disputes it.

use super::file::{RetentionFileError, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// Most marks that are kept.
pub const MAX_MARKS: usize = 100_000;

/// So many entries were published at this time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// Unix seconds.
    pub time: u64,
    /// Entries.
    pub size: u64,
}

/// Why a mark was not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MarkError {
    /// The clock went back.
    #[error(
        "the clock says {now}, the last mark was set at {last}: set the clock right, nothing is pruned until it is"
    )]
    ClockBackwards {
        /// Time of the last mark.
        last: u64,
        /// Found.
        now: u64,
    },
    /// The clock went far ahead, or nothing was marked for long: what is pruned by mistake is gone.
    #[error(
        "the clock says {now}, the last mark was set at {last}, more than {limit} seconds before: check the clock, then accept the step"
    )]
    ClockStep {
        /// Time of the last mark.
        last: u64,
        /// Found.
        now: u64,
        /// Largest step that is not asked about.
        limit: u64,
    },
    /// A log that shrank.
    #[error("the log has {got} entries, the last mark was set at {last}: this is an older copy of it")]
    Shrunk {
        /// Size of the last mark.
        last: u64,
        /// Found.
        got: u64,
    },
    /// Too many marks.
    #[error("there are {MAX_MARKS} marks already, all of them within the longest window: mark less often")]
    TooMany,
}

/// All marks that are still needed, in order, and when each piece of evidence was first seen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Marks {
    marks: Vec<Mark>,
    /// Unix seconds: the latest time at which a mark was set or would have said nothing new.
    #[serde(default)]
    last_time: u64,
    /// Unix seconds by name.
    #[serde(default)]
    evidence: BTreeMap<String, u64>,
}

impl Marks {
    /// Strictly decodes the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RetentionFileError> {
        let decoded: Self = decode(bytes)?;
        let mut marks = Self { evidence: decoded.evidence, ..Self::default() };
        for mark in decoded.marks {
            marks.set(mark, None, u64::MAX)?;
        }
        marks.last_time = marks.last_time.max(decoded.last_time);
        Ok(marks)
    }
    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RetentionFileError> {
        encode(self)
    }
    /// All marks.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
    /// Notes that so many entries are published now. `max_step_seconds`: the largest step of the clock that is believed;
    /// `None` believes any. Of marks that are older than `longest_window_seconds` only the newest is kept.
    pub fn set(
        &mut self,
        mark: Mark,
        max_step_seconds: Option<u64>,
        longest_window_seconds: u64,
    ) -> Result<(), MarkError> {
        let now = mark.time;
        if let Some(last) = self.marks.last() {
            let last_time = self.last_time;
            if now < last_time {
                return Err(MarkError::ClockBackwards { last: last_time, now });
            }
            if let Some(limit) = max_step_seconds.filter(|limit| now - last_time > *limit) {
                return Err(MarkError::ClockStep { last: last_time, now, limit });
            }
            if mark.size < last.size {
                return Err(MarkError::Shrunk { last: last.size, got: mark.size });
            }
            if mark.size == last.size {
                self.last_time = now;
                return Ok(());
            }
        }
        let past = self.marks.partition_point(|old| is_past(old.time, mark.time, longest_window_seconds));
        self.marks.drain(..past.saturating_sub(1));
        if self.marks.len() >= MAX_MARKS {
            return Err(MarkError::TooMany);
        }
        self.marks.push(mark);
        self.last_time = now;
        Ok(())
    }
    /// How many entries from the first have been published for at least this long.
    #[must_use]
    pub fn settled(&self, now: u64, window_seconds: u64) -> u64 {
        self.settled_mark(now, window_seconds).map_or(0, |mark| mark.size)
    }
    /// The last mark that is at least this long ago.
    #[must_use]
    pub fn settled_mark(&self, now: u64, window_seconds: u64) -> Option<Mark> {
        let past = self.marks.partition_point(|mark| is_past(mark.time, now, window_seconds));
        past.checked_sub(1).and_then(|last| self.marks.get(last)).copied()
    }
    /// Notes which pieces of evidence there are now.
    pub fn see_evidence(&mut self, names: &[String], now: u64) {
        self.evidence.retain(|name, _| names.contains(name));
        for name in names {
            self.evidence.entry(name.clone()).or_insert(now);
        }
    }
    /// The pieces of evidence that have been there for at least this long.
    pub fn settled_evidence(&self, now: u64, window_seconds: u64) -> impl Iterator<Item = &str> {
        let past = move |(_, seen): &(&String, &u64)| is_past(**seen, now, window_seconds);
        self.evidence.iter().filter(past).map(|(name, _)| name.as_str())
    }
    /// When a piece of evidence was first seen. Units: Unix seconds.
    #[must_use]
    pub fn evidence_seen(&self, name: &str) -> Option<u64> {
        self.evidence.get(name).copied()
    }
}

fn is_past(time: u64, now: u64, window_seconds: u64) -> bool {
    time.checked_add(window_seconds).is_some_and(|end| end <= now)
}

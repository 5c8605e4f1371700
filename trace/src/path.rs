//! The path: the records that led to one transaction, or any run of records that somebody asks about.

use crate::record::SignedRecord;
use std::ops::Range;
use thiserror::Error;

/// Which records are asked about, by sequence number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// One record.
    Record {
        /// Its number.
        sequence: u64,
    },
    /// Consecutive records.
    Range {
        /// First.
        first: u64,
        /// Last, included.
        last: u64,
    },
    /// The path to a transaction: from after the last executed action through this record, which executed one.
    Transaction {
        /// Number of the record that executed.
        sequence: u64,
    },
}

/// Why a selection is no path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PathError {
    /// The range ends before it begins.
    #[error("the range {first} to {last} ends before it begins")]
    Reversed {
        /// First.
        first: u64,
        /// Last.
        last: u64,
    },
    /// A record that is not at hand.
    #[error("record {sequence} is not at hand: there are records {first} up to, not including, {end}")]
    NotAvailable {
        /// Asked for.
        sequence: u64,
        /// First at hand.
        first: u64,
        /// One past the last at hand.
        end: u64,
    },
    /// The record executed nothing, so no transaction and no path to it exists.
    #[error(
        "record {sequence} executed nothing: name a record that executed an action, or ask for the record itself"
    )]
    NothingExecuted {
        /// Asked for.
        sequence: u64,
    },
    /// The path begins before the records at hand.
    #[error(
        "the path to the transaction of record {sequence} begins before record {first}, the first at hand"
    )]
    StartMissing {
        /// Asked for.
        sequence: u64,
        /// First at hand.
        first: u64,
    },
    /// The records at hand are not consecutive.
    #[error("record {got} where {expected} is expected: the records at hand are not consecutive")]
    NotConsecutive {
        /// Expected sequence number.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// The record before the selection, which a bundle starts from, is not at hand.
    #[error("record {sequence}, which comes before the selected ones, is not at hand")]
    PreviousMissing {
        /// Its number.
        sequence: u64,
    },
}

impl Selection {
    /// The sequence numbers of the selected records, out of those available.
    ///
    /// `executed` is asked, at most once a record and from the last backwards, whether a record executed an action; so
    /// a log need not be read as a whole.
    pub fn resolve<E: From<PathError>>(
        self,
        available: Range<u64>,
        mut executed: impl FnMut(u64) -> Result<bool, E>,
    ) -> Result<Range<u64>, E> {
        let (first, last) = match self {
            Self::Record { sequence } | Self::Transaction { sequence } => (sequence, sequence),
            Self::Range { first, last } => (first, last),
        };
        if last < first {
            return Err(PathError::Reversed { first, last }.into());
        }
        for sequence in [first, last] {
            if !available.contains(&sequence) {
                let (first, end) = (available.start, available.end);
                return Err(PathError::NotAvailable { sequence, first, end }.into());
            }
        }
        let Self::Transaction { sequence } = self else { return Ok(first..last + 1) };
        if !executed(sequence)? {
            return Err(PathError::NothingExecuted { sequence }.into());
        }
        let mut start = sequence;
        while start > available.start && !executed(start - 1)? {
            start -= 1;
        }
        if start == available.start && start > 0 {
            return Err(PathError::StartMissing { sequence, first: start }.into());
        }
        Ok(start..sequence + 1)
    }
}

/// The positions in `run` of the selected records.
///
/// Owes: links and signatures; only the sequence numbers are looked at.
pub fn select(run: &[SignedRecord], selection: Selection) -> Result<Range<usize>, PathError> {
    let base = run.first().map_or(0, |record| record.header.sequence);
    for (record, expected) in run.iter().zip(base..=u64::MAX) {
        let got = record.header.sequence;
        if got != expected {
            return Err(PathError::NotConsecutive { expected, got });
        }
    }
    let position = |sequence: u64| (sequence - base) as usize;
    let available = base..base.saturating_add(run.len() as u64);
    let selected = selection.resolve(available, |sequence| {
        Ok::<_, PathError>(run.get(position(sequence)).is_some_and(|record| record.header.acted()))
    })?;
    Ok(position(selected.start)..position(selected.end))
}

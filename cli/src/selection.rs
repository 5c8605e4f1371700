//! Which records a command is about, and the bundle of them.

use crate::artefact;
use crate::classify::Classify;
use crate::exit::{ExitClass, Failure};
use crate::output::hex_string;
use crate::store::Store;
use candor_log::{FileLogReader, LogError};
use candor_program::Card;
use candor_program::digest::ProgramIds;
use candor_trace::{Bundle, PathError, Selection, Start};
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;

/// Records of the log.
#[derive(Args, Clone, Debug, Default)]
pub struct SelectionArguments {
    /// One record, by its sequence number
    #[arg(long, value_name = "N", conflicts_with_all = ["range", "transaction"])]
    pub record: Option<u64>,
    /// Consecutive records, both ends included
    #[arg(long, value_name = "A..B", value_parser = parse_range, conflicts_with = "transaction")]
    pub range: Option<(u64, u64)>,
    /// The path to the transaction that record N executed
    #[arg(long, value_name = "N")]
    pub transaction: Option<u64>,
    /// The log's directory [default: log in --dir]
    #[arg(long, value_name = "DIRECTORY")]
    pub log: Option<PathBuf>,
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let parse = |part: &str| part.parse::<u64>().map_err(|error| format!("`{part}`: {error}"));
    let (first, last) = text.split_once("..").ok_or("write two sequence numbers as in 10..20")?;
    Ok((parse(first)?, parse(last.strip_prefix('=').unwrap_or(last))?))
}

/// Why records could not be selected.
enum SelectError {
    Path(PathError),
    Log(LogError),
}

impl From<PathError> for SelectError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl SelectionArguments {
    /// Directory of the log.
    #[must_use]
    pub fn log_directory(&self, store: &Store) -> PathBuf {
        self.log.clone().unwrap_or_else(|| store.log())
    }
    /// What was asked for; `None`: nothing in particular.
    #[must_use]
    pub fn selection(&self) -> Option<Selection> {
        match (self.record, self.range, self.transaction) {
            (Some(sequence), _, _) => Some(Selection::Record { sequence }),
            (_, Some((first, last)), _) => Some(Selection::Range { first, last }),
            (_, _, Some(sequence)) => Some(Selection::Transaction { sequence }),
            (None, None, None) => None,
        }
    }
    /// The selected records of the log as a bundle; without a selection, the path to the last transaction.
    pub fn bundle(&self, store: &Store, card: Card) -> Result<Bundle, Failure> {
        let directory = self.log_directory(store);
        let (log, _) = artefact::log(&directory)?;
        let selection = match self.selection() {
            Some(selection) => selection,
            None => last_transaction(&log).map_err(|failure| failure.at(directory.display()))?,
        };
        let range = resolve(&log, selection).map_err(|failure| failure.at(directory.display()))?;
        let bundle = bundle(&log, card, range).map_err(|failure| failure.at(directory.display()))?;
        check_segment(&bundle).map_err(|failure| failure.at(directory.display()))?;
        Ok(bundle)
    }
}

/// All records are decisions of the card's program: a path is split where its program changes.
fn check_segment(bundle: &Bundle) -> Result<(), Failure> {
    let program_id = ProgramIds::of(&bundle.card).program_id;
    for record in &bundle.records {
        let header = &record.header;
        let sequence = header.sequence;
        let named = hex_string(&header.program_id);
        let said = if let Some(revision) = header.revision() {
            format!("record {sequence} revises program {named} to {}", hex_string(&revision.to))
        } else if header.program_id != program_id {
            let own = hex_string(&program_id);
            format!("record {sequence} is of program {named}, the program in --dir is {own}")
        } else {
            continue;
        };
        return Err(Failure::new(ExitClass::Rejected, said).fix(
            "a path is split where its program changes: select the records before and those after with --range, each with its own program in --dir; \
             the two join in the acc and the state that the Revise record signs (candor inspect shows where)",
        ));
    }
    Ok(())
}

/// The sequence numbers of a selection.
pub fn resolve(log: &FileLogReader, selection: Selection) -> Result<Range<u64>, Failure> {
    let executed = |sequence| log.get(sequence).map(|record| record.header.acted()).map_err(SelectError::Log);
    selection.resolve(0..log.len(), executed).map_err(|error| match error {
        SelectError::Path(error) => error.failure(),
        SelectError::Log(error) => error.failure(),
    })
}

fn last_transaction(log: &FileLogReader) -> Result<Selection, Failure> {
    for sequence in (0..log.len()).rev() {
        if log.get(sequence).map_err(|error| error.failure())?.header.acted() {
            return Ok(Selection::Transaction { sequence });
        }
    }
    Err(Failure::usage("no record of this log executed an action, so there is no path to a transaction")
        .fix("name records with --record N or --range A..B"))
}

/// Consecutive records of a log as a bundle.
pub fn bundle(log: &FileLogReader, card: Card, range: Range<u64>) -> Result<Bundle, Failure> {
    let start = match range.start.checked_sub(1) {
        None => Start::Genesis,
        Some(previous) => Start::After(log.header(previous).map_err(|error| error.failure())?),
    };
    let records = log.read(range).map_err(|error| error.failure())?;
    Ok(Bundle { card, start, records })
}

//! Checking a whole log: signatures, links and bodies of all records.

use crate::error::LogError;
use crate::read::FileLogReader;
use crate::storage::LogFile;
use candor_program::Card;
use candor_program::digest::ProgramIds;
use candor_program::migration::{Migration, RegisterChange};
use candor_trace::{
    BodyError, Chain, ChainError, Link, RevisionWords, SignatureError, check_body, check_link,
};
use thiserror::Error;

/// A log whose records form one agent's chain from its beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainReport {
    /// Number of records.
    pub records: u64,
    /// The agent; `None` if there is no record.
    pub agent: Option<[u8; 20]>,
    /// Record hash of the last record: compare it with what others know, since a log does not show what was cut off.
    pub last_record_hash: Option<[u8; 32]>,
    /// Its Revise records, in order.
    pub revisions: Vec<RevisedProgram>,
}

/// A Revise record of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevisedProgram {
    /// Number of the record.
    pub sequence: u64,
    /// Program until then.
    pub from: [u8; 32],
    /// Program from the activation on.
    pub to: [u8; 32],
    /// Earliest time of the next record.
    pub activation: u64,
    /// What became of every register.
    pub registers: Vec<RegisterChange>,
}

/// The first record that is wrong.
#[derive(Debug, Error)]
pub enum ChainCheckError {
    /// It could not be read.
    #[error(transparent)]
    Unreadable {
        /// Why.
        #[from]
        source: LogError,
    },
    /// It is of another program.
    #[error(
        "record {record} at byte {offset} is of program 0x{}, the card is of program 0x{}: use the card that the log was written with",
        hex::encode(.got), hex::encode(.expected)
    )]
    OtherProgram {
        /// Index.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// Program of the card.
        expected: [u8; 32],
        /// Program of the record.
        got: [u8; 32],
    },
    /// Its signature is bad: it was edited, or another key signed it.
    #[error("record {record} at byte {offset}: {source}")]
    Signature {
        /// Index.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// Why.
        source: SignatureError,
    },
    /// It does not continue the record before: records are missing, reordered or of another history.
    #[error("record {record} at byte {offset}: {source}")]
    Link {
        /// Index.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// Why.
        source: ChainError,
    },
    /// Its body is not the one that was signed.
    #[error("record {record} at byte {offset}: {source}")]
    Body {
        /// Index.
        record: u64,
        /// Where its frame begins.
        offset: u64,
        /// Why.
        source: BodyError,
    },
}

impl<F: LogFile> FileLogReader<F> {
    /// Every record is of the card's program, or of one that Revise records lead to or from, signed by one agent, continues
    /// the one before from the genesis on, and its body is the one that was signed. What a Revise record does to the
    /// registers follows from both programs, which its body carries.
    ///
    /// Owes: [`Card::validate`]; that the decisions are right (replay, or a proof); that nothing was cut off at the end.
    pub fn check_chain(&self, card: &Card) -> Result<ChainReport, ChainCheckError> {
        let mut report =
            ChainReport { records: 0, agent: None, last_record_hash: None, revisions: Vec::new() };
        let mut current = self.first_card(card)?;
        let mut chain = Chain::of(&current);
        let mut link = None;
        for record in self.iter() {
            let record = record?;
            let (header, index) = (&record.header, report.records);
            let offset = self.offset(index)?;
            let (expected, got) = (chain.ids.program_id, header.program_id);
            if expected != got {
                return Err(ChainCheckError::OtherProgram { record: index, offset, expected, got });
            }
            record.check_signature(&chain.domain).map_err(|source| ChainCheckError::Signature {
                record: index,
                offset,
                source,
            })?;
            let before = link.take().unwrap_or_else(|| Link::genesis(&chain, header.agent));
            check_link(&before, header).map_err(|source| ChainCheckError::Link {
                record: index,
                offset,
                source,
            })?;
            check_body(&current, &record).map_err(|source| ChainCheckError::Body {
                record: index,
                offset,
                source,
            })?;
            let after = Link::after(&chain, header);
            report.agent = Some(header.agent);
            report.last_record_hash = Some(after.previous_record());
            report.records += 1;
            link = Some(after);
            if let (Some(words), Some(revision)) = (header.revision(), record.body.revision) {
                let registers = Migration::between(&revision.from, &revision.to).registers;
                let RevisionWords { from, to, activation, .. } = words;
                let activation = u64::try_from(activation).unwrap_or(u64::MAX);
                let sequence = header.sequence;
                report.revisions.push(RevisedProgram { sequence, from, to, activation, registers });
                current = revision.to;
                chain = Chain::of(&current);
            }
        }
        Ok(report)
    }

    /// The program that the log begins with: the card's, or one that Revise records lead to it from.
    fn first_card(&self, card: &Card) -> Result<Card, ChainCheckError> {
        let expected = ProgramIds::of(card).program_id;
        let Some(first) = self.iter().next().transpose()? else { return Ok(card.clone()) };
        let got = first.header.program_id;
        if expected == got {
            return Ok(card.clone());
        }
        let mut found = None;
        for record in self.iter() {
            let record = record?;
            let (Some(words), Some(revision)) = (record.header.revision(), record.body.revision) else {
                continue;
            };
            if found.is_none() && revision.from.validate().is_ok() {
                let from = revision.from;
                found = (ProgramIds::of(&from).program_id == got).then_some(from);
            }
            if words.to == expected
                && let Some(from) = found
            {
                return Ok(from);
            }
        }
        Err(ChainCheckError::OtherProgram { record: 0, offset: self.offset(0)?, expected, got })
    }
}

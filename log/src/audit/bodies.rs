//! Bodies beside the log.

use crate::audit::agents::ChainKey;
use crate::audit::report::AuditReport;
use crate::audit::source::{Folder, Source, SourceError};
use candor_program::Card;
use candor_program::encoding::{DecodeError, decode_exact, keccak256};
use candor_program::migration::RegisterChange;
use candor_trace::{Body, BodyError, Entry, SignedRecord, check_body, check_revision};
use std::collections::BTreeSet;
use std::path::Path;
use thiserror::Error;

/// Longest body: that of the longest record of a file log.
const MAX_BODY_BYTES: u64 = crate::frame::MAX_PAYLOAD_BYTES as u64;

/// Where bodies come from. They are not public: whoever audits them was given access.
pub trait Bodies {
    /// The body with this hash; `None` if there is none.
    fn body(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError>;
}

/// A folder of bodies, each under the hexadecimal digits of its hash.
#[derive(Clone, Debug)]
pub struct BodyFolder(Folder);

impl BodyFolder {
    /// Names the folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(Folder::at(path))
    }
}

impl Bodies for BodyFolder {
    fn body(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
        self.0.get(&hex::encode(hash), MAX_BODY_BYTES)
    }
}

/// Why a body is not the one that an agent signed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BodyFault {
    /// Its hash is not the one that the entry names.
    #[error("its hash is 0x{}, the entry names 0x{}", hex::encode(.got), hex::encode(.expected))]
    Hash {
        /// Named by the entry.
        expected: [u8; 32],
        /// Of the body.
        got: [u8; 32],
    },
    /// It cannot be decoded.
    #[error("malformed: {source}")]
    Malformed {
        /// Why.
        source: DecodeError,
    },
    /// It does not open what the agent signed.
    #[error(transparent)]
    Content(#[from] BodyError),
}

/// The first body of a chain that is not what was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainFault {
    /// Agent of the chain.
    pub agent: [u8; 20],
    /// Program of the chain.
    pub program_id: [u8; 32],
    /// The entry.
    pub index: u64,
    /// What is wrong with its body.
    pub fault: BodyFault,
}

/// A log that is in order, with bodies that are not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BodyFaults {
    /// All else.
    pub report: AuditReport,
    /// The first fault of each chain, in the order of the entries; of [`MAX_FAULTS`] chains at most.
    pub first: Vec<ChainFault>,
    /// Chains with such bodies, also those beyond the list.
    pub chains: u64,
    /// Such bodies, of all chains.
    pub bodies: u64,
}

/// Chains whose first fault is kept.
pub const MAX_FAULTS: usize = 1024;

/// What bodies were found to be.
#[derive(Default)]
pub(super) struct Found {
    pub(super) right: u64,
    /// Gone, and listed by a tombstone.
    pub(super) pruned: u64,
    /// Not there, and listed by none.
    pub(super) missing: u64,
    pub(super) first_missing: Option<u64>,
    pub(super) wrong: u64,
    pub(super) first: Vec<ChainFault>,
    chains: BTreeSet<ChainKey>,
}

impl Found {
    /// Looks at the body of an entry; what becomes of the registers, where it is a Revise record's and in order.
    pub(super) fn check(
        &mut self,
        bodies: &dyn Bodies,
        (index, tombstone): (u64, Option<u64>),
        entry: &Entry,
        card: Option<&Card>,
    ) -> Result<Option<Vec<RegisterChange>>, SourceError> {
        let Some(bytes) = bodies.body(&entry.body)? else {
            match tombstone {
                Some(_) => self.pruned += 1,
                None => {
                    self.missing += 1;
                    self.first_missing.get_or_insert(index);
                }
            }
            return Ok(None);
        };
        let fault = match check(&bytes, entry, card) {
            Ok(registers) => {
                self.right += 1;
                return Ok(registers);
            }
            Err(fault) => fault,
        };
        self.wrong += 1;
        let (agent, program_id) = (entry.signed.header.agent, entry.signed.header.program_id);
        if self.chains.insert((agent, program_id)) && self.first.len() < MAX_FAULTS {
            self.first.push(ChainFault { agent, program_id, index, fault });
        }
        Ok(None)
    }
    /// The report, if no body was wrong.
    pub(super) fn conclude(self, report: AuditReport) -> Result<AuditReport, Box<BodyFaults>> {
        if self.wrong == 0 {
            return Ok(report);
        }
        let (chains, bodies) = (self.chains.len() as u64, self.wrong);
        Err(Box::new(BodyFaults { report, first: self.first, chains, bodies }))
    }
}

/// The body is the one that the entry names and opens what the header signed: with a card, or by itself where it is a Revise
/// record's.
fn check(bytes: &[u8], entry: &Entry, card: Option<&Card>) -> Result<Option<Vec<RegisterChange>>, BodyFault> {
    let got = keccak256(&[bytes]);
    if got != entry.body {
        return Err(BodyFault::Hash { expected: entry.body, got });
    }
    let body: Body = decode_exact(bytes).map_err(|source| BodyFault::Malformed { source })?;
    let header = &entry.signed.header;
    if header.revises() {
        let migration = check_revision(header, &body)
            .map_err(|source| BodyError::Revision { source: Box::new(source) })?;
        return Ok(Some(migration.registers));
    }
    let Some(card) = card else { return Ok(None) };
    let record = SignedRecord { header: header.clone(), signature: entry.signed.signature, body };
    check_body(card, &record)?;
    Ok(None)
}

//! What a log says of an agent's chain, believed only as far as the agent's own signature goes.

use crate::http::answer::ChainAnswer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_program::card::Domain;
use candor_program::encoding::DecodeError;
use candor_trace::{Entry, SignatureError};
use thiserror::Error;

/// Names a chain to those who know the agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChainName {
    /// EIP-712 domain of its records.
    pub domain: Domain,
    /// Id of the program.
    pub program_id: [u8; 32],
}

/// How far a log says that a chain has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainHead {
    /// Number of records.
    pub records: u64,
    /// Record hash of the newest; `None` before the first.
    pub record_hash: Option<[u8; 32]>,
    /// Whether the newest was shown with the agent's signature. Where it was pruned, the number is the log's word.
    pub signed: bool,
}

/// Why an answer about a chain is none.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HeadError {
    /// The number of records and what is said of the newest do not go together, or the hash is none.
    #[error("{records} records and the record hash {record_hash:?} do not go together")]
    RecordHash {
        /// Number of records.
        records: u64,
        /// As it was written.
        record_hash: Option<String>,
    },
    /// The entry is not base64.
    #[error("the entry is not base64")]
    Base64,
    /// The entry is malformed.
    #[error("the entry is malformed: {source}")]
    Entry {
        /// Why.
        #[from]
        source: DecodeError,
    },
    /// The entry is of another agent, program or domain, at another place, or has another hash.
    #[error("the entry is not the newest record of this chain")]
    OtherEntry,
    /// The agent did not sign it.
    #[error("the newest record: {source}")]
    Signature {
        /// Why.
        #[from]
        source: SignatureError,
    },
}

impl ChainHead {
    /// What an answer says of the chain of an agent; the entry, if there is one, is the newest of that chain, and signed by it.
    pub fn check(answer: &ChainAnswer, agent: &[u8; 20], chain: &ChainName) -> Result<Self, HeadError> {
        let records = answer.records;
        let malformed = || HeadError::RecordHash { records, record_hash: answer.record_hash.clone() };
        let record_hash = answer.record_hash.as_deref().map(|text| parse_hash(text).ok_or_else(malformed));
        let record_hash = record_hash.transpose()?;
        if record_hash.is_some() != (records > 0) || (records == 0 && answer.entry.is_some()) {
            return Err(malformed());
        }
        let Some(entry) = &answer.entry else { return Ok(Self { records, record_hash, signed: false }) };
        let entry = Entry::from_bytes(&STANDARD.decode(entry).map_err(|_| HeadError::Base64)?)?;
        let header = &entry.signed.header;
        // The Revise record that leads to a program is the newest of its chain until it has decided something.
        let revised = header.revision().filter(|revision| revision.to == chain.program_id);
        let program_id = revised.map_or(header.program_id, |revision| revision.to);
        let place = (header.agent, program_id, entry.domain, header.sequence.checked_add(1));
        if place != (*agent, chain.program_id, chain.domain, Some(records))
            || Some(entry.record_hash()) != record_hash
        {
            return Err(HeadError::OtherEntry);
        }
        entry.check_signature()?;
        Ok(Self { records, record_hash, signed: true })
    }
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut hash).ok()?;
    Some(hash)
}

//! Equivocations: two signed headers for one place of a chain, kept before the second is refused.

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::{EVIDENCE, Files};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::Domain;
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use candor_trace::{Equivocation, SignedHeader, equivocation};

/// First eight bytes of a file of evidence.
pub const EVIDENCE_MAGIC: [u8; 8] = *b"CANDOREQ";
/// Longest file of evidence.
pub const MAX_EVIDENCE_BYTES: u64 = 2048;

/// Two headers that one agent signed for one place of its chain.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct EquivocationEvidence {
    /// EIP-712 domain of both signatures.
    pub domain: Domain,
    /// The one that the log has.
    pub first: SignedHeader,
    /// The one that was refused.
    pub second: SignedHeader,
}

impl EquivocationEvidence {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_file(&EVIDENCE_MAGIC, self)
    }
    /// Strictly decodes a file.
    ///
    /// Owes: [`EquivocationEvidence::check`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_file(&EVIDENCE_MAGIC, MAX_EVIDENCE_BYTES, bytes)
    }
    /// Who equivocated, and where; `None` if this shows nothing.
    #[must_use]
    pub fn check(&self) -> Option<Equivocation> {
        equivocation(&self.first, &self.second, &self.domain)
    }
}

fn folder(agent: &[u8; 20]) -> String {
    format!("{EVIDENCE}/{}", hex::encode(agent))
}

/// Names of the files of evidence against an agent.
pub(crate) fn list<D: Disk>(files: &Files<D>, agent: &[u8; 20]) -> Result<Vec<String>, PipelineError> {
    let folder = folder(agent);
    let names = files.list(&folder)?;
    let complete = names.iter().filter(|name| name.len() == 64 && !name.ends_with('/'));
    Ok(complete.map(|name| format!("{folder}/{name}")).collect())
}

/// Keeps evidence, durably; the name of its file, or `None` if the agent has as many as are kept.
///
/// Owes: that nobody else keeps evidence against this agent at the same time.
pub(crate) fn keep<D: Disk>(
    files: &Files<D>,
    limit: usize,
    evidence: &EquivocationEvidence,
) -> Result<Option<String>, PipelineError> {
    let agent = evidence.second.header.agent;
    let record_hash = evidence.second.record_hash(&evidence.domain);
    let name = format!("{}/{}", folder(&agent), hex::encode(record_hash));
    let kept = list(files, &agent)?;
    if kept.contains(&name) {
        // Whoever wrote it may have died before its name was durable; its bytes were before it had the name. Both
        // signatures are deterministic or not: what counts is that it is there and shows the same.
        let bytes = files.require(&name)?;
        let there = EquivocationEvidence::from_bytes(&bytes)
            .map_err(|error| files.damaged(&name, FileDamage::Undecodable(error)))?;
        files.put_new(&name, there.to_bytes())?;
        return Ok(Some(name));
    }
    if kept.len() >= limit {
        return Ok(None);
    }
    files.put_new(&name, evidence.to_bytes())?;
    Ok(Some(name))
}

//! Which agents may write, and where each of their chains begins.

use crate::pipeline::error::{FileDamage, PipelineError};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::Card;
use candor_program::card::Domain;
use candor_program::encoding::{FrBytes, decode_file, encode, encode_file};
use candor_trace::{Chain, Link};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use thiserror::Error;

/// First eight bytes of the file of registrations.
const REGISTRATIONS_MAGIC: [u8; 8] = *b"CANDORRG";
/// Longest file of registrations that is read: more than the largest limit allows.
const MAX_REGISTRATIONS_BYTES: u64 = 1 << 30;

/// An agent with one of its programs: what the links of its chain depend on.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Registration {
    /// Address of the agent's key.
    pub agent: [u8; 20],
    /// EIP-712 domain of its records.
    pub domain: Domain,
    /// Id of its program.
    pub program_id: [u8; 32],
    /// Poseidon digest of its program.
    pub program_fr: FrBytes,
    /// Digest of the initial registers.
    pub initial_state: FrBytes,
}

impl Registration {
    /// An agent with the program of a card.
    ///
    /// Owes: [`Card::validate`].
    #[must_use]
    pub fn of(card: &Card, agent: [u8; 20]) -> Self {
        let chain = Chain::of(card);
        Self {
            agent,
            domain: chain.domain,
            program_id: chain.ids.program_id,
            program_fr: chain.ids.program_fr.into(),
            initial_state: chain.initial_state,
        }
    }
    /// What the chain's first record continues.
    #[must_use]
    pub fn first_link(&self) -> Link {
        Link::first(self.program_id, self.program_fr, self.initial_state, self.agent)
    }
}

/// The file of registrations. Most of what it says shows nowhere else in a log, so that it carries its own hash.
#[derive(BorshSerialize, BorshDeserialize)]
struct RegistrationsFile {
    registrations: Vec<Registration>,
    /// SHA-256 of the Borsh encoding of the registrations.
    hash: [u8; 32],
}

/// The file of registrations.
pub(crate) fn encode_registrations(registrations: Vec<Registration>) -> Vec<u8> {
    let hash = Sha256::digest(encode(&registrations)).into();
    encode_file(&REGISTRATIONS_MAGIC, &RegistrationsFile { registrations, hash })
}

/// The registrations of a file.
pub(crate) fn decode_registrations(bytes: &[u8]) -> Result<Vec<Registration>, FileDamage> {
    let file: RegistrationsFile = decode_file(&REGISTRATIONS_MAGIC, MAX_REGISTRATIONS_BYTES, bytes)?;
    let hash: [u8; 32] = Sha256::digest(encode(&file.registrations)).into();
    if hash == file.hash { Ok(file.registrations) } else { Err(FileDamage::HashMismatch) }
}

/// Why an agent was not registered.
#[derive(Clone, Debug, Error)]
pub enum RegisterError {
    /// Agent and program are registered with other values.
    #[error(
        "agent 0x{} is registered for program 0x{} with another domain, program digest or initial state: a chain keeps its beginning",
        hex::encode(.agent), hex::encode(.program_id)
    )]
    Conflict {
        /// Agent.
        agent: [u8; 20],
        /// Program.
        program_id: [u8; 32],
    },
    /// As many as the setting allows.
    #[error("{limit} agents are registered already: raise the limit, or start another log")]
    TooMany {
        /// Limit.
        limit: usize,
    },
    /// The log could not make it durable.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// The registrations for readers: a JSON array in the order of registration.
pub(crate) fn agents_json(registrations: &[Registration]) -> String {
    let mut json = String::from("[");
    for (position, one) in registrations.iter().enumerate() {
        let separator = if position == 0 { "\n" } else { ",\n" };
        // Writing to a string does not fail.
        let _ = write!(
            json,
            "{separator}{{\"agent\": \"0x{}\", \"chainId\": {}, \"verifyingContract\": \"0x{}\", \"programId\": \"0x{}\", \"programFr\": \"0x{}\", \"initialState\": \"0x{}\"}}",
            hex::encode(one.agent),
            one.domain.chain_id,
            hex::encode(one.domain.verifying_contract),
            hex::encode(one.program_id),
            hex::encode(one.program_fr.0),
            hex::encode(one.initial_state.0),
        );
    }
    json.push_str("\n]\n");
    json
}

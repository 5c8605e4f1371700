//! `agents.json`: which chains a log says it keeps.

use candor_program::card::Domain;
use candor_program::encoding::{FrBytes, fr_from_bytes};
use candor_trace::Link;
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Longest file.
pub const MAX_AGENTS_BYTES: u64 = 64 << 20;

/// A chain as the log publishes it: agent, program, and what its first record continues.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishedChain {
    /// Address of the agent's key.
    pub agent: [u8; 20],
    /// EIP-712 domain of its records.
    pub domain: Domain,
    /// Id of its program.
    pub program_id: [u8; 32],
    /// Poseidon digest of its program: the operator's word, unless a card confirms it.
    pub program_fr: FrBytes,
    /// Digest of the initial registers: the operator's word, unless a card confirms it.
    pub initial_state: FrBytes,
}

impl PublishedChain {
    /// What the chain's first record continues.
    #[must_use]
    pub fn first_link(&self) -> Link {
        Link::first(self.program_id, self.program_fr, self.initial_state, self.agent)
    }
}

/// Why the file is not one of chains.
#[derive(Debug, Error)]
pub enum AgentsFileError {
    /// No JSON of this shape.
    #[error("{source}")]
    Json {
        /// Where and why.
        #[from]
        source: serde_json::Error,
    },
    /// A value that is not `0x` and lower-case hexadecimal digits of the right number.
    #[error("chain {position}: {field} is not 0x and {digits} lower-case hexadecimal digits")]
    Hexadecimal {
        /// Position in the list.
        position: usize,
        /// Field.
        field: &'static str,
        /// Expected.
        digits: usize,
    },
    /// A digest that is not below the field's modulus.
    #[error("chain {position}: {field} is not below the field's modulus")]
    NotReduced {
        /// Position in the list.
        position: usize,
        /// Field.
        field: &'static str,
    },
    /// One chain twice.
    #[error("chain {position} is listed before already")]
    Repeated {
        /// Position in the list.
        position: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    agent: String,
    chain_id: u64,
    verifying_contract: String,
    program_id: String,
    program_fr: String,
    initial_state: String,
}

/// Agent and program: the name of a chain.
pub type ChainKey = ([u8; 20], [u8; 32]);

/// The chains of the file.
pub fn published_chains(bytes: &[u8]) -> Result<BTreeMap<ChainKey, PublishedChain>, AgentsFileError> {
    let lines: Vec<Line> = serde_json::from_slice(bytes)?;
    let mut chains = BTreeMap::new();
    for (position, line) in lines.iter().enumerate() {
        let chain = PublishedChain {
            agent: hexadecimal(position, "agent", &line.agent)?,
            domain: Domain {
                chain_id: line.chain_id,
                verifying_contract: hexadecimal(position, "verifyingContract", &line.verifying_contract)?,
            },
            program_id: hexadecimal(position, "programId", &line.program_id)?,
            program_fr: element(position, "programFr", &line.program_fr)?,
            initial_state: element(position, "initialState", &line.initial_state)?,
        };
        if chains.insert((chain.agent, chain.program_id), chain).is_some() {
            return Err(AgentsFileError::Repeated { position });
        }
    }
    Ok(chains)
}

fn hexadecimal<const N: usize>(
    position: usize,
    field: &'static str,
    text: &str,
) -> Result<[u8; N], AgentsFileError> {
    let refused = || AgentsFileError::Hexadecimal { position, field, digits: 2 * N };
    let digits = text.strip_prefix("0x").ok_or_else(refused)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused())?;
    if hex::encode(bytes) == digits { Ok(bytes) } else { Err(refused()) }
}

fn element(position: usize, field: &'static str, text: &str) -> Result<FrBytes, AgentsFileError> {
    let bytes = hexadecimal(position, field, text)?;
    match fr_from_bytes(&bytes) {
        Some(_) => Ok(FrBytes(bytes)),
        None => Err(AgentsFileError::NotReduced { position, field }),
    }
}

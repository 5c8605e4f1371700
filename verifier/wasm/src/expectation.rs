//! What the host expects, in JSON: the keys of `expected.json`, and what it agrees to.

use candor_program::card::{Card, Domain};
use candor_verifier::{AssumptionName, Expected, UnknownAssumption};
use serde::Deserialize;
use thiserror::Error;

/// Longest expectation.
pub const MAX_EXPECTATION_BYTES: usize = 1 << 16;

/// Why an expectation cannot be used.
#[derive(Debug, Error)]
pub enum ExpectationError {
    /// Too long.
    #[error("the expectation has {got} bytes; at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Not JSON with these keys.
    #[error(
        "the expectation is not JSON with programId, agent, chainId, verifyingContract, setupDigest, sealKeys, allowDeclaredCeremony, allowDevelopmentSetup, refuse: {source}"
    )]
    Json {
        /// Why.
        #[from]
        source: serde_json::Error,
    },
    /// Not 0x and this many bytes in hexadecimal.
    #[error("`{field}` of the expectation is not 0x with {} hexadecimal digits", 2 * bytes)]
    Hexadecimal {
        /// Key.
        field: &'static str,
        /// Length.
        bytes: usize,
    },
    /// One half of a domain.
    #[error("the expectation names one of chainId and verifyingContract: name both, or neither")]
    HalfDomain,
    /// No assumption has this name.
    #[error("`refuse` of the expectation: {source}")]
    Assumption {
        /// Which.
        #[from]
        source: UnknownAssumption,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keys {
    program_id: String,
    agent: String,
    chain_id: Option<u64>,
    verifying_contract: Option<String>,
    setup_digest: Option<String>,
    #[serde(default)]
    seal_keys: Vec<String>,
    #[serde(default)]
    allow_declared_ceremony: bool,
    #[serde(default)]
    allow_development_setup: bool,
    #[serde(default)]
    refuse: Vec<String>,
}

/// Ids, and what the reader agrees to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    program_id: [u8; 32],
    agent: [u8; 20],
    domain: Option<Domain>,
    setup_digest: Option<[u8; 32]>,
    seal_keys: Vec<[u8; 32]>,
    allow_declared_ceremony: bool,
    allow_development_setup: bool,
    refused: Vec<AssumptionName>,
}

impl Expectation {
    /// Reads an expectation strictly: an unknown key is refused, lest a misspelt one be ignored.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ExpectationError> {
        let (limit, got) = (MAX_EXPECTATION_BYTES, bytes.len());
        if got > limit {
            return Err(ExpectationError::TooLong { limit, got });
        }
        let keys: Keys = serde_json::from_slice(bytes)?;
        let domain = match (keys.chain_id, &keys.verifying_contract) {
            (Some(chain_id), Some(contract)) => {
                Some(Domain { chain_id, verifying_contract: hexadecimal("verifyingContract", contract)? })
            }
            (None, None) => None,
            _ => return Err(ExpectationError::HalfDomain),
        };
        Ok(Self {
            program_id: hexadecimal("programId", &keys.program_id)?,
            agent: hexadecimal("agent", &keys.agent)?,
            domain,
            setup_digest: keys.setup_digest.map(|text| hexadecimal("setupDigest", &text)).transpose()?,
            seal_keys: keys
                .seal_keys
                .iter()
                .map(|id| hexadecimal("sealKeys", id))
                .collect::<Result<_, _>>()?,
            allow_declared_ceremony: keys.allow_declared_ceremony,
            allow_development_setup: keys.allow_development_setup,
            refused: keys.refuse.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
        })
    }

    /// What is expected of something with this card. Where no domain is named it is the card's: the program id, which is
    /// named, commits to it.
    #[must_use]
    pub fn of(&self, card: &Card) -> Expected {
        let mut expected = Expected::new(self.program_id, self.agent, self.domain.unwrap_or(card.domain));
        expected.setup_digest = self.setup_digest;
        expected.seal_keys.clone_from(&self.seal_keys);
        expected.allow_declared_ceremony = self.allow_declared_ceremony;
        expected.allow_development_setup = self.allow_development_setup;
        expected.refused.clone_from(&self.refused);
        expected
    }
}

fn hexadecimal<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], ExpectationError> {
    let mut bytes = [0; N];
    let digits = text.strip_prefix("0x").unwrap_or_default();
    hex::decode_to_slice(digits, &mut bytes)
        .map_err(|_| ExpectationError::Hexadecimal { field, bytes: N })?;
    Ok(bytes)
}

//! Observations: one JSON line to raw plugin payloads, and payloads to features.

use crate::card::Card;
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// What the plugins reported for one decision.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Observation {
    /// Unix seconds.
    pub time: u64,
    /// Raw payload bytes in the order of `card.plugins`; empty: the plugin reported nothing.
    pub payloads: Vec<Vec<u8>>,
}

/// Why an observation is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ObservationError {
    /// Longer than the limit.
    #[error("the line has {got} bytes, at most {limit} are allowed")]
    LineTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
}

impl Observation {
    /// Splits a line of observations into raw payloads.
    pub fn from_json(line: &str, card: &Card) -> Result<Self, ObservationError> {
        let _ = (line, card);
        todo!()
    }
    /// The model's input: every feature's integer minus its `min`.
    pub fn features(&self, card: &Card) -> Result<Vec<u16>, ObservationError> {
        let _ = card;
        todo!()
    }
    /// Keccak-256 of every payload.
    #[must_use]
    pub fn payload_digests(&self) -> Vec<[u8; 32]> {
        todo!()
    }
}

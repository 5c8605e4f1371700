//! What a dispute keeps from being pruned.

use super::file::{RetentionFileError, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most pins of a log.
pub const MAX_PINS: usize = 10_000;
/// Longest reason.
pub const MAX_PIN_REASON_BYTES: usize = 200;

/// A run of one agent's records under one program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinnedRange {
    /// Agent.
    #[serde(with = "hex::serde")]
    pub agent: [u8; 20],
    /// Program.
    #[serde(with = "hex::serde")]
    pub program_id: [u8; 32],
    /// First sequence number.
    pub first: u64,
    /// Last sequence number; records that are not written yet are pinned when they come.
    pub last: u64,
}

/// A pin: these records stay, with their bodies, until it is taken out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pin {
    /// Name by which it is taken out.
    pub name: String,
    /// Which records.
    pub records: PinnedRange,
    /// Why, for the operator; not published.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Why a pin was not set or taken out.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PinError {
    /// There is one of this name.
    #[error("there is a pin {name:?} already: take it out first, or choose another name")]
    NameTaken {
        /// Name.
        name: String,
    },
    /// There is none of this name.
    #[error("there is no pin {name:?}")]
    NoSuchPin {
        /// Name.
        name: String,
    },
    /// A name that is none.
    #[error("{name:?} is not a pin's name: 1 to 64 letters, digits, '.', '-' and '_'")]
    Name {
        /// Found.
        name: String,
    },
    /// A run that ends before it begins.
    #[error("sequence numbers {first} to {last} are no run")]
    EmptyRange {
        /// First.
        first: u64,
        /// Last.
        last: u64,
    },
    /// A reason that is too long.
    #[error("the reason has {got} bytes, at most {MAX_PIN_REASON_BYTES} are allowed")]
    ReasonTooLong {
        /// Found.
        got: usize,
    },
    /// Too many pins.
    #[error("there are {MAX_PINS} pins already: take some out")]
    TooMany,
}

/// All pins of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pins {
    pins: Vec<Pin>,
}

impl Pins {
    /// Strictly decodes the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RetentionFileError> {
        let decoded: Self = decode(bytes)?;
        let mut pins = Self::default();
        for pin in decoded.pins {
            pins.add(pin)?;
        }
        Ok(pins)
    }
    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RetentionFileError> {
        encode(self)
    }
    /// All of them, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.pins.iter()
    }
    /// Sets a pin.
    pub fn add(&mut self, pin: Pin) -> Result<(), PinError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !(1..=64).contains(&pin.name.len()) || !pin.name.bytes().all(allowed) {
            return Err(PinError::Name { name: pin.name });
        }
        if self.pins.iter().any(|other| other.name == pin.name) {
            return Err(PinError::NameTaken { name: pin.name });
        }
        let PinnedRange { first, last, .. } = pin.records;
        if first > last {
            return Err(PinError::EmptyRange { first, last });
        }
        if pin.reason.len() > MAX_PIN_REASON_BYTES {
            return Err(PinError::ReasonTooLong { got: pin.reason.len() });
        }
        if self.pins.len() >= MAX_PINS {
            return Err(PinError::TooMany);
        }
        self.pins.push(pin);
        Ok(())
    }
    /// Takes a pin out.
    pub fn remove(&mut self, name: &str) -> Result<Pin, PinError> {
        let found = self.pins.iter().position(|pin| pin.name == name);
        let index = found.ok_or_else(|| PinError::NoSuchPin { name: name.to_owned() })?;
        Ok(self.pins.remove(index))
    }
    /// Whether some pin keeps this record.
    #[must_use]
    pub fn keeps(&self, agent: &[u8; 20], program_id: &[u8; 32], sequence: u64) -> bool {
        self.pins.iter().any(|Pin { records, .. }| {
            records.agent == *agent
                && records.program_id == *program_id
                && (records.first..=records.last).contains(&sequence)
        })
    }
    /// The same without the operator's reasons: what is published.
    #[must_use]
    pub fn without_reasons(&self) -> Self {
        let public = |pin: &Pin| Pin { reason: String::new(), ..pin.clone() };
        Self { pins: self.pins.iter().map(public).collect() }
    }
    /// Whether nothing is pinned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }
    /// Whether some pin is of this agent.
    #[must_use]
    pub fn names_agent(&self, agent: &[u8; 20]) -> bool {
        self.pins.iter().any(|pin| pin.records.agent == *agent)
    }
}

//! Observations: one JSON line to raw plugin payloads, and payloads to the model's input.
//!
//! A line is `{"time": <Unix seconds>, "plugins": {"<plugin id>": <payload>, ...}}`. Payloads are kept byte for byte,
//! since their digests are what a record commits to. A plugin that declares a key delivers its payload in an [`Envelope`]
//! with a signature; what is kept is the envelope. No number ever passes through floating point.

mod envelope;
mod error;
mod json;
mod pick;

pub use envelope::{Envelope, EnvelopeError};
pub use error::{FeaturePlace, ObservationError};

use crate::card::Card;
use crate::encoding::keccak256;
use crate::limits;
use borsh::{BorshDeserialize, BorshSerialize};

/// What the plugins reported for one decision.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Observation {
    /// Unix seconds.
    pub time: u64,
    /// Raw payload bytes in the order of `card.plugins`, envelopes where the plugin signs; empty: it reported nothing.
    pub payloads: Vec<Vec<u8>>,
}

impl Observation {
    /// Splits a line into raw payloads; every plugin that a feature is read from must have reported.
    ///
    /// Owes: the payloads' content, see [`Self::features`].
    pub fn from_json(line: &str, card: &Card) -> Result<Self, ObservationError> {
        if line.len() > limits::LINE_BYTES {
            return Err(ObservationError::LineTooLong { limit: limits::LINE_BYTES, got: line.len() });
        }
        let line = json::read_line(line)?;
        let mut payloads = vec![Vec::new(); card.plugins.len()];
        for (id, payload) in line.plugins {
            let index = card.plugins.iter().position(|plugin| plugin.id == id);
            let slot = index.and_then(|index| payloads.get_mut(index));
            let slot = slot.ok_or_else(|| ObservationError::UnknownPlugin {
                plugin: error::excerpt(&id),
                declared: card.plugins.iter().map(|plugin| plugin.id.clone()).collect(),
            })?;
            *slot = payload.as_bytes().to_vec();
        }
        let observation = Self { time: line.time, payloads };
        observation.reported(card)?;
        Ok(observation)
    }

    /// The model's input: every feature's integer minus its `min`, in the card's order.
    ///
    /// Errors: whatever of the payloads is not what the card declares, with plugin, feature and pointer.
    /// Owes: the signatures of envelopes, which need cryptography (`candor_trace::check_payloads`).
    pub fn features(&self, card: &Card) -> Result<Vec<u16>, ObservationError> {
        self.reported(card)?;
        let mut values = vec![0; card.features.len()];
        for (index, payload) in self.payloads.iter().enumerate() {
            match self.envelope(card, index)? {
                Some(envelope) => pick::from_payload(card, index, envelope.payload.as_bytes(), &mut values)?,
                None => pick::from_payload(card, index, payload, &mut values)?,
            }
        }
        Ok(values)
    }

    /// The envelope of a plugin that signs and has reported; its time fits the observation's.
    ///
    /// Errors: a payload that is no envelope, is signed for a later time, or is too old.
    /// Owes: the signature.
    pub fn envelope(&self, card: &Card, plugin: usize) -> Result<Option<Envelope>, ObservationError> {
        let (Some(declared), Some(payload)) = (card.plugins.get(plugin), self.payloads.get(plugin)) else {
            return Ok(None);
        };
        let Some(signer) = declared.signer.filter(|_| !payload.is_empty()) else { return Ok(None) };
        let id = || declared.id.clone();
        let envelope = Envelope::from_bytes(payload)
            .map_err(|source| ObservationError::Envelope { plugin: id(), source })?;
        let (signed, time, max_age_seconds) = (envelope.time, self.time, signer.max_age_seconds);
        match time.checked_sub(signed) {
            None => Err(ObservationError::PayloadLater { plugin: id(), signed, time }),
            Some(age) if age > max_age_seconds => {
                Err(ObservationError::PayloadStale { plugin: id(), signed, time, max_age_seconds })
            }
            Some(_) => Ok(Some(envelope)),
        }
    }

    /// Keccak-256 of every payload, in the card's order.
    #[must_use]
    pub fn payload_digests(&self) -> Vec<[u8; 32]> {
        self.payloads.iter().map(|payload| keccak256(&[payload])).collect()
    }

    fn reported(&self, card: &Card) -> Result<(), ObservationError> {
        if self.payloads.len() != card.plugins.len() {
            let (expected, got) = (card.plugins.len(), self.payloads.len());
            return Err(ObservationError::PayloadCount { expected, got });
        }
        for feature in &card.features {
            if self.payloads.get(usize::from(feature.plugin)).is_none_or(Vec::is_empty) {
                return Err(ObservationError::MissingPlugin { feature: FeaturePlace::of(card, feature) });
            }
        }
        Ok(())
    }
}

//! Signed payloads: what a plugin signs, and that the plugins of an observation did (docs/spec/record.md).

use crate::signer::{SecretKey, SignerError, check_signed};
use candor_program::Card;
use candor_program::card::Plugin;
use candor_program::encoding::keccak256;
use candor_program::observation::{Envelope, Observation, ObservationError};
use thiserror::Error;

/// Primary type of the EIP-712 struct that a plugin signs.
pub const PAYLOAD_TYPE: &str =
    "Payload(string plugin,string version,bytes32 codeHash,uint256 time,string payload)";

const DOMAIN_TYPE: &str = "EIP712Domain(string name,string version)";
const DOMAIN_NAME: &str = "Candor plugin";
const DOMAIN_VERSION: &str = "1";

/// Bytes of a message: `0x1901`, domain separator, struct hash.
pub const PAYLOAD_MESSAGE_BYTES: usize = 66;

/// Why the payloads of an observation are not signed as the card declares.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PayloadError {
    /// A payload that is no envelope of an acceptable time.
    #[error(transparent)]
    Observation(#[from] Box<ObservationError>),
    /// The declared key did not sign it for this plugin, version, code and time.
    #[error("the payload of plugin `{plugin}`: {source}")]
    Signature {
        /// Plugin.
        plugin: String,
        /// Why.
        source: SignerError,
    },
}

/// The bytes that a plugin signs: they bind its id, version and code, the time, and the payload.
///
/// They bind no agent and no chain: a plugin may report the same to many.
#[must_use]
pub fn payload_message(plugin: &Plugin, time: u64, payload: &str) -> [u8; PAYLOAD_MESSAGE_BYTES] {
    let hash = |text: &str| keccak256(&[text.as_bytes()]);
    let domain = keccak256(&[&hash(DOMAIN_TYPE), &hash(DOMAIN_NAME), &hash(DOMAIN_VERSION)]);
    let mut word = [0; 32];
    word[24..].copy_from_slice(&time.to_be_bytes());
    let message = keccak256(&[
        &hash(PAYLOAD_TYPE),
        &hash(&plugin.id),
        &hash(&plugin.version),
        &plugin.code_hash,
        &word,
        &hash(payload),
    ]);
    let mut bytes = [0; PAYLOAD_MESSAGE_BYTES];
    bytes[..2].copy_from_slice(b"\x19\x01");
    bytes[2..34].copy_from_slice(&domain);
    bytes[34..].copy_from_slice(&message);
    bytes
}

/// The envelope that a plugin delivers.
#[must_use]
pub fn sign_payload(key: &SecretKey, plugin: &Plugin, time: u64, payload: &str) -> Envelope {
    let signature = key.sign(&payload_message(plugin, time, payload));
    Envelope { payload: payload.to_owned(), time, signature }
}

/// Every payload of a plugin that declares a key is signed by it, for this plugin, version, code and an acceptable time.
///
/// Errors: the first plugin, in the card's order, whose payload is not; a plugin that reported nothing signed nothing.
/// Owes: what the payloads say ([`Observation::features`]).
pub fn check_payloads(card: &Card, observation: &Observation) -> Result<(), PayloadError> {
    for (index, plugin) in card.plugins.iter().enumerate() {
        let Some(signer) = plugin.signer else { continue };
        let Some(envelope) = observation.envelope(card, index).map_err(Box::new)? else { continue };
        let message = payload_message(plugin, envelope.time, &envelope.payload);
        check_signed(&signer.key, &message, &envelope.signature)
            .map_err(|source| PayloadError::Signature { plugin: plugin.id.clone(), source })?;
    }
    Ok(())
}

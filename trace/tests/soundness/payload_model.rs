//! Signed payloads once more: what is signed, and the rules, each of which can be left out of both: to show what it is for.

use candor_program::Card;
use candor_program::card::{Plugin, SignerKey};
use candor_program::encoding::keccak256;
use candor_program::observation::Observation;
use candor_trace::{SecretKey, SignatureBytes, check_signed, recover};
use serde_json::Value;

/// A rule of docs/spec/record.md, "Signed payloads".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// What is signed begins with a domain of its own.
    Domain,
    /// It names the plugin.
    Id,
    /// It names the plugin's version.
    Version,
    /// It names the plugin's code.
    Code,
    /// It names the time.
    Time,
    /// It is about this payload.
    Payload,
    /// The card's key signed it.
    Key,
    /// The payload is no later than the observation.
    Later,
    /// It is not older than the card allows.
    Age,
    /// A payload that no signature goes with is refused.
    Envelope,
    /// Every plugin with a key, not the first alone.
    Every,
}

/// All of them.
pub(crate) const RULES: [Rule; 11] = [
    Rule::Domain,
    Rule::Id,
    Rule::Version,
    Rule::Code,
    Rule::Time,
    Rule::Payload,
    Rule::Key,
    Rule::Later,
    Rule::Age,
    Rule::Envelope,
    Rule::Every,
];

fn hash(text: &str) -> [u8; 32] {
    keccak256(&[text.as_bytes()])
}

/// What is signed, with one part left out.
pub(crate) fn message(plugin: &Plugin, time: u64, payload: &str, without: Option<Rule>) -> Vec<u8> {
    let kept = |rule: Rule, word: [u8; 32]| if without == Some(rule) { [0; 32] } else { word };
    let mut seconds = [0; 32];
    seconds[24..].copy_from_slice(&time.to_be_bytes());
    let domain =
        keccak256(&[&hash("EIP712Domain(string name,string version)"), &hash("Candor plugin"), &hash("1")]);
    let kind = "Payload(string plugin,string version,bytes32 codeHash,uint256 time,string payload)";
    let inner = keccak256(&[
        &hash(kind),
        &kept(Rule::Id, hash(&plugin.id)),
        &kept(Rule::Version, hash(&plugin.version)),
        &kept(Rule::Code, plugin.code_hash),
        &kept(Rule::Time, seconds),
        &kept(Rule::Payload, hash(payload)),
    ]);
    [&b"\x19\x01"[..], &kept(Rule::Domain, domain), &inner].concat()
}

/// What a plugin delivers that leaves a part out of what it signs.
pub(crate) fn delivered(
    key: &SecretKey,
    plugin: &Plugin,
    (time, payload): (u64, &str),
    without: Option<Rule>,
) -> Value {
    let signature = key.sign(&message(plugin, time, payload, without));
    serde_json::json!({ "payload": payload, "time": time, "signature": format!("0x{}", hex::encode(signature)) })
}

/// Whether an observation's payloads are signed as the card says.
pub(crate) fn accepts(card: &Card, observation: &Observation, without: Option<Rule>) -> bool {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let declared = card.plugins.iter().zip(&observation.payloads);
    let mut signing = declared.filter(|(plugin, payload)| plugin.signer.is_some() && !payload.is_empty());
    let one = |(plugin, payload): (&Plugin, &Vec<u8>)| {
        let signer = plugin.signer.expect("filtered");
        let envelope: Value = serde_json::from_slice(payload).expect("JSON");
        let (Some(text), Some(time), Some(signature)) =
            (envelope["payload"].as_str(), envelope["time"].as_u64(), envelope["signature"].as_str())
        else {
            return kept(Rule::Envelope, false);
        };
        let signature = hex::decode(&signature[2..]).expect("hexadecimal");
        let message = message(plugin, time, text, without);
        kept(Rule::Later, time <= observation.time)
            && kept(Rule::Age, observation.time.saturating_sub(time) <= signer.max_age_seconds)
            && match (signer.key, without) {
                // Somebody's signature.
                (SignerKey::Secp256k1 { .. }, Some(Rule::Key)) => {
                    let bytes = SignatureBytes(signature.try_into().expect("65 bytes"));
                    recover(&keccak256(&[&message]), &bytes).is_ok()
                }
                (key, _) => check_signed(&key, &message, &signature).is_ok(),
            }
    };
    let first = signing.next().is_none_or(one);
    first && kept(Rule::Every, signing.all(one))
}

//! Every rule about signed payloads alone: what it refuses, and what passes where it is left out.

use crate::agent::{START, Want, key, observation, other_key, signed_program};
use crate::payload_model::{RULES, Rule, accepts, delivered, message};
use candor_program::Card;
use candor_program::card::Plugin;
use candor_program::encoding::keccak256;
use candor_program::observation::Observation;
use candor_trace::{SecretKey, check_payloads};
use serde_json::Value;

const REMARK: &str = "\"a remark\"";
const OPINION: &str = r#"{"sell": 1, "hold": 2, "buy": 3}"#;
const AGE: u64 = 30;

fn plugin_key() -> SecretKey {
    SecretKey::Secp256k1(other_key())
}

fn stranger() -> SecretKey {
    SecretKey::Secp256k1(key())
}

/// Both plugins sign, with one key.
fn card() -> Card {
    let mut card = signed_program(plugin_key().public(), AGE).card;
    card.plugins[0].signer = card.plugins[1].signer;
    card
}

/// An observation that only this rule refuses, from plugins that leave a part out of what they sign.
fn against(rule: Rule, without: Option<Rule>) -> Observation {
    let [opinion, remark] = [0, 1].map(|index: usize| card().plugins[index].clone());
    let sign = |plugin: &Plugin, time| delivered(&plugin_key(), plugin, (time, REMARK), without);
    let with = |change: &dyn Fn(&mut Plugin)| {
        let mut other = remark.clone();
        change(&mut other);
        sign(&other, START)
    };
    let second = match rule {
        Rule::Domain => {
            // The same fields, signed for something else.
            let mut bytes = message(&remark, START, REMARK, without);
            if without != Some(Rule::Domain) {
                bytes[2..34].copy_from_slice(&keccak256(&[b"another protocol"]));
            }
            let mut envelope = sign(&remark, START);
            envelope["signature"] = format!("0x{}", hex::encode(plugin_key().sign(&bytes))).into();
            envelope
        }
        Rule::Id => with(&|plugin| plugin.id = "opinion".into()),
        Rule::Version => with(&|plugin| plugin.version = "2".into()),
        Rule::Code => with(&|plugin| plugin.code_hash[0] ^= 1),
        Rule::Time => {
            let mut old = sign(&remark, START - AGE - 1);
            old["time"] = START.into();
            old
        }
        Rule::Payload => {
            let mut other = sign(&remark, START);
            other["payload"] = "\"a remarc\"".into();
            other
        }
        Rule::Key | Rule::Every => delivered(&stranger(), &remark, (START, REMARK), without),
        Rule::Later => sign(&remark, START + 1),
        Rule::Age => sign(&remark, START - AGE - 1),
        Rule::Envelope => Value::String("a remark".into()),
    };
    let first = delivered(&plugin_key(), &opinion, (START, OPINION), without);
    let payloads = [first, second].map(|payload| payload.to_string().into_bytes()).to_vec();
    Observation { payloads, ..observation(START, Want::Buy) }
}

#[test]
fn what_plugins_sign_honestly_is_accepted() {
    let [opinion, remark] = [0, 1].map(|index: usize| card().plugins[index].clone());
    for time in [START - AGE, START] {
        let payloads = [(&opinion, OPINION), (&remark, REMARK)].map(|(plugin, text)| {
            delivered(&plugin_key(), plugin, (time, text), None).to_string().into_bytes()
        });
        let observation = Observation { payloads: payloads.to_vec(), ..observation(START, Want::Buy) };
        assert!(accepts(&card(), &observation, None));
        assert_eq!(check_payloads(&card(), &observation), Ok(()));
    }
}

/// Leaving any rule out fools whoever leaves it out: none of them is covered by another.
#[test]
fn without_any_one_rule_a_payload_passes_that_must_not() {
    for rule in RULES {
        let observation = against(rule, None);
        assert!(!accepts(&card(), &observation, None), "{rule:?}");
        assert!(check_payloads(&card(), &observation).is_err(), "{rule:?}");
        assert!(accepts(&card(), &against(rule, Some(rule)), Some(rule)), "{rule:?}");
    }
}

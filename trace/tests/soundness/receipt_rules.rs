//! Every rule about receipts of decisions alone: what it refuses, and what passes where it is left out.

use crate::agent::{key, other_key, program, run};
use crate::receipt_model::{Rule, accepts, rules};
use candor_program::Card;
use candor_trace::receipt::{DecisionPredicate, DecisionReceipt, DsseEnvelope, PAYLOAD_TYPE};
use candor_trace::{SecretKey, SignedRecord};
use serde_json::{Value, json};

/// Of a decision that was denied: it has a reason and a remedy, and nothing was executed.
fn record() -> SignedRecord {
    run().remove(2)
}

fn secret() -> SecretKey {
    SecretKey::Secp256k1(key())
}

fn receipt(record: &SignedRecord, card: &Card) -> DsseEnvelope {
    DecisionPredicate::sign(record, card, &secret())
}

/// The honest statement, changed by whoever signs the receipt.
fn changed(change: impl FnOnce(&mut Value)) -> DsseEnvelope {
    let mut statement: Value = serde_json::from_slice(&receipt(&record(), &program().card).payload).unwrap();
    change(&mut statement);
    DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, statement.to_string().into_bytes())
}

/// Another value of a field, which this decision did not have.
fn other_value(field: &str) -> Value {
    match field {
        "chainId" | "sequence" | "time" | "reasonCode" => json!(7),
        "requested" | "executed" => json!({"word": "0x1", "amount": "1", "name": "buy"}),
        "verdict" => json!("permitted"),
        _ => json!("0x00"),
    }
}

/// A receipt, and the card that it is read with, that only this rule refuses.
fn against(rule: Rule) -> (DsseEnvelope, Card) {
    let card = program().card;
    let honest = receipt(&record(), &card);
    let envelope = match rule {
        Rule::PayloadType => DsseEnvelope::sign(&secret(), "text/plain", honest.payload),
        Rule::Signed => DecisionPredicate::sign(&record(), &card, &SecretKey::Secp256k1(other_key())),
        Rule::StatementType => {
            changed(|statement| statement["_type"] = json!("https://in-toto.io/Statement/v2"))
        }
        Rule::PredicateType => changed(|statement| {
            statement["predicateType"] = json!("https://example.invalid/candor/verdict/v1");
        }),
        Rule::OneSubject => changed(|statement| {
            let other = json!({"name": "another", "digest": {"sha256": "00"}});
            statement["subject"].as_array_mut().unwrap().push(other);
        }),
        Rule::Entry => {
            let mut altered = record();
            altered.header.time += 1;
            receipt(&altered, &card)
        }
        Rule::Digest => {
            let other: Value = serde_json::from_slice(&receipt(&run()[3], &card).payload).unwrap();
            changed(|statement| statement["subject"][0]["digest"] = other["subject"][0]["digest"].clone())
        }
        Rule::Name => changed(|statement| statement["subject"][0]["name"] = json!("record 3")),
        Rule::Program => {
            let mut other = card;
            other.agent_version = "2".into();
            return (honest, other);
        }
        Rule::Domain => {
            let (mut elsewhere, mut moved) = (card.clone(), record());
            elsewhere.domain.chain_id += 1;
            moved.signature = key().sign(&moved.record_hash(&elsewhere.domain));
            // Whether there is a transaction depends on the domain; everything is said as it follows from the entry.
            receipt(&moved, &elsewhere)
        }
        Rule::Field(field) => changed(|statement| statement["predicate"][field] = other_value(field)),
    };
    (envelope, card)
}

#[test]
fn an_honest_receipt_breaks_no_rule() {
    let card = program().card;
    for record in run() {
        let honest = receipt(&record, &card);
        assert!(accepts(&honest, &secret().public(), &card, None));
        assert!(DecisionReceipt::verify(&honest, &secret().public(), Some(&card)).is_ok());
    }
}

/// Leaving any rule out fools whoever leaves it out: none of them is covered by another.
#[test]
fn without_any_one_rule_a_receipt_passes_that_must_not() {
    for rule in rules() {
        let (envelope, card) = against(rule);
        let key = secret().public();
        assert!(!accepts(&envelope, &key, &card, None), "{rule:?}");
        assert!(DecisionReceipt::verify(&envelope, &key, Some(&card)).is_err(), "{rule:?}");
        assert!(accepts(&envelope, &key, &card, Some(rule)), "{rule:?}");
    }
}

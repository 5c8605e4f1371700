//! Receipts: the vector of the standard, decisions allowed and denied, verdicts, either kind of key.

use crate::agent::{key, other_key, program, run};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use candor_trace::receipt::{
    DECISION_TYPE, DecisionPredicate, DecisionReceipt, DsseEnvelope, DsseSignature, PAYLOAD_TYPE,
    PredicateAssumption, PredicateFraud, STATEMENT_TYPE, VERDICT_TYPE, VerdictPredicate, VerdictReceipt, pae,
};
use candor_trace::{Ed25519Key, Entry, SecretKey, check_signed};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn keys() -> [SecretKey; 2] {
    [SecretKey::Secp256k1(key()), SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x55; 32]))]
}

/// protocol.md of DSSE 1.0.2, "Test vectors".
#[test]
fn pae_is_that_of_the_standard() {
    let bytes = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    // Lengths count bytes.
    assert_eq!(pae("\u{e9}", &[0xff, 0]), b"DSSEv1 2 \xc3\xa9 2 \xff\0");
}

#[test]
fn envelopes_are_json_with_base64() {
    let [secp256k1, ed25519] = keys();
    let envelope = DsseEnvelope::sign(&ed25519, "http://example.com/HelloWorld", b"hello world".to_vec());
    let json: Value = serde_json::from_str(&envelope.to_json()).unwrap();
    assert_eq!(json["payload"], "aGVsbG8gd29ybGQ=");
    assert_eq!(json["payloadType"], "http://example.com/HelloWorld");
    assert_eq!(json["signatures"][0]["keyid"], ed25519.public().to_string());
    assert_eq!(DsseEnvelope::from_json(envelope.to_json().as_bytes()), Ok(envelope.clone()));
    let message = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    assert_eq!(check_signed(&ed25519.public(), message, &envelope.signatures[0].signature), Ok(()));
    // Unknown fields, no keyid and URL-safe base64 are the format's; foreign signatures beside ours do no harm.
    let signature = URL_SAFE.encode(&envelope.signatures[0].signature);
    let text = format!(
        r#"{{"more":1,"signatures":[{{"sig":"AAAA","keyid":"x"}},{{"sig":"{signature}","more":[]}}],"payloadType":"http://example.com/HelloWorld","payload":"aGVsbG8gd29ybGQ="}}"#
    );
    let read = DsseEnvelope::from_json(text.as_bytes()).unwrap();
    assert_eq!(read.verify(&ed25519.public(), "http://example.com/HelloWorld"), Ok(&b"hello world"[..]));
    assert_eq!(read.signatures[1], DsseSignature { key_id: String::new(), ..envelope.signatures[0].clone() });
    let envelope = DsseEnvelope::sign(&secp256k1, "t", vec![0xff]);
    assert_eq!(envelope.verify(&secp256k1.public(), "t"), Ok(&[0xff][..]));
}

/// A decision that was executed, one that was denied, one that abstained: each has its receipt.
#[test]
fn every_decision_has_a_receipt() {
    let card = program().card;
    let cases = [(0, "abstained", None), (1, "permitted", Some("buy")), (2, "denied", None)];
    for secret in keys() {
        for (index, verdict, executed) in cases {
            let record = &run()[index];
            let envelope = DecisionPredicate::sign(record, &card, &secret);
            let envelope = DsseEnvelope::from_json(envelope.to_json().as_bytes()).unwrap();
            for known in [Some(&card), None] {
                let receipt = DecisionReceipt::verify(&envelope, &secret.public(), known).unwrap();
                assert_eq!(receipt.names_checked, known.is_some());
                assert_eq!(receipt.entry, Entry::of(record, &card.domain));
                let predicate = &receipt.predicate;
                assert_eq!((predicate.verdict.as_str(), predicate.sequence), (verdict, index as u64));
                let done = predicate.executed.as_ref().and_then(|action| action.name.as_deref());
                assert_eq!(done, executed);
                assert_eq!(predicate.transaction.is_some(), executed.is_some());
                let hash = format!("0x{}", hex::encode(record.record_hash(&card.domain)));
                assert_eq!(predicate.record_hash, hash);
            }
        }
    }
}

#[test]
fn a_statement_is_one_of_in_toto() {
    let (card, record) = (program().card, &run()[2]);
    let envelope = DecisionPredicate::sign(record, &card, &keys()[0]);
    assert_eq!(envelope.payload_type, PAYLOAD_TYPE);
    let statement: Value = serde_json::from_slice(&envelope.payload).unwrap();
    assert_eq!(statement["_type"], STATEMENT_TYPE);
    assert_eq!(statement["predicateType"], DECISION_TYPE);
    let entry = Entry::of(record, &card.domain).to_bytes();
    assert_eq!(statement["subject"][0]["digest"]["sha256"], hex::encode(Sha256::digest(&entry)));
    assert_eq!(statement["subject"][0]["name"], format!("record 2 of 0x{}", hex::encode(key().address())));
    let predicate = &statement["predicate"];
    assert_eq!(predicate["entry"], STANDARD.encode(&entry));
    assert_eq!(predicate["requested"]["name"], "sell");
    assert_eq!(predicate["requested"]["amount"], "-1");
    assert_eq!(predicate["reason"], "minimum-interval");
    assert_eq!(predicate["remedy"], "wait until a minute has passed since the last trade");
    assert_eq!(predicate.get("executed"), None);
}

/// Somebody else may sign a receipt: the agent's signature is inside.
#[test]
fn an_auditor_may_sign_a_receipt() {
    let card = program().card;
    let auditor = SecretKey::Secp256k1(other_key());
    let envelope = DecisionPredicate::sign(&run()[1], &card, &auditor);
    let receipt = DecisionReceipt::verify(&envelope, &auditor.public(), Some(&card)).unwrap();
    assert_eq!(receipt.entry.signed.header.agent, key().address());
}

pub(crate) fn verdict(verdict: &str) -> VerdictPredicate {
    VerdictPredicate {
        verdict: verdict.into(),
        program_id: format!("0x{}", "11".repeat(32)),
        agent: format!("0x{}", "22".repeat(20)),
        chain_id: 31_337,
        verifying_contract: format!("0x{}", "33".repeat(20)),
        first_sequence: 4,
        record_hashes: vec![format!("0x{}", "44".repeat(32))],
        fraud: (verdict == "fraud").then(|| PredicateFraud {
            kind: "wrong-output".into(),
            culprit: format!("0x{}", "22".repeat(20)),
            sequence: 4,
            basis: "proven".into(),
        }),
        missing: if verdict == "undecided" { vec!["a proof".into()] } else { Vec::new() },
        assumptions: vec![PredicateAssumption { name: "hashes".into(), text: "no collisions".into() }],
    }
}

#[test]
fn verdicts_have_receipts() {
    for secret in keys() {
        for name in ["honest", "fraud", "undecided"] {
            let envelope = verdict(name).sign(b"the bundle", &secret);
            let statement: Value = serde_json::from_slice(&envelope.payload).unwrap();
            assert_eq!(statement["predicateType"], VERDICT_TYPE);
            let envelope = DsseEnvelope::from_json(envelope.to_json().as_bytes()).unwrap();
            for bundle in [Some(&b"the bundle"[..]), None] {
                let receipt = VerdictReceipt::verify(&envelope, &secret.public(), bundle).unwrap();
                assert_eq!((receipt.predicate, receipt.bundle_checked), (verdict(name), bundle.is_some()));
                assert_eq!(receipt.bundle_sha256, hex::encode(Sha256::digest(b"the bundle")));
            }
        }
    }
}

/// An envelope of the library of DSSE's authors (fixtures/adapters/make_signatures.py) is accepted, and ours is the same but for
/// the hint whose key it is.
#[test]
fn envelopes_agree_with_another_implementation() {
    let text = include_str!("../../../fixtures/adapters/signatures.json");
    let made: Value = serde_json::from_str(text).unwrap();
    let envelope = DsseEnvelope::from_json(made["envelope"].to_string().as_bytes()).unwrap();
    let secret = SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x33; 32]));
    assert_eq!(envelope.verify(&secret.public(), PAYLOAD_TYPE), Ok(&b"{\"hello\": \"world\"}"[..]));
    let mut ours = DsseEnvelope::sign(&secret, PAYLOAD_TYPE, envelope.payload.clone());
    ours.signatures[0].key_id.clone_from(&envelope.signatures[0].key_id);
    assert_eq!(ours, envelope);
    assert_eq!(serde_json::from_str::<Value>(&ours.to_json()).unwrap(), made["envelope"]);
}

//! Receipts that are forged, altered, or about something else: each with its own error.

use crate::agent::{key, other_key, program, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_program::encoding::DecodeError;
use candor_trace::receipt::{
    DECISION_TYPE, DecisionPredicate, DecisionReceipt, DsseEnvelope, MAX_RECEIPT_BYTES, MAX_SIGNATURES,
    PAYLOAD_TYPE, PredicateAssumption, ReceiptError, VERDICT_TYPE, VerdictPredicate, VerdictReceipt,
};
use candor_trace::{Chain, Ed25519Key, SecretKey, SignatureError};
use proptest::prelude::*;
use serde_json::{Value, json};

fn secret() -> SecretKey {
    SecretKey::Secp256k1(key())
}

fn honest() -> DsseEnvelope {
    DecisionPredicate::sign(&run()[2], &program().card, &secret())
}

fn statement() -> Value {
    serde_json::from_slice(&honest().payload).unwrap()
}

/// What is said of an altered statement that its signer signed all the same, with the card and without.
fn signed(statement: &Value) -> [ReceiptError; 2] {
    let envelope = DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, statement.to_string().into_bytes());
    let card = program().card;
    [Some(&card), None].map(|card| DecisionReceipt::verify(&envelope, &secret().public(), card).unwrap_err())
}

fn altered(change: impl FnOnce(&mut Value)) -> [ReceiptError; 2] {
    let mut statement = statement();
    change(&mut statement);
    signed(&statement)
}

#[test]
fn envelopes_are_limited_and_well_formed() {
    let text = honest().to_json();
    let padded = |length: usize| text.clone() + &" ".repeat(length - text.len());
    assert!(DsseEnvelope::from_json(padded(MAX_RECEIPT_BYTES).as_bytes()).is_ok());
    let (limit, got) = (MAX_RECEIPT_BYTES, MAX_RECEIPT_BYTES + 1);
    assert_eq!(DsseEnvelope::from_json(padded(got).as_bytes()), Err(ReceiptError::TooLong { limit, got }));
    for text in [
        "",
        "[]",
        "{}",
        r#"{"payload":"","payloadType":"t"}"#,
        r#"{"payload":"","payloadType":"t","signatures":[{}]}"#,
        r#"{"payload":"","payload":"","payloadType":"t","signatures":[]}"#,
        r#"{"payload":"","payloadType":"t","payloadType":"u","signatures":[]}"#,
        r#"{"payload":"","payloadType":"t","signatures":[{"sig":"","sig":""}]}"#,
        r#"{"payload":"","payloadType":"t","signatures":[]}{}"#,
        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"},[[[[[",
    ] {
        assert!(
            matches!(DsseEnvelope::from_json(text.as_bytes()), Err(ReceiptError::Envelope { .. })),
            "{text}"
        );
    }
    let nested = format!("{{\"x\":{}", "[".repeat(1_000_000));
    assert!(matches!(DsseEnvelope::from_json(nested.as_bytes()), Err(ReceiptError::Envelope { .. })));
}

#[test]
fn base64_is_base64() {
    for (field, text) in [
        ("payload", r#"{"payload":"*","payloadType":"t","signatures":[]}"#),
        ("payload", r#"{"payload":"AAA","payloadType":"t","signatures":[]}"#),
        ("sig", r#"{"payload":"","payloadType":"t","signatures":[{"sig":"A A="}]}"#),
    ] {
        assert_eq!(DsseEnvelope::from_json(text.as_bytes()), Err(ReceiptError::Base64 { field }), "{text}");
    }
    let errors = altered(|statement| statement["predicate"]["entry"] = json!("*"));
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::Base64 { field: "entry" }));
}

#[test]
fn signatures_are_counted() {
    let mut envelope = honest();
    let signature = envelope.signatures.remove(0);
    envelope.signatures = vec![signature.clone(); MAX_SIGNATURES];
    assert!(DsseEnvelope::from_json(envelope.to_json().as_bytes()).is_ok());
    envelope.signatures.push(signature);
    let (limit, got) = (MAX_SIGNATURES, MAX_SIGNATURES + 1);
    assert_eq!(
        DsseEnvelope::from_json(envelope.to_json().as_bytes()),
        Err(ReceiptError::TooManySignatures { limit, got })
    );
}

/// No signature, a stranger's, one over another type or payload: none is the key's.
#[test]
fn what_the_key_did_not_sign_is_refused() {
    let expected = secret().public();
    let verify = |envelope: &DsseEnvelope| DecisionReceipt::verify(envelope, &expected, None).unwrap_err();
    let refused = |signatures| ReceiptError::NotSigned { expected, signatures };
    let mut bare = honest();
    bare.signatures.clear();
    assert_eq!(verify(&bare), refused(0));
    for stranger in
        [SecretKey::Secp256k1(other_key()), SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x11; 32]))]
    {
        let mut forged = DecisionPredicate::sign(&run()[2], &program().card, &stranger);
        assert_eq!(verify(&forged), refused(1));
        // The hint decides nothing.
        forged.signatures[0].key_id = expected.to_string();
        assert_eq!(verify(&forged), refused(1));
    }
    let mut other = honest();
    other.payload.push(b' ');
    assert_eq!(verify(&other), refused(1));
    // Signed as something else: the type is in the signed bytes.
    let mut other = DsseEnvelope::sign(&secret(), "text/plain", honest().payload);
    assert_eq!(verify(&other), ReceiptError::PayloadType { expected: PAYLOAD_TYPE.into() });
    other.payload_type = PAYLOAD_TYPE.into();
    assert_eq!(verify(&other), refused(1));
    for length in [0, 64, 66] {
        let mut other = honest();
        other.signatures[0].signature.resize(length, 0);
        assert_eq!(verify(&other), refused(1));
    }
    // A record's signature is none of a receipt: other bytes were signed.
    let mut other = honest();
    other.signatures[0].signature = run()[2].signature.0.to_vec();
    assert_eq!(verify(&other), refused(1));
}

#[test]
fn statements_have_their_form() {
    for (change, what) in [(json!([]), "no object"), (json!({"_type": "x"}), "fields missing")] {
        assert!(
            signed(&change).iter().all(|error| matches!(error, ReceiptError::Statement { .. })),
            "{what}"
        );
    }
    let errors = altered(|statement| statement["predicate"]["more"] = json!(1));
    assert!(errors.iter().all(|error| matches!(error, ReceiptError::Statement { .. })), "{errors:?}");
    let errors = altered(|statement| statement["predicate"]["sequence"] = json!(2.0));
    assert!(errors.iter().all(|error| matches!(error, ReceiptError::Statement { .. })), "{errors:?}");
    let text =
        statement().to_string().replacen("\"predicateType\"", "\"predicateType\":\"x\",\"predicateType\"", 1);
    let envelope = DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, text.into_bytes());
    let error = DecisionReceipt::verify(&envelope, &secret().public(), None).unwrap_err();
    assert!(matches!(error, ReceiptError::Statement { .. }), "{error:?}");
    let errors = altered(|statement| statement["_type"] = json!("https://in-toto.io/Statement/v0.1"));
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::StatementType));
}

#[test]
fn predicates_are_not_exchanged() {
    let errors = altered(|statement| statement["predicateType"] = json!(VERDICT_TYPE));
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::PredicateType { expected: DECISION_TYPE }));
    let error = VerdictReceipt::verify(&honest(), &secret().public(), None).unwrap_err();
    assert_eq!(error, ReceiptError::PredicateType { expected: VERDICT_TYPE });
}

#[test]
fn a_receipt_is_about_one_thing_and_names_it() {
    let errors = altered(|statement| statement["subject"] = json!([]));
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::SubjectCount { got: 0 }));
    let errors = altered(|statement| {
        let subject = statement["subject"][0].clone();
        statement["subject"] = json!([subject, subject]);
    });
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::SubjectCount { got: 2 }));
    let [error, _] = altered(|statement| statement["subject"][0]["digest"]["sha256"] = json!("00"));
    assert!(matches!(&error, ReceiptError::SubjectDigest { got, .. } if got == "00"), "{error:?}");
    let [error, _] = altered(|statement| statement["subject"][0]["name"] = json!("record 3"));
    assert!(matches!(error, ReceiptError::SubjectName { .. }), "{error:?}");
    // The entry of another record under this one's digest.
    let other = DecisionPredicate::sign(&run()[3], &program().card, &secret());
    let other: Value = serde_json::from_slice(&other.payload).unwrap();
    let [error, _] = altered(|statement| statement["predicate"] = other["predicate"].clone());
    assert!(matches!(error, ReceiptError::SubjectDigest { .. }), "{error:?}");
}

#[test]
fn entries_are_entries_that_the_agent_signed() {
    let errors = altered(|statement| statement["predicate"]["entry"] = json!(""));
    assert_eq!(errors, [0, 1].map(|_| ReceiptError::Entry { source: DecodeError::NoHeader { got: 0 } }));
    let [error, _] = altered(|statement| {
        let entry = STANDARD.decode(statement["predicate"]["entry"].as_str().unwrap()).unwrap();
        let mut changed = entry.clone();
        // A byte of the header's time.
        let position =
            entry.windows(8).position(|window| window == run()[2].header.time.to_le_bytes()).unwrap();
        changed[position] ^= 1;
        statement["predicate"]["entry"] = json!(STANDARD.encode(changed));
    });
    assert!(
        matches!(error, ReceiptError::Signature { source: SignatureError::WrongSigner { .. } }),
        "{error:?}"
    );
}

/// Every field that could mislead a reader, altered by whoever signs the receipt.
#[test]
fn every_field_is_what_the_agent_signed() {
    let cases: [(&str, Value, &str, bool); 16] = [
        ("recordHash", json!("0x00"), "recordHash", true),
        ("programId", json!("0x00"), "programId", true),
        ("agent", json!("0x00"), "agent", true),
        ("chainId", json!(1), "chainId", true),
        ("verifyingContract", json!("0x00"), "verifyingContract", true),
        ("sequence", json!(3), "sequence", true),
        ("time", json!(1), "time", true),
        ("requested", json!({"word": "0x1", "amount": "-1", "name": "sell"}), "requested", true),
        (
            "requested",
            json!({"word": "0x17fffffffffffffff", "amount": "1", "name": "sell"}),
            "requested",
            true,
        ),
        ("verdict", json!("permitted"), "verdict", true),
        ("reasonCode", json!(16), "reasonCode", true),
        ("executed", json!({"word": "0x1", "amount": "1"}), "executed", true),
        ("transaction", json!("0x00"), "transaction", true),
        // What only the card tells.
        ("reason", json!("allowed"), "reason", false),
        ("remedy", json!("pay"), "remedy", false),
        (
            "requested",
            json!({"word": "0x17fffffffffffffff", "amount": "-1", "name": "buy"}),
            "requested",
            false,
        ),
    ];
    for (field, value, named, without_card) in cases {
        let mut statement = statement();
        statement["predicate"][field] = value.clone();
        let envelope = DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, statement.to_string().into_bytes());
        let card = program().card;
        let with_card = DecisionReceipt::verify(&envelope, &secret().public(), Some(&card));
        assert_eq!(with_card, Err(ReceiptError::Field { field: named }), "{field}: {value}");
        let bare = DecisionReceipt::verify(&envelope, &secret().public(), None);
        if without_card {
            assert_eq!(bare, Err(ReceiptError::Field { field: named }), "{field}: {value}");
        } else {
            assert!(!bare.expect("names need a card").names_checked);
        }
    }
    // The entry's base64 has one spelling too.
    let [error, _] = altered(|statement| {
        let text = statement["predicate"]["entry"].as_str().unwrap().to_owned();
        statement["predicate"]["entry"] = json!(format!("{text}===="));
    });
    assert_eq!(error, ReceiptError::Base64 { field: "entry" });
}

#[test]
fn the_card_is_the_records() {
    let mut other = program().card;
    other.agent_version = "2".into();
    let (expected, got) = (Chain::of(&other).ids.program_id, Chain::of(&program().card).ids.program_id);
    let error = DecisionReceipt::verify(&honest(), &secret().public(), Some(&other)).unwrap_err();
    assert_eq!(error, ReceiptError::OtherProgram { expected, got });
}

/// The domain is part of the program id; a record signed in another domain for the same program id is refused all the same.
#[test]
fn the_domain_is_the_cards() {
    let (card, mut record) = (program().card, run().remove(2));
    let mut elsewhere = card.clone();
    elsewhere.domain.chain_id += 1;
    record.signature = key().sign(&record.record_hash(&elsewhere.domain));
    let envelope = DecisionPredicate::sign(&record, &elsewhere, &secret());
    let error = DecisionReceipt::verify(&envelope, &secret().public(), Some(&card)).unwrap_err();
    assert_eq!(error, ReceiptError::OtherDomain);
}

#[test]
fn a_verdict_is_about_its_bundle() {
    let predicate = VerdictPredicate {
        verdict: "honest".into(),
        program_id: "0x".into(),
        agent: "0x".into(),
        chain_id: 1,
        verifying_contract: "0x".into(),
        first_sequence: 0,
        record_hashes: Vec::new(),
        fraud: None,
        missing: Vec::new(),
        assumptions: vec![PredicateAssumption { name: "hashes".into(), text: String::new() }],
    };
    let envelope = predicate.clone().sign(b"this", &secret());
    let error = VerdictReceipt::verify(&envelope, &secret().public(), Some(b"that")).unwrap_err();
    assert!(matches!(error, ReceiptError::SubjectDigest { .. }), "{error:?}");
    let expected = SecretKey::Secp256k1(other_key()).public();
    let error = VerdictReceipt::verify(&envelope, &expected, None).unwrap_err();
    assert_eq!(error, ReceiptError::NotSigned { expected, signatures: 1 });
    let mut statement: Value = serde_json::from_slice(&envelope.payload).unwrap();
    statement["predicate"]["fraud"] = json!({"kind": "x"});
    let envelope = DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, statement.to_string().into_bytes());
    let error = VerdictReceipt::verify(&envelope, &secret().public(), None).unwrap_err();
    assert!(matches!(error, ReceiptError::Statement { .. }), "{error:?}");
}

proptest! {
    #[test]
    fn no_bytes_panic(position: prop::sample::Index, piece in "[-0-9a-zA-Z\"{}\\[\\]:,=]{0,3}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = DsseEnvelope::from_json(&bytes);
        let mut text = String::from_utf8(honest().payload).unwrap();
        text.insert_str(position.index(text.len() + 1), &piece);
        let same = text.as_bytes() == honest().payload;
        let envelope = DsseEnvelope::sign(&secret(), PAYLOAD_TYPE, text.into_bytes());
        let accepted = DecisionReceipt::verify(&envelope, &secret().public(), Some(&program().card));
        prop_assert!(!same || accepted.is_ok());
    }
}

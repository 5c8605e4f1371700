//! Envelopes of signed payloads that are refused, each with its own error.

use crate::sample;
use candor_program::card::{PluginSigner, SignerKey};
use candor_program::observation::{Envelope, EnvelopeError, Observation, ObservationError};
use candor_program::{Card, limits};
use proptest::prelude::*;

const MARKET: &[u8] = br#"{"features":[0,0]}"#;

/// The sample's card, its plugin `bank` signing what it reports.
fn card(max_age_seconds: u64) -> Card {
    let mut card = sample::program().card;
    let key = SignerKey::Secp256k1 { address: [3; 20] };
    card.plugins[1].signer = Some(PluginSigner { key, max_age_seconds });
    card
}

fn good() -> String {
    Envelope { payload: r#"{"rate":0.5}"#.into(), time: 1_000, signature: vec![7; 65] }.to_json()
}

fn refused(envelope: &str) -> EnvelopeError {
    let error = Envelope::from_bytes(envelope.as_bytes()).unwrap_err();
    let payloads = vec![MARKET.to_vec(), envelope.as_bytes().to_vec()];
    let observed = Observation { time: 1_000, payloads }.features(&card(10)).unwrap_err();
    assert_eq!(observed, ObservationError::Envelope { plugin: "bank".into(), source: error.clone() });
    error
}

fn replaced(from: &str, to: &str) -> EnvelopeError {
    let good = good();
    assert!(good.contains(from), "{from} is in {good}");
    refused(&good.replacen(from, to, 1))
}

#[test]
fn an_envelope_that_is_too_long_is_not_read() {
    let padded = |length: usize| good() + &" ".repeat(length - good().len());
    assert!(Envelope::from_bytes(padded(limits::LINE_BYTES).as_bytes()).is_ok());
    let (limit, got) = (limits::LINE_BYTES, limits::LINE_BYTES + 1);
    assert_eq!(refused(&padded(got)), EnvelopeError::TooLong { limit, got });
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["{", "[]", "null", r#""a remark""#, "{}x", "0x00", "{\"a\":NaN}"] {
        assert!(matches!(refused(text), EnvelopeError::NotObject { .. }), "{text}");
    }
    let deep = format!("{{\"payload\":{}", "[".repeat(500_000));
    assert!(matches!(refused(&deep), EnvelopeError::NotObject { .. }));
    assert!(matches!(Envelope::from_bytes(&[0xff, 0xfe]), Err(EnvelopeError::NotObject { .. })));
}

/// The bare payload that an agent might try to pass for a signed one.
#[test]
fn a_payload_without_envelope_is_refused() {
    assert_eq!(refused(r#"{"rate":0.5}"#), EnvelopeError::UnknownKey { key: "rate".into() });
}

#[test]
fn keys_are_exactly_three_each_once() {
    for (key, next) in [("payload", "\"payload\": \"{}\", "), ("time", "\"t\\u0069me\": 1, ")] {
        let doubled = good().replacen("{\"payload\"", &format!("{{{next}\"payload\""), 1);
        assert_eq!(refused(&doubled), EnvelopeError::DuplicateKey { key: key.into() });
    }
    assert_eq!(replaced("\"time\"", "\"Time\""), EnvelopeError::UnknownKey { key: "Time".into() });
    assert_eq!(refused("{}"), EnvelopeError::Missing { key: "payload" });
    assert_eq!(refused(r#"{"payload": ""}"#), EnvelopeError::Missing { key: "time" });
    assert_eq!(refused(r#"{"payload": "", "time": 1}"#), EnvelopeError::Missing { key: "signature" });
}

#[test]
fn a_payload_is_a_string() {
    for got in ["{}", "null", "5", "[\"a\"]", "\"\\ud800\""] {
        let error = EnvelopeError::Payload { got: got.into() };
        assert_eq!(refused(&format!("{{\"payload\": {got}, \"time\": 1, \"signature\": \"0x00\"}}")), error);
    }
}

#[test]
fn a_time_is_whole_seconds_in_plain_digits() {
    for got in ["-1", "-0", "1.0", "1e3", "\"1000\"", "null", "4611686018427387904", "99999999999999999999"] {
        assert_eq!(replaced("1000", got), EnvelopeError::Time { got: got.into() });
    }
    // JSON itself has no leading zeros.
    assert!(matches!(replaced("1000", "01000"), EnvelopeError::NotObject { .. }));
    let last = good().replacen("1000", "4611686018427387903", 1);
    assert_eq!(Envelope::from_bytes(last.as_bytes()).unwrap().time, limits::TIME - 1);
}

#[test]
fn a_signature_is_64_or_65_bytes_in_one_spelling() {
    for bytes in [64, 65] {
        let text = Envelope { payload: String::new(), time: 1, signature: vec![0xab; bytes] }.to_json();
        assert_eq!(Envelope::from_bytes(text.as_bytes()).unwrap().signature.len(), bytes);
    }
    let digits = "07".repeat(65);
    for got in [
        "\"0x\"".to_owned(),
        format!("\"{digits}\""),
        format!("\"0x{}\"", "07".repeat(63)),
        format!("\"0x{}\"", "07".repeat(66)),
        format!("\"0x{}0\"", "07".repeat(64)),
        format!("\"0X{digits}\""),
        format!("\"0x{}A7\"", "07".repeat(64)),
        format!("\"0x{}g7\"", "07".repeat(64)),
        "null".to_owned(),
        "7".to_owned(),
    ] {
        let error = refused(&good().replacen(&format!("\"0x{digits}\""), &got, 1));
        assert!(matches!(error, EnvelopeError::Signature { .. }), "{got}: {error:?}");
    }
}

fn at(time: u64, signed: u64, max_age: u64) -> Result<Vec<u16>, ObservationError> {
    let envelope = Envelope { payload: r#"{"rate":0.5}"#.into(), time: signed, signature: vec![7; 65] };
    let payloads = vec![MARKET.to_vec(), envelope.to_json().into_bytes()];
    Observation { time, payloads }.features(&card(max_age))
}

#[test]
fn a_payload_is_not_older_than_declared_and_not_from_later() {
    let features = Ok(vec![5_000, 0, 150]);
    for (time, signed, max_age) in [(1_000, 1_000, 0), (1_010, 1_000, 10), (limits::TIME - 1, 0, u64::MAX)] {
        assert_eq!(at(time, signed, max_age), features);
    }
    let plugin = || "bank".to_owned();
    for (time, signed, max_age_seconds) in [(1_001, 1_000, 0), (1_011, 1_000, 10), (limits::TIME - 1, 0, 1)] {
        let error = ObservationError::PayloadStale { plugin: plugin(), signed, time, max_age_seconds };
        assert_eq!(at(time, signed, max_age_seconds), Err(error));
    }
    for (time, signed) in [(999, 1_000), (0, limits::TIME - 1)] {
        let error = ObservationError::PayloadLater { plugin: plugin(), signed, time };
        assert_eq!(at(time, signed, u64::MAX), Err(error));
    }
}

/// The signed text is held to the same rules as a bare payload.
#[test]
fn what_is_signed_must_still_be_what_the_card_declares() {
    let observe = |payload: &str| {
        let envelope = Envelope { payload: payload.into(), time: 5, signature: vec![7; 64] };
        let payloads = vec![MARKET.to_vec(), envelope.to_json().into_bytes()];
        Observation { time: 5, payloads }.features(&card(0)).unwrap_err()
    };
    assert!(matches!(observe("{"), ObservationError::PayloadNotJson { .. }));
    assert!(matches!(observe(r#"{"rate":1,"rate":2}"#), ObservationError::DuplicateKey { .. }));
    assert!(matches!(observe(r#"{"rate":1e1}"#), ObservationError::NotANumber { .. }));
    assert!(matches!(observe(r#"{"rate":11}"#), ObservationError::OutOfRange { .. }));
    assert!(matches!(observe("{}"), ObservationError::MissingFeature { .. }));
}

/// A plugin that signs and that no feature is read from may report nothing; what it reports must be an envelope.
#[test]
fn a_signing_plugin_that_no_feature_reads_still_needs_an_envelope() {
    let mut card = card(0);
    card.features.pop();
    let observe =
        |bank: &[u8]| Observation { time: 1, payloads: vec![MARKET.to_vec(), bank.to_vec()] }.features(&card);
    assert_eq!(observe(b""), Ok(vec![5_000, 0]));
    assert!(matches!(observe(b"5"), Err(ObservationError::Envelope { .. })));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_what_is_read_is_written_again(
        position: prop::sample::Index,
        piece in "[-0-9a-fx.eE\"\\\\{}:, ]{0,4}",
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        prop_assert!(Envelope::from_bytes(&bytes).is_err());
        let mut text = good();
        text.insert_str(position.index(text.len() + 1), &piece);
        if let Ok(envelope) = Envelope::from_bytes(text.as_bytes()) {
            prop_assert_eq!(Envelope::from_bytes(envelope.to_json().as_bytes()), Ok(envelope));
        }
    }
}

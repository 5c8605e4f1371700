//! Payloads that their plugin did not sign, or signed for something else: refused when recording, and in a record.

use crate::agent::{START, Want, key, observation, other_key, recorder, salts, sign_again, signed_program};
use candor_program::card::{Plugin, SignerKey};
use candor_program::digest;
use candor_program::observation::{EnvelopeError, Observation, ObservationError};
use candor_trace::{
    BodyError, Ed25519Key, PayloadError, RecordError, Recorder, SecretKey, SignatureError, SignerError,
    check_body, check_payloads, check_signed, payload_message, sign_payload,
};

const REMARK: &str = "\"a remark\"";

fn secp256k1() -> SecretKey {
    SecretKey::Secp256k1(other_key())
}

fn ed25519() -> SecretKey {
    SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x33; 32]))
}

/// What is said of an observation whose plugin `remark` reported this, by the recorder and about a record alike.
fn refused(key_of_card: SignerKey, remark: &str) -> PayloadError {
    let program = signed_program(key_of_card, 30);
    let mut bad = observation(START, Want::Buy);
    bad.payloads[1] = remark.as_bytes().to_vec();
    let error = check_payloads(&program.card, &bad).unwrap_err();
    let mut recorder = Recorder::resume(program.clone(), key(), None).unwrap();
    let recorded = recorder.record(bad.clone(), salts(0)).unwrap_err();
    let expected = match &error {
        PayloadError::Observation(source) => RecordError::Observation { source: source.clone() },
        PayloadError::Signature { .. } => RecordError::Payload { source: Box::new(error.clone()) },
    };
    assert_eq!(recorded, expected);
    // An agent that records it all the same.
    let mut honest = observation(START, Want::Buy);
    honest.payloads[1].clear();
    let mut record = recorder.record(honest, salts(0)).unwrap().record;
    record.body.observation = bad;
    let payloads = record.body.observation.payload_digests();
    record.header.observations =
        digest::observations(record.body.observations_salt, &record.body.features, &payloads).into();
    sign_again(&mut record);
    let expected = match &error {
        PayloadError::Observation(source) => BodyError::Features { source: source.clone() },
        PayloadError::Signature { .. } => BodyError::Payload { source: Box::new(error.clone()) },
    };
    assert_eq!(check_body(&program.card, &record), Err(expected));
    error
}

fn signed(secret: &SecretKey, change: impl FnOnce(&mut Plugin), time: u64, payload: &str) -> String {
    let mut plugin = signed_program(secret.public(), 30).card.plugins.remove(1);
    change(&mut plugin);
    sign_payload(secret, &plugin, time, payload).to_json()
}

fn signature_error(source: SignerError) -> PayloadError {
    PayloadError::Signature { plugin: "remark".into(), source }
}

/// Not signed by the declared key over what the card says.
fn is_foreign(key: SignerKey, error: &PayloadError) -> bool {
    let PayloadError::Signature { plugin, source } = error else { return false };
    plugin == "remark"
        && match (key, source) {
            (SignerKey::Secp256k1 { address }, SignerError::OtherSigner { expected, got }) => {
                *expected == address && got != expected
            }
            (SignerKey::Ed25519 { public_key }, SignerError::NotSigned { public_key: named }) => {
                *named == public_key
            }
            _ => false,
        }
}

#[test]
fn a_missing_signature_is_refused() {
    for secret in [secp256k1(), ed25519()] {
        let source = EnvelopeError::NotObject { column: 1 };
        let PayloadError::Observation(found) = refused(secret.public(), REMARK) else {
            panic!("no envelope")
        };
        assert!(
            matches!(&*found, ObservationError::Envelope { plugin, source: EnvelopeError::NotObject { .. } } if plugin == "remark"),
            "{found} is not {source}"
        );
        let without = r#"{"payload": "5", "time": 1700000000}"#;
        let source = EnvelopeError::Missing { key: "signature" };
        let expected = ObservationError::Envelope { plugin: "remark".into(), source };
        assert_eq!(refused(secret.public(), without), PayloadError::Observation(Box::new(expected)));
    }
}

/// Each thing that a signature binds, changed alone: a payload signed for another plugin, version, code or time does not
/// pass for this one's, and neither does another payload or another signer's.
#[test]
fn a_signature_for_something_else_is_refused() {
    for secret in [secp256k1(), ed25519()] {
        let honest = signed(&secret, |_| {}, START, REMARK);
        let strangers =
            [SecretKey::Secp256k1(key()), SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x44; 32]))];
        let stranger = &strangers[usize::from(matches!(secret, SecretKey::Ed25519(_)))];
        for (what, envelope) in [
            ("id", signed(&secret, |plugin| plugin.id = "opinion".into(), START, REMARK)),
            ("version", signed(&secret, |plugin| plugin.version = "2".into(), START, REMARK)),
            ("code", signed(&secret, |plugin| plugin.code_hash[0] ^= 1, START, REMARK)),
            // Where id ends and version begins is signed too.
            (
                "boundary",
                signed(
                    &secret,
                    |plugin| (plugin.id, plugin.version) = ("remark1".into(), String::new()),
                    START,
                    REMARK,
                ),
            ),
            ("time", signed(&secret, |_| {}, START - 1, REMARK).replace("1699999999", "1700000000")),
            ("payload", honest.replace("a remark", "a remarc")),
            ("white space of the payload", honest.replace("\\\"a remark\\\"", " \\\"a remark\\\"")),
            ("signer", signed(stranger, |_| {}, START, REMARK)),
        ] {
            let error = refused(secret.public(), &envelope);
            assert!(is_foreign(secret.public(), &error), "{what}: {error:?}");
        }
    }
}

#[test]
fn a_replayed_payload_is_stale() {
    let secret = ed25519();
    let old = signed(&secret, |_| {}, START - 31, REMARK);
    let expected = ObservationError::PayloadStale {
        plugin: "remark".into(),
        signed: START - 31,
        time: START,
        max_age_seconds: 30,
    };
    assert_eq!(refused(secret.public(), &old), PayloadError::Observation(Box::new(expected)));
    let early = signed(&secret, |_| {}, START + 1, REMARK);
    let expected = ObservationError::PayloadLater { plugin: "remark".into(), signed: START + 1, time: START };
    assert_eq!(refused(secret.public(), &early), PayloadError::Observation(Box::new(expected)));
}

#[test]
fn a_signature_of_the_other_scheme_is_refused() {
    let (secp256k1, ed25519) = (secp256k1(), ed25519());
    let envelope = signed(&ed25519, |_| {}, START, REMARK);
    let error = signature_error(SignerError::Length { expected: 65, got: 64 });
    assert_eq!(refused(secp256k1.public(), &envelope), error);
    let envelope = signed(&secp256k1, |_| {}, START, REMARK);
    let error = signature_error(SignerError::Length { expected: 64, got: 65 });
    assert_eq!(refused(ed25519.public(), &envelope), error);
}

#[test]
fn a_secp256k1_signature_has_one_form() {
    let secret = secp256k1();
    let envelope = signed(&secret, |_| {}, START, REMARK);
    let end = envelope.len() - 4;
    for (v, expected) in [("00", 0), ("1d", 29)] {
        let mut changed = envelope.clone();
        changed.replace_range(end..end + 2, v);
        let source = SignerError::Malformed(SignatureError::RecoveryByte { got: expected });
        assert_eq!(refused(secret.public(), &changed), signature_error(source));
    }
}

/// Keys that are no point, and the neutral element, for which anybody can make signatures that lax checks accept.
#[test]
fn unusable_ed25519_keys_are_refused() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let envelope = signed(&ed25519(), |_| {}, START, REMARK);
    for public_key in [neutral, [0; 32], [2; 32]] {
        let key = SignerKey::Ed25519 { public_key };
        assert_eq!(refused(key, &envelope), signature_error(SignerError::PublicKey { public_key }));
    }
    // R = neutral element, s = 0 satisfies the cofactored equation for every message under the neutral key.
    let forged = [neutral, [0; 32]].concat();
    let error = SignerError::PublicKey { public_key: neutral };
    assert_eq!(check_signed(&SignerKey::Ed25519 { public_key: neutral }, b"anything", &forged), Err(error));
}

/// s and s + L are the same scalar: only the lower is a signature.
#[test]
fn an_ed25519_signature_has_one_form() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let secret = ed25519();
    let message = payload_message(&recorder().card().plugins[1], START, REMARK);
    let honest = secret.sign(&message);
    assert_eq!(check_signed(&secret.public(), &message, &honest), Ok(()));
    let mut other = honest.clone();
    let mut carry = 0;
    for (byte, order) in other[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    let SignerKey::Ed25519 { public_key } = secret.public() else { panic!("Ed25519") };
    assert_eq!(check_signed(&secret.public(), &message, &other), Err(SignerError::NotSigned { public_key }));
    for position in [0, 31, 32, 63] {
        let mut other = honest.clone();
        other[position] ^= 1;
        assert!(check_signed(&secret.public(), &message, &other).is_err(), "byte {position}");
    }
}

/// The first plugin at fault, in the card's order.
#[test]
fn the_plugin_at_fault_is_named() {
    let mut program = signed_program(ed25519().public(), 30);
    program.card.plugins[0].signer = program.card.plugins[1].signer;
    let [first, second] = [0, 1].map(|index: usize| program.card.plugins[index].clone());
    let payload = r#"{"sell": 1, "hold": 2, "buy": 3}"#;
    let envelopes =
        [sign_payload(&ed25519(), &first, START, payload), sign_payload(&ed25519(), &second, START, REMARK)];
    let payloads: Vec<Vec<u8>> = envelopes.map(|envelope| envelope.to_json().into_bytes()).to_vec();
    let observation = Observation { time: START, payloads };
    assert_eq!(check_payloads(&program.card, &observation), Ok(()));
    // The two swapped: the same key signed both, each for the other plugin.
    let swapped =
        Observation { payloads: observation.payloads.iter().rev().cloned().collect(), ..observation };
    let error = check_payloads(&program.card, &swapped).unwrap_err();
    assert!(matches!(&error, PayloadError::Signature { plugin, .. } if plugin == "opinion"), "{error:?}");
    assert!(
        error.to_string().starts_with("the payload of plugin `opinion`: not signed by ed25519:0x"),
        "{error}"
    );
}

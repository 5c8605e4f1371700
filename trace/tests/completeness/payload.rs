//! What plugins sign is what any EIP-712 implementation hashes, and what they signed is recorded and accepted.

// The macro's struct is named and documented by it.
#![allow(missing_docs)]

use crate::agent::{START, Want, key, observation, program, salts, signed_program};
use alloy_sol_types::private::{B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};
use candor_program::card::SignerKey;
use candor_program::encoding::keccak256;
use candor_trace::payload::PAYLOAD_TYPE;
use candor_trace::{
    AgentKey, Ed25519Key, Recorder, SecretKey, check_body, check_payloads, check_signed, payload_message,
    sign_payload,
};

sol! {
    struct Payload {
        string plugin;
        string version;
        bytes32 codeHash;
        uint256 time;
        string payload;
    }
}

fn keys() -> [SecretKey; 2] {
    [SecretKey::Secp256k1(key()), SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x33; 32]))]
}

#[test]
fn messages_are_those_of_an_independent_implementation() {
    assert_eq!(PAYLOAD_TYPE, Payload::eip712_root_type());
    let domain = Eip712Domain::new(Some("Candor plugin".into()), Some("1".into()), None, None, None);
    let plugin = &program().card.plugins[1];
    for (time, payload) in [(0, ""), (START, "{\"rate\": -0.5}"), (u64::MAX, "\u{e9}\u{1f600}\n")] {
        let theirs = Payload {
            plugin: plugin.id.clone(),
            version: plugin.version.clone(),
            codeHash: B256::from(plugin.code_hash),
            time: U256::from(time),
            payload: payload.into(),
        };
        let message = payload_message(plugin, time, payload);
        assert_eq!(message[..2], *b"\x19\x01");
        assert_eq!(message[2..34], *domain.separator());
        assert_eq!(message[34..], *theirs.eip712_hash_struct());
        assert_eq!(keccak256(&[&message]), theirs.eip712_signing_hash(&domain).0);
    }
}

/// RFC 8032, section 7.1, test 2: the key pair and signature of the one-byte message 0x72.
#[test]
fn ed25519_agrees_with_its_standard() {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = Ed25519Key::from_bytes(&seed.clone().try_into().unwrap());
    assert_eq!(key.to_bytes().to_vec(), seed);
    let public_key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_eq!(key.public_key().to_vec(), public_key);
    let signature = bytes(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    let key = SecretKey::Ed25519(key);
    assert_eq!(key.sign(&[0x72]), signature);
    assert_eq!(check_signed(&key.public(), &[0x72], &signature), Ok(()));
    assert!(!format!("{key:?}").contains("4ccd"), "no secret is printed");
}

#[test]
fn a_secp256k1_signature_is_an_ethereum_typed_data_signature() {
    let secret = SecretKey::Secp256k1(key());
    assert_eq!(secret.public(), SignerKey::Secp256k1 { address: key().address() });
    let message = payload_message(&program().card.plugins[1], START, "5");
    assert_eq!(secret.sign(&message), key().sign(&keccak256(&[&message])).0);
}

#[test]
fn signed_payloads_of_either_scheme_are_recorded_and_accepted() {
    for secret in keys() {
        let program = signed_program(secret.public(), 30);
        let plugin = &program.card.plugins[1];
        let mut recorder = Recorder::resume(program.clone(), key(), None).unwrap();
        for (number, age) in [0, 1, 30].into_iter().enumerate() {
            let time = START + 100 * number as u64;
            let mut observation = observation(time, Want::Buy);
            let envelope = sign_payload(&secret, plugin, time - age, "\"a remark\"");
            observation.payloads[1] = envelope.to_json().into_bytes();
            assert_eq!(check_payloads(&program.card, &observation), Ok(()));
            let record = recorder.record(observation, salts(number as u64)).unwrap().record;
            check_body(&program.card, &record).unwrap();
        }
        // A plugin that reported nothing signed nothing.
        let mut silent = observation(START + 1_000, Want::Hold);
        silent.payloads[1].clear();
        let record = recorder.record(silent, salts(9)).unwrap().record;
        check_body(&program.card, &record).unwrap();
    }
}

/// What a wallet's library and another Ed25519 signed (fixtures/adapters/make_signatures.py) is accepted, and what we sign
/// with the same keys is the same.
#[test]
fn signatures_agree_with_other_implementations() {
    let text = include_str!("../../../fixtures/adapters/signatures.json");
    let made: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = |value: &serde_json::Value| {
        let text = value.as_str().unwrap();
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap()
    };
    let payload = &made["payload"];
    let mut plugin = program().card.plugins.remove(1);
    plugin.id = payload["plugin"].as_str().unwrap().into();
    plugin.version = payload["version"].as_str().unwrap().into();
    plugin.code_hash = bytes(&payload["codeHash"]).try_into().unwrap();
    let time = payload["time"].as_u64().unwrap();
    let message = payload_message(&plugin, time, payload["payload"].as_str().unwrap());
    assert_eq!(message.to_vec(), bytes(&made["message"]));
    let keys = [
        ("secp256k1", SecretKey::Secp256k1(AgentKey::from_bytes(&[0x22; 32]).unwrap())),
        ("ed25519", SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x33; 32]))),
    ];
    for (name, secret) in keys {
        let (public, field) = match secret.public() {
            SignerKey::Secp256k1 { address } => (address.to_vec(), "address"),
            SignerKey::Ed25519 { public_key } => (public_key.to_vec(), "publicKey"),
        };
        assert_eq!(public, bytes(&made[name][field]), "{name}");
        let signature = bytes(&made[name]["signature"]);
        assert_eq!(check_signed(&secret.public(), &message, &signature), Ok(()), "{name}");
        assert_eq!(secret.sign(&message), signature, "{name}: both are deterministic");
    }
}

//! Lines become payloads byte for byte, and payloads features digit for digit.

use crate::sample::{self, LINE};
use candor_program::Card;
use candor_program::card::{PluginSigner, SignerKey};
use candor_program::encoding::{decode_exact, encode, keccak256};
use candor_program::observation::{Envelope, Observation};

fn card() -> Card {
    sample::program().card
}

#[test]
fn payloads_are_kept_byte_for_byte() {
    let observation = Observation::from_json(LINE, &card()).unwrap();
    assert_eq!(observation.time, 1_357_160_400);
    let payloads: Vec<&str> =
        observation.payloads.iter().map(|bytes| std::str::from_utf8(bytes).unwrap()).collect();
    assert_eq!(payloads, [r#"{"features": ["0.0250", 1200]}"#, r#"{"rate":-0.5}"#]);
    assert_eq!(observation.payload_digests()[1], keccak256(&[br#"{"rate":-0.5}"#]));
    assert_eq!(decode_exact::<Observation>(&encode(&observation)), Ok(observation));
    // White space, escapes and the order of keys inside a payload are the plugin's.
    let line = "{\"plugins\":{\"bank\": { \"x\\u0041\" : [ 1 ,2 ], \"rate\" : \"1.00\" } ,\"market\":{\"features\":[0,0]}},\"time\":0}\n";
    let observation = Observation::from_json(line, &card()).unwrap();
    assert_eq!(observation.payloads[1], br#"{ "x\u0041" : [ 1 ,2 ], "rate" : "1.00" }"#);
}

#[test]
fn features_are_integers_above_their_minimum() {
    let observation = Observation::from_json(LINE, &card()).unwrap();
    assert_eq!(observation.features(&card()), Ok(vec![5_250, 1_200, 50]));
}

#[test]
fn both_ends_of_a_range_are_inside() {
    for (text, expected) in [("-1", 0), ("-1.00", 0), ("\"10\"", 1_100), ("10.00", 1_100), ("-0.00", 100)] {
        let line = format!(
            r#"{{"time":1,"plugins":{{"market":{{"features":[0,65535]}},"bank":{{"rate":{text}}}}}}}"#
        );
        let observation = Observation::from_json(&line, &card()).unwrap();
        assert_eq!(observation.features(&card()), Ok(vec![5_000, 65_535, expected]), "{text}");
    }
}

#[test]
fn pointers_reach_everywhere() {
    let mut card = card();
    let payload = r#"{"":{"a/b":[[1],{"~":"2"}],"~1":3,"é":4},"features":5}"#;
    for (pointer, expected) in
        [("//a~1b/0/0", 1), ("//a~1b/1/~0", 2), ("//~01", 3), ("//é", 4), ("/features", 5)]
    {
        card.features = vec![sample::feature("x", 0, pointer, 0, 0, 10)];
        let line = format!(r#"{{"time":1,"plugins":{{"market":{payload}}}}}"#);
        let observation = Observation::from_json(&line, &card).unwrap();
        assert_eq!(observation.features(&card), Ok(vec![expected]), "{pointer}");
    }
    // The whole payload, and a plugin that no feature reads and that reported nothing.
    card.features = vec![sample::feature("x", 0, "", 1, 0, 10)];
    let observation = Observation::from_json(r#"{"time":1,"plugins":{"market":0.7}}"#, &card).unwrap();
    assert_eq!(observation.features(&card), Ok(vec![7]));
    assert_eq!(observation.payload_digests()[1], keccak256(&[]));
}

#[test]
fn two_features_may_share_a_pointer() {
    let mut card = card();
    card.features = vec![
        sample::feature("coarse", 1, "/rate", 2, -100, 0),
        sample::feature("volume", 0, "/features/1", 0, 0, 65_535),
        sample::feature("fine", 1, "/rate", 4, -10_000, 0),
    ];
    let observation = Observation::from_json(LINE, &card).unwrap();
    assert_eq!(observation.features(&card), Ok(vec![50, 1_200, 5_000]));
}

/// A plugin that signs: its envelope is kept byte for byte, pointers lead into the text that it signed.
#[test]
fn features_of_a_signed_payload_are_read_from_the_signed_text() {
    let mut card = card();
    let key = SignerKey::Ed25519 { public_key: [9; 32] };
    card.plugins[1].signer = Some(PluginSigner { key, max_age_seconds: 60 });
    let envelope = Envelope {
        payload: "{\"note\": \"\u{e9}\\n\u{1f600}\", \"rate\": -0.5}".into(),
        time: 1_357_160_340,
        signature: (0..64).collect(),
    };
    let text = envelope.to_json();
    assert_eq!(Envelope::from_bytes(text.as_bytes()), Ok(envelope.clone()));
    let line = LINE.replace(r#"{"rate":-0.5}"#, &text);
    let observation = Observation::from_json(&line, &card).unwrap();
    assert_eq!(observation.payloads[1], text.as_bytes());
    assert_eq!(observation.features(&card), Ok(vec![5_250, 1_200, 50]));
    assert_eq!(observation.envelope(&card, 1), Ok(Some(envelope.clone())));
    assert_eq!(observation.envelope(&card, 0), Ok(None));
    assert_eq!(observation.envelope(&card, 2), Ok(None));
    // Another spelling of the same envelope, as a program on the way may write it.
    let spelled = format!(
        "{{ \"signature\":\"0x{}\",\n\"time\":1357160340, \"p\\u0061yload\":\"{{\\\"note\\\": \\\"\\u00e9\\\\n\\ud83d\\ude00\\\", \\\"rate\\\": -0.5}}\" }}",
        (0..64).map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    assert_eq!(Envelope::from_bytes(spelled.as_bytes()), Ok(envelope));
}

#[test]
fn keys_are_written_as_agent_toml_reads_them() {
    let secp256k1 = SignerKey::Secp256k1 { address: [0x0a; 20] };
    assert_eq!(secp256k1.to_string(), format!("0x{}", "0a".repeat(20)));
    let ed25519 = SignerKey::Ed25519 { public_key: [0xfe; 32] };
    assert_eq!(ed25519.to_string(), format!("ed25519:0x{}", "fe".repeat(32)));
}

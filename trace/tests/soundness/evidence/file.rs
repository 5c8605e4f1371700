//! Credential files: exactly the documented keys, and no panic on any bytes.

use crate::agent::evidence::{
    allowance, attested, credentials, evidence_program, holder, jurisdiction, registry,
};
use candor_trace::Credential;
use candor_trace::evidence::{
    Expected, FileError, KeyTextError, MAX_FILE_BYTES, MAX_FILE_CREDENTIALS, credential_json,
    credentials_from_json, credentials_json, key_from_text,
};
use proptest::prelude::*;

fn attestation_text() -> String {
    credential_json(&attested(jurisdiction(), &registry())).to_string()
}

fn field(text: &str) -> (&'static str, Expected) {
    match credentials_from_json(text) {
        Err(FileError::Field { credential: 1, field, expected, .. }) => (field, expected),
        other => panic!("{other:?} for {text}"),
    }
}

#[test]
fn every_field_is_what_it_must_be() {
    let text = attestation_text();
    let address = registry().public().to_string();
    for wrong in ["0x12", "", "registry", &address.to_uppercase(), &address[2..], "ed25519:0x00", "ed25519:"]
    {
        assert_eq!(field(&text.replace(&address, wrong)), ("attester", Expected::Key), "{wrong}");
        assert_eq!(key_from_text(wrong), Err(KeyTextError));
    }
    let subject = format!("0x{}", hex::encode(holder().subject()));
    assert_eq!(field(&text.replace(&subject, &subject[..64])), ("subject", Expected::Bytes32));
    let program = format!("0x{}", "0".repeat(64));
    assert_eq!(field(&text.replace(&program, "0x")), ("program", Expected::Bytes32));
    let Credential::Attestation(signed) = attested(jurisdiction(), &registry()) else {
        panic!("attestation")
    };
    let signature = format!("0x{}", hex::encode(&signed.signature));
    for wrong in ["0x", &signature[2..], &signature[..128], &format!("{signature}00"), &signature[..131]] {
        assert_eq!(field(&text.replace(&signature, wrong)), ("signature", Expected::Signature), "{wrong}");
    }
    let text = credential_json(&allowance()).to_string();
    for wrong in ["AtMost", "at least", ""] {
        assert_eq!(field(&text.replace("at-most", wrong)), ("direction", Expected::Direction));
    }
    let parent = format!("0x{}", "0".repeat(64));
    assert_eq!(field(&text.replace(&parent, "0x0")), ("parent", Expected::Bytes32));
}

#[test]
fn keys_are_exactly_the_documented_ones() {
    let text = attestation_text();
    let twice = text.replacen("\"slot\"", "\"value\":1,\"slot\"", 1);
    let unknown = text.replacen("\"slot\"", "\"note\":1,\"slot\"", 1);
    let missing = text.replacen("\"slot\":\"jurisdiction\",", "", 1);
    let fraction = text.replacen("\"value\":1", "\"value\":1.0", 1);
    let quoted = text.replacen("\"value\":1", "\"value\":\"1\"", 1);
    let large = text.replacen("\"value\":1", "\"value\":9223372036854775808", 1);
    let negative = text.replacen("\"issued\":1", "\"issued\":-1", 1);
    let other = text.replacen("attestation", "attestations", 1);
    let both = format!("{}, {}", &text[..text.len() - 1], &credential_json(&allowance()).to_string()[1..]);
    let trailing = format!("{text} {text}");
    for wrong in [twice, unknown, missing, fraction, quoted, large, negative, other, both, trailing] {
        assert_ne!(wrong, text);
        let error = credentials_from_json(&wrong).unwrap_err();
        assert!(matches!(error, FileError::Json { line: 1, .. }), "{error:?} for {wrong}");
    }
    for wrong in ["", "null", "1", "{}", "[[]]", "{\"attestation\":null}"] {
        let error = credentials_from_json(wrong).unwrap_err();
        assert!(matches!(error, FileError::Json { .. }), "{error:?} for {wrong}");
    }
}

#[test]
fn files_are_bounded() {
    let spaces = " ".repeat(MAX_FILE_BYTES - 2);
    assert_eq!(credentials_from_json(&format!("{spaces}[]")), Ok(vec![]));
    let got = MAX_FILE_BYTES + 1;
    let error = FileError::TooLong { limit: MAX_FILE_BYTES, got };
    assert_eq!(credentials_from_json(&format!("{spaces} []")), Err(error));
    let one = attested(jurisdiction(), &registry());
    let text = |count| credentials_json(&vec![one.clone(); count]).to_string();
    assert_eq!(credentials_from_json(&text(MAX_FILE_CREDENTIALS)).unwrap().len(), MAX_FILE_CREDENTIALS);
    let (limit, got) = (MAX_FILE_CREDENTIALS, MAX_FILE_CREDENTIALS + 1);
    assert_eq!(credentials_from_json(&text(got)), Err(FileError::TooMany { limit, got }));
}

/// Reads a text and, if it reads, judges everything in it for every slot.
fn judge(text: &str) {
    let Ok(credentials) = credentials_from_json(text) else { return };
    for credential in &credentials {
        judge_credential(credential);
    }
    assert_eq!(credentials_from_json(&credentials_json(&credentials).to_string()), Ok(credentials));
}

fn judge_credential(credential: &Credential) {
    for slot in &evidence_program().card.evidence {
        let _ = credential.statement(slot, &holder());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        judge(&text);
    }

    #[test]
    fn no_damaged_file_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = credentials_json(&credentials()).to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        judge(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_encoded_credential_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0_usize..3) {
        let mut bytes = borsh::to_vec(&credentials()[which]).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(credential) = borsh::from_slice::<Credential>(&bytes) {
            judge_credential(&credential);
            prop_assert_eq!(borsh::to_vec(&credential).unwrap(), bytes);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(credential) = borsh::from_slice::<Credential>(&bytes) {
            judge_credential(&credential);
        }
    }
}

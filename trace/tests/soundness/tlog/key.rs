//! Verifier keys and secret keys.

use crate::tree::log_key;
use candor_trace::tlog::{
    Algorithm, CosignatureSigner, KeyError, KeyId, MAX_KEY_NAME_BYTES, NoteSigner, VerifierKey, is_key_name,
};

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

fn refused(from: &str, to: &str) -> KeyError {
    let text = KEY.replacen(from, to, 1);
    assert_ne!(text, KEY);
    VerifierKey::parse(&text).unwrap_err()
}

#[test]
fn each_defect_of_a_key_has_its_reason() {
    assert!(VerifierKey::parse(KEY).is_ok());
    assert_eq!(VerifierKey::parse(""), Err(KeyError::Format));
    assert_eq!(VerifierKey::parse("example.com/foo+530d903a"), Err(KeyError::Format));
    assert_eq!(refused("example.com/foo", ""), KeyError::Name);
    assert_eq!(refused("/foo", " foo"), KeyError::Name);
    assert_eq!(refused("/foo", "\u{2003}foo"), KeyError::Name);
    assert_eq!(refused("/foo", "\nfoo"), KeyError::Name);
    assert_eq!(refused("530d903a", "530D903A"), KeyError::KeyId);
    assert_eq!(refused("530d903a", "30d903a"), KeyError::KeyId);
    assert_eq!(refused("530d903a", "0530d903a"), KeyError::KeyId);
    assert_eq!(refused("530d903a", "530d903g"), KeyError::KeyId);
    assert_eq!(refused("3U2k", "3U2"), KeyError::Base64);
    assert_eq!(refused("3U2k", "3U2k\n"), KeyError::Base64);
    assert_eq!(refused("3U2k", "3U2kAA=="), KeyError::KeyLength { got: 33 });
    assert_eq!(refused("3U2k", ""), KeyError::KeyLength { got: 29 });
    assert_eq!(refused("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ""), KeyError::KeyLength { got: 0 });
    assert_eq!(refused("+Aeky", "+Auky"), KeyError::UnknownAlgorithm { got: 2 });
    let id = |text: &str| KeyId(hex::decode(text).unwrap().try_into().unwrap());
    assert_eq!(
        refused("530d903a", "530d903b"),
        KeyError::KeyIdMismatch { expected: id("530d903a"), got: id("530d903b") }
    );
    // Another name, another algorithm and another key have other ids.
    assert!(matches!(refused("/foo", "/fop"), KeyError::KeyIdMismatch { .. }));
    assert!(matches!(refused("+Aeky", "+BOky"), KeyError::KeyIdMismatch { .. }));
}

#[test]
fn names_and_texts_have_limits() {
    let longest = "n".repeat(MAX_KEY_NAME_BYTES);
    let signer = NoteSigner::new(&longest, &[1; 32]).unwrap();
    let text = signer.verifier_key().to_string();
    assert!(VerifierKey::parse(&text).is_ok());
    let limit = text.len();
    assert_eq!(VerifierKey::parse(&format!("n{text}")), Err(KeyError::TooLong { limit, got: limit + 1 }));
    let too_long = KeyError::NameTooLong { limit: MAX_KEY_NAME_BYTES, got: MAX_KEY_NAME_BYTES + 1 };
    assert_eq!(NoteSigner::new(&format!("n{longest}"), &[1; 32]).unwrap_err(), too_long);
    assert_eq!(VerifierKey::parse(&format!("n{longest}+00000000+")), Err(too_long));
    let long = "a".repeat(513);
    assert_eq!(NoteSigner::parse(&long).unwrap_err(), KeyError::TooLong { limit: 512, got: 513 });
    assert_eq!(NoteSigner::parse(&long[1..]).unwrap_err(), KeyError::Format);
}

#[test]
fn a_public_key_is_a_point_with_one_encoding_and_not_of_small_order() {
    let key = |bytes: &[u8; 32]| VerifierKey::new("a", Algorithm::Ed25519, bytes);
    let of_y = |y: u8| {
        let mut bytes = [0; 32];
        bytes[0] = y;
        bytes
    };
    // The neutral element, a point of order 4, and a y that no point has.
    for y in [1, 0, 2] {
        assert_eq!(key(&of_y(y)), Err(KeyError::NotAKey), "{y}");
    }
    // y + p where y is fine: the same point in other bytes.
    let mut seen = 0;
    for y in 3..19_u8 {
        if key(&of_y(y)).is_err() {
            continue;
        }
        seen += 1;
        let mut other = [0xff; 32];
        other[0] = 0xed + y;
        other[31] = 0x7f;
        assert_eq!(key(&other), Err(KeyError::NotAKey), "{y}");
    }
    assert!(seen > 0);
}

#[test]
fn names_have_no_spaces_pluses_or_controls() {
    for name in ["", " ", "a b", "a+b", "a\tb", "a\u{85}b", "a\u{a0}b", "a\u{3000}", "a\u{7f}"] {
        assert!(!is_key_name(name), "{name:?}");
        assert_eq!(NoteSigner::new(name, &[1; 32]).unwrap_err(), KeyError::Name);
    }
    for name in ["a", "log.example/x", "\u{e8}", "\u{2014}"] {
        assert!(is_key_name(name), "{name:?}");
    }
}

#[test]
fn each_defect_of_a_secret_key_has_its_reason() {
    let refused = |from: &str, to: &str| NoteSigner::parse(&SECRET.replacen(from, to, 1)).unwrap_err();
    assert!(NoteSigner::parse(SECRET).is_ok());
    assert_eq!(refused("PRIVATE+KEY+", "PUBLIC+KEY+"), KeyError::Format);
    assert_eq!(refused("+c74f20a3", ""), KeyError::KeyId);
    assert_eq!(refused("PeterNeumann", ""), KeyError::Name);
    assert_eq!(refused("KDFz", ""), KeyError::KeyLength { got: 29 });
    assert_eq!(refused("KDFz", "K"), KeyError::Base64);
    assert!(matches!(refused("KDFz", "KDF0"), KeyError::KeyIdMismatch { .. }));
    // A log's key is no witness's.
    let cosigner = CosignatureSigner::new("a", &[1; 32]).unwrap();
    assert_eq!(NoteSigner::parse(&cosigner.to_text()).unwrap_err(), KeyError::UnknownAlgorithm { got: 4 });
    let wrong = CosignatureSigner::parse(&log_key().to_text()).unwrap_err();
    assert_eq!(wrong, KeyError::UnknownAlgorithm { got: 1 });
}

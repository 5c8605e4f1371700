use crate::agent::{key, other_key, program, run};
use candor_program::card::Domain;
use candor_trace::{AgentKey, PreparedKey, PublicKey, SignatureBytes, SignatureError, recover};
use std::sync::LazyLock;

/// Order of secp256k1's group (SEC 2, section 2.4.1).
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

fn order() -> [u8; 32] {
    hex::decode(ORDER).unwrap().try_into().unwrap()
}

/// `order - value`, big endian.
fn negated(value: &[u8]) -> [u8; 32] {
    let (mut result, mut borrow) = (order(), 0_i16);
    for (digit, subtrahend) in result.iter_mut().rev().zip(value.iter().rev()) {
        let difference = i16::from(*digit) - i16::from(*subtrahend) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference.rem_euclid(256) as u8;
    }
    result
}

const HASH: [u8; 32] = [0x5a; 32];

fn prepared() -> &'static PreparedKey {
    static KEY: LazyLock<PreparedKey> =
        LazyLock::new(|| PublicKey::recover(&HASH, &key().sign(&HASH)).unwrap().prepare());
    &KEY
}

/// What is recovered from a changed signature; the prepared key agrees.
fn with(change: impl FnOnce(&mut [u8; 65])) -> Result<[u8; 20], SignatureError> {
    let mut signature = key().sign(&HASH);
    change(&mut signature.0);
    let result = recover(&HASH, &signature);
    assert_eq!(prepared().signed(&HASH, &signature), result == Ok(key().address()), "{signature:?}");
    result
}

/// Not only of changed signatures: of other hashes, of other keys, and where the sum is the point at infinity.
#[test]
fn a_prepared_key_takes_exactly_what_recovers_to_it() {
    let honest = key().sign(&HASH);
    for bit in 0..256 {
        let mut hash = HASH;
        hash[bit / 8] ^= 1 << (bit % 8);
        assert!(!prepared().signed(&hash, &honest), "bit {bit}");
    }
    assert!(!prepared().signed(&HASH, &other_key().sign(&HASH)));
    assert!(prepared().signed(&HASH, &honest));
    // With the secret key 1, u1 G + u2 Q is s^-1 (hash + r) G: nothing if the hash is -r.
    let mut secret = [0; 32];
    secret[31] = 1;
    let one = AgentKey::from_bytes(&secret).unwrap();
    let mut signature = one.sign(&HASH);
    let key = PublicKey::recover(&HASH, &signature).unwrap().prepare();
    let opposite = negated(&signature.0[..32]);
    for v in [27, 28] {
        signature.0[64] = v;
        assert!(!key.signed(&opposite, &signature));
        assert!(recover(&opposite, &signature) != Ok(one.address()));
    }
    // Twice the same point: the hash is r, so that both summands are equal.
    signature.0[64] = one.sign(&HASH).0[64];
    let mut same = [0; 32];
    same.copy_from_slice(&signature.0[..32]);
    assert_eq!(key.signed(&same, &signature), recover(&same, &signature) == Ok(one.address()));
}

#[test]
fn recovery_bytes_other_than_27_and_28_are_refused() {
    for v in (0..=255).filter(|v| ![27, 28].contains(v)) {
        assert_eq!(with(|bytes| bytes[64] = v), Err(SignatureError::RecoveryByte { got: v }));
    }
}

#[test]
fn the_other_recovery_byte_is_another_signer() {
    let recovered = with(|bytes| bytes[64] = 27 + 28 - bytes[64]);
    assert!(recovered != Ok(key().address()), "{recovered:?}");
}

#[test]
fn scalars_outside_of_the_group_order_are_refused() {
    for at in [0, 32] {
        for scalar in [[0; 32], order(), [0xff; 32]] {
            let result = with(|bytes| bytes[at..at + 32].copy_from_slice(&scalar));
            assert_eq!(result, Err(SignatureError::ScalarOutOfRange));
        }
    }
}

/// (r, order - s) with the other v is the classic second signature of the same message by the same key.
#[test]
fn the_twin_with_high_s_is_refused() {
    let honest = key().sign(&HASH);
    let twin = |bytes: &mut [u8; 65]| {
        let high = negated(&honest.0[32..64]);
        bytes[32..64].copy_from_slice(&high);
        bytes[64] = 27 + 28 - bytes[64];
    };
    assert_eq!(with(twin), Err(SignatureError::HighS));
    assert_eq!(negated(&negated(&honest.0[32..64])), honest.0[32..64]);
}

/// No point of secp256k1 has x = 5.
#[test]
fn an_r_that_is_no_coordinate_has_no_signer() {
    let result = with(|bytes| {
        bytes[..32].fill(0);
        bytes[31] = 5;
    });
    assert_eq!(result, Err(SignatureError::NoSigner));
}

#[test]
fn every_flipped_bit_is_noticed() {
    for bit in 0..65 * 8 {
        let result = with(|bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        assert!(result != Ok(key().address()), "bit {bit}: {result:?}");
    }
}

#[test]
fn secret_keys_outside_of_the_group_order_are_refused() {
    for secret in [[0; 32], order(), [0xff; 32]] {
        assert_eq!(AgentKey::from_bytes(&secret).err(), Some(SignatureError::SecretKeyOutOfRange));
    }
    let mut highest = order();
    highest[31] -= 1;
    assert!(AgentKey::from_bytes(&highest).is_ok());
}

#[test]
fn another_key_another_chain_and_another_contract_are_refused() {
    let (domain, mut record) = (program().card.domain, run().remove(1));
    let others = [
        Domain { chain_id: domain.chain_id + 1, ..domain },
        Domain { verifying_contract: [0xcd; 20], ..domain },
    ];
    for other in others {
        let result = record.check_signature(&other);
        assert!(matches!(result, Err(SignatureError::WrongSigner { .. })), "{result:?}");
        assert_eq!(record.signed_header().check_signature(&other), result);
    }
    record.signature = other_key().sign(&record.record_hash(&domain));
    let (expected, got) = (key().address(), other_key().address());
    assert_eq!(record.check_signature(&domain), Err(SignatureError::WrongSigner { expected, got }));
}

#[test]
fn an_empty_signature_is_refused() {
    assert_eq!(recover(&HASH, &SignatureBytes([0; 65])), Err(SignatureError::RecoveryByte { got: 0 }));
}

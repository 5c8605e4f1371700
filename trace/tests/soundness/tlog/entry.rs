//! Entries.

use crate::agent::{program, run};
use candor_program::encoding::DecodeError;
use candor_trace::{ENTRY_BYTES, Entry, SignatureError};

fn entry() -> Entry {
    Entry::of(&run()[1], &program().card.domain)
}

#[test]
fn each_defect_of_an_entry_has_its_reason() {
    let bytes = entry().to_bytes();
    let longer = [bytes.as_slice(), &[0]].concat();
    let limit = ENTRY_BYTES as u64;
    assert_eq!(Entry::from_bytes(&longer), Err(DecodeError::TooLong { limit, got: limit + 1 }));
    assert_eq!(Entry::from_bytes(&bytes[..9]), Err(DecodeError::NoHeader { got: 9 }));
    for cut in 10..bytes.len() {
        assert_eq!(Entry::from_bytes(&bytes[..cut]), Err(DecodeError::Truncated { offset: cut as u64 - 10 }));
    }
    let mut changed = bytes.clone();
    changed[7] = b'X';
    assert!(matches!(Entry::from_bytes(&changed), Err(DecodeError::WrongMagic { .. })));
    let mut changed = bytes.clone();
    changed[8] = 2;
    assert_eq!(Entry::from_bytes(&changed), Err(DecodeError::WrongVersion { expected: 1, got: 2 }));
}

/// A word of the field that is not below the modulus has another encoding: it is none.
#[test]
fn every_flipped_byte_changes_the_leaf_and_is_refused_or_is_another_entry() {
    let good = entry();
    let bytes = good.to_bytes();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 0x80;
        match Entry::from_bytes(&changed) {
            Err(_) => {}
            Ok(other) => {
                assert_ne!(other, good);
                assert_ne!(other.leaf_hash(), good.leaf_hash());
                let signed = position < bytes.len() - 32;
                assert_eq!(other.check_signature().is_err(), signed, "byte {position}");
            }
        }
    }
}

/// The signature is bound to chain and contract: the same header elsewhere is another record.
#[test]
fn an_entry_of_another_domain_has_no_valid_signature() {
    for change in [
        |entry: &mut Entry| entry.domain.chain_id += 1,
        |entry: &mut Entry| {
            entry.domain.verifying_contract[0] ^= 1;
        },
    ] {
        let mut other = entry();
        change(&mut other);
        assert!(matches!(other.check_signature(), Err(SignatureError::WrongSigner { .. })));
        assert_ne!(other.record_hash(), entry().record_hash());
    }
}

/// The body hash is under the tree's root, not under the agent's signature.
#[test]
fn another_body_is_another_leaf() {
    let mut other = entry();
    other.body[0] ^= 1;
    assert_eq!(other.check_signature(), Ok(()));
    assert_eq!(other.record_hash(), entry().record_hash());
    assert_ne!(other.leaf_hash(), entry().leaf_hash());
}

//! Entries.

use crate::agent::{program, run};
use candor_program::encoding::{encode, keccak256};
use candor_trace::tlog::leaf_hash;
use candor_trace::{ENTRY_BYTES, Entry, body_hash};

#[test]
fn every_entry_has_the_same_length_and_is_read_back() {
    let domain = program().card.domain;
    for record in run() {
        let entry = Entry::of(&record, &domain);
        let bytes = entry.to_bytes();
        assert_eq!(bytes.len(), ENTRY_BYTES);
        assert_eq!(&bytes[..10], b"CANDOREN\x01\x00");
        assert_eq!(Entry::from_bytes(&bytes), Ok(entry.clone()));
        assert_eq!(entry.record_hash(), record.record_hash(&domain));
        assert_eq!(entry.check_signature(), Ok(()));
        assert_eq!(entry.leaf_hash(), leaf_hash(&bytes));
        assert_eq!(entry.body, keccak256(&[&encode(&record.body)]));
        assert_eq!(entry.body, body_hash(&record.body));
    }
}

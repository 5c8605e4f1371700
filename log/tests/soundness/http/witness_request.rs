//! The body of `add-checkpoint`: one encoding, and an error for each thing that is wrong.

use crate::tree::{Tree, log_key};
use candor_log::http::witness::{AddCheckpoint, MAX_PROOF_HASHES, MAX_REQUEST_BYTES, RequestError};
use candor_trace::tlog::{Hash, HashTextError, NoteError};

fn request(hashes: usize) -> AddCheckpoint {
    let checkpoint = Tree::of(1, 4).checkpoint(&log_key(), 4);
    AddCheckpoint { old: 3, proof: vec![Hash([1; 32]); hashes], checkpoint }
}

fn changed(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(request(2).to_bytes()).unwrap();
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn each_defect_has_its_error() {
    let first_hash = Hash([1; 32]).to_base64();
    let cases = [
        (
            vec![b'o'; MAX_REQUEST_BYTES + 1],
            RequestError::TooLong { limit: MAX_REQUEST_BYTES, got: MAX_REQUEST_BYTES + 1 },
        ),
        (b"old \xff".to_vec(), RequestError::NotUtf8 { offset: 4 }),
        (b"old 3".to_vec(), RequestError::OldSize),
        (changed("old 3", "old 03"), RequestError::OldSize),
        (changed("old 3", "old +3"), RequestError::OldSize),
        (changed("old 3", "old "), RequestError::OldSize),
        (changed("old 3", "Old 3"), RequestError::OldSize),
        (changed("old 3", "old 18446744073709551616"), RequestError::OldSize),
        (b"old 3\n".to_vec(), RequestError::NoSeparator),
        (
            changed(&first_hash, &first_hash[1..]),
            RequestError::ProofLine { line: 1, source: HashTextError::Length { got: 43 } },
        ),
        (
            changed(&first_hash, &format!("{}!", &first_hash[1..])),
            RequestError::ProofLine { line: 1, source: HashTextError::NotBase64 },
        ),
        (b"old 3\n\nno note".to_vec(), RequestError::Note(NoteError::NoSignatures)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(AddCheckpoint::parse(&bytes), Err(expected), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn sixty_three_hashes_are_read_and_sixty_four_are_not() {
    let most = request(MAX_PROOF_HASHES);
    assert_eq!(AddCheckpoint::parse(&most.to_bytes()).unwrap(), most);
    let error = AddCheckpoint::parse(&request(MAX_PROOF_HASHES + 1).to_bytes());
    assert_eq!(error, Err(RequestError::TooManyHashes { limit: MAX_PROOF_HASHES }));
}

#[test]
fn every_accepted_request_has_one_encoding() {
    let bytes = request(2).to_bytes();
    let mut accepted = 0;
    for position in 0..bytes.len() {
        for flip in [1, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[position] ^= flip;
            if let Ok(parsed) = AddCheckpoint::parse(&changed) {
                assert_eq!(parsed.to_bytes(), changed);
                accepted += 1;
            }
        }
        // Cut anywhere.
        let _ = AddCheckpoint::parse(&bytes[..position]);
    }
    assert!(accepted > 0, "a changed digit or signature is still a request");
}

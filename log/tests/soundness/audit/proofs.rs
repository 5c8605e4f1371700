//! Proofs that cannot be made, or would not hold.

use crate::published::{Fleet, Published, checkpoint, policy, signed};
use candor_log::audit::{
    LogProofError, SourceError, consistency_between, consistency_proof, entry_at, find_leaf, inclusion_proof,
    leaf_at, read_key,
};
use candor_trace::tlog::{Hash, KeyError, ProofError, ProveError, leaf_hash, verify_consistency};
use std::sync::LazyLock;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| Fleet::new(1, 300));
static HONEST: LazyLock<Published> = LazyLock::new(|| FLEET.published());

fn refused(change: impl FnOnce(&mut Published)) -> LogProofError {
    let mut log = HONEST.clone();
    change(&mut log);
    inclusion_proof(&log, &policy(1), 280).unwrap_err()
}

#[test]
fn each_reason_why_there_is_no_inclusion_proof() {
    assert!(inclusion_proof(&*HONEST, &policy(1), 299).is_ok());
    let error = inclusion_proof(&*HONEST, &policy(1), 300).unwrap_err();
    assert!(matches!(
        error,
        LogProofError::Prove { source: ProveError::IndexOutOfRange { index: 300, size: 300 } }
    ));
    let missing = |error| match error {
        LogProofError::Unreadable(SourceError::Missing { file }) => file,
        other => panic!("{other}"),
    };
    for file in ["checkpoint", "tile/0/001.p/44", "tile/1/000.p/1"] {
        assert_eq!(missing(refused(|log| drop(log.files.remove(file).unwrap()))), file);
    }
    let error = refused(|log| {
        log.files.get_mut("tile/0/001.p/44").unwrap().pop();
    });
    assert!(matches!(error, LogProofError::Prove { source: ProveError::Read(_) }), "{error}");
    let error = refused(|log| {
        log.files.get_mut("tile/entries/001.p/44").unwrap().pop();
    });
    assert!(matches!(error, LogProofError::Bundle { .. }), "{error}");
    let error = refused(|log| log.files.get_mut("tile/1/000.p/1").unwrap()[0] ^= 1);
    assert!(matches!(error, LogProofError::Rejected { source: ProofError::RootMismatch { .. } }), "{error}");
    let error = refused(|log| drop(log.files.insert("checkpoint".into(), b"nothing".to_vec())));
    assert!(matches!(error, LogProofError::Checkpoint { .. }));
    let error = refused(|log| drop(log.files.insert("checkpoint".into(), signed(300, Hash([1; 32])))));
    assert!(matches!(error, LogProofError::Rejected { .. }));
}

#[test]
fn a_fork_or_shrink_is_not_proven_consistent() {
    let entries = FLEET.entries();
    let error = consistency_proof(&*HONEST, &policy(1), &signed(200, Hash([1; 32]))).unwrap_err();
    assert!(
        matches!(error, LogProofError::Rejected { source: ProofError::OldRootMismatch { .. } }),
        "{error}"
    );
    let shrunk = Published::of(&entries[..100], &FLEET.agents());
    let error = consistency_proof(&shrunk, &policy(1), &checkpoint(&entries)).unwrap_err();
    let expected = ProofError::Shrunk { old: 300, new: 100 };
    assert!(matches!(error, LogProofError::Rejected { source } if source == expected));
    let error = consistency_proof(&*HONEST, &policy(1), b"nothing").unwrap_err();
    assert!(matches!(error, LogProofError::Remembered { .. }));
}

#[test]
fn leaves_and_keys_that_are_not_there() {
    assert!(matches!(leaf_at(&*HONEST, 300, 300), Err(LogProofError::Prove { .. })));
    assert!(matches!(leaf_at(&*HONEST, u64::MAX, u64::MAX), Err(LogProofError::Prove { .. })));
    let mut log = HONEST.clone();
    log.files.remove("tile/entries/000").unwrap();
    assert_eq!(leaf_at(&log, 3, 300).unwrap(), leaf_at(&*HONEST, 3, 300).unwrap());
    log.files.get_mut("tile/0/000").unwrap().truncate(32);
    assert!(matches!(leaf_at(&log, 3, 300), Err(LogProofError::Unreadable(SourceError::Missing { .. }))));
    for (bytes, expected) in
        [(&b"\xff"[..], KeyError::Format), (b"", KeyError::Format), (b"a+b", KeyError::Format)]
    {
        log.files.insert("log.vkey".into(), bytes.to_vec());
        let Err(LogProofError::Key { source }) = read_key(&log) else { panic!("{bytes:?}") };
        assert_eq!(source, expected);
    }
    log.files.remove("log.vkey").unwrap();
    assert!(matches!(read_key(&log), Err(LogProofError::Unreadable(SourceError::Missing { .. }))));
}

#[test]
fn entries_and_leaves_are_found_where_they_are() {
    let entries = FLEET.entries();
    let leaf = |index: u64| leaf_hash(&entries[index as usize]);
    for index in [0, 1, 255, 256, 299] {
        assert_eq!(entry_at(&*HONEST, index, 300).unwrap().as_ref(), Some(&entries[index as usize]));
        for first in [0, index.saturating_sub(1), index] {
            assert_eq!(find_leaf(&*HONEST, &leaf(index), first, 300).unwrap(), Some(index), "{first}");
        }
        assert_eq!(find_leaf(&*HONEST, &leaf(index), index + 1, 300).unwrap(), None);
    }
    assert_eq!(find_leaf(&*HONEST, &leaf_hash(b"nothing"), 0, 300).unwrap(), None);
    assert!(matches!(entry_at(&*HONEST, 300, 300), Err(LogProofError::Prove { .. })));
    let mut log = HONEST.clone();
    log.files.remove("tile/entries/000").unwrap();
    assert_eq!(entry_at(&log, 3, 300).unwrap(), None, "pruned");
    assert_eq!(find_leaf(&log, &leaf(3), 0, 300).unwrap(), Some(3), "tiles are never gone");
    log.files.remove("tile/0/000").unwrap();
    let error = find_leaf(&log, &leaf(3), 0, 300).unwrap_err();
    assert!(matches!(error, LogProofError::Unreadable(SourceError::Missing { .. })), "{error}");
}

#[test]
fn consistency_between_two_checkpoints_of_a_log_is_proven_or_not_at_all() {
    let entries = FLEET.entries();
    let parsed = |bytes: &[u8]| policy(1).check_bytes(bytes).unwrap().checkpoint().clone();
    let (old, new) = (parsed(&checkpoint(&entries[..200])), parsed(&checkpoint(&entries)));
    let proof = consistency_between(&*HONEST, &old, &new).unwrap();
    assert_eq!(verify_consistency(200, old.root(), 300, new.root(), &proof), Ok(()));
    let error = consistency_between(&*HONEST, &new, &old).unwrap_err();
    let expected = ProofError::Shrunk { old: 300, new: 200 };
    assert!(matches!(error, LogProofError::Rejected { source } if source == expected), "{error}");
    let fork = parsed(&signed(200, Hash([1; 32])));
    let error = consistency_between(&*HONEST, &fork, &new).unwrap_err();
    assert!(matches!(error, LogProofError::Rejected { .. }), "{error}");
}

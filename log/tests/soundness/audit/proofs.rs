//! Proofs that cannot be made, or would not hold.

use crate::published::{Fleet, Published, checkpoint, policy, signed};
use candor_log::audit::{LogProofError, SourceError, consistency_proof, inclusion_proof, leaf_at, read_key};
use candor_trace::tlog::{Hash, KeyError, ProofError, ProveError};
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

//! Proof files.

use crate::tree::{Tree, policy, signed};
use candor_trace::tlog::{
    CheckpointRejected, HashTextError, MAX_EXTRA_BYTES, MAX_PROOF_BYTES, NoteError, ProofError,
    ProofFileError, ProofRejected, TlogProof, prove_inclusion,
};

fn proof(tree: &Tree, index: u64) -> TlogProof {
    let path = prove_inclusion(tree, index, tree.size()).unwrap();
    TlogProof { extra: None, index, path, checkpoint: signed(tree, &[0]) }
}

fn refused(from: &str, to: &str) -> ProofFileError {
    let text = String::from_utf8(proof(&Tree::of_size(9), 3).to_bytes()).unwrap();
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text);
    TlogProof::parse(changed.as_bytes()).unwrap_err()
}

#[test]
fn each_defect_of_a_proof_file_has_its_reason() {
    assert_eq!(TlogProof::parse(b""), Err(ProofFileError::FirstLine));
    assert_eq!(refused("@v1", "@v2"), ProofFileError::FirstLine);
    assert_eq!(refused("@v1\n", "@v1 \n"), ProofFileError::FirstLine);
    assert_eq!(TlogProof::parse(b"\xff"), Err(ProofFileError::NotUtf8 { offset: 0 }));
    assert_eq!(TlogProof::parse(b"c2sp.org/tlog-proof@v1\nindex 3\n"), Err(ProofFileError::NoCheckpoint));
    for line in ["index 03", "index -3", "index +3", "index  3", "index 3 ", "index", "Index 3", "3", ""] {
        assert_eq!(refused("index 3", line), ProofFileError::Index, "{line}");
    }
    assert_eq!(refused("index 3", "index 9223372036854775808"), ProofFileError::Index);
    assert_eq!(refused("index 3\n", "index 3\nindex 3\n"), path(0, HashTextError::Length { got: 7 }));
    assert_eq!(refused("index 3", "extra A\nindex 3"), ProofFileError::Extra);
    assert_eq!(refused("index 3", "extra AA=\nindex 3"), ProofFileError::Extra);
    assert_eq!(refused("index 3", "extra AA==\nextra AA==\nindex 3"), ProofFileError::Index);
    assert_eq!(refused("index 3\n", "index 3\nextra AA==\n"), path(0, HashTextError::Length { got: 10 }));
    assert_eq!(refused("index 3\n", "index 3\nAAAA\n"), path(0, HashTextError::Length { got: 4 }));
    let dirty = format!("index 3\n{}B=\n", "A".repeat(42));
    assert_eq!(refused("index 3\n", &dirty), path(0, HashTextError::NotBase64));
    assert_eq!(refused("\n\u{2014}", "\n-"), ProofFileError::Note(NoteError::SignatureLine { line: 1 }));
}

fn path(position: usize, source: HashTextError) -> ProofFileError {
    ProofFileError::Path { position, source }
}

#[test]
fn path_extra_and_file_have_limits() {
    let tree = Tree::of_size(9);
    let mut long = proof(&tree, 3);
    long.path = vec![tree.leaves[0]; 63];
    assert!(TlogProof::parse(&long.to_bytes()).is_ok());
    long.path.push(tree.leaves[0]);
    assert_eq!(TlogProof::parse(&long.to_bytes()), Err(ProofFileError::PathTooLong { limit: 63 }));
    let mut extra = proof(&tree, 3);
    extra.extra = Some(vec![7; MAX_EXTRA_BYTES]);
    assert_eq!(TlogProof::parse(&extra.to_bytes()), Ok(extra.clone()));
    extra.extra = Some(vec![7; MAX_EXTRA_BYTES + 1]);
    let (limit, got) = (MAX_EXTRA_BYTES, MAX_EXTRA_BYTES + 1);
    assert_eq!(TlogProof::parse(&extra.to_bytes()), Err(ProofFileError::ExtraTooLong { limit, got }));
    let (limit, got) = (MAX_PROOF_BYTES, MAX_PROOF_BYTES + 1);
    assert_eq!(TlogProof::parse(&vec![b'a'; got]), Err(ProofFileError::TooLong { limit, got }));
    assert_eq!(TlogProof::parse(&vec![b'a'; limit]), Err(ProofFileError::FirstLine));
}

#[test]
fn another_leaf_index_path_or_quorum_is_refused() {
    let tree = Tree::of_size(9);
    let good = proof(&tree, 3);
    let leaf = &tree.leaves[3];
    assert!(good.verify(leaf, &policy(1, 1)).is_ok());
    let inclusion = |index, source| Err(ProofRejected::Inclusion { index, source });
    let refused = good.verify(&tree.leaves[4], &policy(1, 1));
    assert!(matches!(
        refused,
        Err(ProofRejected::Inclusion { index: 3, source: ProofError::RootMismatch { .. } })
    ));
    let other = TlogProof { index: 8, ..good.clone() };
    assert_eq!(other.verify(leaf, &policy(1, 1)), inclusion(8, ProofError::Length { expected: 1, got: 4 }));
    let outside = TlogProof { index: 9, ..good.clone() };
    assert_eq!(
        outside.verify(leaf, &policy(1, 1)),
        inclusion(9, ProofError::IndexOutOfRange { index: 9, size: 9 })
    );
    assert_eq!(
        good.verify(leaf, &policy(2, 2)),
        Err(ProofRejected::Checkpoint(CheckpointRejected::Quorum { needed: 2, got: 1 }))
    );
}

#[test]
fn every_flipped_bit_of_a_proof_file_is_refused() {
    let tree = Tree::of_size(300);
    let bytes = proof(&tree, 200).to_bytes();
    let (leaf, policy) = (&tree.leaves[200], policy(1, 1));
    let accepted =
        |bytes: &[u8]| TlogProof::parse(bytes).is_ok_and(|proof| proof.verify(leaf, &policy).is_ok());
    assert!(accepted(&bytes));
    for position in 0..bytes.len() {
        for bit in [0, 3, 6, 7] {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            assert!(!accepted(&changed), "byte {position} bit {bit}");
        }
    }
}

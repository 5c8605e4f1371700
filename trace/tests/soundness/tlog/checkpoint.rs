//! Checkpoints and whose word makes them count.

use crate::tree::{ORIGIN, Tree, checkpoint, log_key, policy, signed, witness};
use candor_trace::tlog::{
    Checkpoint, CheckpointError, CheckpointRejected, CosignatureSigner, Hash, HashTextError, KeyError,
    MAX_WITNESSES, Note, NoteError, NoteRejected, NoteSigner, PolicyError, QuorumPolicy, TREE_SIZE_BOUND,
    VerifierKey, empty_root,
};

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn refused(text: &str) -> CheckpointError {
    Checkpoint::parse(text).unwrap_err()
}

#[test]
fn each_defect_of_a_checkpoint_has_its_reason() {
    assert!(Checkpoint::parse(&format!("{ORIGIN}\n5\n{ROOT}\n")).is_ok());
    assert_eq!(refused(""), CheckpointError::Lines { got: 0 });
    assert_eq!(refused(&format!("{ORIGIN}\n5\n")), CheckpointError::Lines { got: 2 });
    assert_eq!(refused(&format!("{ORIGIN}\n5\n{ROOT}\nextension\n")), CheckpointError::Lines { got: 4 });
    assert_eq!(refused(&format!("{ORIGIN}\n5\n{ROOT}\n\n")), CheckpointError::Lines { got: 4 });
    assert_eq!(refused(&format!("{ORIGIN}\n5\n{ROOT}")), CheckpointError::NoFinalNewline);
    for size in ["", "05", "+5", "-5", " 5", "5 ", "0x5", "5.0", "٥", "18446744073709551616", "00"] {
        assert_eq!(refused(&format!("{ORIGIN}\n{size}\n{ROOT}\n")), CheckpointError::Size, "{size}");
    }
    assert_eq!(
        refused(&format!("{ORIGIN}\n{TREE_SIZE_BOUND}\n{ROOT}\n")),
        CheckpointError::SizeTooLarge { got: TREE_SIZE_BOUND }
    );
    assert!(Checkpoint::parse(&format!("{ORIGIN}\n{}\n{ROOT}\n", TREE_SIZE_BOUND - 1)).is_ok());
    let origin = |source| CheckpointError::Origin { source };
    assert_eq!(refused(&format!("\n5\n{ROOT}\n")), origin(KeyError::Name));
    assert_eq!(refused(&format!("a b\n5\n{ROOT}\n")), origin(KeyError::Name));
    let long = "a".repeat(256);
    assert_eq!(
        refused(&format!("{long}\n5\n{ROOT}\n")),
        origin(KeyError::NameTooLong { limit: 255, got: 256 })
    );
    assert_eq!(
        refused(&format!("{ORIGIN}\n5\n{}\n", &ROOT[1..])),
        CheckpointError::Root { source: HashTextError::Length { got: 43 } }
    );
    assert_eq!(
        refused(&format!("{ORIGIN}\n5\n{}\n", ROOT.replace("2I=", "2J="))),
        CheckpointError::Root { source: HashTextError::NotBase64 }
    );
    let got = "a".repeat(400);
    assert_eq!(refused(&got), CheckpointError::TooLong { limit: 321, got: 400 });
}

#[test]
fn the_longest_checkpoint_is_read_and_one_byte_more_is_not() {
    let text = format!("{}\n{}\n{ROOT}\n", "a".repeat(255), TREE_SIZE_BOUND - 1);
    assert_eq!(text.len(), 321);
    assert!(Checkpoint::parse(&text).is_ok());
    assert_eq!(refused(&format!("a{text}")), CheckpointError::TooLong { limit: 321, got: 322 });
}

#[test]
fn a_tree_without_leaves_has_one_root() {
    for got in [Hash([0; 32]), Tree::of_size(1).frontier.root()] {
        assert_eq!(Checkpoint::new(ORIGIN, 0, got), Err(CheckpointError::EmptyTreeRoot { got }));
    }
    assert!(Checkpoint::new(ORIGIN, 0, empty_root()).is_ok());
}

#[test]
fn a_log_signs_with_the_key_of_its_name() {
    let other = NoteSigner::new("other.example", &[7; 32]).unwrap();
    let refused = checkpoint(&Tree::of_size(1)).sign(&other);
    let (key, origin) = ("other.example".to_owned(), ORIGIN.to_owned());
    assert_eq!(refused, Err(CheckpointError::SignerName { key, origin }));
}

#[test]
fn each_defect_of_a_policy_has_its_reason() {
    let log = log_key().verifier_key().clone();
    let keys = |numbers: std::ops::Range<u8>| -> Vec<VerifierKey> {
        numbers.map(|number| witness(number).verifier_key().clone()).collect()
    };
    let make = |log: &VerifierKey, witnesses, needed| QuorumPolicy::new(log.clone(), witnesses, needed);
    assert_eq!(
        make(witness(0).verifier_key(), vec![], 0),
        Err(PolicyError::LogAlgorithm { name: "witness.example/0".into() })
    );
    assert_eq!(make(&log, vec![log.clone()], 0), Err(PolicyError::WitnessAlgorithm { name: ORIGIN.into() }));
    let twice = CosignatureSigner::new("witness.example/again", &[100; 32]).unwrap();
    let both = vec![keys(0..1)[0].clone(), twice.verifier_key().clone()];
    let (first, second) = ("witness.example/0".into(), "witness.example/again".into());
    assert_eq!(make(&log, both, 2), Err(PolicyError::DuplicateKey { first, second }));
    // The log's own key is no witness either.
    let own = CosignatureSigner::new("witness.example/own", &[7; 32]).unwrap();
    let (first, second) = (ORIGIN.into(), "witness.example/own".into());
    assert_eq!(
        make(&log, vec![own.verifier_key().clone()], 1),
        Err(PolicyError::DuplicateKey { first, second })
    );
    assert!(make(&log, keys(0..MAX_WITNESSES as u8), MAX_WITNESSES).is_ok());
    assert_eq!(
        make(&log, keys(0..MAX_WITNESSES as u8 + 1), 0),
        Err(PolicyError::TooManyWitnesses { limit: MAX_WITNESSES, got: MAX_WITNESSES + 1 })
    );
    assert!(make(&log, keys(0..2), 2).is_ok());
    assert_eq!(make(&log, keys(0..2), 3), Err(PolicyError::Unsatisfiable { needed: 3, witnesses: 2 }));
}

#[test]
fn each_reason_not_to_accept_a_checkpoint() {
    let tree = Tree::of_size(5);
    let note = signed(&tree, &[0]);
    assert!(policy(2, 1).check(&note).is_ok());
    assert_eq!(policy(2, 2).check(&note), Err(CheckpointRejected::Quorum { needed: 2, got: 1 }));
    assert_eq!(
        policy(2, 1).check_bytes(b"nothing"),
        Err(CheckpointRejected::MalformedNote(NoteError::NoSignatures))
    );
    // Signed by the log, but no checkpoint; signed by the log, but of another.
    let text = "log.example/candor\n5\n";
    let no_checkpoint = Note::new(text, log_key().sign(text)).unwrap();
    assert_eq!(
        policy(0, 0).check(&no_checkpoint),
        Err(CheckpointRejected::Malformed(CheckpointError::Lines { got: 2 }))
    );
    let text = Checkpoint::new("other.example", 5, tree.frontier.root()).unwrap().to_string();
    let other = Note::new(&text, log_key().sign(&text)).unwrap();
    let (expected, got) = (ORIGIN.into(), "other.example".into());
    assert_eq!(policy(0, 0).check(&other), Err(CheckpointRejected::Origin { expected, got }));
    // Cosigned only.
    let text = checkpoint(&tree).to_string();
    let cosigned = Note::new(&text, witness(0).cosign(&text, 1)).unwrap();
    assert_eq!(
        policy(1, 1).check(&cosigned),
        Err(CheckpointRejected::NotSignedByLog { name: ORIGIN.into() })
    );
    assert_eq!(policy(0, 0).check(&cosigned), Err(CheckpointRejected::Signature(NoteRejected::Unsigned)));
    // A bad cosignature of a known witness counts against the whole.
    let mut note = signed(&tree, &[0]);
    note.add(witness(1).cosign("other\n", 1)).unwrap();
    let (name, key_id) = ("witness.example/1".into(), witness(1).verifier_key().id());
    assert_eq!(
        policy(2, 1).check(&note),
        Err(CheckpointRejected::Signature(NoteRejected::BadSignature { name, key_id }))
    );
    assert!(policy(1, 1).check(&note).is_ok());
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_refused() {
    let bytes = signed(&Tree::of_size(300), &[]).to_bytes();
    let policy = policy(0, 0);
    assert!(policy.check_bytes(&bytes).is_ok());
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            assert!(policy.check_bytes(&changed).is_err(), "byte {position} bit {bit}");
        }
    }
}

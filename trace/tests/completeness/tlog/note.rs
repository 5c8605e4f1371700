//! Notes, keys, checkpoints, cosignatures, proof files.

use crate::tree::{ORIGIN, Tree, checkpoint, log_key, policy, signed, witness};
use candor_trace::tlog::{
    Algorithm, Checkpoint, CosignatureSigner, Note, NoteSigner, SignatureLine, TlogProof, VerifiedSignature,
    VerifierKey, cosigned_message, empty_root, prove_inclusion,
};

/// Vector of the C2SP signed-note specification's test data.
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n\
\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// Vector of Go's note package.
const GO_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_c2sp_note_verifies() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    assert_eq!((key.name(), key.id().to_string()), ("example.com/foo", "530d903a".to_owned()));
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::parse(EXAMPLE_NOTE.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify(&[&key]), Ok(vec![VerifiedSignature { key: 0, line: 0, time: None }]));
    assert_eq!(note.to_bytes(), EXAMPLE_NOTE.as_bytes());
}

#[test]
fn gos_note_is_made_and_verified() {
    let signer = NoteSigner::parse(GO_SECRET).unwrap();
    assert_eq!(signer.verifier_key().to_string(), GO_KEY);
    assert_eq!(signer.to_text().as_str(), GO_SECRET);
    let text = GO_NOTE.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let note = Note::new(&text, signer.sign(&text)).unwrap();
    assert_eq!(note.to_bytes(), GO_NOTE.as_bytes());
    assert!(note.verify(&[&VerifierKey::parse(GO_KEY).unwrap()]).is_ok());
}

/// The example of the C2SP cosignature specification: its bytes are read, and its time is the one it names.
#[test]
fn the_c2sp_cosigned_checkpoint_is_read() {
    let file = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = Note::parse(file.as_bytes()).unwrap();
    assert_eq!(note.to_bytes(), file.as_bytes());
    let read = Checkpoint::parse(note.text()).unwrap();
    assert_eq!((read.origin(), read.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(read.to_string(), note.text());
    let cosignature = note.signatures()[1].signature();
    assert_eq!(cosignature.len(), candor_trace::tlog::COSIGNATURE_BYTES);
    assert_eq!(cosignature[..8], 1_679_315_147_u64.to_be_bytes());
    assert!(
        cosigned_message(1_679_315_147, note.text())
            .starts_with("cosignature/v1\ntime 1679315147\nexample.com/")
    );
}

#[test]
fn texts_may_have_blank_lines_and_any_script() {
    let signer = log_key();
    for text in ["\n", "\n\n\n", "a\n\nb\n\n", "Ognuno sta solo\n\ned è subito sera.\n", "\u{2014} a b\n"] {
        let note = Note::new(text, signer.sign(text)).unwrap();
        let again = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(again, note);
        assert!(again.verify(&[signer.verifier_key()]).is_ok());
    }
}

#[test]
fn unknown_keys_are_ignored_even_with_a_known_name_or_id() {
    let (known, text) = (log_key(), "text\n");
    let mut note = Note::new(text, NoteSigner::new(ORIGIN, &[8; 32]).unwrap().sign(text)).unwrap();
    let same_id = known.sign(text).to_string().replacen(ORIGIN, "other.example", 1);
    note.add(SignatureLine::parse(&same_id).unwrap()).unwrap();
    note.add(known.sign(text)).unwrap();
    // The cosignature key of the same name and secret has another id: it says another thing.
    let cosigner = CosignatureSigner::new(ORIGIN, &[7; 32]).unwrap();
    note.add(cosigner.cosign(text, 5)).unwrap();
    let lines = |keys: &[&VerifierKey]| {
        let verified = note.verify(keys).unwrap();
        verified.iter().map(|signature| (signature.line, signature.time)).collect::<Vec<_>>()
    };
    assert_eq!(lines(&[known.verifier_key()]), [(2, None)]);
    assert_eq!(lines(&[known.verifier_key(), cosigner.verifier_key()]), [(2, None), (3, Some(5))]);
}

#[test]
fn sixteen_signatures_and_more_are_accepted() {
    let text = "text\n";
    let mut note = Note::new(text, log_key().sign(text)).unwrap();
    for number in 0..candor_trace::tlog::MAX_NOTE_SIGNATURES as u8 - 1 {
        note.add(NoteSigner::new("other.example", &[number; 32]).unwrap().sign(text)).unwrap();
    }
    let again = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(again.signatures().len(), candor_trace::tlog::MAX_NOTE_SIGNATURES);
    assert!(again.verify(&[log_key().verifier_key()]).is_ok());
}

#[test]
fn a_line_is_not_repeated() {
    let text = "text\n";
    let mut note = Note::new(text, log_key().sign(text)).unwrap();
    note.add(log_key().sign(text)).unwrap();
    assert_eq!(note.signatures().len(), 1);
}

#[test]
fn keys_are_read_back() {
    let cosigner = witness(1);
    let key = cosigner.verifier_key();
    assert_eq!(key.algorithm(), Algorithm::Cosignature);
    assert_eq!(VerifierKey::parse(&key.to_string()).as_ref(), Ok(key));
    let again = CosignatureSigner::parse(&cosigner.to_text()).unwrap();
    assert_eq!(again.verifier_key(), key);
    assert!(!format!("{cosigner:?} {:?}", log_key()).contains(&cosigner.to_text()[12..]));
}

#[test]
fn a_checkpoint_with_enough_witnesses_is_accepted() {
    let tree = Tree::of_size(5);
    let note = signed(&tree, &[0, 2]);
    for (witnesses, needed, cosigned) in [(0, 0, 0), (3, 0, 2), (3, 1, 2), (3, 2, 2), (1, 1, 1)] {
        let accepted = policy(witnesses, needed).check_bytes(&note.to_bytes()).unwrap();
        assert_eq!(accepted.checkpoint(), &checkpoint(&tree));
        assert_eq!(accepted.cosigned().len(), cosigned);
    }
    let accepted = policy(3, 2).check(&note).unwrap();
    let cosigned: Vec<_> = accepted.cosigned().iter().map(|by| (by.name.as_str(), by.time)).collect();
    assert_eq!(cosigned, [("witness.example/0", 1_700_000_000), ("witness.example/2", 1_700_000_002)]);
}

#[test]
fn the_latest_time_of_a_witness_counts_and_the_witness_once() {
    let tree = Tree::of_size(5);
    let mut note = signed(&tree, &[0]);
    note.add(witness(0).cosign(note.text(), 1_800_000_000)).unwrap();
    let accepted = policy(2, 1).check(&note).unwrap();
    assert_eq!(accepted.cosigned().iter().map(|by| by.time).collect::<Vec<_>>(), [1_800_000_000]);
}

#[test]
fn an_empty_log_has_a_checkpoint() {
    let empty = Checkpoint::new(ORIGIN, 0, empty_root()).unwrap();
    assert_eq!(Checkpoint::parse(&empty.to_string()), Ok(empty));
}

#[test]
fn proof_files_are_read_back_and_accepted() {
    let tree = Tree::of_size(300);
    for size in [1, 300] {
        let small = Tree::of_size(size);
        for extra in [None, Some(vec![]), Some(b"why".to_vec())] {
            let index = size / 2;
            let path = prove_inclusion(&tree, index, size).unwrap();
            let proof = TlogProof { extra, index, path, checkpoint: signed(&small, &[1]) };
            let again = TlogProof::parse(&proof.to_bytes()).unwrap();
            assert_eq!(again, proof);
            let leaf = &tree.leaves[index as usize];
            let accepted = again.verify(leaf, &policy(2, 1)).unwrap();
            assert_eq!(accepted.checkpoint().size(), size);
        }
    }
    let proof = TlogProof { extra: None, index: 0, path: vec![], checkpoint: signed(&Tree::of_size(1), &[]) };
    let text = String::from_utf8(proof.to_bytes()).unwrap();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example/candor\n1\n"));
}

/// As many witnesses as are asked for: when the last of them had seen the checkpoint, and until when the first of them saw no
/// larger one.
#[test]
fn times_of_several_witnesses_are_ranked() {
    let tree = Tree::of_size(5);
    let mut note = signed(&tree, &[]);
    for (number, time) in [(0, 50), (1, 10), (1, 90), (2, 70)] {
        let line = witness(number).cosign(note.text(), time);
        note.add(line).unwrap();
    }
    let accepted = policy(3, 1).check(&note).unwrap();
    let seen: Vec<_> = (0..5).map(|witnesses| accepted.seen_by(witnesses)).collect();
    assert_eq!(seen, [None, Some(10), Some(50), Some(70), None]);
    let newest: Vec<_> = (0..5).map(|witnesses| accepted.newest_until(witnesses)).collect();
    assert_eq!(newest, [None, Some(90), Some(70), Some(50), None]);
    let without = policy(1, 0).check(&signed(&tree, &[])).unwrap();
    assert_eq!((without.seen_by(1), without.newest_until(1)), (None, None));
}

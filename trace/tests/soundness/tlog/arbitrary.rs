//! Any bytes: no panic, and what is accepted has exactly this one encoding.

use crate::tree::{Tree, log_key, policy, signed, witness};
use candor_trace::Entry;
use candor_trace::tlog::{
    BundleId, Checkpoint, CosignatureSigner, Hash, Note, NoteSigner, SignatureLine, TileId, TlogProof,
    VerifierKey, bundle_entries, encode_bundle, encode_tile, prove_inclusion, tile_hashes,
};
use proptest::prelude::*;

/// Decodes bytes as everything there is.
fn decode_all(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_bytes(), bytes);
        let _ = policy(2, 1).check(&note);
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        let _ = proof.verify(&Hash([0; 32]), &policy(2, 1));
    }
    if let Ok(entry) = Entry::from_bytes(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
        let _ = entry.check_signature();
    }
    for width in [1, 2, 3, 256] {
        let id = BundleId::new(0, width).unwrap();
        if let Ok(entries) = bundle_entries(&id, bytes) {
            assert_eq!(entries.len(), usize::from(width));
            assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
        let id = TileId::new(0, 0, width).unwrap();
        if let Ok(hashes) = tile_hashes(&id, bytes) {
            assert_eq!(encode_tile(&hashes), bytes);
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = NoteSigner::parse(text) {
        assert_eq!(key.to_text().as_str(), text);
    }
    if let Ok(key) = CosignatureSigner::parse(text) {
        assert_eq!(key.to_text().as_str(), text);
    }
    if let Some(line) = SignatureLine::parse(text) {
        assert_eq!(line.to_string(), text);
    }
    if let Ok(tile) = TileId::parse(text) {
        assert_eq!(tile.path(), text);
    }
    if let Ok(bundle) = BundleId::parse(text) {
        assert_eq!(bundle.path(), text);
    }
    if let Ok(hash) = Hash::from_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
}

/// One valid file of each kind.
fn valid() -> Vec<Vec<u8>> {
    let tree = Tree::of_size(9);
    let note = signed(&tree, &[0, 1]);
    let path = prove_inclusion(&tree, 3, 9).unwrap();
    let proof = TlogProof { extra: Some(vec![1, 2, 3]), index: 3, path, checkpoint: note.clone() };
    let record = &crate::agent::run()[0];
    vec![
        note.to_bytes(),
        note.text().into(),
        note.signatures()[1].to_string().into(),
        proof.to_bytes(),
        Entry::of(record, &crate::agent::program().card.domain).to_bytes(),
        encode_bundle(&[vec![1; 40], vec![], vec![2; 300]]).unwrap(),
        encode_tile(&tree.leaves[..3]),
        log_key().verifier_key().to_string().into(),
        witness(0).verifier_key().to_string().into(),
        log_key().to_text().as_bytes().to_vec(),
        witness(0).to_text().as_bytes().to_vec(),
        b"tile/3/x001/x234/067.p/5".to_vec(),
        b"tile/entries/x001/x234/067".to_vec(),
        tree.leaves[0].to_base64().into(),
    ]
}

#[test]
fn every_valid_file_cut_anywhere_has_one_encoding_or_none() {
    for file in valid() {
        decode_all(&file);
        for cut in 0..file.len() {
            decode_all(&file[..cut]);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        decode_all(&bytes);
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in "[ -~\n\u{2014}\u{a0}]{0,300}") {
        decode_all(text.as_bytes());
    }

    #[test]
    fn changed_files_do_not_panic(
        kind in 0..14_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let mut file = valid().swap_remove(kind);
        for (place, byte, how) in changes {
            let place = place.index(file.len());
            match how {
                0 => file[place] = byte,
                1 => file.insert(place, byte),
                _ if file.len() > 1 => { file.remove(place); }
                _ => {}
            }
        }
        decode_all(&file);
    }
}

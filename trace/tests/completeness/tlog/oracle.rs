//! Independent readers: Cloudflare's `tlog_tiles` and `signed_note` read what we write, and we what they write.

use crate::tree::{ORIGIN, Tree, checkpoint, log_key, signed, witness};
use candor_trace::tlog::{
    Hash, Note, NoteSigner, SignatureLine, TileId, VerifierKey, cosigned_message, prove_consistency,
    prove_inclusion, tiles_for_growth, verify_consistency, verify_inclusion,
};
use signed_note::{Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader};

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn ours(hash: &tlog_tiles::Hash) -> Hash {
    Hash(hash.0)
}

/// Our tree behind their traits.
struct Served<'a>(&'a Tree);

impl HashReader for Served<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |index: &u64| {
            let (level, index) = tlog_tiles::split_stored_hash_index(*index);
            let hash = self.0.hash(candor_trace::tlog::StoredHash { level, index });
            hash.map(|hash| theirs(&hash)).ok_or(tlog_tiles::Error::IndexesNotInTree)
        };
        indexes.iter().map(read).collect()
    }
}

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let id = TileId::new(tile.level(), tile.level_index(), tile.width() as u16).unwrap();
            candor_trace::tlog::ReadTiles::read_tile(self.0, &id).map_err(|_| tlog_tiles::Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }
    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

const SIZES: [u64; 12] = [1, 2, 3, 7, 8, 200, 255, 256, 257, 65_535, 65_536, 70_000];

#[test]
fn roots_agree() {
    let tree = Tree::of_size(70_000);
    for size in SIZES {
        let root = tlog_tiles::tree_hash(size, &Served(&tree)).unwrap();
        assert_eq!(ours(&root), tree.root_at(size));
    }
    assert_eq!(ours(&tlog_tiles::EMPTY_HASH), tree.root_at(0));
    assert_eq!(ours(&tlog_tiles::record_hash(b"entry")), candor_trace::tlog::leaf_hash(b"entry"));
}

#[test]
fn inclusion_proofs_agree_both_ways() {
    let tree = Tree::of_size(70_000);
    for size in SIZES {
        let root = tree.root_at(size);
        for index in [0, 1, size / 3, size / 2, size.saturating_sub(2), size - 1] {
            if index >= size {
                continue;
            }
            let leaf = &tree.leaves[index as usize];
            let path = prove_inclusion(&tree, index, size).unwrap();
            let their_path = tlog_tiles::prove_record(size, index, &Served(&tree)).unwrap();
            assert_eq!(their_path.iter().map(ours).collect::<Vec<_>>(), path);
            tlog_tiles::check_record(
                &path.iter().map(theirs).collect(),
                size,
                theirs(&root),
                index,
                theirs(leaf),
            )
            .unwrap();
            verify_inclusion(leaf, index, size, &path, &root).unwrap();
        }
    }
}

#[test]
fn consistency_proofs_agree_both_ways() {
    let tree = Tree::of_size(70_000);
    for new in SIZES {
        for old in SIZES.into_iter().filter(|old| *old <= new) {
            let (old_root, new_root) = (tree.root_at(old), tree.root_at(new));
            let proof = prove_consistency(&tree, old, new).unwrap();
            let their_proof = tlog_tiles::prove_tree(new, old, &Served(&tree)).unwrap();
            assert_eq!(their_proof.iter().map(ours).collect::<Vec<_>>(), proof, "{old} to {new}");
            let proof_of_theirs = proof.iter().map(theirs).collect();
            tlog_tiles::check_tree(&proof_of_theirs, new, theirs(&new_root), old, theirs(&old_root)).unwrap();
            verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
        }
    }
}

/// Their reader authenticates every tile against the root before it gives a hash out.
#[test]
fn tiles_are_authentic_to_their_reader() {
    let tree = Tree::of_size(70_000);
    for size in SIZES {
        let served = Served(&tree);
        let reader = TileHashReader::new(size, theirs(&tree.root_at(size)), &served);
        for index in [0, size / 2, size - 1] {
            let wanted = [tlog_tiles::stored_hash_index(0, index)];
            let hashes = reader.read_hashes(&wanted).unwrap();
            assert_eq!(ours(&hashes[0]), tree.leaves[index as usize]);
        }
    }
}

#[test]
fn tiles_of_a_growth_and_their_paths_agree() {
    for (old, new) in
        [(0, 1), (0, 255), (0, 256), (255, 257), (256, 65_536), (300, 300), (65_535, 70_000), (0, 70_000)]
    {
        let mut tiles = Tile::new_tiles(8, old, new);
        tiles.sort_by_key(|tile| (tile.level(), tile.level_index()));
        let paths: Vec<String> =
            tiles.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        let own = tiles_for_growth(old, new);
        assert_eq!(own.iter().map(TileId::path).collect::<Vec<_>>(), paths, "{old} to {new}");
        for tile in own {
            let theirs = Tile::from_path(&tile.path().replacen("tile/", "tile/8/", 1)).unwrap();
            assert_eq!(
                (theirs.level(), theirs.level_index(), theirs.width()),
                (tile.level(), tile.index(), tile.width().into())
            );
        }
    }
}

#[test]
fn checkpoints_agree() {
    let tree = Tree::of_size(257);
    let own = checkpoint(&tree);
    let theirs_read = tlog_tiles::Checkpoint::from_bytes(own.to_string().as_bytes()).unwrap();
    assert_eq!((theirs_read.origin(), theirs_read.size(), theirs_read.extension()), (ORIGIN, 257, ""));
    assert_eq!(ours(theirs_read.hash()), *own.root());
    let made = tlog_tiles::Checkpoint::new(ORIGIN, 257, theirs(own.root()), "").unwrap();
    assert_eq!(String::from_utf8(made.to_bytes()).unwrap(), own.to_string());
}

/// A checkpoint of ours, cosigned by ours: their note package reads it and verifies the log's signature.
#[test]
fn our_signed_checkpoint_verifies_there() {
    let note = signed(&Tree::of_size(70), &[0, 1]);
    let theirs_read = signed_note::Note::from_bytes(&note.to_bytes()).unwrap();
    let key = StandardVerifier::new(&log_key().verifier_key().to_string()).unwrap();
    let (verified, unknown) = theirs_read.verify(&VerifierList::new(vec![Box::new(key)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 2));
    assert_eq!(theirs_read.to_bytes(), note.to_bytes());
}

/// Their package does not know cosignatures; its Ed25519 verifies ours over the message that the standard names.
#[test]
fn our_cosignature_is_their_signature_of_the_message() {
    let tree = Tree::of_size(70);
    let note = signed(&tree, &[0]);
    let line = &note.signatures()[1];
    let (time, signature) = line.signature().split_first_chunk::<8>().unwrap();
    let message = cosigned_message(u64::from_be_bytes(*time), note.text());
    // The same public key under algorithm 1.
    let key = VerifierKey::new(
        line.name(),
        candor_trace::tlog::Algorithm::Ed25519,
        &witness(0).verifier_key().public_key(),
    )
    .unwrap();
    let verifier = StandardVerifier::new(&key.to_string()).unwrap();
    assert!(verifier.verify(message.as_bytes(), signature));
    assert!(!verifier.verify(note.text().as_bytes(), signature));
    // And theirs of the message is ours.
    let secret = NoteSigner::new(line.name(), &[100; 32]).unwrap();
    let signer = StandardSigner::new(&secret.to_text()).unwrap();
    assert_eq!(signer.sign(message.as_bytes()).unwrap(), signature);
}

#[test]
fn their_note_verifies_here() {
    let signer = StandardSigner::new(&log_key().to_text()).unwrap();
    let text = checkpoint(&Tree::of_size(9)).to_string();
    let mut note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert!(read.verify(&[log_key().verifier_key()]).is_ok());
    assert_eq!(read, checkpoint(&Tree::of_size(9)).sign(&log_key()).unwrap());
    let verifier = StandardVerifier::new(&log_key().verifier_key().to_string()).unwrap();
    assert_eq!((verifier.name(), verifier.key_id().to_be_bytes()), (ORIGIN, log_key().verifier_key().id().0));
    let line =
        String::from_utf8(signed_note::Signature::new("a".into(), 7, vec![1]).unwrap().to_bytes()).unwrap();
    assert_eq!(SignatureLine::parse(line.trim_end()).unwrap().to_string() + "\n", line);
}

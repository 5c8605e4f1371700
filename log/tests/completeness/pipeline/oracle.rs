//! Independent readers verify the log's files as they lie on the disk: Cloudflare's `tlog_tiles` and `signed_note`.

use crate::fleet::{ORIGIN, append, filled, open, signer, slow};
use candor_trace::tlog::Hash;
use signed_note::{StandardVerifier, Verifier, VerifierList};
use std::path::{Path, PathBuf};
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader};

/// The public folder behind their trait.
struct Served(PathBuf);

impl TileReader for Served {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            std::fs::read(self.0.join(path)).map_err(|_| tlog_tiles::Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }
    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The checkpoint, after their note package has verified the signature.
fn checkpoint(place: &Path) -> tlog_tiles::Checkpoint {
    let bytes = std::fs::read(place.join("public/checkpoint")).unwrap();
    let key = std::fs::read_to_string(place.join("public/log.vkey")).unwrap();
    let verifier = StandardVerifier::new(key.trim_end()).unwrap();
    let verifiers = VerifierList::new(vec![Box::new(verifier) as Box<dyn Verifier>]);
    let note = signed_note::Note::from_bytes(&bytes).unwrap();
    let (verified, unverified) = note.verify(&verifiers).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.extension()), (ORIGIN, ""));
    checkpoint
}

#[test]
fn they_verify_checkpoint_tiles_entries_and_growth() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut agent = filled(place, slow(), 200);
    let mut before: Option<tlog_tiles::Checkpoint> = None;
    for size in [200_u64, 256, 300, 520] {
        let (log, _) = open(place, slow());
        append(&log, &mut agent, (size - log.status().sizes.sequenced) as usize);
        log.shut_down().unwrap();
        let now = checkpoint(place);
        assert_eq!(now.size(), size);
        let served = Served(place.join("public"));
        let reader = TileHashReader::new(size, *now.hash(), &served);
        for index in [0, 1, size / 2, size - 1] {
            // Their reader authenticates every tile against the checkpoint before it gives a hash out.
            let hashes = reader.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]).unwrap();
            let entry = log.entry(index).unwrap();
            assert_eq!(hashes[0], tlog_tiles::record_hash(&entry.to_bytes()));
            let proof = log.inclusion(index).unwrap();
            let path = proof.path.iter().map(|hash: &Hash| tlog_tiles::Hash(hash.0)).collect();
            tlog_tiles::check_record(&path, size, *now.hash(), index, hashes[0]).unwrap();
            assert_eq!(tlog_tiles::prove_record(size, index, &reader).unwrap(), path);
        }
        if let Some(before) = before {
            let proof = tlog_tiles::prove_tree(size, before.size(), &reader).unwrap();
            tlog_tiles::check_tree(&proof, size, *now.hash(), before.size(), *before.hash()).unwrap();
            let own = log.consistency(before.size(), size).unwrap();
            assert_eq!(own.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect::<Vec<_>>(), proof);
        }
        before = Some(now);
    }
    assert_eq!(signer().verifier_key().name(), ORIGIN);
}

//! Tiles and bundles.

use crate::tree::Tree;
use candor_trace::tlog::{
    BundleId, EntryBundleError, MAX_ENTRY_BYTES, ProveError, ReadHashes, ReadTiles, StoredHash, TileError,
    TileHashes, TileId, TileReadError, bundle_entries, encode_bundle, prove_inclusion, tile_hashes,
};

fn bundle(index: u64, size: u64) -> BundleId {
    BundleId::of_tree(index, size).unwrap()
}

#[test]
fn other_spellings_of_a_path_are_refused() {
    let paths = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x000",
        "tile/0/001/002",
        "tile/0/x01/002",
        "tile/0/X001/002",
        "tile/0/x001/x002",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/0a1",
        "tile/00/001",
        "tile/+0/001",
        "tile/-1/001",
        "tile//001",
        "/tile/0/001",
        "tile/0/001/",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/01",
        "tile/0/001.p/+1",
        "tile/0/001.p/1/",
        "tile/0/001.p/1.p/1",
        "tile/0/../../secret",
        "tile/entries/001",
        "tile/0/٠٠١",
        "Tile/0/001",
        "tile/0/001 ",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ];
    for path in paths {
        assert_eq!(TileId::parse(path), Err(TileError::Path), "{path}");
        let of_entries = path.replacen("tile/0/", "tile/entries/", 1);
        if !path.starts_with("tile/entries") {
            assert_eq!(BundleId::parse(&of_entries), Err(TileError::Path), "{of_entries}");
        }
    }
    assert_eq!(TileId::parse(&format!("tile/0/{}", "x001/".repeat(1000))), Err(TileError::Path));
    assert_eq!(BundleId::parse(&format!("tile/entries/{}", "x001/".repeat(1000))), Err(TileError::Path));
}

#[test]
fn levels_indices_and_widths_have_limits() {
    assert_eq!(TileId::new(7, 0, 1).unwrap().path(), "tile/7/000.p/1");
    assert_eq!(TileId::new(8, 0, 1), Err(TileError::Level { got: 8 }));
    assert_eq!(TileId::parse("tile/8/000"), Err(TileError::Level { got: 8 }));
    assert_eq!(TileId::parse("tile/63/000"), Err(TileError::Level { got: 63 }));
    assert_eq!(TileId::parse("tile/256/000"), Err(TileError::Level { got: 256 }));
    let largest = (1 << 55) - 1;
    assert!(TileId::new(0, largest, 256).is_ok());
    assert_eq!(TileId::new(0, largest + 1, 1), Err(TileError::Index { level: 0, got: largest + 1 }));
    assert_eq!(BundleId::new(largest + 1, 1), Err(TileError::Index { level: 0, got: largest + 1 }));
    assert_eq!(TileId::new(7, 1, 1), Err(TileError::Index { level: 7, got: 1 }));
    for width in [0, 257, u16::MAX] {
        assert_eq!(TileId::new(0, 0, width), Err(TileError::Width { got: width.into() }));
        assert_eq!(BundleId::new(0, width), Err(TileError::Width { got: width.into() }));
    }
    for width in [0, 256, 257, u64::MAX] {
        assert_eq!(TileId::parse(&format!("tile/0/000.p/{width}")), Err(TileError::Width { got: width }));
    }
}

#[test]
fn empty_tiles_have_no_name() {
    assert_eq!(TileId::of_tree(0, 0, 0), None);
    assert_eq!(TileId::of_tree(0, 1, 256), None);
    assert_eq!(TileId::of_tree(1, 0, 255), None);
    assert_eq!(TileId::of_tree(8, 0, u64::MAX), None);
    assert_eq!(TileId::of_tree(0, u64::MAX, u64::MAX), None);
    assert_eq!(BundleId::of_tree(1, 256), None);
}

#[test]
fn a_tile_has_the_length_of_its_width() {
    for width in [1, 2, 255, 256_u16] {
        let id = TileId::new(0, 0, width).unwrap();
        let expected = usize::from(width) * 32;
        assert_eq!(tile_hashes(&id, &vec![0; expected]).unwrap().len(), usize::from(width));
        for got in [0, expected - 1, expected + 1, expected + 32] {
            assert_eq!(tile_hashes(&id, &vec![0; got]), Err(TileError::Length { width, expected, got }));
        }
    }
}

#[test]
fn bundles_hold_1_to_256_entries_of_at_most_65535_bytes() {
    assert_eq!(encode_bundle::<Vec<u8>>(&[]), Err(EntryBundleError::Count { got: 0 }));
    assert_eq!(encode_bundle(&vec![vec![]; 257]), Err(EntryBundleError::Count { got: 257 }));
    assert!(encode_bundle(&vec![vec![]; 256]).is_ok());
    let fits = vec![0; MAX_ENTRY_BYTES];
    let too_long = vec![0; MAX_ENTRY_BYTES + 1];
    assert!(encode_bundle(std::slice::from_ref(&fits)).is_ok());
    let refused = Err(EntryBundleError::EntryTooLong { position: 1, got: MAX_ENTRY_BYTES + 1 });
    assert_eq!(encode_bundle(&[fits, too_long]), refused);
}

#[test]
fn a_bundle_of_other_lengths_is_refused() {
    let id = bundle(0, 3);
    let bytes = encode_bundle(&[vec![1; 5], vec![], vec![2; 3]]).unwrap();
    assert_eq!(bundle_entries(&id, &bytes).unwrap(), [&[1; 5][..], &[], &[2; 3]]);
    for cut in 0..bytes.len() {
        let position = [7, 9, bytes.len()].iter().filter(|end| cut >= **end).count();
        assert_eq!(bundle_entries(&id, &bytes[..cut]), Err(EntryBundleError::Truncated { position }));
    }
    let longer = [bytes.as_slice(), &[0, 0]].concat();
    assert_eq!(bundle_entries(&id, &longer), Err(EntryBundleError::TrailingBytes { count: 2 }));
    // The same bytes under the name of another width.
    assert_eq!(bundle_entries(&bundle(0, 2), &bytes), Err(EntryBundleError::TrailingBytes { count: 5 }));
    assert_eq!(bundle_entries(&bundle(0, 4), &bytes), Err(EntryBundleError::Truncated { position: 3 }));
    // Every length prefix.
    for length in [0_u16, 1, 0x7fff, 0x8000, 0xffff] {
        let mut changed = bytes.clone();
        changed[..2].copy_from_slice(&length.to_be_bytes());
        assert!(bundle_entries(&id, &changed).is_err(), "{length}");
    }
    let limit = 2 + MAX_ENTRY_BYTES;
    let refused = Err(EntryBundleError::TooLong { limit, got: limit + 1 });
    assert_eq!(bundle_entries(&bundle(0, 1), &vec![0xff; limit + 1]), refused);
    assert!(bundle_entries(&bundle(0, 1), &vec![0xff; limit]).is_ok());
}

/// A tree's tiles, one of which is damaged.
struct Damaged<'a> {
    tree: &'a Tree,
    bad: TileId,
    bytes: Option<Vec<u8>>,
}

impl ReadTiles for Damaged<'_> {
    type Error = &'static str;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, &'static str> {
        match &self.bytes {
            _ if *id != self.bad => self.tree.read_tile(id),
            Some(bytes) => Ok(bytes.clone()),
            None => Err("gone"),
        }
    }
}

#[test]
fn a_missing_or_short_tile_is_named() {
    let tree = Tree::of_size(600);
    let tile = TileId::of_tree(0, 1, 600).unwrap();
    let gone = Damaged { tree: &tree, bad: tile, bytes: None };
    let refused = Err(ProveError::Read(TileReadError::Read { tile, source: "gone" }));
    assert_eq!(prove_inclusion(&TileHashes::new(&gone, 600), 300, 600), refused);
    let short = Damaged { tree: &tree, bad: tile, bytes: Some(vec![0; 31]) };
    let source = TileError::Length { width: 256, expected: 8192, got: 31 };
    let refused = Err(ProveError::Read(TileReadError::Malformed { tile, source }));
    assert_eq!(prove_inclusion(&TileHashes::new(&short, 600), 300, 600), refused);
    let tiles = TileHashes::new(&tree, 600);
    for (level, index) in [(0, 600), (8, 2), (9, 1), (16, 0), (1, 300), (0, u64::MAX), (63, u64::MAX)] {
        let refused = Err(TileReadError::OutOfTree { size: 600, level, index });
        assert_eq!(tiles.read(&[StoredHash { level, index }]), refused);
    }
}

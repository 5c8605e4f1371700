//! Layout of tiles and bundles.

use crate::tree::{Tree, entry};
use candor_trace::tlog::{
    BundleId, Frontier, MAX_ENTRY_BYTES, ReadTiles, StoredHash, TileHashes, TileId, bundle_entries,
    bundles_for_growth, encode_bundle, prove_consistency, prove_inclusion, root, tile_hashes,
    tiles_for_growth, verify_consistency, verify_inclusion,
};
use std::collections::BTreeSet;

/// The size, and for every level the number of full tiles and the width of the partial one.
const LAYOUTS: [(u64, &[(usize, u16)]); 8] = [
    (0, &[]),
    (1, &[(0, 1)]),
    (255, &[(0, 255)]),
    (256, &[(1, 0), (0, 1)]),
    (257, &[(1, 1), (0, 1)]),
    (65_535, &[(255, 255), (0, 255)]),
    (65_536, &[(256, 0), (1, 0), (0, 1)]),
    (70_000, &[(273, 112), (1, 17), (0, 1)]),
];

#[test]
fn layout_of_the_sizes_that_matter() {
    for (size, levels) in LAYOUTS {
        let tiles = tiles_for_growth(0, size);
        assert_eq!(tiles.iter().map(|tile| usize::from(tile.level()) + 1).max().unwrap_or(0), levels.len());
        for (level, (full, partial)) in levels.iter().enumerate() {
            let of_level: Vec<_> = tiles.iter().filter(|tile| usize::from(tile.level()) == level).collect();
            assert_eq!(of_level.iter().filter(|tile| tile.is_full()).count(), *full, "{size} {level}");
            let widths: Vec<u16> =
                of_level.iter().filter(|tile| !tile.is_full()).map(|tile| tile.width()).collect();
            assert_eq!(widths, Vec::from_iter((*partial > 0).then_some(*partial)), "{size} {level}");
        }
        let bundles = bundles_for_growth(0, size);
        let leaves: Vec<_> = tiles.iter().filter(|tile| tile.level() == 0).collect();
        assert_eq!(bundles.len(), leaves.len());
        for (bundle, tile) in bundles.iter().zip(leaves) {
            assert_eq!((bundle.index(), bundle.width()), (tile.index(), tile.width()));
        }
    }
}

#[test]
fn paths_of_size_70_000() {
    let paths: Vec<String> = tiles_for_growth(0, 70_000).iter().map(TileId::path).collect();
    assert_eq!(paths.len(), 274 + 2 + 1);
    for path in
        ["tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    {
        assert!(paths.iter().any(|have| have == path), "{path}");
    }
    assert_eq!(bundles_for_growth(0, 70_000).last().unwrap().path(), "tile/entries/273.p/112");
    assert_eq!(TileId::new(0, 1_234_067, 256).unwrap().path(), "tile/0/x001/x234/067");
    assert_eq!(TileId::new(0, 1_234_067, 5).unwrap().path(), "tile/0/x001/x234/067.p/5");
    assert_eq!(TileId::new(0, 1000, 256).unwrap().path(), "tile/0/x001/000");
    assert_eq!(TileId::new(0, 999, 256).unwrap().path(), "tile/0/999");
}

#[test]
fn paths_are_read_back() {
    for index in [0, 9, 999, 1000, 1001, 999_999, 1_000_000, 1_234_067, (1 << 55) - 1] {
        for width in [1, 2, 255, 256] {
            let bundle = BundleId::new(index, width).unwrap();
            assert_eq!(BundleId::parse(&bundle.path()), Ok(bundle));
            for level in 0..7_u8 {
                if let Ok(tile) = TileId::new(level, index, width) {
                    assert_eq!(TileId::parse(&tile.path()), Ok(tile));
                }
            }
        }
    }
    let highest = TileId::new(7, 0, 127).unwrap();
    assert_eq!(TileId::parse("tile/7/000.p/127"), Ok(highest));
}

/// What any sequence of growths writes is what the final size needs, and nothing is written twice.
#[test]
fn growth_writes_each_tile_once() {
    let sizes = [0, 1, 1, 2, 255, 256, 257, 300, 511, 512, 513, 65_535, 65_536, 65_537, 70_000];
    let mut written = BTreeSet::new();
    for pair in sizes.windows(2) {
        for tile in tiles_for_growth(pair[0], pair[1]) {
            assert!(written.insert(tile), "{tile} twice");
        }
        assert!(tiles_for_growth(0, pair[1]).iter().all(|tile| written.contains(tile)));
    }
    assert!(tiles_for_growth(300, 300).is_empty());
    assert!(tiles_for_growth(300, 299).is_empty());
    assert!(bundles_for_growth(300, 299).is_empty());
}

#[test]
fn proofs_come_out_of_tiles() {
    let tree = Tree::of_size(70_000);
    for size in [1, 255, 256, 257, 65_535, 65_536, 70_000] {
        let tiles = TileHashes::new(&tree, size);
        let expected = tree.root_at(size);
        assert_eq!(root(&tiles, size), Ok(expected));
        for index in [0, size / 3, size / 2, size - 1] {
            let path = prove_inclusion(&tiles, index, size).unwrap();
            assert_eq!(path, prove_inclusion(&tree, index, size).unwrap());
            let leaf = &tree.leaves[index as usize];
            assert_eq!(verify_inclusion(leaf, index, size, &path, &expected), Ok(()));
        }
        for old in [1, 200, 256, 40_000] {
            if old <= size {
                let proof = prove_consistency(&tiles, old, size).unwrap();
                let old_root = tree.root_at(old);
                assert_eq!(verify_consistency(old, &old_root, size, &expected, &proof), Ok(()));
            }
        }
    }
}

#[test]
fn tiles_hold_the_subtrees_of_their_level() {
    let tree = Tree::of_size(70_000);
    for tile in tiles_for_growth(0, 70_000) {
        let hashes = tile_hashes(&tile, &tree.read_tile(&tile).unwrap()).unwrap();
        let span = 1_u64 << (8 * u32::from(tile.level()));
        let first = tile.index() * 256 * span;
        for (position, hash) in hashes.iter().enumerate() {
            let start = first + position as u64 * span;
            assert_eq!(*hash, crate::tree::mth(&tree.leaves[start as usize..(start + span) as usize]));
        }
        assert_eq!(tile.end_index(), first + 256 * span);
    }
    assert_eq!(Frontier::stored(256), [StoredHash { level: 8, index: 0 }]);
}

#[test]
fn bundles_are_read_back() {
    for width in [1, 2, 255, 256] {
        let mut entries: Vec<Vec<u8>> = (0..width).map(entry).collect();
        entries[0] = vec![0xab; if width == 2 { MAX_ENTRY_BYTES } else { 0 }];
        let bytes = encode_bundle(&entries).unwrap();
        assert_eq!(bytes[..2], (entries[0].len() as u16).to_be_bytes());
        let id = BundleId::of_tree(0, width).unwrap();
        assert_eq!(bundle_entries(&id, &bytes).unwrap(), entries);
    }
}

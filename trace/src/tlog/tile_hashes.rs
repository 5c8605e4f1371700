//! Hashes of subtrees out of tiles.

use super::hash::{Hash, node_hash};
use super::tile::{TILE_HEIGHT, TILE_WIDTH, TileError, TileId, tile_hashes};
use super::tree::{ReadHashes, StoredHash};
use std::collections::BTreeMap;
use thiserror::Error;

/// Where the files of tiles come from.
pub trait ReadTiles {
    /// Why a tile could not be read.
    type Error;
    /// The bytes of a tile.
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, Self::Error>;
}

/// Why a hash could not be had from tiles.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TileReadError<E> {
    /// The tile could not be read.
    #[error("{tile}: {source}")]
    Read {
        /// Tile.
        tile: TileId,
        /// Why.
        source: E,
    },
    /// The tile is malformed.
    #[error("{tile}: {source}")]
    Malformed {
        /// Tile.
        tile: TileId,
        /// Why.
        source: TileError,
    },
    /// The tree does not have the subtree.
    #[error("a tree of {size} leaves has no complete subtree {index} of height {level}")]
    OutOfTree {
        /// Leaves.
        size: u64,
        /// Height.
        level: u8,
        /// Position.
        index: u64,
    },
}

/// The subtrees of the tree of the first `size` leaves, read from tiles.
///
/// Owes: that the tiles belong to that tree; what is proven from them shows it against a root that is known.
#[derive(Clone, Copy, Debug)]
pub struct TileHashes<'a, R> {
    reader: &'a R,
    size: u64,
}

impl<'a, R: ReadTiles> TileHashes<'a, R> {
    /// Names tiles and size; nothing is read.
    #[must_use]
    pub fn new(reader: &'a R, size: u64) -> Self {
        Self { reader, size }
    }
    /// The tile that holds the lowest hashes of a subtree, and the positions of these in it.
    fn place(&self, wanted: &StoredHash) -> Option<(TileId, usize, usize)> {
        let level = wanted.level / TILE_HEIGHT;
        let height = u32::from(wanted.level % TILE_HEIGHT);
        let first = wanted.index.checked_mul(1 << height)?;
        let tile = TileId::of_tree(level, first / TILE_WIDTH, self.size)?;
        let start = (first % TILE_WIDTH) as usize;
        let end = start + (1 << height);
        (end <= usize::from(tile.width())).then_some((tile, start, end))
    }
}

impl<R: ReadTiles> ReadHashes for TileHashes<'_, R> {
    type Error = TileReadError<R::Error>;
    fn read(&self, wanted: &[StoredHash]) -> Result<Vec<Hash>, Self::Error> {
        let mut tiles: BTreeMap<TileId, Vec<Hash>> = BTreeMap::new();
        let mut hashes = Vec::with_capacity(wanted.len());
        for stored in wanted {
            let missing =
                || TileReadError::OutOfTree { size: self.size, level: stored.level, index: stored.index };
            let (tile, start, end) = self.place(stored).ok_or_else(missing)?;
            if let std::collections::btree_map::Entry::Vacant(place) = tiles.entry(tile) {
                let bytes =
                    self.reader.read_tile(&tile).map_err(|source| TileReadError::Read { tile, source })?;
                let parsed =
                    tile_hashes(&tile, &bytes).map_err(|source| TileReadError::Malformed { tile, source })?;
                place.insert(parsed);
            }
            let lowest = tiles.get(&tile).and_then(|hashes| hashes.get(start..end)).ok_or_else(missing)?;
            hashes.push(root_of_complete(lowest).ok_or_else(missing)?);
        }
        Ok(hashes)
    }
}

/// Root of a power of two of neighbouring hashes.
fn root_of_complete(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied()
}

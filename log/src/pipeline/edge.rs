//! The right edge of the tree: what is needed to append entries and to write their tiles and bundles.

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::tiles::Tiles;
use candor_trace::tlog::{
    BundleId, Frontier, Hash, TILE_HEIGHT, TILE_WIDTH, TileId, encode_bundle, encode_tile, leaf_hash,
};

/// Public objects that are not written yet.
pub(crate) type Objects = Vec<(String, Vec<u8>)>;

/// The tiles and the bundle that are not full yet, and the frontier.
#[derive(Debug)]
pub(crate) struct Edge {
    frontier: Frontier,
    /// Hashes of the last, partial tile of each level.
    tiles: Vec<Vec<Hash>>,
    /// Entries of the last, partial bundle.
    bundle: Vec<Vec<u8>>,
}

impl Edge {
    /// Of the tree without entries.
    pub(crate) fn empty() -> Self {
        Self { frontier: Frontier::new(), tiles: Vec::new(), bundle: Vec::new() }
    }
    /// The edge of a tree whose tiles and last bundle are on the disk.
    ///
    /// Owes: comparing [`Edge::root`] with a root that is known.
    pub(crate) fn load<D: Disk>(tiles: &Tiles<'_, D>, size: u64) -> Result<Self, PipelineError> {
        let frontier = tiles.frontier(size)?;
        let mut levels = Vec::new();
        for level in 0..=u8::MAX {
            let hashes = size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0);
            if hashes == 0 {
                break;
            }
            let hashes = match TileId::of_tree(level, hashes / TILE_WIDTH, size) {
                Some(id) => tiles.hashes(&id)?,
                None => Vec::new(),
            };
            levels.push(hashes);
        }
        let bundle = match BundleId::of_tree(size / TILE_WIDTH, size) {
            Some(id) => tiles.entries(&id)?,
            None => Vec::new(),
        };
        let hashes = levels.first().map(Vec::as_slice).unwrap_or_default();
        for (position, (entry, leaf)) in bundle.iter().zip(hashes).enumerate() {
            if leaf_hash(entry) != *leaf {
                let index = size - size % TILE_WIDTH + position as u64;
                let id = BundleId::of_tree(index / TILE_WIDTH, size);
                let path = id.map(|id| id.path()).unwrap_or_default();
                return Err(tiles.files().damaged_public(&path, FileDamage::EntryMismatch { index }));
            }
        }
        Ok(Self { frontier, tiles: levels, bundle })
    }
    /// Number of entries.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }
    /// Root of the tree.
    pub(crate) fn root(&self) -> Hash {
        self.frontier.root()
    }
    /// Appends an entry; tiles and bundles that it fills are added to the objects.
    pub(crate) fn push(&mut self, entry: &[u8], leaf: Hash, objects: &mut Objects) {
        let tiles = &mut self.tiles;
        let pushed = self.frontier.push_with(leaf, |stored, hash| {
            if stored.level.is_multiple_of(TILE_HEIGHT) {
                let level = usize::from(stored.level / TILE_HEIGHT);
                if tiles.len() <= level {
                    tiles.resize(level + 1, Vec::new());
                }
                if let Some(tile) = tiles.get_mut(level) {
                    tile.push(hash);
                }
            }
        });
        // A tree of 2^63 entries would not fit any disk.
        debug_assert!(pushed.is_ok(), "{pushed:?}");
        self.bundle.push(entry.to_vec());
        if self.bundle.len() as u64 == TILE_WIDTH {
            self.push_bundle(objects);
            self.bundle.clear();
        }
        for level in 0..self.tiles.len() {
            if self.tiles.get(level).is_some_and(|tile| tile.len() as u64 == TILE_WIDTH) {
                self.push_tile(level, objects);
                self.tiles.get_mut(level).into_iter().for_each(Vec::clear);
            }
        }
    }
    /// Adds the partial tiles and the partial bundle to the objects.
    pub(crate) fn push_partial(&self, objects: &mut Objects) {
        if !self.bundle.is_empty() {
            self.push_bundle(objects);
        }
        (0..self.tiles.len()).for_each(|level| self.push_tile(level, objects));
    }
    fn push_bundle(&self, objects: &mut Objects) {
        let index = self.size().saturating_sub(1) / TILE_WIDTH;
        let id = BundleId::new(index, self.bundle.len() as u16);
        // Entries are of one length, which a bundle takes.
        if let (Ok(id), Ok(bytes)) = (id, encode_bundle(&self.bundle)) {
            objects.push((id.path(), bytes));
        }
    }
    fn push_tile(&self, level: usize, objects: &mut Objects) {
        let Some(hashes) = self.tiles.get(level).filter(|hashes| !hashes.is_empty()) else { return };
        let all = self.size() >> (level * usize::from(TILE_HEIGHT));
        if let Ok(id) = TileId::new(level as u8, all.saturating_sub(1) / TILE_WIDTH, hashes.len() as u16) {
            objects.push((id.path(), encode_tile(hashes)));
        }
    }
}

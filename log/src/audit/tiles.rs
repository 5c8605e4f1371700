//! Tiles against entries, while the tree is rebuilt: memory for one tile a level.

use crate::audit::error::AuditError;
use crate::audit::source::Source;
use candor_trace::tlog::{Frontier, HASH_BYTES, Hash, TILE_HEIGHT, TILE_WIDTH, TileId, tile_hashes};

/// Bytes of a full tile.
const TILE_BYTES: u64 = TILE_WIDTH * HASH_BYTES as u64;

/// The hashes of a tile of a tree; if the partial one is gone because the log grew, the beginning of the full one.
pub(super) fn read_tile(source: &impl Source, id: &TileId) -> Result<Vec<Hash>, AuditError> {
    let index = first_entry(id, 0);
    let malformed = |id: &TileId, source| AuditError::Tile { file: id.path(), index, source };
    if let Some(bytes) = source.get(&id.path(), TILE_BYTES)? {
        return tile_hashes(id, &bytes).map_err(|source| malformed(id, source));
    }
    let full = id.full();
    match source.get(&full.path(), TILE_BYTES)? {
        Some(bytes) if !id.is_full() => {
            let mut hashes = tile_hashes(&full, &bytes).map_err(|source| malformed(&full, source))?;
            hashes.truncate(usize::from(id.width()));
            Ok(hashes)
        }
        _ => Err(AuditError::Missing { file: id.path(), index: Some(index) }),
    }
}

/// First entry below a hash of a tile.
fn first_entry(id: &TileId, position: usize) -> u64 {
    let hash = id.index().saturating_mul(TILE_WIDTH).saturating_add(position as u64);
    hash.checked_shl(u32::from(id.level()) * u32::from(TILE_HEIGHT)).unwrap_or(u64::MAX)
}

/// The tree of the entries so far, and the tiles that are not complete yet.
pub(super) struct Rebuilt<'a, S> {
    source: &'a S,
    size: u64,
    frontier: Frontier,
    /// By level: the hashes since the last complete tile.
    open: Vec<Vec<Hash>>,
}

impl<'a, S: Source> Rebuilt<'a, S> {
    /// An empty tree that will have so many leaves.
    pub(super) fn new(source: &'a S, size: u64) -> Self {
        Self { source, size, frontier: Frontier::new(), open: Vec::new() }
    }
    /// Root of the entries so far.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }
    /// Appends a leaf, and compares every tile that it completes.
    pub(super) fn push(&mut self, leaf: Hash) -> Result<(), AuditError> {
        let open = &mut self.open;
        let mut complete = Vec::new();
        let pushed = self.frontier.push_with(leaf, |place, hash| {
            if place.level % TILE_HEIGHT != 0 {
                return;
            }
            let level = place.level / TILE_HEIGHT;
            if open.len() <= usize::from(level) {
                open.resize(usize::from(level) + 1, Vec::new());
            }
            let Some(hashes) = open.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() as u64 == TILE_WIDTH {
                complete.push((level, place.index / TILE_WIDTH, std::mem::take(hashes)));
            }
        });
        // No more leaves are pushed than a checkpoint can have; otherwise the root would not be the signed one.
        debug_assert!(pushed.is_ok());
        complete.into_iter().try_for_each(|(level, index, hashes)| self.compare(level, index, &hashes))
    }
    /// Compares the tiles at the tree's edge.
    pub(super) fn finish(&self) -> Result<(), AuditError> {
        for (level, hashes) in self.open.iter().enumerate() {
            let level = level as u8;
            let full = (self.size >> (u32::from(level) * u32::from(TILE_HEIGHT))) / TILE_WIDTH;
            if !hashes.is_empty() {
                self.compare(level, full, hashes)?;
            }
        }
        Ok(())
    }
    fn compare(&self, level: u8, index: u64, hashes: &[Hash]) -> Result<(), AuditError> {
        let Some(id) = TileId::of_tree(level, index, self.size) else { return Ok(()) };
        let published = read_tile(self.source, &id)?;
        let differs = |(_, (expected, got)): &(usize, (&Hash, &Hash))| expected != got;
        match hashes.iter().zip(&published).enumerate().find(differs) {
            None => Ok(()),
            Some((position, (expected, got))) => Err(AuditError::TileMismatch {
                file: id.path(),
                position,
                index: first_entry(&id, position),
                expected: *expected,
                got: *got,
            }),
        }
    }
}

//! Tiles and bundles as they lie on the disk.

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::Files;
use candor_trace::tlog::{
    self, BundleId, Frontier, Hash, ProveError, ReadHashes, ReadTiles, TILE_WIDTH, TileHashes, TileId,
    TileReadError, bundle_entries, tile_hashes,
};

/// Reads tiles and bundles; a partial one that was removed is read from a wider one, which begins with it.
pub(crate) struct Tiles<'a, D: Disk> {
    files: &'a Files<D>,
}

impl<'a, D: Disk> Tiles<'a, D> {
    pub(crate) fn new(files: &'a Files<D>) -> Self {
        Self { files }
    }
    pub(crate) fn files(&self) -> &Files<D> {
        self.files
    }
    /// The hashes of a tile.
    pub(crate) fn hashes(&self, id: &TileId) -> Result<Vec<Hash>, PipelineError> {
        let (width, bytes) = self.find(&id.path(), &id.full().path(), id.width())?;
        let found = TileId::new(id.level(), id.index(), width).unwrap_or(*id);
        let mut hashes = tile_hashes(&found, &bytes)
            .map_err(|error| self.files.damaged_public(&found.path(), FileDamage::Tile(error)))?;
        hashes.truncate(usize::from(id.width()));
        Ok(hashes)
    }
    /// The entries of a bundle.
    pub(crate) fn entries(&self, id: &BundleId) -> Result<Vec<Vec<u8>>, PipelineError> {
        let (width, bytes) = self.find(&id.path(), &id.full().path(), id.width())?;
        let found = BundleId::new(id.index(), width).unwrap_or(*id);
        let entries = bundle_entries(&found, &bytes)
            .map_err(|error| self.files.damaged_public(&found.path(), FileDamage::Bundle(error)))?;
        Ok(entries.into_iter().take(usize::from(id.width())).map(<[u8]>::to_vec).collect())
    }
    /// An object under its own name, or a wider one, and how wide that is.
    fn find(&self, name: &str, full: &str, width: u16) -> Result<(u16, Vec<u8>), PipelineError> {
        if let Some(bytes) = self.files.get_public(name)? {
            return Ok((width, bytes));
        }
        let complete = || Ok(self.files.get_public(full)?.map(|bytes| (TILE_WIDTH as u16, bytes)));
        // Narrow ones are removed after a wider one is there, and all of them after the full one is.
        if name != full {
            if let Some(found) = complete()? {
                return Ok(found);
            }
            let folder = format!("{full}.p");
            let names = self.files.public().list(&folder).map_err(|error| self.files.object_failed(error))?;
            let wider =
                names.iter().filter_map(|name| name.parse().ok()).filter(|found| *found > width).max();
            if let Some(wider) = wider
                && let Some(bytes) = self.files.get_public(&format!("{folder}/{wider}"))?
            {
                return Ok((wider, bytes));
            }
            if let Some(found) = complete()? {
                return Ok(found);
            }
        }
        Err(self.files.damaged_public(name, FileDamage::Missing))
    }
    /// The hash of an entry as a leaf of a tree.
    pub(crate) fn leaf(&self, index: u64, size: u64) -> Result<Hash, PipelineError> {
        let out_of_range = || PipelineError::OutOfRange { index, size };
        let id = TileId::of_tree(0, index / TILE_WIDTH, size).ok_or_else(out_of_range)?;
        self.hashes(&id)?.get((index % TILE_WIDTH) as usize).copied().ok_or_else(out_of_range)
    }
    /// The frontier that the tiles give.
    pub(crate) fn frontier(&self, size: u64) -> Result<Frontier, PipelineError> {
        let hashes = TileHashes::new(self, size)
            .read(&Frontier::stored(size))
            .map_err(|error| self.read_error(error))?;
        // As many hashes came as the frontier of this size has.
        Ok(Frontier::from_hashes(size, hashes).unwrap_or_default())
    }
    /// The root at a size that the tiles of a tree of at least that size give.
    pub(crate) fn root_at(&self, size: u64, tree_size: u64) -> Result<Hash, PipelineError> {
        let hashes = TileHashes::new(self, tree_size)
            .read(&Frontier::stored(size))
            .map_err(|error| self.read_error(error))?;
        Ok(Frontier::from_hashes(size, hashes).unwrap_or_default().root())
    }
    /// The root that the tiles give.
    pub(crate) fn root(&self, size: u64) -> Result<Hash, PipelineError> {
        tlog::root(&TileHashes::new(self, size), size).map_err(|error| self.prove_error(error))
    }
    /// The path of an entry in the tree of some size.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, PipelineError> {
        tlog::prove_inclusion(&TileHashes::new(self, size), index, size)
            .map_err(|error| self.prove_error(error))
    }
    /// That the tree of one size begins with that of another.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, PipelineError> {
        tlog::prove_consistency(&TileHashes::new(self, new), old, new)
            .map_err(|error| self.prove_error(error))
    }
    fn prove_error(&self, error: ProveError<TileReadError<PipelineError>>) -> PipelineError {
        match error {
            ProveError::Read(error) => self.read_error(error),
            ProveError::IndexOutOfRange { index, size } => PipelineError::OutOfRange { index, size },
            ProveError::Shrinks { old, new } => PipelineError::OutOfRange { index: old, size: new },
            ProveError::SizeTooLarge { got } => {
                PipelineError::OutOfRange { index: got, size: tlog::TREE_SIZE_BOUND }
            }
            ProveError::Count { expected, got } => {
                PipelineError::OutOfRange { index: expected as u64, size: got as u64 }
            }
        }
    }
    fn read_error(&self, error: TileReadError<PipelineError>) -> PipelineError {
        match error {
            TileReadError::Read { source, .. } => source,
            TileReadError::Malformed { tile, source } => {
                self.files.damaged_public(&tile.path(), FileDamage::Tile(source))
            }
            TileReadError::OutOfTree { size, index, .. } => PipelineError::OutOfRange { index, size },
        }
    }
}

impl<D: Disk> ReadTiles for Tiles<'_, D> {
    type Error = PipelineError;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, PipelineError> {
        self.hashes(id).map(|hashes| tlog::encode_tile(&hashes))
    }
}

//! Going through tiles and bundles: the tree that was signed is there, and if not, which file is not what it was.

use crate::disk::Disk;
use crate::pipeline::error::{FileDamage, PipelineError};
use crate::pipeline::files::SIGNED;
use crate::pipeline::tiles::Tiles;
use candor_trace::tlog::{BundleId, Frontier, Hash, TILE_HEIGHT, TILE_WIDTH, TileId, leaf_hash};

/// The tiles at the right edge of a tree give this root.
///
/// Errors: damage, naming the file at fault as far as one of them explains it.
pub(crate) fn check_edge<D: Disk>(tiles: &Tiles<'_, D>, size: u64, root: &Hash) -> Result<(), PipelineError> {
    let got = tiles.root(size)?;
    match got == *root {
        true => Ok(()),
        false => Err(locate(tiles, size, root, got)?),
    }
}

/// The last, partial tiles of a tree, one a level; `None` where a level has only full ones.
fn edge_tiles(size: u64) -> Vec<Option<TileId>> {
    let mut edge = Vec::new();
    for level in 0..=u8::MAX {
        let hashes = hashes_at(level, size);
        if hashes == 0 {
            break;
        }
        edge.push(TileId::of_tree(level, hashes / TILE_WIDTH, size));
    }
    edge
}

fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// Root of a perfect or other tree over hashes.
fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in hashes {
        // Far fewer than a tree may have.
        let _ = frontier.push(*hash);
    }
    frontier.root()
}

/// Root of the tree whose partial tiles have these hashes, lowest level first.
fn root_of_edge(levels: &[Vec<Hash>], size: u64) -> Hash {
    // Largest subtrees first: those of the highest level.
    let mut parts = Vec::new();
    for hashes in levels.iter().rev() {
        let mut frontier = Frontier::new();
        for hash in hashes {
            let _ = frontier.push(*hash);
        }
        parts.extend_from_slice(frontier.hashes());
    }
    Frontier::from_hashes(size, parts).unwrap_or_default().root()
}

/// Which file is at fault for an edge that does not give the root: the tile that, made again from what lies below it, lets
/// the root come out right.
fn locate<D: Disk>(
    tiles: &Tiles<'_, D>,
    size: u64,
    root: &Hash,
    got: Hash,
) -> Result<PipelineError, PipelineError> {
    let edge = edge_tiles(size);
    let mut there = Vec::new();
    let mut below = Vec::new();
    for (level, id) in edge.iter().enumerate() {
        let (Some(id), level) = (id, level as u8) else {
            there.push(Vec::new());
            below.push(Vec::new());
            continue;
        };
        there.push(tiles.hashes(id)?);
        below.push(hashes_from_below(tiles, id, level, size)?);
    }
    let damaged = |name: &str, damage| Ok(tiles.files().damaged_public(name, damage));
    for (level, id) in edge.iter().enumerate() {
        let Some(id) = id else { continue };
        let mut mixed = there.clone();
        if let (Some(place), Some(from_below)) = (mixed.get_mut(level), below.get(level)) {
            place.clone_from(from_below);
        }
        if root_of_edge(&mixed, size) == *root {
            return damaged(&id.path(), FileDamage::TileMismatch);
        }
    }
    // More than one file, or the checkpoint itself: the first disagreement says where to look.
    for (level, id) in edge.iter().enumerate() {
        if let Some(id) = id
            && there.get(level) != below.get(level)
        {
            return damaged(&id.path(), FileDamage::TileMismatch);
        }
    }
    Ok(tiles
        .files()
        .damaged(SIGNED, FileDamage::RootMismatch { size, expected: Box::new(*root), got: Box::new(got) }))
}

/// The hashes that a tile should have, by what lies below it.
fn hashes_from_below<D: Disk>(
    tiles: &Tiles<'_, D>,
    id: &TileId,
    level: u8,
    size: u64,
) -> Result<Vec<Hash>, PipelineError> {
    if level == 0 {
        let Some(bundle) = BundleId::of_tree(id.index(), size) else { return Ok(Vec::new()) };
        return Ok(tiles.entries(&bundle)?.iter().map(|entry| leaf_hash(entry)).collect());
    }
    let first = id.index() * TILE_WIDTH;
    let mut hashes = Vec::new();
    for index in first..first + u64::from(id.width()) {
        match TileId::new(level - 1, index, TILE_WIDTH as u16) {
            Ok(child) => hashes.push(root_of(&tiles.hashes(&child)?)),
            Err(_) => break,
        }
    }
    Ok(hashes)
}

/// Every full tile of a tree has the hash that the tile above it names.
///
/// Owes: [`check_edge`], which vouches for the tiles that no other is above of.
pub(crate) fn check_tiles<D: Disk>(tiles: &Tiles<'_, D>, size: u64) -> Result<(), PipelineError> {
    let top = (0..=u8::MAX).take_while(|level| hashes_at(*level, size) > 0).count();
    for level in (1..top as u8).rev() {
        for index in 0..hashes_at(level, size).div_ceil(TILE_WIDTH) {
            let Some(id) = TileId::of_tree(level, index, size) else { continue };
            for (child, hash) in (index * TILE_WIDTH..).zip(tiles.hashes(&id)?) {
                let Ok(child) = TileId::new(level - 1, child, TILE_WIDTH as u16) else { continue };
                if root_of(&tiles.hashes(&child)?) != hash {
                    return Err(tiles.files().damaged_public(&child.path(), FileDamage::TileMismatch));
                }
            }
        }
    }
    Ok(())
}

/// Every entry from an index on hashes to its leaf; shows each with its index.
///
/// Owes: [`check_tiles`], if the tiles themselves are in doubt.
pub(crate) fn check_entries<D: Disk>(
    tiles: &Tiles<'_, D>,
    from: u64,
    size: u64,
    mut visit: impl FnMut(u64, &[u8], Hash) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    for bundle in from / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
        let (Some(id), Some(tile)) = (BundleId::of_tree(bundle, size), TileId::of_tree(0, bundle, size))
        else {
            continue;
        };
        let (entries, leaves) = (tiles.entries(&id)?, tiles.hashes(&tile)?);
        for ((index, entry), leaf) in (bundle * TILE_WIDTH..).zip(&entries).zip(leaves) {
            if index < from {
                continue;
            }
            if leaf_hash(entry) != leaf {
                return Err(tiles.files().damaged_public(&id.path(), FileDamage::EntryMismatch { index }));
            }
            visit(index, entry, leaf)?;
        }
    }
    Ok(())
}

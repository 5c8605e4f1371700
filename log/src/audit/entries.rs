//! Entries of a run of bundles: read, decoded, hashed and verified, on all processors.

use crate::audit::chains::Expected;
use crate::audit::error::AuditError;
use crate::audit::source::Source;
use crate::audit::tiles::read_tile;
use crate::audit::tombstones::Tombstones;
use candor_trace::tlog::{BundleId, Hash, MAX_BUNDLE_BYTES, TILE_WIDTH, TileId, bundle_entries, leaf_hash};
use candor_trace::{Entry, check_link};
use std::num::NonZeroUsize;

/// What is known of one entry before its chain is looked at.
pub(super) struct Item {
    pub(super) index: u64,
    pub(super) leaf: Hash,
    /// `None`: pruned.
    pub(super) content: Option<Result<Decoded, AuditError>>,
}

/// A decoded entry.
pub(super) struct Decoded {
    pub(super) entry: Entry,
    pub(super) record_hash: [u8; 32],
}

/// A bundle's file, or the leaves of a pruned one.
pub(super) enum Loaded {
    Bundle { id: BundleId, bytes: Vec<u8> },
    Pruned { id: BundleId, leaves: Vec<Hash> },
}

impl Loaded {
    /// Bytes that it takes in memory.
    pub(super) fn len_bytes(&self) -> usize {
        match self {
            Self::Bundle { bytes, .. } => bytes.len(),
            Self::Pruned { leaves, .. } => size_of_val(leaves.as_slice()),
        }
    }
}

/// Reads a bundle of a tree; if the partial one is gone because the log grew, the full one. A bundle below the minimum
/// index may be gone, if a tombstone lists it: then its leaves come from its tile.
pub(super) fn load(
    source: &impl Source,
    id: BundleId,
    size: u64,
    (minimum_index, tombstones): (u64, &Tombstones),
) -> Result<Loaded, AuditError> {
    let limit = MAX_BUNDLE_BYTES as u64;
    if let Some(bytes) = source.get(&id.path(), limit)? {
        return Ok(Loaded::Bundle { id, bytes });
    }
    if !id.is_full()
        && let Some(bytes) = source.get(&id.full().path(), limit)?
    {
        return Ok(Loaded::Bundle { id: id.full(), bytes });
    }
    let end = id.start_index().saturating_add(TILE_WIDTH);
    let missing = || AuditError::Missing { file: id.path(), index: Some(id.start_index()) };
    if end > minimum_index {
        return Err(missing());
    }
    if tombstones.of_entry(id.start_index()).is_none() {
        return Err(AuditError::WithoutTombstone { file: id.path(), index: id.start_index() });
    }
    let tile = TileId::of_tree(0, id.index(), size).ok_or_else(missing)?;
    Ok(Loaded::Pruned { id, leaves: read_tile(source, &tile)? })
}

/// The entries of bundles, decoded and hashed, up to the size of the tree; and what is wrong with the first bundle that is
/// malformed, before which they end.
pub(super) fn decode(loaded: &[Loaded], size: u64) -> (Vec<Item>, Option<AuditError>) {
    let (mut raw, mut malformed) = (Vec::new(), None);
    for one in loaded {
        match one {
            Loaded::Pruned { id, leaves } => {
                let leaves = leaves.iter().zip(id.start_index()..);
                raw.extend(leaves.map(|(leaf, index)| Raw { index, id, content: Content::Pruned(*leaf) }));
            }
            Loaded::Bundle { id, bytes } => match bundle_entries(id, bytes) {
                Ok(entries) => {
                    let entries = entries.into_iter().zip(id.start_index()..size);
                    raw.extend(entries.map(|(bytes, index)| Raw {
                        index,
                        id,
                        content: Content::Bytes(bytes),
                    }));
                }
                Err(source) => {
                    malformed = Some(AuditError::Bundle { file: id.path(), index: id.start_index(), source });
                    break;
                }
            },
        }
    }
    (on_all_processors(&raw, Raw::item), malformed)
}

/// An entry as it was read.
struct Raw<'a> {
    index: u64,
    id: &'a BundleId,
    content: Content<'a>,
}

enum Content<'a> {
    Pruned(Hash),
    Bytes(&'a [u8]),
}

impl Raw<'_> {
    fn item(&self) -> Item {
        let index = self.index;
        match self.content {
            Content::Pruned(leaf) => Item { index, leaf, content: None },
            Content::Bytes(bytes) => {
                let decoded = Entry::from_bytes(bytes)
                    .map(|entry| Decoded { record_hash: entry.record_hash(), entry })
                    .map_err(|source| AuditError::Entry { file: self.id.path(), index, source });
                Item { index, leaf: leaf_hash(bytes), content: Some(decoded) }
            }
        }
    }
}

/// An entry, and what it is to be checked against.
pub(super) struct ToVerify {
    pub(super) index: u64,
    pub(super) entry: Entry,
    pub(super) expected: Expected,
}

/// The first entry that is not signed or does not continue its chain.
pub(super) fn verify(entries: &[ToVerify], size: u64) -> Option<AuditError> {
    let file = |index: u64| {
        let id = BundleId::of_tree(index / TILE_WIDTH, size);
        id.map(|id| id.path()).unwrap_or_default()
    };
    let one = |item: &ToVerify| {
        let index = item.index;
        if let Expected::Link(link) = &item.expected
            && let Err(source) = check_link(link, &item.entry.signed.header)
        {
            return Some(AuditError::Link { file: file(index), index, source });
        }
        let source = item.entry.check_signature().err()?;
        Some(AuditError::Signature { file: file(index), index, source })
    };
    on_all_processors(entries, one).into_iter().flatten().next()
}

/// The results in order; each processor takes a run of the items.
fn on_all_processors<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let run = items.len().div_ceil(processors).max(64);
    if items.len() <= run {
        return items.iter().map(work).collect();
    }
    let work = &work;
    std::thread::scope(|scope| {
        let runs: Vec<_> = items
            .chunks(run)
            .map(|items| scope.spawn(move || items.iter().map(work).collect::<Vec<U>>()))
            .collect();
        let joined = runs.into_iter().flat_map(|run| match run.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

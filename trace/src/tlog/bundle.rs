//! Entry bundles: up to 256 neighbouring entries as one immutable file. Source: C2SP tlog-tiles.

use super::tile::{TILE_WIDTH, TileError, TileId, parse_place, place_path, places_for_growth};
use std::fmt;
use thiserror::Error;

/// Longest entry: its length is a big-endian u16.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;
/// Longest bundle.
pub const MAX_BUNDLE_BYTES: usize = TILE_WIDTH as usize * (2 + MAX_ENTRY_BYTES);
/// Longest path: `tile/entries/`, six groups of digits and `.p/255`.
const MAX_PATH_BYTES: usize = 64;

/// Name of a bundle: width 256 is the full one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct BundleId {
    index: u64,
    width: u16,
}

/// Why entries do not make a bundle, or bytes are none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum EntryBundleError {
    /// No entry, or more than 256.
    #[error("{got} entries; a bundle has 1 to 256")]
    Count {
        /// Found.
        got: usize,
    },
    /// An entry is too long.
    #[error("entry {position} of the bundle has {got} bytes; at most 65535 are allowed")]
    EntryTooLong {
        /// Position within the bundle.
        position: usize,
        /// Found.
        got: usize,
    },
    /// More bytes than a bundle of this width may have: nothing was read.
    #[error("{got} bytes; a bundle of this width has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The bytes end inside an entry.
    #[error("the bundle ends inside entry {position}; is the file cut off?")]
    Truncated {
        /// Position within the bundle.
        position: usize,
    },
    /// Bytes after the last entry.
    #[error("{count} bytes are left over after the bundle's last entry")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}

impl BundleId {
    /// A bundle that some tree has.
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        TileId::new(0, index, width).map(|id| Self::beside(&id))
    }
    /// The bundle whose entries hash to the tile at level 0 of the same place.
    fn beside(tile: &TileId) -> Self {
        Self { index: tile.index(), width: tile.width() }
    }
    /// The bundle at a place of a tree, as wide as the tree has it; `None` if it would be empty.
    #[must_use]
    pub fn of_tree(index: u64, size: u64) -> Option<Self> {
        TileId::of_tree(0, index, size).map(|id| Self::beside(&id))
    }
    /// Position.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }
    /// Number of entries, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }
    /// Whether it has all 256 entries.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }
    /// The full bundle at the same place.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH as u16, ..*self }
    }
    /// Index of its first entry.
    #[must_use]
    pub fn start_index(&self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH)
    }
    /// Path below the log's prefix, e.g. `tile/entries/x001/x234/067.p/5`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", place_path(self.index, self.width))
    }
    /// The bundle whose path is exactly this.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        if path.len() > MAX_PATH_BYTES {
            return Err(TileError::Path);
        }
        let (index, width) = parse_place(path.strip_prefix("tile/entries/").ok_or(TileError::Path)?)?;
        Self::new(index, width)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path())
    }
}

/// The bundles that a log of `new` entries has and a log of `old` entries has not.
///
/// Owes: memory for one name in 256 new entries; grow a large log in steps.
#[must_use]
pub fn bundles_for_growth(old: u64, new: u64) -> Vec<BundleId> {
    places_for_growth(old, new).filter_map(|(index, width)| BundleId::new(index, width).ok()).collect()
}

/// The file of a bundle: each entry after its length.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, EntryBundleError> {
    let got = entries.len();
    if got == 0 || got as u64 > TILE_WIDTH {
        return Err(EntryBundleError::Count { got });
    }
    let mut bytes = Vec::new();
    for (position, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len())
            .map_err(|_| EntryBundleError::EntryTooLong { position, got: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle's file: exactly as many as the name says, and nothing else.
pub fn bundle_entries<'a>(id: &BundleId, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, EntryBundleError> {
    let width = usize::from(id.width);
    let limit = width * (2 + MAX_ENTRY_BYTES);
    if bytes.len() > limit {
        return Err(EntryBundleError::TooLong { limit, got: bytes.len() });
    }
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(width);
    for position in 0..width {
        let truncated = EntryBundleError::Truncated { position };
        let (length, after) = rest.split_first_chunk::<2>().ok_or(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(truncated)?;
        entries.push(entry);
        rest = after;
    }
    match rest.len() {
        0 => Ok(entries),
        count => Err(EntryBundleError::TrailingBytes { count }),
    }
}

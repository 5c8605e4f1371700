//! Tiles: up to 256 neighbouring hashes of one height as one immutable file. Source: C2SP tlog-tiles.

use super::hash::{HASH_BYTES, Hash};
use super::text::decimal;
use super::tree::TREE_SIZE_BOUND;
use std::fmt;
use thiserror::Error;

/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes of a full tile, entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Highest level of a tile in a tree of fewer than 2^63 leaves.
const MAX_TILE_LEVEL: u8 = 7;
/// Longest path: `tile/7/` and seven groups of digits and `.p/255`.
const MAX_PATH_BYTES: usize = 64;

/// Name of a tile: width 256 is the full one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

/// Why a name or the bytes of a tile are malformed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TileError {
    /// No path of a tile.
    #[error("not the path of a tile, such as tile/0/x001/x234/067.p/5")]
    Path,
    /// A level that no tree has.
    #[error("tile level {got}; a tree of fewer than 2^63 leaves has levels 0 to 7")]
    Level {
        /// Found.
        got: u64,
    },
    /// An index that no tree has.
    #[error("tile index {got} at level {level} is beyond a tree of 2^63 leaves")]
    Index {
        /// Level.
        level: u8,
        /// Found.
        got: u64,
    },
    /// Width 0 or above 256.
    #[error("tile width {got}; a tile has 1 to 256 hashes")]
    Width {
        /// Found.
        got: u64,
    },
    /// Bytes of another length than the width asks for.
    #[error("{got} bytes; {width} hashes are {expected} bytes")]
    Length {
        /// Hashes of the tile.
        width: u16,
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
}

impl TileId {
    /// A tile that some tree has.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level > MAX_TILE_LEVEL {
            return Err(TileError::Level { got: u64::from(level) });
        }
        if index > (TREE_SIZE_BOUND - 1) >> (u32::from(TILE_HEIGHT) * (u32::from(level) + 1)).min(63) {
            return Err(TileError::Index { level, got: index });
        }
        if width == 0 || u64::from(width) > TILE_WIDTH {
            return Err(TileError::Width { got: u64::from(width) });
        }
        Ok(Self { level, index, width })
    }
    /// The tile at a place of a tree, as wide as the tree has it; `None` if it would be empty.
    #[must_use]
    pub fn of_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_at(level, size);
        let start = index.checked_mul(TILE_WIDTH)?;
        let width = hashes.checked_sub(start)?.min(TILE_WIDTH);
        Self::new(level, index, width as u16).ok()
    }
    /// Level: its hashes are of subtrees of 256^level leaves.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }
    /// Position within the level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }
    /// Number of hashes, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }
    /// Whether it has all 256 hashes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }
    /// The full tile at the same place.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH as u16, ..*self }
    }
    /// Leaf after the last one that the full tile spans.
    #[must_use]
    pub fn end_index(&self) -> u64 {
        self.index.saturating_add(1).saturating_mul(leaves_below(self.level)).saturating_mul(TILE_WIDTH)
    }
    /// Path below the log's prefix, e.g. `tile/0/x001/x234/067.p/5`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place_path(self.index, self.width))
    }
    /// The tile whose path is exactly this.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        if path.len() > MAX_PATH_BYTES {
            return Err(TileError::Path);
        }
        let rest = path.strip_prefix("tile/").ok_or(TileError::Path)?;
        let (level, place) = rest.split_once('/').ok_or(TileError::Path)?;
        let level = decimal(level).ok_or(TileError::Path)?;
        let (index, width) = parse_place(place)?;
        let level = u8::try_from(level).map_err(|_| TileError::Level { got: level })?;
        Self::new(level, index, width)
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path())
    }
}

/// Leaves below one hash of a tile of a level.
fn leaves_below(level: u8) -> u64 {
    1_u64.checked_shl(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(u64::MAX)
}

/// Number of hashes that tiles of a level have in a tree.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// `<N>[.p/<W>]`: groups of three digits, all but the last with an `x`; the width only of a partial tile.
pub(crate) fn place_path(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    match u64::from(width) {
        TILE_WIDTH => path,
        width => format!("{path}.p/{width}"),
    }
}

/// Index and width of exactly such a path.
pub(crate) fn parse_place(place: &str) -> Result<(u64, u16), TileError> {
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => {
            let width = decimal(width).ok_or(TileError::Path)?;
            if width == 0 || width >= TILE_WIDTH {
                return Err(TileError::Width { got: width });
            }
            (groups, width)
        }
        None => (place, TILE_WIDTH),
    };
    let mut index = 0_u64;
    let mut groups = groups.split('/').peekable();
    while let Some(group) = groups.next() {
        let digits = match groups.peek() {
            Some(_) => group.strip_prefix('x').ok_or(TileError::Path)?,
            None => group,
        };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TileError::Path);
        }
        let digits = digits.parse::<u64>().map_err(|_| TileError::Path)?;
        index = index.checked_mul(1000).and_then(|index| index.checked_add(digits)).ok_or(TileError::Path)?;
    }
    let width = width as u16;
    // Leading groups of zeros are another spelling of the same index.
    if place_path(index, width) == place { Ok((index, width)) } else { Err(TileError::Path) }
}

/// Positions within a level that are new or wider, each with its width.
pub(crate) fn places_for_growth(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let first = if old < new { old / TILE_WIDTH } else { new.div_ceil(TILE_WIDTH) };
    (first..new.div_ceil(TILE_WIDTH))
        .map(move |index| (index, (new - index * TILE_WIDTH).min(TILE_WIDTH) as u16))
}

/// The tiles that a tree of `new` leaves has and a tree of `old` leaves has not, lowest level first.
///
/// Owes: memory for one name in 255 new leaves; grow a large tree in steps.
#[must_use]
pub fn tiles_for_growth(old: u64, new: u64) -> Vec<TileId> {
    let of_level = |level| {
        places_for_growth(hashes_at(level, old), hashes_at(level, new))
            .filter_map(move |(index, width)| TileId::new(level, index, width).ok())
    };
    (0..=MAX_TILE_LEVEL).flat_map(of_level).collect()
}

/// The file of a tile: its hashes one after the other.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile's file: exactly as many as the name says.
pub fn tile_hashes(id: &TileId, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let expected = usize::from(id.width) * HASH_BYTES;
    if bytes.len() != expected {
        return Err(TileError::Length { width: id.width, expected, got: bytes.len() });
    }
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    Ok(hashes.iter().copied().map(Hash).collect())
}

//! Table lookup: `y = low + table[x - low of the source]`, one value of a table of 65,536 for every value of the source.

use borsh::{BorshDeserialize, BorshSerialize};

/// Entries of a table: one for every value that a rescaled tensor can have.
pub const ENTRIES: usize = 1 << 16;

/// Data of a lookup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Lookup {
    /// Lowest output value, -65535 to 0; entries are counted from it.
    pub low: i32,
}

impl Lookup {
    /// The output for a value of the source, whose lowest value is `source_low`.
    ///
    /// Shapes: `table` has [`ENTRIES`] values. A value beyond the table reads 0, which an affine operator's output never is.
    #[must_use]
    pub fn output(&self, table: &[u16], source_low: i32, value: i32) -> i32 {
        let index = usize::try_from(i64::from(value) - i64::from(source_low)).ok();
        let entry = index.and_then(|index| table.get(index)).copied().unwrap_or(0);
        self.low.saturating_add(i32::from(entry))
    }
}

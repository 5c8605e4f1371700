//! The row relation: rescale, saturation, ReLU and clip in one formula.
//!
//! `acc * multiplier + 2^15 = (y + (2b - 1) * e) * 2^16 + rem` with `low <= y <= low + 65535`, `0 <= rem < 2^16`,
//! `0 <= e < 2^24`, `b` a bit and `e * (y - low - b * 65535) = 0`. `y` and `rem` are unique; `b` is free where `e = 0`
//! (the evaluator takes 0).

use borsh::{BorshDeserialize, BorshSerialize};

/// Bits dropped by a rescale.
pub const SHIFT: u32 = 16;
/// Highest minus lowest value of a rescaled tensor.
pub const SPAN: i64 = 65_535;
/// Saturation excess must stay below this.
pub const EXCESS_LIMIT: i64 = 1 << 24;

/// Parameters of a rescale.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Rescale {
    /// Positive factor, applied to the accumulator before the shift.
    pub multiplier: u32,
    /// Lowest output value: 0 after ReLU, -32768 for a signed tensor.
    pub low: i32,
}

/// The witness of one position. Shapes: one each per output value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Output minus `low`: 0 to 65535.
    pub above_low: u16,
    /// Remainder.
    pub remainder: u16,
    /// Saturation excess, below [`EXCESS_LIMIT`].
    pub excess: u32,
    /// Whether the saturation is upwards; 0 where nothing saturates.
    pub upward: bool,
}

impl Rescale {
    /// The row of an accumulator; `None` where the excess is out of range, which interval analysis excludes.
    #[must_use]
    pub fn row(&self, accumulator: i64) -> Option<Row> {
        let shifted = i128::from(accumulator) * i128::from(self.multiplier) + (1 << (SHIFT - 1));
        let quotient = shifted >> SHIFT;
        let remainder = (shifted & 0xffff) as u16;
        let above = quotient - i128::from(self.low);
        let clamped = above.clamp(0, i128::from(SPAN));
        let excess = (above - clamped).unsigned_abs();
        if excess >= EXCESS_LIMIT as u128 {
            return None;
        }
        Some(Row { above_low: clamped as u16, remainder, excess: excess as u32, upward: above > clamped })
    }

    /// The output value of a row.
    #[must_use]
    pub fn output(&self, row: &Row) -> i32 {
        self.low.saturating_add(i32::from(row.above_low))
    }
}

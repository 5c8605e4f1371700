//! Features: decimals picked out of plugin payloads, as bounded integers.

use borsh::{BorshDeserialize, BorshSerialize};

/// One input of the model.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Feature {
    /// Name, unique in the program.
    pub name: String,
    /// Index of the plugin that reports it.
    pub plugin: u16,
    /// JSON pointer (RFC 6901) inside the plugin's payload.
    pub pointer: String,
    /// Digits after the decimal point: the integer is the decimal times `10^decimals`.
    pub decimals: u8,
    /// Lowest integer.
    pub min: i64,
    /// Highest integer; `max - min <= 65535`.
    pub max: i64,
}

impl Feature {
    /// Highest value of the model's input: `max - min`.
    #[must_use]
    pub fn span(&self) -> u64 {
        if self.max < self.min { 0 } else { self.max.abs_diff(self.min) }
    }
}

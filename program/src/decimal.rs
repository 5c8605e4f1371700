//! Plain decimals as scaled integers, without floating point.

use thiserror::Error;

/// Why a text is not the decimal that a feature needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecimalError {
    /// Not an optional minus sign, digits, and optionally a point with digits.
    #[error("not a plain decimal number")]
    NotANumber,
    /// A non-zero digit beyond the scale.
    #[error("more than {decimals} digits after the decimal point")]
    TooManyDigits {
        /// Digits allowed.
        decimals: u8,
    },
    /// Beyond an `i64` at this scale.
    #[error("too large for a 64-bit integer")]
    TooLarge,
}

/// The decimal times `10^decimals`, exactly.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<i64, DecimalError> {
    let _ = (text, decimals);
    todo!()
}

/// The decimal text of `value / 10^decimals`.
#[must_use]
pub fn format_decimal(value: i64, decimals: u8) -> String {
    let _ = (value, decimals);
    todo!()
}

//! Plain decimals as scaled integers, without floating point.

use thiserror::Error;

/// Why a text is not the decimal that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecimalError {
    /// Not what [`parse_decimal`] reads.
    #[error(
        "not a plain decimal number such as 0, 12 or -3.50 (no exponent, no leading zeros, no plus sign)"
    )]
    NotANumber,
    /// More digits after the point than the scale has, zeros included.
    #[error("{got} digits after the decimal point, at most {decimals} are allowed")]
    TooManyDigits {
        /// Digits allowed.
        decimals: u8,
        /// Digits found.
        got: usize,
    },
    /// Beyond an `i64` at this scale.
    #[error("too large for a 64-bit integer with {decimals} decimals")]
    TooLarge {
        /// The scale.
        decimals: u8,
    },
}

/// The decimal times `10^decimals`, exactly.
///
/// Grammar: a JSON number without exponent, that is an optional `-`, then `0` or digits that do not start with 0, then
/// optionally a point and at least one digit. `-0` is 0.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<i64, DecimalError> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match magnitude.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (magnitude, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || leading_zero || !fraction.is_none_or(digits) {
        return Err(DecimalError::NotANumber);
    }
    let fraction = fraction.unwrap_or("");
    if fraction.len() > usize::from(decimals) {
        return Err(DecimalError::TooManyDigits { decimals, got: fraction.len() });
    }
    let zeros = std::iter::repeat_n(b'0', usize::from(decimals) - fraction.len());
    let sign = if negative { -1 } else { 1 };
    whole
        .bytes()
        .chain(fraction.bytes())
        .chain(zeros)
        .try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add(sign * i64::from(digit - b'0')))
        .ok_or(DecimalError::TooLarge { decimals })
}

/// The decimal text of `value / 10^decimals`, with exactly `decimals` digits after the point.
#[must_use]
pub fn format_decimal(value: i64, decimals: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let decimals = usize::from(decimals);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

//! `[fidelity]`: how near the integer program must be to the float model.

use super::source::{File, Literal};
use super::{ManifestCause, ManifestError, Text};
use crate::fidelity::Target;
use candor_program::decimal::parse_decimal;
use toml::Spanned;

/// Most bits that an output of sixteen bits can have.
const BITS: i64 = 16;
/// Digits after the point of a percentage.
const DECIMALS: u8 = 4;

/// The target; nothing is asked for where the table is missing.
pub(super) fn target(text: Text<'_>, file: &File) -> Result<Target, ManifestError> {
    let Some(fidelity) = &file.fidelity else { return Ok(Target::default()) };
    let bits = fidelity.bits.as_ref().map(|literal| bits(text, literal)).transpose()?;
    let disagreement = fidelity.max_disagreement.as_ref().map(|literal| share(text, literal)).transpose()?;
    Ok(Target { bits, disagreement })
}

fn bits(text: Text<'_>, literal: &Spanned<Literal>) -> Result<f64, ManifestError> {
    let got = literal.get_ref().0.as_str();
    let bits = parse_decimal(got, 0).ok().filter(|bits| (1..=BITS).contains(bits));
    bits.map(|bits| bits as f64).ok_or_else(|| {
        let cause =
            ManifestCause::WholeNumber { got: got.into(), lowest: "1".into(), highest: BITS.to_string() };
        text.error(literal.span(), "fidelity.bits", cause)
    })
}

fn share(text: Text<'_>, literal: &Spanned<Literal>) -> Result<f64, ManifestError> {
    let got = literal.get_ref().0.as_str();
    let percent = got.strip_suffix('%').and_then(|number| parse_decimal(number.trim_end(), DECIMALS).ok());
    let whole = 100 * 10i64.pow(DECIMALS.into());
    percent
        .filter(|percent| (0..=whole).contains(percent))
        .map(|percent| percent as f64 / whole as f64)
        .ok_or_else(|| {
            let cause = ManifestCause::Percentage { got: got.into(), decimals: DECIMALS };
            text.error(literal.span(), "fidelity.max_disagreement", cause)
        })
}

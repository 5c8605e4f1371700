//! `[head]`: actions, and the assets and venues that they name.

use super::source::{Action as SourceAction, File};
use super::{ManifestCause, ManifestError, Text};
use crate::nearest::nearest;
use candor_program::head::{ActionTemplate, Head};
use candor_program::limits;
use std::collections::BTreeSet;
use toml::Spanned;

/// The head, and the digits after the point of its amounts.
pub(super) fn head(text: Text<'_>, file: &File) -> Result<(Head, u8), ManifestError> {
    let decimals = text.decimals(file.head.decimals.as_ref(), "head.decimals".into())?;
    let assets = instruments(text, &file.head.assets, "head.assets")?;
    let venues = instruments(text, &file.head.venues, "head.venues")?;
    let list = file.head.actions.get_ref();
    if list.is_empty() {
        return Err(text.error(file.head.actions.span(), "head.actions", ManifestCause::Empty));
    }
    text.count(list, "head.actions", limits::ACTIONS)?;
    let mut names = BTreeSet::new();
    let mut actions = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let field = |key: &str| format!("head.actions[{index}].{key}");
        let action = entry.get_ref();
        let instrument = |written: &Option<Spanned<String>>, known: &[String], key: &str| {
            instrument(text, entry, written.as_ref(), known, (key, field(key)))
        };
        actions.push(ActionTemplate {
            name: text.unique(&mut names, &action.name, field("name"))?,
            abstain: action.abstain,
            amount: amount(text, entry, decimals, field("amount"))?,
            asset: instrument(&action.asset, &assets, "asset")?,
            venue: instrument(&action.venue, &venues, "venue")?,
        });
    }
    Ok((Head::ArgMax { actions, assets, venues }, decimals))
}

fn instruments(text: Text<'_>, list: &[Spanned<String>], field: &str) -> Result<Vec<String>, ManifestError> {
    text.count(list, field, limits::INSTRUMENTS)?;
    let mut names = BTreeSet::new();
    let named = list.iter().enumerate();
    named.map(|(index, name)| text.unique(&mut names, name, format!("{field}[{index}]"))).collect()
}

fn amount(
    text: Text<'_>,
    entry: &Spanned<SourceAction>,
    decimals: u8,
    field: String,
) -> Result<i64, ManifestError> {
    let action = entry.get_ref();
    match (&action.amount, action.abstain) {
        (Some(amount), false) => match text.decimal(amount, field.clone(), decimals)? {
            0 => Err(text.error(amount.span(), field, ManifestCause::AmountZero)),
            // Its magnitude is a fact.
            i64::MIN => {
                let cause = ManifestCause::WholeNumber {
                    got: i64::MIN.to_string(),
                    lowest: (-i64::MAX).to_string(),
                    highest: i64::MAX.to_string(),
                };
                Err(text.error(amount.span(), field, cause))
            }
            whole => Ok(whole),
        },
        (None, true) => Ok(0),
        (None, false) => Err(text.error(entry.span(), field, ManifestCause::AmountMissing)),
        (Some(amount), true) => Err(text.error(amount.span(), field, ManifestCause::AmountOfAbstention)),
    }
}

/// The index of an asset or venue. An action that acts names one where there are several.
fn instrument(
    text: Text<'_>,
    entry: &Spanned<SourceAction>,
    written: Option<&Spanned<String>>,
    known: &[String],
    (key, field): (&str, String),
) -> Result<u16, ManifestError> {
    let Some(name) = written else {
        if known.len() > 1 && !entry.get_ref().abstain {
            let cause = ManifestCause::InstrumentMissing { key: key.into(), known: known.join(", ") };
            return Err(text.error(entry.span(), field, cause));
        }
        return Ok(0);
    };
    match known.iter().position(|known| known == name.get_ref()) {
        // At most `limits::INSTRUMENTS`.
        Some(index) => Ok(index as u16),
        None => {
            let got = name.get_ref().clone();
            let meant = nearest(&got, known.iter().map(String::as_str));
            let cause = ManifestCause::UnknownInstrument { got, meant, known: known.join(", ") };
            Err(text.error(name.span(), field, cause))
        }
    }
}

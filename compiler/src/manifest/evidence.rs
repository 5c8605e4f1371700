//! `[[evidence]]` to slots.

use super::source::{Direction as WrittenDirection, File, Slot as SourceSlot};
use super::{ManifestCause, ManifestError, Text, expression};
use crate::nearest::nearest;
use candor_program::decimal::parse_decimal;
use candor_program::evidence::{Authority, Direction, Slot, Subject, ValueName};
use candor_program::limits;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// The declared slots.
pub(super) fn slots(text: Text<'_>, file: &File) -> Result<Vec<Slot>, ManifestError> {
    text.count(&file.evidence, "evidence", limits::EVIDENCE)?;
    let mut names = BTreeSet::new();
    let mut slots = Vec::with_capacity(file.evidence.len());
    for (index, entry) in file.evidence.iter().enumerate() {
        let field = |key: &str| format!("evidence[{index}].{key}");
        let slot = entry.get_ref();
        let name = text.unique(&mut names, &slot.name, field("name"))?;
        let decimals = text.decimals(slot.decimals.as_ref(), field("decimals"))?;
        let values = values(text, slot, decimals, &field)?;
        let default = match &slot.default {
            None => None,
            Some(literal) => {
                let got = &literal.get_ref().0;
                let named = values.iter().find(|value| value.name == *got).map(|value| value.value);
                Some(match named {
                    Some(value) => value,
                    None => text.decimal(literal, field("default"), decimals)?,
                })
            }
        };
        slots.push(Slot {
            name,
            authority: authority(text, entry, &field)?,
            subject: subject(text, slot, &field)?,
            decimals,
            default,
            revoked_by: None,
            values,
        });
    }
    revokers(text, file, &mut slots)?;
    Ok(slots)
}

fn authority(
    text: Text<'_>,
    entry: &Spanned<SourceSlot>,
    field: &impl Fn(&str) -> String,
) -> Result<Authority, ManifestError> {
    let slot = entry.get_ref();
    match (&slot.attester, &slot.mandate) {
        (Some(attester), None) => {
            Ok(Authority::Attester { key: text.signer_key(attester, field("attester"))? })
        }
        (None, Some(mandate)) => {
            let mandate = mandate.get_ref();
            Ok(Authority::Mandate {
                owner: text.signer_key(&mandate.owner, field("mandate.owner"))?,
                limit: text.name(&mandate.limit, field("mandate.limit"))?,
                direction: match mandate.direction {
                    WrittenDirection::AtMost => Direction::AtMost,
                    WrittenDirection::AtLeast => Direction::AtLeast,
                },
            })
        }
        _ => Err(text.error(entry.span(), field("attester"), ManifestCause::Authority)),
    }
}

fn subject(
    text: Text<'_>,
    slot: &SourceSlot,
    field: &impl Fn(&str) -> String,
) -> Result<Subject, ManifestError> {
    let Some(written) = slot.subject.as_ref().filter(|written| written.get_ref() != "agent") else {
        return Ok(Subject::Agent);
    };
    let address = expression::hexadecimal::<20>(written.get_ref()).map(|address| {
        let mut id = [0; 32];
        id[12..].copy_from_slice(&address);
        id
    });
    match address.or_else(|| expression::hexadecimal(written.get_ref())) {
        Some(id) => Ok(Subject::Principal { id }),
        None => {
            let cause = ManifestCause::Subject { got: written.get_ref().clone() };
            Err(text.error(written.span(), field("subject"), cause))
        }
    }
}

/// Names of values, in the order of the names.
fn values(
    text: Text<'_>,
    slot: &SourceSlot,
    decimals: u8,
    field: &impl Fn(&str) -> String,
) -> Result<Vec<ValueName>, ManifestError> {
    let (got, limit) = (slot.values.len(), limits::VALUE_NAMES);
    if got > limit {
        return Err(text.error(slot.name.span(), field("values"), ManifestCause::TooMany { got, limit }));
    }
    let mut names: BTreeMap<i64, &str> = BTreeMap::new();
    let mut values = Vec::with_capacity(slot.values.len());
    for (name, literal) in &slot.values {
        let key = || field(&format!("values.{name}"));
        let error = |cause| text.error(literal.span(), key(), cause);
        // What begins like a number could never be said in a condition.
        let number = |first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.');
        if name.starts_with(number) || !super::is_name(name) {
            return Err(error(ManifestCause::BadName { got: name.clone(), limit: limits::NAME_BYTES }));
        }
        let value = parse_decimal(&literal.get_ref().0, decimals).map_err(|source| {
            error(ManifestCause::Decimal { got: literal.get_ref().0.clone(), decimals, source })
        })?;
        if let Some(other) = names.insert(value, name) {
            return Err(error(ManifestCause::ValueTwice { name: name.clone(), other: other.to_owned() }));
        }
        values.push(ValueName { value, name: name.clone() });
    }
    Ok(values)
}

/// Slots that revoke, once all names are known.
fn revokers(text: Text<'_>, file: &File, slots: &mut [Slot]) -> Result<(), ManifestError> {
    for (index, entry) in file.evidence.iter().enumerate() {
        let Some(name) = &entry.get_ref().revoked_by else { continue };
        let error = |cause| text.error(name.span(), format!("evidence[{index}].revoked_by"), cause);
        let names = || slots.iter().map(|slot| slot.name.as_str());
        let Some(by) = names().position(|known| known == name.get_ref()) else {
            let got = name.get_ref().clone();
            let known = names().collect::<Vec<_>>().join(", ");
            return Err(error(ManifestCause::UnknownSlot { meant: nearest(&got, names()), got, known }));
        };
        let revoked = file.evidence.get(by).is_some_and(|entry| entry.get_ref().revoked_by.is_some());
        if revoked || slots[by].decimals != 0 {
            return Err(error(ManifestCause::Revoker { slot: name.get_ref().clone() }));
        }
        // At most 16 slots.
        slots[index].revoked_by = Some(by as u8);
    }
    Ok(())
}

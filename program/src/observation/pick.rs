//! Features out of one payload, which is read once.

use super::error::{FeaturePlace, ObservationError, excerpt};
use super::json::{self, Object};
use crate::card::Card;
use crate::decimal::{DecimalError, format_decimal, parse_decimal};
use crate::feature::Feature;
use crate::limits;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Writes the features of one plugin to their places in `values`.
pub(super) fn from_payload(
    card: &Card,
    plugin: usize,
    payload: &[u8],
    values: &mut [u16],
) -> Result<(), ObservationError> {
    let wanted: Vec<Wanted<'_>> = card
        .features
        .iter()
        .enumerate()
        .filter(|(_, feature)| usize::from(feature.plugin) == plugin)
        .map(|(index, feature)| Wanted { index, feature, tokens: tokens(&feature.pointer) })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let id = || card.plugins.get(plugin).map(|plugin| plugin.id.clone()).unwrap_or_default();
    if payload.len() > limits::LINE_BYTES {
        let (limit, got) = (limits::LINE_BYTES, payload.len());
        return Err(ObservationError::PayloadTooLong { plugin: id(), limit, got });
    }
    let value =
        json::raw(payload).map_err(|column| ObservationError::PayloadNotJson { plugin: id(), column })?;
    let mut picked = Vec::with_capacity(wanted.len());
    descend(card, value, &wanted.iter().collect::<Vec<_>>(), 0, &mut picked)?;
    // In the card's order, so that the first feature at fault is the one reported.
    picked.sort_unstable_by_key(|(wanted, _)| wanted.index);
    let mut picked = picked.into_iter().peekable();
    for wanted in &wanted {
        let found = picked.next_if(|(found, _)| found.index == wanted.index);
        let place = || FeaturePlace::of(card, wanted.feature);
        let (_, value) = found.ok_or_else(|| ObservationError::MissingFeature { feature: place() })?;
        let value = read(wanted.feature, value.get(), place)?;
        if let Some(slot) = values.get_mut(wanted.index) {
            *slot = value;
        }
    }
    Ok(())
}

struct Wanted<'a> {
    index: usize,
    feature: &'a Feature,
    tokens: Vec<Cow<'a, str>>,
}

/// Reference tokens of a JSON pointer (RFC 6901, section 3).
fn tokens(pointer: &str) -> Vec<Cow<'_, str>> {
    let unescape = |token| {
        if str::contains(token, '~') {
            Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(token)
        }
    };
    pointer.split('/').skip(1).map(unescape).collect()
}

/// Collects what the pointers lead to; what leads nowhere is left out.
fn descend<'w, 'v>(
    card: &Card,
    value: &'v RawValue,
    wanted: &[&'w Wanted<'w>],
    depth: usize,
    picked: &mut Vec<(&'w Wanted<'w>, &'v RawValue)>,
) -> Result<(), ObservationError> {
    let mut children: BTreeMap<&str, Vec<&'w Wanted<'w>>> = BTreeMap::new();
    for wanted in wanted {
        match wanted.tokens.get(depth) {
            None => picked.push((wanted, value)),
            Some(token) => children.entry(token.as_ref()).or_default().push(wanted),
        }
    }
    let Some(first) = children.values().next().and_then(|wanted| wanted.first()) else { return Ok(()) };
    if let Some(object) = json::parse::<Object<'_>>(value.get()) {
        json::unique(&object.0, &place(card, first, depth))?;
        for (key, child) in object.0 {
            if let Some(wanted) = children.get(key.as_ref()) {
                descend(card, child, wanted, depth + 1, picked)?;
            }
        }
    } else if let Some(array) = json::parse::<Vec<&RawValue>>(value.get()) {
        for (token, wanted) in children {
            if let Some(child) = array_index(token).and_then(|index| array.get(index)) {
                descend(card, child, &wanted, depth + 1, picked)?;
            }
        }
    }
    Ok(())
}

/// Array index of RFC 6901, section 4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let leading_zero = token.len() > 1 && token.starts_with('0');
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !leading_zero { token.parse().ok() } else { None }
}

fn place(card: &Card, wanted: &Wanted<'_>, depth: usize) -> String {
    let plugin = FeaturePlace::of(card, wanted.feature).plugin;
    let path: Vec<&str> = wanted.feature.pointer.split('/').take(depth + 1).collect();
    format!("the payload of plugin `{plugin}` at `{}`", path.join("/"))
}

fn read(
    feature: &Feature,
    text: &str,
    place: impl Fn() -> Box<FeaturePlace>,
) -> Result<u16, ObservationError> {
    let got = || excerpt(text);
    let decimal = match json::parse::<Cow<'_, str>>(text) {
        Some(string) => string,
        None => Cow::Borrowed(text),
    };
    let out_of_range = || ObservationError::OutOfRange {
        feature: place(),
        got: got(),
        min: format_decimal(feature.min, feature.decimals),
        max: format_decimal(feature.max, feature.decimals),
    };
    let integer = parse_decimal(&decimal, feature.decimals).map_err(|error| match error {
        DecimalError::NotANumber => ObservationError::NotANumber { feature: place(), got: got() },
        DecimalError::TooManyDigits { decimals, .. } => {
            ObservationError::TooManyDigits { feature: place(), decimals, got: got() }
        }
        DecimalError::TooLarge { .. } => out_of_range(),
    })?;
    if !(feature.min..=feature.max).contains(&integer) {
        return Err(out_of_range());
    }
    let above = integer.checked_sub(feature.min).and_then(|above| u16::try_from(above).ok());
    above.ok_or_else(out_of_range)
}

//! JSON one level at a time: keys checked for duplicates, values kept as their exact text.

use super::error::{ObservationError, excerpt};
use crate::limits;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// A line, split.
pub(super) struct Line<'a> {
    pub(super) time: u64,
    /// Plugin identifiers and raw payloads, in the line's order.
    pub(super) plugins: Vec<(Cow<'a, str>, &'a str)>,
}

pub(super) fn read_line(line: &str) -> Result<Line<'_>, ObservationError> {
    let top: Object<'_> =
        serde_json::from_str(line).map_err(|error| ObservationError::NotJson { column: error.column() })?;
    unique(&top.0, "the line")?;
    let (mut time, mut plugins) = (None, None);
    for (key, value) in top.0 {
        match key.as_ref() {
            "time" => time = Some(read_time(value.get())?),
            "plugins" => plugins = Some(value.get()),
            other => return Err(ObservationError::UnknownKey { key: excerpt(other) }),
        }
    }
    let time = time.ok_or(ObservationError::TimeMissing)?;
    let plugins = plugins.ok_or(ObservationError::PluginsMissing)?;
    let plugins = parse::<Object<'_>>(plugins).ok_or(ObservationError::PluginsNotObject)?;
    unique(&plugins.0, "`plugins`")?;
    Ok(Line { time, plugins: plugins.0.into_iter().map(|(id, payload)| (id, payload.get())).collect() })
}

/// Whole seconds below the limit, `None` for any other text.
pub(super) fn seconds(text: &str) -> Option<u64> {
    read_time(text).ok()
}

fn read_time(text: &str) -> Result<u64, ObservationError> {
    let got = || excerpt(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ObservationError::TimeNotInteger { got: got() });
    }
    if digits.len() < text.len() {
        return Err(ObservationError::TimeNegative { got: got() });
    }
    match digits.parse() {
        Ok(time) if time < limits::TIME => Ok(time),
        _ => Err(ObservationError::TimeTooLate { got: got() }),
    }
}

/// Refuses an object with one key twice.
pub(super) fn unique(entries: &[(Cow<'_, str>, &RawValue)], place: &str) -> Result<(), ObservationError> {
    match duplicate(entries) {
        None => Ok(()),
        Some(key) => Err(ObservationError::DuplicateKey { key: excerpt(key), place: place.to_owned() }),
    }
}

/// The first key that occurs a second time.
pub(super) fn duplicate<'a>(entries: &'a [(Cow<'_, str>, &RawValue)]) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    entries.iter().map(|(key, _)| key.as_ref()).find(|key| !seen.insert(*key))
}

/// The value of a text that is known to be JSON, `None` where it has another type.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A JSON value of any type, as its text.
pub(super) fn raw(bytes: &[u8]) -> Result<&RawValue, usize> {
    serde_json::from_slice(bytes).map_err(|error| error.column())
}

/// Entries of an object, in order, duplicates included.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            entries.push((key.0, map.next_value()?));
        }
        Ok(Object(entries))
    }
}

/// A key without its escapes; borrowed where it has none.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

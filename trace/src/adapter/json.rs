//! JSON from outside: every number as its text, every key once, depth and length limited.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// Deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// Longest document.
pub const MAX_JSON_BYTES: usize = 64 << 20;

/// A JSON value. Numbers keep their text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A string without its escapes.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; no key occurs twice.
    Object(Vec<(String, Json)>),
}

/// Why a text is not read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum JsonError {
    /// Longer than the limit: nothing was read.
    #[error("{got} bytes, at most {limit} are allowed")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// Nested deeper than the limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Limit.
        limit: usize,
    },
    /// Not JSON.
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Half of a surrogate pair, which is no character.
    #[error("a string has half of a surrogate pair, which is no character")]
    LoneSurrogate,
    /// One key twice.
    #[error("the key `{key}` occurs twice in one object")]
    DuplicateKey {
        /// Key.
        key: String,
    },
}

impl Json {
    /// Reads one value with nothing after it.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        if text.len() > MAX_JSON_BYTES {
            return Err(JsonError::TooLong { limit: MAX_JSON_BYTES, got: text.len() });
        }
        let raw: &RawValue = serde_json::from_str(text)
            .map_err(|error| JsonError::NotJson { line: error.line(), column: error.column() })?;
        read(raw.get(), MAX_DEPTH)
    }
    /// The value of a key of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
    /// A string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
    /// An array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }
    /// A whole number in plain digits, as a number or as a string.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        let (Self::Number(text) | Self::Text(text)) = self else { return None };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    }
    /// `null`, or no value at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl fmt::Display for Json {
    /// Without white space; keys in their order, numbers as written.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => out.write_str(number),
            Self::Text(value) => out.write_str(&text(value)),
            Self::Array(values) => {
                out.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    value.fmt(out)?;
                }
                out.write_str("]")
            }
            Self::Object(entries) => {
                out.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    write!(out, "{}:{value}", text(key))?;
                }
                out.write_str("}")
            }
        }
    }
}

/// One value of a text that is known to be JSON.
fn read(text: &str, depth: usize) -> Result<Json, JsonError> {
    let inner = || depth.checked_sub(1).ok_or(JsonError::TooDeep { limit: MAX_DEPTH });
    match text.as_bytes().first() {
        Some(b'n') => Ok(Json::Null),
        Some(b't') => Ok(Json::Bool(true)),
        Some(b'f') => Ok(Json::Bool(false)),
        Some(b'"') => parse::<String>(text).map(Json::Text),
        Some(b'[') => {
            let depth = inner()?;
            let values = parse::<Vec<&RawValue>>(text)?;
            values
                .into_iter()
                .map(|value| read(value.get(), depth))
                .collect::<Result<_, _>>()
                .map(Json::Array)
        }
        Some(b'{') => {
            let depth = inner()?;
            let Entries(entries) = parse(text)?;
            let mut seen = BTreeSet::new();
            if let Some((key, _)) = entries.iter().find(|(key, _)| !seen.insert(key.as_ref())) {
                return Err(JsonError::DuplicateKey { key: key.chars().take(60).collect() });
            }
            let read =
                |(key, value): (Cow<'_, str>, &RawValue)| Ok((key.into_owned(), read(value.get(), depth)?));
            entries.into_iter().map(read).collect::<Result<_, _>>().map(Json::Object)
        }
        _ => Ok(Json::Number(text.to_owned())),
    }
}

/// The syntax was checked as a whole: what still fails is a string with half of a surrogate pair.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|_| JsonError::LoneSurrogate)
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    entries.push((key.0, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

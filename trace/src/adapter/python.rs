//! `json.dumps(json.loads(text), sort_keys=True)` of Python 3, byte for byte.
//!
//! Separators `, ` and `: `; keys by code point; everything outside space to `~` escaped, in UTF-16 with lower-case digits;
//! integers as their digits; other numbers as the shortest decimal that gives the same double, in Python's notation.
//! Checked against fixtures that Python 3.11 made (fixtures/adapters/make_python_json.py).

use super::json::Json;
use std::fmt::Write;
use thiserror::Error;

/// Most digits of an integer that Python converts (`sys.int_info.default_max_str_digits`).
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// Why Python gives no text for a value.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PythonError {
    /// An integer that Python refuses to convert.
    #[error("an integer of {got} digits; Python converts at most {limit}")]
    IntegerTooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A number without a double: what Python's `float()` refuses.
    #[error("{got} is no double")]
    NotADouble {
        /// Text.
        got: String,
    },
}

/// The text that Python gives for a value that it read from JSON.
pub fn dumps(value: &Json) -> Result<String, PythonError> {
    let mut text = String::new();
    write_value(&mut text, value)?;
    Ok(text)
}

/// `repr(float(text))` of a JSON number.
pub fn float(text: &str) -> Result<String, PythonError> {
    let not = || PythonError::NotADouble { got: text.chars().take(60).collect() };
    let value: f64 = text.parse().map_err(|_| not())?;
    // An integer beyond the largest double is an error in Python; digits with a point or exponent become infinite.
    if value.is_infinite() && is_integer(text) {
        return Err(not());
    }
    Ok(repr(value))
}

fn write_value(text: &mut String, value: &Json) -> Result<(), PythonError> {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(true) => text.push_str("true"),
        Json::Bool(false) => text.push_str("false"),
        Json::Number(number) => text.push_str(&write_number(number)?),
        Json::Text(value) => write_text(text, value),
        Json::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_value(text, value)?;
            }
            text.push(']');
        }
        Json::Object(entries) => {
            let mut sorted: Vec<&(String, Json)> = entries.iter().collect();
            // UTF-8 has the order of code points.
            sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
            text.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_text(text, key);
                text.push_str(": ");
                write_value(text, value)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn write_number(number: &str) -> Result<String, PythonError> {
    if !is_integer(number) {
        return float(number);
    }
    let got = number.trim_start_matches('-').len();
    if got > MAX_INTEGER_DIGITS {
        return Err(PythonError::IntegerTooLong { limit: MAX_INTEGER_DIGITS, got });
    }
    Ok(if number == "-0" { "0".to_owned() } else { number.to_owned() })
}

/// Shortest digits, without exponent from 1e-4 up to below 1e16.
fn repr(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { plain + ".0" }
}

fn write_text(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a string does not fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

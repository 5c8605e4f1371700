//! Attribute values of OTLP as plain JSON.

use crate::adapter::json::Json;

/// The JSON value of an `AnyValue`; `None`: it is none.
///
/// 64-bit integers are written as strings in OTLP JSON, and read as numbers; bytes stay base64.
pub(super) fn any_value(value: &Json) -> Option<Json> {
    let Json::Object(entries) = value else { return None };
    let [(kind, value)] = entries.as_slice() else {
        // An empty value is null.
        return entries.is_empty().then_some(Json::Null);
    };
    match (kind.as_str(), value) {
        ("stringValue" | "bytesValue", Json::Text(_)) | ("boolValue", Json::Bool(_)) => Some(value.clone()),
        ("doubleValue", Json::Number(_)) => Some(value.clone()),
        ("intValue", Json::Number(text) | Json::Text(text)) => {
            text.parse::<i64>().ok().map(|value| Json::Number(value.to_string()))
        }
        ("arrayValue", value) => values(value)?.iter().map(any_value).collect::<Option<_>>().map(Json::Array),
        ("kvlistValue", value) => key_values(values(value)?).map(Json::Object),
        _ => None,
    }
}

fn values(list: &Json) -> Option<&[Json]> {
    match list.get("values") {
        None => matches!(list, Json::Object(_)).then_some(&[]),
        Some(values) => values.as_array(),
    }
}

/// Key and value pairs; no key twice.
pub(super) fn key_values(pairs: &[Json]) -> Option<Vec<(String, Json)>> {
    let mut entries: Vec<(String, Json)> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let key = pair.get("key")?.as_text()?;
        if entries.iter().any(|(name, _)| name == key) {
            return None;
        }
        let value = pair.get("value").map_or(Some(Json::Null), any_value)?;
        entries.push((key.to_owned(), value));
    }
    Some(entries)
}

//! The shape of a JSON object: its keys, and what kind of value each has. Programs rely on it.

use serde_json::{Value, json};

/// The value with every leaf replaced by its kind: `bool`, `number`, `string`, `null`, or, of `0x` and hexadecimal digits,
/// the number of bytes.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(text) => json!(kind(text)),
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
    }
}

fn kind(text: &str) -> String {
    match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) => {
            format!("0x, {} bytes", digits.len().div_ceil(2))
        }
        _ => "string".to_owned(),
    }
}

/// The shape of a verifying key.
pub(crate) fn seal_key() -> Value {
    json!({
        "keyId": "0x, 32 bytes",
        "classDigest": "0x, 32 bytes",
        "development": "bool",
        "records": "number",
        "constraints": "number",
    })
}

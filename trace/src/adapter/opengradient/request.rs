//! What the gateway signs of a request and of an answer.

use super::error::OpenGradientError;
use crate::adapter::json::Json;
use crate::adapter::python;

type Entries = Vec<(String, Json)>;

fn entry(key: &str, value: Json) -> (String, Json) {
    (key.to_owned(), value)
}

fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

/// What Python takes for true.
fn is_true(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.parse::<f64>().is_ok_and(|value| value != 0.0),
        Json::Text(text) => !text.is_empty(),
        Json::Array(values) => !values.is_empty(),
        Json::Object(entries) => !entries.is_empty(),
    }
}

fn field(object: &Json, key: &str) -> Json {
    object.get(key).cloned().unwrap_or(Json::Null)
}

fn true_field(object: &Json, key: &str) -> Option<Json> {
    object.get(key).filter(|value| is_true(value)).cloned()
}

/// The fields of a chat request that the gateway signs; what it does not sign is left out.
///
/// Applied to a request that is already reduced, it changes nothing.
pub fn canonical_request(request: &Json) -> Result<Json, OpenGradientError> {
    let model = request.get("model").and_then(Json::as_text).filter(|model| !model.is_empty());
    let model = model.ok_or(OpenGradientError::Field { field: "model" })?;
    let messages = request.get("messages").and_then(Json::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or(OpenGradientError::Field { field: "messages" })?;
    let messages = messages
        .iter()
        .enumerate()
        .map(|(index, message)| canonical_message(index, message))
        .collect::<Result<_, _>>()?;
    let temperature = match field(request, "temperature") {
        Json::Null => "0.0".to_owned(),
        Json::Number(number) => python::float(&number)?,
        _ => return Err(OpenGradientError::Field { field: "temperature" }),
    };
    let mut canonical: Entries = vec![
        entry("model", text(model)),
        entry("messages", Json::Array(messages)),
        entry("temperature", Json::Number(temperature)),
    ];
    let max_tokens = field(request, "max_tokens");
    if !max_tokens.is_null() {
        canonical.push(entry("max_tokens", max_tokens));
    }
    for key in ["stop", "tools", "response_format"] {
        canonical.extend(true_field(request, key).map(|value| entry(key, value)));
    }
    if true_field(request, "web_search").is_some() {
        canonical.push(entry("web_search", Json::Bool(true)));
    }
    Ok(Json::Object(canonical))
}

fn canonical_message(index: usize, message: &Json) -> Result<Json, OpenGradientError> {
    let role =
        message.get("role").and_then(Json::as_text).ok_or(OpenGradientError::Field { field: "role" })?;
    let content = field(message, "content");
    let entries = match role {
        "system" | "developer" => vec![entry("role", text("system")), entry("content", content)],
        "user" => vec![entry("role", text("user")), entry("content", user_content(content)?)],
        "assistant" => {
            let content = if is_true(&content) { content } else { text("") };
            let mut entries = vec![entry("role", text("assistant")), entry("content", content)];
            if let Some(calls) = true_field(message, "tool_calls") {
                let calls = calls.as_array().ok_or(OpenGradientError::Field { field: "tool_calls" })?;
                entries.push(entry("tool_calls", Json::Array(calls.iter().map(tool_call).collect())));
            }
            entries
        }
        "tool" => vec![
            entry("role", text("tool")),
            entry("content", content),
            entry("tool_call_id", field(message, "tool_call_id")),
        ],
        "function" => vec![
            entry("role", text("function")),
            entry("content", content),
            entry("name", field(message, "name")),
        ],
        other => {
            return Err(OpenGradientError::Role { index, role: other.chars().take(60).collect() });
        }
    };
    Ok(Json::Object(entries))
}

fn tool_call(call: &Json) -> Json {
    let or =
        |object: &Json, key: &str, default: &str| object.get(key).cloned().unwrap_or_else(|| text(default));
    let function = field(call, "function");
    Json::Object(vec![
        entry("id", or(call, "id", "")),
        entry("type", or(call, "type", "function")),
        entry(
            "function",
            Json::Object(vec![
                entry("name", or(&function, "name", "")),
                entry("arguments", or(&function, "arguments", "")),
            ]),
        ),
    ])
}

/// Texts stay, attachments shrink to their kind and name.
fn user_content(content: Json) -> Result<Json, OpenGradientError> {
    let Json::Array(parts) = content else {
        let is_text = matches!(content, Json::Text(_));
        return if is_text { Ok(content) } else { Err(OpenGradientError::Field { field: "content" }) };
    };
    let part = |part: Json| match part {
        Json::Text(part) => {
            Ok(Json::Object(vec![entry("type", text("text")), entry("text", Json::Text(part))]))
        }
        Json::Object(_) => Ok(content_part(&part)),
        _ => Err(OpenGradientError::Field { field: "content" }),
    };
    parts.into_iter().map(part).collect::<Result<_, _>>().map(Json::Array)
}

fn content_part(part: &Json) -> Json {
    if part.get("type").and_then(Json::as_text) == Some("text") {
        let value = true_field(part, "text").unwrap_or_else(|| text(""));
        return Json::Object(vec![entry("type", text("text")), entry("text", value)]);
    }
    let name = part.get("file").and_then(|file| true_field(file, "filename"));
    let name = name.or_else(|| true_field(part, "filename"));
    let mut entries = vec![entry("type", field(part, "type"))];
    entries.extend(name.map(|name| entry("filename", name)));
    Json::Object(entries)
}

/// The text of an answer that the gateway signs: the first choice's tool calls as Python writes them, or its content.
pub fn signed_output(response: &Json) -> Result<String, OpenGradientError> {
    let choice = response.get("choices").and_then(Json::as_array).and_then(<[Json]>::first);
    let choice = choice.ok_or(OpenGradientError::Field { field: "choices" })?;
    let message = choice.get("message").ok_or(OpenGradientError::Field { field: "message" })?;
    if choice.get("finish_reason").and_then(Json::as_text) == Some("tool_calls")
        && let Some(calls @ Json::Array(_)) = message.get("tool_calls")
    {
        return Ok(python::dumps(calls)?);
    }
    match field(message, "content") {
        Json::Null => Ok(String::new()),
        Json::Text(content) => Ok(content),
        Json::Array(parts) => {
            let part = |part: &Json| match part {
                Json::Text(part) => Ok(part.clone()),
                Json::Object(_) => {
                    Ok(part.get("text").and_then(Json::as_text).unwrap_or_default().to_owned())
                }
                _ => Err(OpenGradientError::Field { field: "content" }),
            };
            parts.iter().map(part).collect()
        }
        _ => Err(OpenGradientError::Field { field: "content" }),
    }
}

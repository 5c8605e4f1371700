//! Spans out of OTLP JSON: whole exports, or one export or span a line.

use super::attribute::any_value;
use super::error::OtelError;
use crate::adapter::json::Json;
use std::collections::BTreeMap;

/// Most spans of one import.
pub const MAX_SPANS: usize = 100_000;

/// `STATUS_CODE_ERROR` of OTLP.
const STATUS_ERROR: u64 = 2;

/// What an import reads of a span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// Span that it is part of.
    pub parent_span_id: Option<String>,
    /// Nanoseconds since 1970.
    pub end_time_unix_nano: u64,
    /// Whether its status is an error.
    pub failed: bool,
    /// Attributes as JSON.
    pub attributes: BTreeMap<String, Json>,
}

/// The spans of OTLP JSON: one document, or one a line. A document is an export (`resourceSpans`) or a single span.
pub fn read_spans(text: &str) -> Result<Vec<Span>, OtelError> {
    let whole = Json::parse(text);
    let documents = match whole {
        Ok(document) => vec![document],
        Err(source) => {
            let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            if lines.len() < 2 {
                return Err(OtelError::Json { document: 1, source });
            }
            let parse = |(index, line): (usize, &str)| {
                Json::parse(line).map_err(|source| OtelError::Json { document: index + 1, source })
            };
            lines.into_iter().enumerate().map(parse).collect::<Result<_, _>>()?
        }
    };
    let mut spans = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let not_spans = OtelError::NotSpans { document: index + 1 };
        if document.get("traceId").is_some() {
            push(&mut spans, document)?;
            continue;
        }
        let resources = document.get("resourceSpans").and_then(Json::as_array).ok_or(not_spans.clone())?;
        for resource in resources {
            for scope in list(resource, "scopeSpans").ok_or(not_spans.clone())? {
                for span in list(scope, "spans").ok_or(not_spans.clone())? {
                    push(&mut spans, span)?;
                }
            }
        }
    }
    Ok(spans)
}

/// A list that may be left out when it is empty.
fn list<'a>(object: &'a Json, key: &str) -> Option<&'a [Json]> {
    match object.get(key) {
        None | Some(Json::Null) => matches!(object, Json::Object(_)).then_some(&[]),
        Some(value) => value.as_array(),
    }
}

fn push(spans: &mut Vec<Span>, span: &Json) -> Result<(), OtelError> {
    if spans.len() == MAX_SPANS {
        return Err(OtelError::TooManySpans { limit: MAX_SPANS });
    }
    let number = spans.len() + 1;
    spans.push(read_span(number, span)?);
    Ok(())
}

fn read_span(number: usize, span: &Json) -> Result<Span, OtelError> {
    let id = |field: &str, digits: usize| {
        let text = span.get(field)?.as_text()?;
        let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let zero = text.bytes().all(|byte| byte == b'0');
        (fits && !zero).then(|| text.to_ascii_lowercase())
    };
    let missing = |span: &str, field| OtelError::Field { span: span.to_owned(), field };
    let numbered = number.to_string();
    let span_id = id("spanId", 16).ok_or_else(|| missing(&numbered, "spanId"))?;
    let trace_id = id("traceId", 32).ok_or_else(|| missing(&span_id, "traceId"))?;
    let parent_span_id = match span.get("parentSpanId") {
        None | Some(Json::Null) => None,
        Some(Json::Text(text)) if text.is_empty() => None,
        Some(_) => Some(id("parentSpanId", 16).ok_or_else(|| missing(&span_id, "parentSpanId"))?),
    };
    let end = span.get("endTimeUnixNano").and_then(Json::as_u64);
    let end_time_unix_nano = end.ok_or_else(|| missing(&span_id, "endTimeUnixNano"))?;
    let code = span.get("status").and_then(|status| status.get("code"));
    let failed = code.is_some_and(|code| {
        code.as_u64() == Some(STATUS_ERROR) || code.as_text() == Some("STATUS_CODE_ERROR")
    });
    let mut attributes = BTreeMap::new();
    for pair in list(span, "attributes").ok_or_else(|| missing(&span_id, "attributes"))? {
        let key = pair.get("key").and_then(Json::as_text).ok_or_else(|| missing(&span_id, "attributes"))?;
        let value = pair.get("value").map_or(Some(Json::Null), any_value);
        let value = value.ok_or_else(|| missing(&span_id, "attributes"))?;
        if attributes.insert(key.to_owned(), value).is_some() {
            let key = key.chars().take(60).collect();
            return Err(OtelError::DuplicateAttribute { span: span_id, key });
        }
    }
    Ok(Span { trace_id, span_id, parent_span_id, end_time_unix_nano, failed, attributes })
}

impl Span {
    /// An attribute that is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).and_then(Json::as_text)
    }
}

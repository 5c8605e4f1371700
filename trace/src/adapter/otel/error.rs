//! Why spans give no observations.

use crate::adapter::json::JsonError;
use thiserror::Error;

/// Why spans give no observations.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum OtelError {
    /// A document or line that is not JSON.
    #[error("document {document}: {source}")]
    Json {
        /// Document (line), from 1.
        document: usize,
        /// Why.
        source: JsonError,
    },
    /// Neither OTLP traces nor a span.
    #[error("document {document} is neither an object with `resourceSpans` nor a span with `traceId`")]
    NotSpans {
        /// Document (line), from 1.
        document: usize,
    },
    /// More spans than are read.
    #[error("more than {limit} spans; import them in parts")]
    TooManySpans {
        /// Limit.
        limit: usize,
    },
    /// A field of a span that is missing or has another type.
    #[error("span {span}: `{field}` is missing or not what OTLP JSON has there")]
    Field {
        /// Id of the span, or its number where that is missing.
        span: String,
        /// Field.
        field: &'static str,
    },
    /// One attribute twice.
    #[error("span {span}: the attribute `{key}` occurs twice")]
    DuplicateAttribute {
        /// Id of the span.
        span: String,
        /// Attribute.
        key: String,
    },
    /// One span twice, or two spans with one id.
    #[error("two spans of trace {trace} have the id {span}")]
    DuplicateSpan {
        /// Trace.
        trace: String,
        /// Id.
        span: String,
    },
    /// Spans that are their own ancestors.
    #[error("span {span} is its own ancestor")]
    Cycle {
        /// Id of a span.
        span: String,
    },
    /// A tool's span without its result.
    #[error(
        "span {span}: tool `{tool}` has no `gen_ai.tool.call.result`; instrumentations record it only when told to capture content"
    )]
    NoResult {
        /// Id of the span.
        span: String,
        /// Tool.
        tool: String,
    },
    /// No tool that a plugin stands for was run.
    #[error("no span runs one of the tools {}", tools.join(", "))]
    NoTool {
        /// Tools that were looked for.
        tools: Vec<String>,
    },
}

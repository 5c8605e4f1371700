//! Runs of an agent to observations: what its tools gave back, as payloads of plugins.

use super::error::OtelError;
use super::name;
use super::span::Span;
use crate::adapter::json::Json;
use candor_program::encoding::keccak256;
use std::collections::{BTreeMap, BTreeSet};

const NANOSECONDS: u64 = 1_000_000_000;

/// Which tool stands for which plugin.
pub type ToolNames = BTreeMap<String, String>;

/// A line of observations, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportedObservation {
    /// Unix seconds: when the last of its tools ended.
    pub time: u64,
    /// The line, as `candor record` reads it.
    pub line: String,
    /// One JSON object about trace, agent and tools. It is no evidence.
    pub provenance: Json,
}

/// One observation for every run of an agent: for every `invoke_agent` span, or trace without one, in which a tool ended
/// that stands for a plugin. In the order of their times.
///
/// Where a tool was run more than once, its last result counts, and the provenance says how many came before.
/// Errors: spans that do not form trees; a tool that succeeded but whose result was not captured.
/// Owes: that the plugins are the program's, and that the payloads are what its features need.
pub fn observations(spans: &[Span], tools: &ToolNames) -> Result<Vec<ImportedObservation>, OtelError> {
    let forest = Forest::of(spans)?;
    let mut runs: BTreeMap<(&str, &str), Run<'_>> = BTreeMap::new();
    for span in spans {
        let Some(tool) = tool_of(span) else { continue };
        let root = forest.run(span)?;
        let run = runs.entry((&span.trace_id, root.map_or("", |root| &root.span_id))).or_default();
        run.root = root;
        match tools.get(tool) {
            Some(plugin) if !span.failed => run.add(plugin, tool, span)?,
            Some(_) => run.failed += 1,
            None => run.ignored += 1,
        }
    }
    let mut imported: Vec<ImportedObservation> =
        runs.into_values().filter_map(|run| run.observation()).collect();
    if imported.is_empty() {
        return Err(OtelError::NoTool { tools: tools.keys().cloned().collect() });
    }
    imported.sort_by(|left, right| (left.time, &left.line).cmp(&(right.time, &right.line)));
    Ok(imported)
}

/// The tool that a span ran: GenAI's own spans, or those of an MCP client.
fn tool_of(span: &Span) -> Option<&str> {
    let executes = span.text(name::OPERATION) == Some("execute_tool");
    let calls = span.text(name::MCP_METHOD) == Some("tools/call");
    if executes || calls { span.text(name::TOOL) } else { None }
}

/// Spans by their ids.
struct Forest<'a>(BTreeMap<(&'a str, &'a str), &'a Span>);

impl<'a> Forest<'a> {
    fn of(spans: &'a [Span]) -> Result<Self, OtelError> {
        let mut forest = BTreeMap::new();
        for span in spans {
            if forest.insert((span.trace_id.as_str(), span.span_id.as_str()), span).is_some() {
                let (trace, span) = (span.trace_id.clone(), span.span_id.clone());
                return Err(OtelError::DuplicateSpan { trace, span });
            }
        }
        Ok(Self(forest))
    }
    /// The nearest ancestor that invokes an agent.
    fn run(&self, span: &Span) -> Result<Option<&'a Span>, OtelError> {
        let mut seen = BTreeSet::from([span.span_id.as_str()]);
        let mut parent = span.parent_span_id.as_deref();
        while let Some(ancestor) = parent.and_then(|id| self.0.get(&(span.trace_id.as_str(), id))) {
            if !seen.insert(&ancestor.span_id) {
                return Err(OtelError::Cycle { span: ancestor.span_id.clone() });
            }
            if ancestor.text(name::OPERATION) == Some("invoke_agent") {
                return Ok(Some(ancestor));
            }
            parent = ancestor.parent_span_id.as_deref();
        }
        Ok(None)
    }
}

/// What the tools of one run gave back.
#[derive(Default)]
struct Run<'a> {
    root: Option<&'a Span>,
    results: BTreeMap<&'a str, ToolResult<'a>>,
    superseded: u64,
    failed: u64,
    ignored: u64,
}

struct ToolResult<'a> {
    span: &'a Span,
    tool: &'a str,
    payload: String,
}

impl<'a> Run<'a> {
    fn add(&mut self, plugin: &'a str, tool: &'a str, span: &'a Span) -> Result<(), OtelError> {
        let result = span.attributes.get(name::TOOL_RESULT).filter(|result| !result.is_null());
        let result =
            result.ok_or_else(|| OtelError::NoResult { span: span.span_id.clone(), tool: tool.into() })?;
        let found = ToolResult { span, tool, payload: payload(result) };
        let end = |result: &ToolResult<'_>| (result.span.end_time_unix_nano, result.span.span_id.clone());
        match self.results.get(plugin) {
            Some(earlier) if end(earlier) > end(&found) => self.superseded += 1,
            other => {
                self.superseded += u64::from(other.is_some());
                self.results.insert(plugin, found);
            }
        }
        Ok(())
    }
    fn observation(self) -> Option<ImportedObservation> {
        let last = self.results.values().map(|result| result.span.end_time_unix_nano).max()?;
        let time = last / NANOSECONDS;
        let plugins: Vec<String> = self
            .results
            .iter()
            .map(|(plugin, result)| format!("{}:{}", text(plugin), result.payload))
            .collect();
        let line = format!(r#"{{"time":{time},"plugins":{{{}}}}}"#, plugins.join(","));
        Some(ImportedObservation { time, line, provenance: self.provenance(time) })
    }
    fn provenance(&self, time: u64) -> Json {
        let any = self.results.values().next().map(|result| result.span);
        let of = |key: &str| {
            let spans = self.root.into_iter().chain(self.results.values().map(|result| result.span));
            let found = spans.filter_map(|span| span.text(key)).next();
            found.map(text)
        };
        let plugins = self.results.iter().map(|(plugin, result)| {
            let digest = format!("0x{}", hex::encode(keccak256(&[result.payload.as_bytes()])));
            let entries = vec![
                ("tool", Some(text(result.tool))),
                ("spanId", Some(text(&result.span.span_id))),
                ("callId", result.span.text(name::TOOL_CALL_ID).map(text)),
                ("payloadDigest", Some(text(&digest))),
            ];
            ((*plugin).to_owned(), object(entries))
        });
        let agent = object(vec![
            ("id", of(name::AGENT_ID)),
            ("name", of(name::AGENT_NAME)),
            ("version", of(name::AGENT_VERSION)),
        ]);
        let count = |number: u64| Some(Json::Number(number.to_string()));
        object(vec![
            ("source", Some(text("opentelemetry"))),
            ("evidence", Some(Json::Bool(false))),
            ("time", count(time)),
            ("traceId", any.map(|span| text(&span.trace_id))),
            ("runSpanId", self.root.map(|root| text(&root.span_id))),
            ("agent", Some(agent)),
            ("conversationId", of(name::CONVERSATION_ID)),
            ("model", of(name::MODEL)),
            ("plugins", Some(Json::Object(plugins.collect()))),
            ("superseded", count(self.superseded)),
            ("failed", count(self.failed)),
            ("ignored", count(self.ignored)),
        ])
    }
}

/// A result that is JSON text is taken as it is, on one line; any other becomes its JSON.
fn payload(result: &Json) -> String {
    match result.as_text() {
        // Read by our own reader: what `record` could not read as JSON stays a string. Line breaks of JSON are white space,
        // never part of a string.
        Some(written) if Json::parse(written).is_ok() => written.trim().replace(['\n', '\r'], " "),
        _ => result.to_string(),
    }
}

fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

fn object(entries: Vec<(&str, Option<Json>)>) -> Json {
    let present = |(key, value): (&str, Option<Json>)| value.map(|value| (key.to_owned(), value));
    Json::Object(entries.into_iter().filter_map(present).collect())
}

//! Decisions as spans, for dashboards. They prove nothing: the record does.

use super::name;
use crate::adapter::json::Json;
use crate::record::SignedHeader;
use crate::view::{ActionView, VerdictView};
use candor_program::Card;
use candor_program::digest::ProgramIds;

/// `SPAN_KIND_INTERNAL` of OTLP.
const KIND_INTERNAL: u8 = 1;

/// What the exporter knows about a proof of the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofStatus {
    /// No proof was made or looked at.
    Unproven,
    /// A proof was verified.
    Proven,
    /// A seal was verified.
    Sealed,
}

/// One decision to export.
#[derive(Clone, Copy, Debug)]
pub struct DecisionSpan<'a> {
    /// The record's header.
    pub signed: &'a SignedHeader,
    /// What is known about a proof.
    pub proof: ProofStatus,
}

impl ProofStatus {
    /// Value of `candor.proof.status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::Proven => "proven",
            Self::Sealed => "sealed",
        }
    }
}

/// OTLP JSON with a span for every decision, allowed, denied or abstained. Ids are taken from the record hash, so that an
/// export gives the same spans again.
#[must_use]
pub fn to_otlp(card: &Card, decisions: &[DecisionSpan<'_>]) -> Json {
    let ids = ProgramIds::of(card);
    let spans = decisions.iter().map(|decision| span(card, &ids, decision)).collect();
    let scope = object(vec![("name", text("candor"))]);
    let scope_spans = object(vec![("scope", scope), ("spans", Json::Array(spans))]);
    let resource =
        object(vec![("attributes", Json::Array(vec![attribute("service.name", string(&card.name))]))]);
    let resource_spans = object(vec![("resource", resource), ("scopeSpans", Json::Array(vec![scope_spans]))]);
    object(vec![("resourceSpans", Json::Array(vec![resource_spans]))])
}

fn span(card: &Card, ids: &ProgramIds, decision: &DecisionSpan<'_>) -> Json {
    let header = &decision.signed.header;
    let hash = decision.signed.record_hash(&card.domain);
    let digits = hex::encode(hash);
    // Two parts of the hash; that one of them is zero, which OTLP forbids, has a chance of 2^-64.
    let (trace_id, span_id) = (digits.get(..32).unwrap_or_default(), digits.get(32..48).unwrap_or_default());
    let verdict = VerdictView::of(header.verdict, card);
    let action = |word: u128| {
        ActionView::of(word, card).map(|action| action.name.unwrap_or_else(|| format!("{word:#x}")))
    };
    let hex = |bytes: &[u8]| string(&format!("0x{}", hex::encode(bytes)));
    let mut attributes = vec![
        attribute(name::OPERATION, string("invoke_agent")),
        attribute(name::AGENT_ID, hex(&header.agent)),
        attribute(name::AGENT_NAME, string(&card.name)),
        attribute(name::AGENT_VERSION, string(&card.agent_version)),
        attribute("candor.record.hash", hex(&hash)),
        attribute("candor.record.sequence", object(vec![("intValue", text(&header.sequence.to_string()))])),
        attribute("candor.program.id", hex(&ids.program_id)),
        attribute("candor.model.id", hex(&ids.model_id)),
        attribute("candor.verdict", string(verdict.outcome)),
        attribute("candor.verdict.reason", string(&verdict.reason)),
        attribute("candor.proof.status", string(decision.proof.as_str())),
    ];
    let optional = [
        ("candor.action.requested", action(header.requested)),
        ("candor.action.executed", action(header.executed)),
    ];
    attributes.extend(optional.into_iter().filter_map(|(key, value)| Some(attribute(key, string(&value?)))));
    // Seconds below 2^62 and nine digits after them: longer than 64 bits for far times, and written as text all the same.
    let nanoseconds = text(&(u128::from(header.time) * 1_000_000_000).to_string());
    object(vec![
        ("traceId", text(trace_id)),
        ("spanId", text(span_id)),
        ("name", text(&format!("invoke_agent {}", card.name))),
        ("kind", Json::Number(KIND_INTERNAL.to_string())),
        ("startTimeUnixNano", nanoseconds.clone()),
        ("endTimeUnixNano", nanoseconds),
        ("attributes", Json::Array(attributes)),
    ])
}

fn attribute(key: &str, value: Json) -> Json {
    object(vec![("key", text(key)), ("value", value)])
}

fn string(value: &str) -> Json {
    object(vec![("stringValue", text(value))])
}

fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

fn object(entries: Vec<(&str, Json)>) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

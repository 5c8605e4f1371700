//! Spans become observations that the program reads, and decisions become spans.

use crate::agent::{START, program, run};
use candor_program::digest::ProgramIds;
use candor_program::encoding::keccak256;
use candor_program::observation::Observation;
use candor_trace::adapter::json::Json;
use candor_trace::adapter::otel::{DecisionSpan, ProofStatus, ToolNames, observations, read_spans, to_otlp};

const EXPORT: &str = include_str!("../../../../fixtures/adapters/otel.json");

fn tools() -> ToolNames {
    [("get_opinion", "opinion"), ("remark", "remark")]
        .map(|(tool, plugin)| (tool.into(), plugin.into()))
        .into()
}

#[test]
fn runs_become_lines_in_the_order_of_their_times() {
    let spans = read_spans(EXPORT).unwrap();
    assert_eq!(spans.len(), 8);
    let imported = observations(&spans, &tools()).unwrap();
    let lines: Vec<&str> = imported.iter().map(|found| found.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            r#"{"time":1690000000,"plugins":{"opinion":{"sell": 9, "hold": 1, "buy": 1}}}"#,
            r#"{"time":1700000002,"plugins":{"opinion":{"sell":3,"hold":0.1,"buy":"3.1","tags":[true,"AA==",null]},"remark":"no JSON, a remark"}}"#,
        ]
    );
    let card = program().card;
    for (line, features) in lines.iter().zip([[90, 10, 10], [30, 1, 31]]) {
        let observation = Observation::from_json(line, &card).unwrap();
        assert_eq!(observation.features(&card), Ok(features.to_vec()));
    }
}

#[test]
fn provenance_says_where_a_line_comes_from_and_that_it_is_no_evidence() {
    let imported = observations(&read_spans(EXPORT).unwrap(), &tools()).unwrap();
    let payload = r#"{"sell":3,"hold":0.1,"buy":"3.1","tags":[true,"AA==",null]}"#;
    let digest = |payload: &str| format!("0x{}", hex::encode(keccak256(&[payload.as_bytes()])));
    let expected = format!(
        r#"{{"source":"opentelemetry","evidence":false,"time":1700000002,"traceId":"5b8efff798038103d269b633813fc60c","runSpanId":"eee19b7ec3c1b174","agent":{{"id":"asst_1","name":"trader"}},"conversationId":"conv_7","model":"gpt-4.1","plugins":{{"opinion":{{"tool":"get_opinion","spanId":"eee19b7ec3c1b177","callId":"call_2","payloadDigest":"{}"}},"remark":{{"tool":"remark","spanId":"eee19b7ec3c1b178","payloadDigest":"{}"}}}},"superseded":1,"failed":1,"ignored":1}}"#,
        digest(payload),
        digest("\"no JSON, a remark\"")
    );
    assert_eq!(imported[1].provenance.to_string(), expected);
    assert_eq!(imported[0].provenance.get("runSpanId"), None);
}

/// The digests are those that a record commits to.
#[test]
fn payload_digests_are_those_of_the_observation() {
    let card = program().card;
    for found in observations(&read_spans(EXPORT).unwrap(), &tools()).unwrap() {
        let observation = Observation::from_json(&found.line, &card).unwrap();
        let digest = format!("0x{}", hex::encode(observation.payload_digests()[0]));
        let said = found.provenance.get("plugins").and_then(|plugins| plugins.get("opinion")).unwrap();
        assert_eq!(said.get("payloadDigest").and_then(Json::as_text), Some(digest.as_str()));
    }
}

#[test]
fn lines_of_exports_and_of_single_spans_give_the_same() {
    let document = Json::parse(EXPORT).unwrap();
    let path = |json: &Json, key: &str| json.get(key).unwrap().as_array().unwrap().to_vec();
    let scope = &path(&path(&document, "resourceSpans")[0], "scopeSpans")[0];
    let lines: Vec<String> = path(scope, "spans").iter().map(Json::to_string).collect();
    let spans = read_spans(EXPORT).unwrap();
    assert_eq!(read_spans(&lines.join("\n")).unwrap(), spans);
    assert_eq!(read_spans(&format!("{document}\n\n{}\n", lines[0])).unwrap().len(), 9);
    assert_eq!(read_spans(&lines[3]).unwrap(), spans[3..4]);
    // The order of lines does not matter.
    let reversed: Vec<&str> = lines.iter().rev().map(String::as_str).collect();
    let imported = observations(&read_spans(&reversed.join("\n")).unwrap(), &tools());
    assert_eq!(imported, observations(&spans, &tools()));
}

#[test]
fn empty_lists_may_be_left_out() {
    assert_eq!(read_spans(r#"{"resourceSpans": [{}, {"scopeSpans": [{}, {"spans": []}]}]}"#), Ok(Vec::new()));
    let bare = r#"{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","endTimeUnixNano":"5","unknown":{}}"#;
    let spans = read_spans(bare).unwrap();
    assert!(spans[0].attributes.is_empty() && spans[0].parent_span_id.is_none());
}

/// Every decision of a run, denied and abstained ones too, each with the attributes of ours.
#[test]
fn decisions_are_exported_as_spans_that_can_be_read_again() {
    let (card, run) = (program().card, run());
    let headers: Vec<_> = run.iter().map(|record| record.signed_header()).collect();
    let decisions: Vec<DecisionSpan<'_>> =
        headers.iter().map(|signed| DecisionSpan { signed, proof: ProofStatus::Unproven }).collect();
    let text = to_otlp(&card, &decisions).to_string();
    assert_eq!(to_otlp(&card, &decisions).to_string(), text, "the same again");
    let spans = read_spans(&text).unwrap();
    assert_eq!(spans.len(), run.len());
    let ids = ProgramIds::of(&card);
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let verdicts: Vec<&str> = spans.iter().map(|span| span.text("candor.verdict").unwrap()).collect();
    assert_eq!(
        verdicts,
        ["abstained", "permitted", "denied", "abstained", "permitted", "abstained", "permitted"]
    );
    for (span, signed) in spans.iter().zip(&headers) {
        let hash = hex(&signed.record_hash(&card.domain));
        assert_eq!(span.text("candor.record.hash"), Some(hash.as_str()));
        assert_eq!(span.text("candor.program.id"), Some(hex(&ids.program_id).as_str()));
        assert_eq!(span.text("candor.model.id"), Some(hex(&ids.model_id).as_str()));
        assert_eq!(span.text("candor.proof.status"), Some("unproven"));
        assert_eq!(span.text("gen_ai.operation.name"), Some("invoke_agent"));
        assert_eq!(span.text("gen_ai.agent.id"), Some(hex(&signed.header.agent).as_str()));
        assert_eq!(span.end_time_unix_nano, signed.header.time * 1_000_000_000);
        assert_eq!(format!("0x{}{}", span.trace_id, span.span_id), hash[..50]);
        let sequence = span.attributes.get("candor.record.sequence").and_then(Json::as_u64);
        assert_eq!(sequence, Some(signed.header.sequence));
    }
    assert_eq!(spans[2].text("candor.action.requested"), Some("sell"));
    assert_eq!(spans[2].text("candor.action.executed"), None);
    assert_eq!(spans[2].text("candor.verdict.reason"), Some("minimum-interval"));
    assert_eq!(spans[1].text("candor.action.executed"), Some("buy"));
    assert!(headers[0].header.time == START);
    assert_eq!([ProofStatus::Proven, ProofStatus::Sealed].map(ProofStatus::as_str), ["proven", "sealed"]);
}

/// An observation is one line, whatever the tool's JSON looks like.
#[test]
fn results_of_several_lines_become_one() {
    let text = r#"{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","endTimeUnixNano":"5000000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"remark"}},{"key":"gen_ai.tool.call.result","value":{"stringValue":"\r\n{\n \"a\": \"x\\ny\",\r\n \"b\": 1.50\n}\n"}}]}"#;
    let imported = observations(&read_spans(text).unwrap(), &tools()).unwrap();
    let expected = "{\"time\":5,\"plugins\":{\"remark\":{  \"a\": \"x\\ny\",   \"b\": 1.50 }}}";
    assert_eq!(imported[0].line, expected);
}

//! Spans that give no observations, each with its own error.

use candor_trace::adapter::json::JsonError;
use candor_trace::adapter::otel::{MAX_SPANS, OtelError, ToolNames, observations, read_spans};
use proptest::prelude::*;

const EXPORT: &str = include_str!("../../../../fixtures/adapters/otel.json");
const SPAN: &str = r#"{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","endTimeUnixNano":"5","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"t"}},{"key":"gen_ai.tool.call.result","value":{"stringValue":"1"}}]}"#;

fn tools() -> ToolNames {
    [("t".to_owned(), "p".to_owned())].into()
}

fn changed(from: &str, to: &str) -> OtelError {
    assert!(SPAN.contains(from), "{from}");
    let text = SPAN.replacen(from, to, 1);
    match read_spans(&text) {
        Ok(spans) => observations(&spans, &tools()).unwrap_err(),
        Err(error) => error,
    }
}

fn field(span: &str, field: &'static str) -> OtelError {
    OtelError::Field { span: span.into(), field }
}

#[test]
fn documents_are_json_and_spans() {
    let source = JsonError::NotJson { line: 1, column: 1 };
    assert_eq!(read_spans("{"), Err(OtelError::Json { document: 1, source }));
    let error = read_spans(&format!("{SPAN}\n{{\n")).unwrap_err();
    assert!(matches!(error, OtelError::Json { document: 2, .. }), "{error:?}");
    let duplicate = SPAN.replacen("\"spanId\"", "\"spanId\":\"1\",\"spanId\"", 1);
    let source = JsonError::DuplicateKey { key: "spanId".into() };
    assert_eq!(read_spans(&duplicate), Err(OtelError::Json { document: 1, source }));
    for text in [
        "[]",
        "5",
        "{}",
        r#"{"resourceSpans":{}}"#,
        r#"{"resourceSpans":[5]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":1}]}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":5}]}"#,
    ] {
        assert_eq!(read_spans(text), Err(OtelError::NotSpans { document: 1 }), "{text}");
    }
}

#[test]
fn ids_times_and_attributes_have_their_form() {
    for id in ["\"000000000000000g\"", "\"00000000000001\"", "\"0000000000000000\"", "1", "null"] {
        assert_eq!(changed("\"0000000000000001\"", id), field("1", "spanId"), "{id}");
    }
    for id in ["\"01\"", "\"00000000000000000000000000000000\"", "7"] {
        assert_eq!(
            changed("\"00000000000000000000000000000001\"", id),
            field("0000000000000001", "traceId"),
            "{id}"
        );
    }
    for time in ["-5", "5.0", "\"\"", "\"5e9\"", "null", "99999999999999999999999", "\"0x5\""] {
        assert_eq!(changed("\"5\"", time), field("0000000000000001", "endTimeUnixNano"), "{time}");
    }
    assert_eq!(
        changed("\"spanId\"", "\"parentSpanId\":\"x\",\"spanId\""),
        field("0000000000000001", "parentSpanId")
    );
    for value in [
        r#"{"stringValue":1}"#,
        r#"{"boolValue":"true"}"#,
        r#"{"intValue":"1.5"}"#,
        r#"{"intValue":"9223372036854775808"}"#,
        r#"{"doubleValue":"NaN"}"#,
        r#"{"arrayValue":[]}"#,
        r#"{"arrayValue":{"values":[1]}}"#,
        r#"{"kvlistValue":{"values":[{"key":"a","value":{}},{"key":"a","value":{}}]}}"#,
        r#"{"kvlistValue":{"values":[{"value":{}}]}}"#,
        r#"{"otherValue":1}"#,
        r#"{"stringValue":"a","intValue":"1"}"#,
        "1",
        "null",
    ] {
        let error = changed(r#"{"stringValue":"1"}"#, value);
        assert_eq!(error, field("0000000000000001", "attributes"), "{value}");
    }
    assert_eq!(
        changed(r#""key":"gen_ai.tool.name""#, r#""name":"x""#),
        field("0000000000000001", "attributes")
    );
    assert_eq!(
        changed("\"attributes\":[", "\"attributes\":5,\"x\":["),
        field("0000000000000001", "attributes")
    );
}

#[test]
fn attributes_occur_once() {
    let error =
        OtelError::DuplicateAttribute { span: "0000000000000001".into(), key: "gen_ai.tool.name".into() };
    assert_eq!(changed("gen_ai.operation.name", "gen_ai.tool.name"), error);
}

#[test]
fn the_number_of_spans_is_limited() {
    let export = |count: usize| {
        let span = r#"{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","endTimeUnixNano":"5"}"#;
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, vec![span; count].join(","))
    };
    assert_eq!(read_spans(&export(MAX_SPANS)).map(|spans| spans.len()), Ok(MAX_SPANS));
    assert_eq!(read_spans(&export(MAX_SPANS + 1)), Err(OtelError::TooManySpans { limit: MAX_SPANS }));
}

#[test]
fn spans_form_trees() {
    let twice = read_spans(&format!("{SPAN}\n{SPAN}")).unwrap();
    let error = OtelError::DuplicateSpan {
        trace: "00000000000000000000000000000001".into(),
        span: "0000000000000001".into(),
    };
    assert_eq!(observations(&twice, &tools()), Err(error));
    let own_parent = SPAN.replacen("\"spanId\"", "\"parentSpanId\":\"0000000000000001\",\"spanId\"", 1);
    let error = OtelError::Cycle { span: "0000000000000001".into() };
    assert_eq!(observations(&read_spans(&own_parent).unwrap(), &tools()), Err(error));
    let first = SPAN.replacen("\"spanId\"", "\"parentSpanId\":\"0000000000000002\",\"spanId\"", 1);
    let second = first
        .replace("0000000000000002", "x")
        .replace("\"0000000000000001\"", "\"0000000000000002\"")
        .replace("\"x\"", "\"0000000000000001\"");
    let spans = read_spans(&format!("{first}\n{second}")).unwrap();
    assert!(matches!(observations(&spans, &tools()), Err(OtelError::Cycle { .. })));
}

/// Content is not captured unless somebody asks for it: that is said, and nothing is made up.
#[test]
fn a_tool_without_its_result_is_named() {
    let error = OtelError::NoResult { span: "0000000000000001".into(), tool: "t".into() };
    assert_eq!(changed("gen_ai.tool.call.result", "gen_ai.tool.call.arguments"), error);
    assert_eq!(changed(r#"{"stringValue":"1"}"#, "{}"), error);
}

#[test]
fn where_no_tool_of_a_plugin_ran_there_is_no_observation() {
    let none = OtelError::NoTool { tools: vec!["t".into()] };
    assert_eq!(changed("\"stringValue\":\"t\"", "\"stringValue\":\"u\""), none);
    assert_eq!(changed("execute_tool", "invoke_agent"), none);
    assert_eq!(changed("\"attributes\"", "\"status\":{\"code\":2},\"attributes\""), none);
    assert_eq!(changed("\"attributes\"", "\"status\":{\"code\":\"STATUS_CODE_ERROR\"},\"attributes\""), none);
    assert_eq!(observations(&[], &tools()), Err(none));
}

proptest! {
    #[test]
    fn no_export_panics(position: prop::sample::Index, piece in "[-0-9a-f\"{}\\[\\]:, ]{0,3}", remove in 0usize..40) {
        let start = position.index(EXPORT.len());
        let end = (start + remove).min(EXPORT.len());
        let text = format!("{}{piece}{}", &EXPORT[..start], &EXPORT[end..]);
        if let Ok(spans) = read_spans(&text) {
            let _ = observations(&spans, &[("get_opinion".to_owned(), "p".to_owned())].into());
        }
    }
}

//! JSON that is not read: too long, too deep, ambiguous or none at all.

use candor_trace::adapter::json::{Json, JsonError, MAX_DEPTH, MAX_JSON_BYTES};
use candor_trace::adapter::python::{MAX_INTEGER_DIGITS, PythonError, dumps, float};
use proptest::prelude::*;

#[test]
fn length_is_limited() {
    let padded = |length: usize| format!("1{}", " ".repeat(length - 1));
    assert_eq!(Json::parse(&padded(MAX_JSON_BYTES)), Ok(Json::Number("1".into())));
    let (limit, got) = (MAX_JSON_BYTES, MAX_JSON_BYTES + 1);
    assert_eq!(Json::parse(&padded(got)), Err(JsonError::TooLong { limit, got }));
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Json::parse(&nested(MAX_DEPTH)).is_ok());
    let error = JsonError::TooDeep { limit: MAX_DEPTH };
    assert_eq!(Json::parse(&nested(MAX_DEPTH + 1)), Err(error.clone()));
    assert_eq!(Json::parse(&nested(200_000)), Err(error.clone()));
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    assert!(Json::parse(&objects(MAX_DEPTH)).is_ok());
    assert_eq!(Json::parse(&objects(MAX_DEPTH + 1)), Err(error));
    assert!(matches!(Json::parse(&"[".repeat(500_000)), Err(JsonError::NotJson { .. })));
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "NaN",
        "Infinity",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "[1,]",
        "{\"a\":1,}",
        "'a'",
        "{a:1}",
        "1 2",
        "\"\u{1}\"",
        "\"\\x\"",
        "\"\\u12\"",
    ] {
        assert!(matches!(Json::parse(text), Err(JsonError::NotJson { .. })), "{text}");
    }
    assert_eq!(Json::parse("[1,\n 2,,]"), Err(JsonError::NotJson { line: 2, column: 4 }));
}

#[test]
fn keys_occur_once() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":[{"a":1,"\u0061":2}]}"#, r#"[{"b":{},"a":1,"a":null}]"#] {
        assert_eq!(Json::parse(text), Err(JsonError::DuplicateKey { key: "a".into() }), "{text}");
    }
    assert!(Json::parse(r#"{"a":{"a":{"a":1}}}"#).is_ok());
}

#[test]
fn half_a_surrogate_pair_is_no_character() {
    for text in [r#""\ud800""#, r#""\udc00""#, r#"["\ud83d\u0041"]"#, r#"{"\ud800":1}"#] {
        assert_eq!(Json::parse(text), Err(JsonError::LoneSurrogate), "{text}");
    }
}

#[test]
fn numbers_that_python_refuses() {
    let (limit, got) = (MAX_INTEGER_DIGITS, MAX_INTEGER_DIGITS + 1);
    let error = PythonError::IntegerTooLong { limit, got };
    for sign in ["", "-"] {
        assert_eq!(dumps(&Json::parse(&format!("{sign}{}", "9".repeat(got))).unwrap()), Err(error.clone()));
    }
    // float() of an integer beyond the largest double is an error, of digits with an exponent it is infinite.
    let huge = "9".repeat(400);
    assert!(matches!(float(&huge), Err(PythonError::NotADouble { .. })));
    assert_eq!(float("x"), Err(PythonError::NotADouble { got: "x".into() }));
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_is_written_again(text in "[-0-9.eE\"\\\\{}\\[\\]:, ua\u{e9}]{0,40}") {
        if let Ok(value) = Json::parse(&text) {
            prop_assert_eq!(Json::parse(&value.to_string()), Ok(value.clone()));
            let _ = dumps(&value);
        }
    }
}

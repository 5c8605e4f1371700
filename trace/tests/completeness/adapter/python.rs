//! JSON as Python writes it, on what Python 3 wrote itself.

use candor_trace::adapter::json::Json;
use candor_trace::adapter::python::{MAX_INTEGER_DIGITS, dumps, float};

const PAIRS: &str = include_str!("../../../../fixtures/adapters/python_json.jsonl");

#[test]
fn every_text_is_what_python_gives() {
    let mut count = 0;
    for line in PAIRS.lines() {
        let [text, expected]: [String; 2] = serde_json::from_str(line).unwrap();
        assert_eq!(dumps(&Json::parse(&text).unwrap()).as_ref(), Ok(&expected), "{text}");
        count += 1;
    }
    assert_eq!(count, 671);
}

/// What Python wrote is read and written again as it is.
#[test]
fn texts_of_python_are_fixed_points() {
    for line in PAIRS.lines() {
        let [_, text]: [String; 2] = serde_json::from_str(line).unwrap();
        // Python writes `Infinity`, which is no JSON.
        if !text.contains("Infinity") {
            assert_eq!(dumps(&Json::parse(&text).unwrap()), Ok(text));
        }
    }
}

#[test]
fn floats_of_integers() {
    for (text, expected) in [
        ("0", "0.0"),
        ("1", "1.0"),
        ("-0", "-0.0"),
        ("100", "100.0"),
        ("10000000000000000", "1e+16"),
        ("0.7", "0.7"),
    ] {
        assert_eq!(float(text).as_deref(), Ok(expected));
    }
    assert_eq!(float("1e400").as_deref(), Ok("Infinity"));
}

#[test]
fn the_longest_integer() {
    let digits = "9".repeat(MAX_INTEGER_DIGITS);
    assert_eq!(dumps(&Json::parse(&digits).unwrap()), Ok(digits.clone()));
    assert_eq!(dumps(&Json::parse(&format!("-{digits}")).unwrap()), Ok(format!("-{digits}")));
}

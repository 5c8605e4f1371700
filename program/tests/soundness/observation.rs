//! Observations that are refused, each with its own error.

use crate::sample::{self, LINE, feature};
use candor_program::observation::{FeaturePlace, Observation, ObservationError};
use candor_program::{Card, limits};
use proptest::prelude::*;

fn card() -> Card {
    sample::program().card
}

fn line_error(line: &str) -> ObservationError {
    Observation::from_json(line, &card()).unwrap_err()
}

/// The error of `rate` being this JSON text.
fn rate_error(rate: &str) -> ObservationError {
    let line =
        format!(r#"{{"time":1,"plugins":{{"market":{{"features":[0,0]}},"bank":{{"rate":{rate}}}}}}}"#);
    Observation::from_json(&line, &card()).unwrap().features(&card()).unwrap_err()
}

fn payload_error(market: &str) -> ObservationError {
    let payloads = vec![market.as_bytes().to_vec(), br#"{"rate":0}"#.to_vec()];
    Observation { time: 1, payloads }.features(&card()).unwrap_err()
}

fn place(name: &str, plugin: &str, pointer: &str) -> Box<FeaturePlace> {
    Box::new(FeaturePlace { name: name.into(), plugin: plugin.into(), pointer: pointer.into() })
}

fn rate() -> Box<FeaturePlace> {
    place("rate", "bank", "/rate")
}

fn with_time(time: &str) -> ObservationError {
    line_error(&LINE.replace("1357160400", time))
}

#[test]
fn line_too_long() {
    let padded = |length: usize| format!("{LINE}{}", " ".repeat(length - LINE.len()));
    assert!(Observation::from_json(&padded(limits::LINE_BYTES), &card()).is_ok());
    let (limit, got) = (limits::LINE_BYTES, limits::LINE_BYTES + 1);
    assert_eq!(line_error(&padded(got)), ObservationError::LineTooLong { limit, got });
}

#[test]
fn not_json() {
    for line in [
        "",
        "{",
        "[]",
        "null",
        "time: 5",
        "{\"time\":1,}",
        "{} {}",
        "{\"a\":NaN}",
        "{\"time\":1 \"plugins\":{}}",
    ] {
        assert!(matches!(line_error(line), ObservationError::NotJson { .. }), "{line}");
    }
    assert_eq!(line_error("{\"time\": 1, \"plugins\": oops}"), ObservationError::NotJson { column: 24 });
    let deep = format!("{{\"plugins\":{}", "[".repeat(500_000));
    assert!(matches!(line_error(&deep), ObservationError::NotJson { .. }));
}

#[test]
fn unknown_key() {
    let line = LINE.replace("\"time\"", "\"note\":{},\"time\"");
    assert_eq!(line_error(&line), ObservationError::UnknownKey { key: "note".into() });
    let line = LINE.replace("\"time\"", &format!("\"\\u001b{}\":{{}},\"time\"", "x".repeat(1_000)));
    let ObservationError::UnknownKey { key } = line_error(&line) else { panic!() };
    assert!(key.len() == 63 && key.starts_with("?xx") && key.ends_with("x..."));
}

#[test]
fn time_missing() {
    assert_eq!(line_error("{}"), ObservationError::TimeMissing);
    assert_eq!(line_error(r#"{"plugins":{}}"#), ObservationError::TimeMissing);
}

#[test]
fn time_not_integer() {
    for got in ["1.5", "1e9", "\"5\"", "null", "true", "[1]", "-1.0"] {
        assert_eq!(with_time(got), ObservationError::TimeNotInteger { got: got.into() });
    }
}

#[test]
fn time_negative() {
    for got in ["-1", "-0", "-99999999999999999999"] {
        assert_eq!(with_time(got), ObservationError::TimeNegative { got: got.into() });
    }
}

#[test]
fn time_too_late() {
    for got in ["4611686018427387904", "18446744073709551616", "99999999999999999999999999999"] {
        assert_eq!(with_time(got), ObservationError::TimeTooLate { got: got.into() });
    }
    let line = LINE.replace("1357160400", "4611686018427387903");
    assert_eq!(Observation::from_json(&line, &card()).unwrap().time, limits::TIME - 1);
}

#[test]
fn plugins_missing() {
    assert_eq!(line_error(r#"{"time":1}"#), ObservationError::PluginsMissing);
}

#[test]
fn plugins_not_object() {
    for plugins in ["[]", "null", "\"market\"", "5"] {
        let line = format!(r#"{{"time":1,"plugins":{plugins}}}"#);
        assert_eq!(line_error(&line), ObservationError::PluginsNotObject);
    }
}

#[test]
fn duplicate_key() {
    let duplicate =
        |key: &str, place: &str| ObservationError::DuplicateKey { key: key.into(), place: place.into() };
    let line = LINE.replace("\"time\"", "\"time\":5,\"time\"");
    assert_eq!(line_error(&line), duplicate("time", "the line"));
    // Escapes do not hide one.
    let line = LINE.replace("\"time\"", "\"\\u0074ime\":5,\"time\"");
    assert_eq!(line_error(&line), duplicate("time", "the line"));
    let line = LINE.replace("\"bank\"", "\"market\":{},\"bank\"");
    assert_eq!(line_error(&line), duplicate("market", "`plugins`"));
    assert_eq!(
        payload_error(r#"{"features":[0,0],"x":1,"x":2}"#),
        duplicate("x", "the payload of plugin `market` at ``")
    );
    let mut card = card();
    card.features = vec![feature("x", 0, "/a/0/b", 0, 0, 1)];
    let payloads = vec![br#"{"a":[{"b":1,"b":1}]}"#.to_vec(), vec![]];
    let error = Observation { time: 1, payloads }.features(&card).unwrap_err();
    assert_eq!(error, duplicate("b", "the payload of plugin `market` at `/a/0`"));
}

#[test]
fn unknown_plugin() {
    let line = LINE.replace("\"bank\"", "\"Bank\"");
    let declared = vec!["market".to_owned(), "bank".to_owned()];
    let error = ObservationError::UnknownPlugin { plugin: "Bank".into(), declared };
    assert_eq!(line_error(&line), error);
    assert!(error.to_string().contains("market, bank"));
}

#[test]
fn missing_plugin() {
    let error = ObservationError::MissingPlugin { feature: rate() };
    assert_eq!(line_error(r#"{"time":1,"plugins":{"market":{"features":[0,0]}}}"#), error);
    let payloads = vec![b"{}".to_vec(), vec![]];
    assert_eq!(Observation { time: 1, payloads }.features(&card()), Err(error));
}

#[test]
fn payload_count() {
    let error = ObservationError::PayloadCount { expected: 2, got: 1 };
    assert_eq!(Observation { time: 1, payloads: vec![b"{}".to_vec()] }.features(&card()), Err(error));
}

#[test]
fn payload_too_long() {
    let payload = |length: usize| format!("{}{}", r#"{"features":[0,0]}"#, " ".repeat(length - 18));
    let payloads = |length| vec![payload(length).into_bytes(), br#"{"rate":0}"#.to_vec()];
    assert!(Observation { time: 1, payloads: payloads(limits::LINE_BYTES) }.features(&card()).is_ok());
    let (limit, got) = (limits::LINE_BYTES, limits::LINE_BYTES + 1);
    let error = ObservationError::PayloadTooLong { plugin: "market".into(), limit, got };
    assert_eq!(payload_error(&payload(got)), error);
}

#[test]
fn payload_not_json() {
    for payload in ["{", "{}x", " ", "{\"features\":[0,0]},", "NaN", "{'a':1}"] {
        let error = payload_error(payload);
        assert!(
            matches!(error, ObservationError::PayloadNotJson { ref plugin, .. } if plugin == "market"),
            "{payload}"
        );
    }
    let payloads = vec![vec![0xff, 0xfe], b"{}".to_vec()];
    let error = Observation { time: 1, payloads }.features(&card()).unwrap_err();
    assert!(matches!(error, ObservationError::PayloadNotJson { .. }));
}

#[test]
fn missing_feature() {
    let error = ObservationError::MissingFeature { feature: place("volume", "market", "/features/1") };
    for payload in [r#"{"features":[0]}"#, r#"{"features":{"0":0,"01":0}}"#] {
        assert_eq!(payload_error(payload), error, "{payload}");
    }
    let error = ObservationError::MissingFeature { feature: place("momentum", "market", "/features/0") };
    for payload in ["{}", "null", "5", "\"features\"", "[]", r#"{"features":"00"}"#, r#"{"Features":[0,0]}"#]
    {
        assert_eq!(payload_error(payload), error, "{payload}");
    }
    // An array takes no index with leading zeros, signs or a dash.
    for pointer in
        ["/features/00", "/features/-", "/features/+0", "/features/", "/features/-0", "/features/ 0"]
    {
        let mut card = card();
        card.features = vec![feature("x", 0, pointer, 0, 0, 1)];
        let observation = Observation { time: 1, payloads: vec![br#"{"features":[0]}"#.to_vec(), vec![]] };
        let error = ObservationError::MissingFeature { feature: place("x", "market", pointer) };
        assert_eq!(observation.features(&card), Err(error));
    }
}

#[test]
fn not_a_number() {
    for got in [
        "\"\"",
        "\"NaN\"",
        "\"1e3\"",
        "1e3",
        "1E-2",
        "0.5e0",
        "\"+1\"",
        "\" 1\"",
        "\"01\"",
        "null",
        "true",
        "[]",
        "{}",
        "[1]",
        "\"0x1\"",
        "\"-\"",
        "\"\\ud800\"",
    ] {
        let error = ObservationError::NotANumber { feature: rate(), got: got.into() };
        assert_eq!(rate_error(got), error);
    }
    let ObservationError::NotANumber { got, .. } = rate_error(&format!("\"{}\"", "é".repeat(10_000))) else {
        panic!()
    };
    assert_eq!(got.chars().count(), 63);
}

#[test]
fn too_many_digits() {
    for got in ["0.001", "\"0.500\"", "-0.000"] {
        let error = ObservationError::TooManyDigits { feature: rate(), decimals: 2, got: got.into() };
        assert_eq!(rate_error(got), error);
    }
}

#[test]
fn out_of_range() {
    let numbers = ["-1.01", "\"10.01\"", "11", "99999999999999999999999", "-92233720368547758.08"];
    for got in numbers {
        let (min, max) = ("-1.00".to_owned(), "10.00".to_owned());
        let error = ObservationError::OutOfRange { feature: rate(), got: got.into(), min, max };
        assert_eq!(rate_error(got), error);
    }
}

#[test]
fn messages_name_plugin_feature_pointer_and_remedy() {
    let text = rate_error("11").to_string();
    for part in ["`rate`", "`bank`", "`/rate`", "11", "-1.00 to 10.00", "clip it"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_first_feature_at_fault_is_reported() {
    let ObservationError::OutOfRange { feature, .. } = payload_error(r#"{"features":["9.0",-1]}"#) else {
        panic!()
    };
    assert_eq!(feature.name, "momentum");
}

proptest! {
    #[test]
    fn no_text_is_read_as_something_else(line in ".{0,80}", position: prop::sample::Index, piece in "[-0-9.eE\"\\\\{}\\[\\]:, u]{0,6}") {
        prop_assert!(Observation::from_json(&line, &card()).is_err());
        // A line with a piece put in either fails or still says what the text says.
        let mut line = LINE.to_owned();
        line.insert_str(position.index(LINE.len() + 1), &piece);
        if let Ok(observation) = Observation::from_json(&line, &card()) {
            for payload in &observation.payloads {
                prop_assert!(line.contains(std::str::from_utf8(payload).unwrap()));
            }
            if let Ok(features) = observation.features(&card()) {
                prop_assert!(features.iter().zip(&card().features).all(|(value, feature)| u64::from(*value) <= feature.span()));
            }
        }
    }

    #[test]
    fn no_payload_bytes_panic(market in prop::collection::vec(any::<u8>(), 0..60), bank in ".{0,30}") {
        let _ = Observation { time: 0, payloads: vec![market, bank.into_bytes()] }.features(&card());
    }
}

//! What must be refused, and as what.

use candor_wasm::{
    Buffers, Expectation, ExpectationError, FailureClass, Handle, MAX_BUFFER_BYTES, MAX_BUFFERS,
    MAX_EXPECTATION_BYTES, Report, replay, verify, verify_seal,
};

const PROGRAM: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";
const AGENT: &str = "0x0202020202020202020202020202020202020202";

fn ids() -> String {
    format!("{{\"programId\":\"{PROGRAM}\",\"agent\":\"{AGENT}\"}}")
}

fn error(json: &str) -> ExpectationError {
    Expectation::from_json(json.as_bytes()).unwrap_err()
}

fn with(key: &str, value: &str) -> String {
    ids().replace('}', &format!(",\"{key}\":{value}}}"))
}

#[test]
fn every_defect_of_an_expectation_has_its_error() {
    for json in ["", "{", "[]", "{}", &with("agent", "\"\""), &with("refuse", "7"), &(ids() + "x")] {
        assert!(matches!(error(json), ExpectationError::Json { .. }), "{json}");
    }
    // A misspelt permission must not be read as none, nor a misspelt refusal.
    assert!(error(&with("refused", "[]")).to_string().contains("refused"));
    for (field, bytes, json) in [
        ("programId", 32, ids().replace("0x01", "0x")),
        ("programId", 32, ids().replace("0x01", "01")),
        ("agent", 20, ids().replace("0x02", "0xg2")),
        ("agent", 20, ids().replace("0x02", "0x0202")),
        ("verifyingContract", 20, with("chainId", "1,\"verifyingContract\":\"0x\"")),
        ("setupDigest", 32, with("setupDigest", "\"0x12\"")),
        ("sealKeys", 32, with("sealKeys", &format!("[\"{PROGRAM}\",\"{AGENT}\"]"))),
    ] {
        let ExpectationError::Hexadecimal { field: got, bytes: length } = error(&json) else {
            panic!("{json}")
        };
        assert_eq!((got, length), (field, bytes), "{json}");
    }
    assert!(matches!(error(&with("chainId", "1")), ExpectationError::HalfDomain));
    let contract = format!("\"{AGENT}\"");
    assert!(matches!(error(&with("verifyingContract", &contract)), ExpectationError::HalfDomain));
    let unknown = error(&with("refuse", "[\"gravity\"]"));
    assert!(matches!(&unknown, ExpectationError::Assumption { source } if source.got == "gravity"));
    // Numbers that a chain id cannot be.
    for value in ["-1", "1.5", "18446744073709551616", "\"1\""] {
        assert!(matches!(error(&with("chainId", value)), ExpectationError::Json { .. }), "{value}");
    }
}

#[test]
fn the_limit_of_an_expectation_is_tested_before_it_is_read() {
    let padded = |length: usize| ids() + &" ".repeat(length - ids().len());
    assert!(Expectation::from_json(padded(MAX_EXPECTATION_BYTES).as_bytes()).is_ok());
    let ExpectationError::TooLong { limit, got } = error(&padded(MAX_EXPECTATION_BYTES + 1)) else {
        panic!("not too long")
    };
    assert_eq!((limit, got), (1 << 16, (1 << 16) + 1));
}

#[test]
fn reports_name_the_class_of_what_cannot_be_read() {
    use FailureClass::{Limit, Malformed, Usage};
    let ids = ids();
    let class = |Report(outcome): Report| outcome.unwrap_err().0;
    assert_eq!(class(verify(b"{", &[], &[])), Usage);
    assert_eq!(class(verify_seal(b"{", &[], &[], &[])), Usage);
    assert_eq!(class(replay(b"{", &[], &[])), Usage);
    assert_eq!(class(Report::no_buffer()), Usage);
    assert_eq!(class(verify(ids.as_bytes(), &[], &[])), Malformed);
    assert_eq!(class(verify_seal(ids.as_bytes(), b"CANDORCD", &[], &[])), Malformed);
    assert_eq!(class(replay(ids.as_bytes(), &[0; 99], &[])), Malformed);
    let long = vec![0; (256 << 20) + 1];
    assert_eq!(class(verify(ids.as_bytes(), &long, &[])), Limit);
    assert_eq!(class(verify_seal(ids.as_bytes(), &long, &[], &[])), Limit);
    let (class, message) = verify(ids.as_bytes(), b"", b"").0.unwrap_err();
    let json = Report(Err((class, message.clone()))).to_json();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["error"]["class"], "malformed");
    assert_eq!(json["error"]["exitCode"], 3);
    assert_eq!(json["error"]["message"], message);
}

#[test]
fn classes_have_the_numbers_and_names_of_the_command_line() {
    let classes = [
        (FailureClass::Usage, 2, "usage"),
        (FailureClass::Malformed, 3, "malformed"),
        (FailureClass::Rejected, 4, "rejected"),
        (FailureClass::Limit, 5, "limit"),
        (FailureClass::RefusedAssumption, 8, "refused-assumption"),
    ];
    for (class, number, name) in classes {
        assert_eq!((class as u8, class.name()), (number, name));
    }
}

#[test]
fn buffers_are_bounded_in_length_and_number() {
    let mut buffers = Buffers::new();
    assert_eq!(buffers.allocate(MAX_BUFFER_BYTES + 1), None);
    let longest = buffers.allocate(MAX_BUFFER_BYTES).unwrap();
    assert!(buffers.free(longest) && !buffers.free(longest));
    let lent: Vec<Handle> = (0..MAX_BUFFERS).map(|_| buffers.allocate(1).unwrap()).collect();
    assert_eq!((buffers.allocate(0), buffers.lend(vec![])), (None, None));
    assert!(buffers.free(lent[0]));
    let next = buffers.lend(vec![]).unwrap();
    assert!(!lent.contains(&next));
    assert_eq!(buffers.get(Handle(0)), None);
    assert_eq!(buffers.get_mut(lent[0]), None);
}

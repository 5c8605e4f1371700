//! A promise is not shortened, a clock that is wrong prunes nothing, and files that are none are refused.

use candor_log::retention::{
    MAX_MARKS, MAX_PIN_REASON_BYTES, MAX_PINS, MAX_RETENTION_FILE_BYTES, MAX_WINDOW_SECONDS, Mark, MarkError,
    Marks, Pin, PinError, PinnedRange, Pins, PolicyError, PublishedPolicy, RetentionFileError,
    RetentionPolicy, RetentionWindow,
};

const POLICY: RetentionPolicy = RetentionPolicy {
    dispute_seconds: 100,
    proving_seconds: 50,
    finality_seconds: 20,
    margin_seconds: 30,
    entries_extra_seconds: 400,
    evidence_seconds: Some(1_000),
};

#[test]
fn every_part_of_a_window_has_a_limit() {
    type SetPart = fn(&mut RetentionPolicy, u64);
    let parts: [(&str, SetPart); 6] = [
        ("disputeSeconds", |policy, value| policy.dispute_seconds = value),
        ("provingSeconds", |policy, value| policy.proving_seconds = value),
        ("finalitySeconds", |policy, value| policy.finality_seconds = value),
        ("marginSeconds", |policy, value| policy.margin_seconds = value),
        ("entriesExtraSeconds", |policy, value| policy.entries_extra_seconds = value),
        ("evidenceSeconds", |policy, value| policy.evidence_seconds = Some(value)),
    ];
    for (part, set) in parts {
        let mut policy = POLICY;
        set(&mut policy, MAX_WINDOW_SECONDS);
        policy.validate().unwrap();
        let got = MAX_WINDOW_SECONDS + 1;
        set(&mut policy, got);
        assert_eq!(policy.validate(), Err(PolicyError::TooLong { part, got }));
        let file =
            PublishedPolicy { retention: Some(policy), ..PublishedPolicy::default() }.to_bytes().unwrap();
        let refused = PublishedPolicy::from_bytes(&file).unwrap_err();
        assert!(matches!(refused, RetentionFileError::Policy(PolicyError::TooLong { .. })), "{refused}");
    }
}

#[test]
fn a_promise_is_only_prolonged() {
    let published = |retention, minimum_index, minimum_body_index| PublishedPolicy {
        retention,
        minimum_index,
        minimum_body_index,
        ..PublishedPolicy::default()
    };
    let before = published(Some(POLICY), 256, 300);
    before.check_follows(&before).unwrap();
    published(Some(POLICY), 512, 301).check_follows(&before).unwrap();
    published(None, 256, 300).check_follows(&before).unwrap();
    before.check_follows(&published(None, 0, 0)).unwrap();
    // Another split of the same windows is no shorter promise.
    let moved = RetentionPolicy { dispute_seconds: 50, proving_seconds: 100, ..POLICY };
    published(Some(moved), 256, 300).check_follows(&before).unwrap();
    let shortened = |window, promised, got| Err(PolicyError::Shortened { window, promised, got });
    let cases = [
        (
            RetentionPolicy { margin_seconds: 29, entries_extra_seconds: 401, ..POLICY },
            RetentionWindow::Bodies,
            200,
            199,
        ),
        (RetentionPolicy { entries_extra_seconds: 399, ..POLICY }, RetentionWindow::Entries, 600, 599),
        (RetentionPolicy { evidence_seconds: Some(999), ..POLICY }, RetentionWindow::Evidence, 1_000, 999),
    ];
    for (after, window, promised, got) in cases {
        assert_eq!(published(Some(after), 256, 300).check_follows(&before), shortened(window, promised, got));
    }
    let forever = RetentionPolicy { evidence_seconds: None, ..POLICY };
    assert_eq!(POLICY.check_follows(&forever), shortened(RetentionWindow::Evidence, u64::MAX, 1_000));
    forever.check_follows(&POLICY).unwrap();
    for (index, body_index, was, got) in [(0, 300, 256, 0), (256, 299, 300, 299)] {
        let refused = published(Some(POLICY), index, body_index).check_follows(&before);
        assert_eq!(refused, Err(PolicyError::MinimumIndex { was, got }));
    }
}

#[test]
fn a_clock_that_jumps_and_a_log_that_shrank_set_no_mark() {
    let mut marks = Marks::default();
    let mut set = |time, size, step| marks.set(Mark { time, size }, step, u64::MAX);
    set(1_000, 10, Some(100)).unwrap();
    assert_eq!(set(999, 10, None), Err(MarkError::ClockBackwards { last: 1_000, now: 999 }));
    assert_eq!(set(1_101, 20, Some(100)), Err(MarkError::ClockStep { last: 1_000, now: 1_101, limit: 100 }));
    assert_eq!(set(1_050, 9, None), Err(MarkError::Shrunk { last: 10, got: 9 }));
    set(1_100, 20, Some(100)).unwrap();
    set(9_999, 30, None).unwrap();
    // A log that nobody writes to has a clock too.
    set(19_999, 30, Some(10_000)).unwrap();
    assert_eq!(set(19_998, 31, None), Err(MarkError::ClockBackwards { last: 19_999, now: 19_998 }));
    set(29_999, 31, Some(10_000)).unwrap();
    assert_eq!(marks.marks().len(), 4);
    assert_eq!(Marks::from_bytes(&marks.to_bytes().unwrap()).unwrap(), marks);
}

#[test]
fn marks_have_a_limit() {
    let mut marks = Marks::default();
    for index in 0..MAX_MARKS as u64 {
        marks.set(Mark { time: index, size: index }, None, u64::MAX).unwrap();
    }
    let next = Mark { time: MAX_MARKS as u64, size: MAX_MARKS as u64 };
    assert_eq!(marks.clone().set(next, None, u64::MAX), Err(MarkError::TooMany));
    marks.set(next, None, 10).unwrap();
}

fn pin(name: &str) -> Pin {
    let records = PinnedRange { agent: [1; 20], program_id: [2; 32], first: 5, last: 5 };
    Pin { name: name.into(), records, reason: String::new() }
}

#[test]
fn every_pin_that_is_none_is_refused() {
    let mut pins = Pins::default();
    pins.add(pin("a")).unwrap();
    assert_eq!(pins.add(pin("a")), Err(PinError::NameTaken { name: "a".into() }));
    assert_eq!(pins.remove("b"), Err(PinError::NoSuchPin { name: "b".into() }));
    pins.add(pin(&"n".repeat(64))).unwrap();
    for name in ["", "a b", "a/b", "ä", &"n".repeat(65)] {
        assert_eq!(pins.add(pin(name)), Err(PinError::Name { name: name.into() }));
    }
    let mut empty = pin("empty");
    empty.records.first = 6;
    assert_eq!(pins.add(empty), Err(PinError::EmptyRange { first: 6, last: 5 }));
    let mut long = pin("long");
    long.reason = "r".repeat(MAX_PIN_REASON_BYTES);
    pins.add(long.clone()).unwrap();
    (long.name, long.reason) = ("longer".into(), "r".repeat(MAX_PIN_REASON_BYTES + 1));
    assert_eq!(pins.add(long), Err(PinError::ReasonTooLong { got: MAX_PIN_REASON_BYTES + 1 }));
    for number in 3..MAX_PINS {
        pins.add(pin(&number.to_string())).unwrap();
    }
    assert_eq!(pins.add(pin("last")), Err(PinError::TooMany));
}

#[test]
fn files_that_are_none_are_refused() {
    let read = |text: &str| PublishedPolicy::from_bytes(text.as_bytes()).unwrap_err();
    let malformed =
        |text: &str| assert!(matches!(read(text), RetentionFileError::Malformed { .. }), "{text}");
    for text in [
        "",
        "{}",
        "[]",
        r#"{"version":1}"#,
        r#"{"version":1,"minimumIndex":-1}"#,
        r#"{"version":1,"minimumIndex":0} x"#,
    ] {
        malformed(text);
    }
    malformed(r#"{"version":1,"minimumIndex":0,"retention":{"disputeSeconds":1}}"#);
    let other = read(r#"{"version":2,"minimumIndex":0}"#);
    assert!(matches!(other, RetentionFileError::Version { got: 2 }), "{other}");
    let padded =
        |length: u64| format!(r#"{{"version":1,"minimumIndex":0}}{}"#, " ".repeat(length as usize - 30));
    PublishedPolicy::from_bytes(padded(MAX_RETENTION_FILE_BYTES).as_bytes()).unwrap();
    let long = read(&padded(MAX_RETENTION_FILE_BYTES + 1));
    assert!(
        matches!(long, RetentionFileError::TooLong { got } if got == MAX_RETENTION_FILE_BYTES + 1),
        "{long}"
    );
    let unordered = r#"{"version":1,"marks":[{"time":5,"size":1},{"time":4,"size":2}]}"#;
    let unordered = Marks::from_bytes(unordered.as_bytes()).unwrap_err();
    assert!(matches!(unordered, RetentionFileError::Mark(MarkError::ClockBackwards { .. })), "{unordered}");
    let nameless = format!(
        r#"{{"version":1,"pins":[{{"name":"","records":{{"agent":"{}","programId":"{}","first":0,"last":0}}}}]}}"#,
        "00".repeat(20),
        "00".repeat(32)
    );
    let nameless = Pins::from_bytes(nameless.as_bytes()).unwrap_err();
    assert!(matches!(nameless, RetentionFileError::Pin(PinError::Name { .. })), "{nameless}");
}

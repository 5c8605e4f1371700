//! What is settled may go, what is pinned stays, and the files of retention are read as they were written.

use candor_log::retention::{Mark, Marks, Pin, PinnedRange, Pins, Plan, PublishedPolicy, RetentionPolicy};

const DAY: u64 = 86_400;

fn policy() -> RetentionPolicy {
    RetentionPolicy {
        dispute_seconds: 3 * DAY,
        proving_seconds: DAY,
        finality_seconds: 3_600,
        margin_seconds: DAY,
        entries_extra_seconds: 10 * DAY,
        evidence_seconds: Some(30 * DAY),
    }
}

fn marks(marks: &[(u64, u64)]) -> Marks {
    let mut set = Marks::default();
    for (time, size) in marks {
        set.set(Mark { time: *time, size: *size }, None, u64::MAX).unwrap();
    }
    set
}

#[test]
fn a_window_is_dispute_and_proving_and_finality_and_margin() {
    assert_eq!(policy().bodies_seconds(), 5 * DAY + 3_600);
    assert_eq!(policy().entries_seconds(), 15 * DAY + 3_600);
    assert_eq!(RetentionPolicy::default().bodies_seconds(), 16 * DAY);
    assert_eq!(RetentionPolicy::default().entries_seconds(), 365 * DAY);
}

#[test]
fn an_entry_settles_a_window_after_the_first_mark_that_has_it() {
    let marks = marks(&[(1_000, 10), (2_000, 300), (3_000, 900)]);
    for (now, settled) in
        [(0, 0), (1_499, 0), (1_500, 10), (2_499, 10), (2_500, 300), (3_500, 900), (u64::MAX, 900)]
    {
        assert_eq!(marks.settled(now, 500), settled, "at {now}");
    }
    assert_eq!(marks.settled(u64::MAX, u64::MAX), 0, "kept for ever");
}

#[test]
fn a_plan_has_whole_bundles_and_never_goes_back() {
    let window = policy().bodies_seconds();
    let marks = marks(&[(0, 100), (DAY, 1_000), (2 * DAY, 2_000)]);
    let mut published = PublishedPolicy { retention: Some(policy()), ..PublishedPolicy::default() };
    let plan = |policy: &PublishedPolicy, now| Plan::of(policy, &marks, 2_000, now);
    assert_eq!(plan(&published, window - 1), Plan { minimum_index: 0, minimum_body_index: 0 });
    assert_eq!(plan(&published, window), Plan { minimum_index: 0, minimum_body_index: 100 });
    let later = window + 11 * DAY;
    assert_eq!(plan(&published, later), Plan { minimum_index: 768, minimum_body_index: 2_000 });
    // Never beyond what is published.
    assert_eq!(Plan::of(&published, &marks, 1_500, later + DAY).minimum_index, 1_280);
    (published.minimum_index, published.minimum_body_index) = (768, 1_000);
    assert_eq!(plan(&published, 0), Plan { minimum_index: 768, minimum_body_index: 1_000 });
    published.retention = None;
    assert_eq!(plan(&published, u64::MAX), Plan { minimum_index: 768, minimum_body_index: 1_000 });
}

#[test]
fn a_pin_keeps_its_run_and_no_other_record() {
    let records = PinnedRange { agent: [1; 20], program_id: [2; 32], first: 5, last: 7 };
    let mut pins = Pins::default();
    pins.add(Pin { name: "case-1".into(), records, reason: "disputed".into() }).unwrap();
    for (sequence, kept) in [(4, false), (5, true), (7, true), (8, false)] {
        assert_eq!(pins.keeps(&[1; 20], &[2; 32], sequence), kept, "{sequence}");
    }
    assert!(!pins.keeps(&[3; 20], &[2; 32], 6) && !pins.keeps(&[1; 20], &[3; 32], 6));
    assert!(pins.names_agent(&[1; 20]) && !pins.names_agent(&[2; 20]));
    assert_eq!(pins.remove("case-1").unwrap().reason, "disputed");
    assert!(!pins.keeps(&[1; 20], &[2; 32], 6));
}

#[test]
fn old_marks_are_forgotten_but_for_the_newest() {
    let mut marks = Marks::default();
    for day in 0..100 {
        marks.set(Mark { time: day * DAY, size: 10 * day }, Some(DAY), 10 * DAY).unwrap();
        // A mark that says nothing new is none.
        marks.set(Mark { time: day * DAY + 5, size: 10 * day }, Some(DAY), 10 * DAY).unwrap();
    }
    assert_eq!(marks.marks().len(), 11);
    assert_eq!(marks.settled(99 * DAY, 10 * DAY), 890);
}

#[test]
fn evidence_settles_a_window_after_it_was_first_seen() {
    let mut marks = Marks::default();
    marks.see_evidence(&["a".into()], 100);
    marks.see_evidence(&["a".into(), "b".into()], 200);
    let settled = |marks: &Marks, now| marks.settled_evidence(now, 50).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(settled(&marks, 149), [""; 0]);
    assert_eq!(settled(&marks, 249), ["a"]);
    assert_eq!(settled(&marks, 250), ["a", "b"]);
    marks.see_evidence(&["b".into()], 300);
    assert_eq!(settled(&marks, 400), ["b"]);
}

#[test]
fn the_files_are_the_specified_ones_and_are_read_back() {
    let published = PublishedPolicy {
        minimum_index: 512,
        minimum_body_index: 700,
        retention: Some(policy()),
        cosignatures_needed: 1,
        witnesses: vec!["witness.example+00000000+AA==".into()],
    };
    let bytes = published.to_bytes().unwrap();
    let text = r#"{
  "version": 1,
  "minimumIndex": 512,
  "minimumBodyIndex": 700,
  "retention": {
    "disputeSeconds": 259200,
    "provingSeconds": 86400,
    "finalitySeconds": 3600,
    "marginSeconds": 86400,
    "entriesExtraSeconds": 864000,
    "evidenceSeconds": 2592000
  },
  "cosignaturesNeeded": 1,
  "witnesses": [
    "witness.example+00000000+AA=="
  ]
}
"#;
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), text);
    assert_eq!(PublishedPolicy::from_bytes(&bytes).unwrap(), published);
    let nothing = PublishedPolicy::default();
    assert_eq!(PublishedPolicy::from_bytes(&nothing.to_bytes().unwrap()).unwrap(), nothing);
    let mut marks = marks(&[(1, 2), (3, 4)]);
    marks.see_evidence(&["aa".into()], 5);
    assert_eq!(Marks::from_bytes(&marks.to_bytes().unwrap()).unwrap(), marks);
    let mut pins = Pins::default();
    let records = PinnedRange { agent: [0xab; 20], program_id: [2; 32], first: 0, last: u64::MAX };
    pins.add(Pin { name: "a".into(), records, reason: String::new() }).unwrap();
    let bytes = pins.to_bytes().unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains(&"ab".repeat(20)));
    assert_eq!(Pins::from_bytes(&bytes).unwrap(), pins);
}

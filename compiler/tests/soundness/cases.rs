//! Files of cases, and pairs of programs, that are refused, each with its line and reason.

#[path = "../../../program/tests/completeness/explain/generate.rs"]
#[expect(dead_code, reason = "only cards are made here")]
mod generate;

use crate::support::Numbers;
use candor_compiler::analysis::{CASES, CaseErrorKind, DiffError, Fixed, Variant, diff, read_cases, test};
use candor_program::Card;
use candor_program::decimal::DecimalError;
use candor_program::decision::DecisionError;
use candor_program::policy::{Comparison, Fact, Operand, Predicate};

/// Two features, of which rules look at the first, one output that rules look at, and three slots.
fn card() -> Card {
    let mut card = generate::card(&mut Numbers(3));
    let above = |fact| Predicate { fact, comparison: Comparison::Greater, operand: Operand::Constant(5) };
    card.policy.predicates = vec![above(Fact::Feature(0)), above(Fact::Output(2))];
    card.policy.rules.truncate(1);
    (card.policy.rules[0].all_of, card.policy.rules[0].none_of) = (3, 0);
    for register in &mut card.registers {
        (register.when, register.source) = (None, Operand::Constant(0));
    }
    card
}

const WHOLE: &str = "[[cases]]\nname = \"a\"\naction = \"action2\"\ntime = 100\nfeature.feature0 = \"5\"\n\
    output.action2 = 7\nexpect = \"denied\"\n";

fn refused(text: &str) -> (usize, CaseErrorKind) {
    let error = read_cases(&card(), text).unwrap_err();
    assert!(error.to_string().starts_with(&format!("line {}: ", error.line)));
    (error.line, error.kind)
}

fn with(from: &str, to: &str) -> (usize, CaseErrorKind) {
    assert!(WHOLE.contains(from));
    refused(&WHOLE.replacen(from, to, 1))
}

#[test]
fn the_whole_case_is_read() {
    assert_eq!(read_cases(&card(), WHOLE).unwrap().len(), 1);
}

#[test]
fn what_is_no_table_of_cases_is_refused() {
    for text in ["cases = 1", "[[cases]]\nname = \"a\"\n", &format!("{WHOLE}remedy = 1\n"), "[[case]]\n", "="]
    {
        assert!(matches!(refused(text).1, CaseErrorKind::Syntax { .. }), "{text}");
    }
    let (line, kind) = with("\"denied\"", "\"refused\"");
    assert!(matches!(kind, CaseErrorKind::Syntax { .. }));
    assert_eq!(line, 7);
}

#[test]
fn names_that_the_program_does_not_have_are_refused() {
    for (from, to, line, meant) in [
        ("action2\"", "action4\"", 3, Some("action0")),
        ("feature.feature0", "feature.feture0", 5, Some("feature.feature0")),
        ("output.action2", "output.nothing_like_it", 6, None),
        ("expect", "state.register9 = 1\nexpect", 7, Some("state.register0")),
        ("expect", "evidence.slot7 = 1\nexpect", 7, Some("evidence.slot0")),
        ("expect", "rule = \"rule7\"\nexpect", 7, Some("rule0")),
        ("expect", "reason = \"a raeson\"\nexpect", 7, Some("a reason")),
    ] {
        match with(from, to) {
            (at, CaseErrorKind::Unknown { suggestion, known, .. }) => {
                assert_eq!((at, suggestion.as_deref()), (line, meant), "{to}");
                assert!(!known.is_empty());
            }
            other => panic!("{to}: {other:?}"),
        }
    }
}

#[test]
fn values_out_of_scale_and_range_are_refused() {
    let not = |kind: &CaseErrorKind, expected: DecimalError| match kind {
        CaseErrorKind::Value { source, .. } => *source == expected,
        _ => false,
    };
    assert!(not(&with("\"5\"", "\"five\"").1, DecimalError::NotANumber));
    assert!(not(&with("\"5\"", "\"5.0\"").1, DecimalError::TooManyDigits { decimals: 0, got: 1 }));
    // The generated features go from -40 to 40.
    for inside in ["-40", "40"] {
        assert!(read_cases(&card(), &WHOLE.replacen("\"5\"", inside, 1)).is_ok());
    }
    for outside in ["-41", "41"] {
        let (line, kind) = with("\"5\"", outside);
        assert_eq!(line, 5);
        assert!(matches!(kind, CaseErrorKind::FeatureRange { got, .. } if got == outside));
    }
    let latest = (1_i64 << 62) - 1;
    assert!(read_cases(&card(), &WHOLE.replacen("100", &latest.to_string(), 1)).is_ok());
    for wrong in ["-1", "\"noon\"", &(latest + 1).to_string()] {
        let (line, kind) = with("100", wrong);
        assert_eq!(line, 4);
        assert!(
            matches!(kind, CaseErrorKind::Whole { lowest: 0, highest, .. } if highest == latest),
            "{wrong}"
        );
    }
    assert!(matches!(with("= 7", "= 2147483648").1, CaseErrorKind::Whole { highest: 2_147_483_647, .. }));
}

#[test]
fn what_rules_look_at_is_stated() {
    let fact = |kind| match kind {
        CaseErrorKind::Unstated { fact } => fact,
        other => panic!("{other:?}"),
    };
    assert_eq!(fact(with("feature.feature0 = \"5\"\n", "").1), "feature.feature0");
    assert_eq!(fact(with("output.action2 = 7\n", "").1), "output.action2");
    let (line, kind) = with("expect", "expires.slot1 = 9\nexpect");
    assert_eq!((line, kind), (7, CaseErrorKind::Valueless { slot: "slot1".into() }));
}

#[test]
fn a_record_that_is_later_than_the_case_is_refused() {
    assert!(read_cases(&card(), &WHOLE.replacen("expect", "last_record = 100\nexpect", 1)).is_ok());
    let (_, kind) = with("expect", "last_record = 101\nexpect");
    let source = DecisionError::TimeBackwards { previous: 101, got: 100 };
    assert_eq!(kind, CaseErrorKind::Decision { source });
}

#[test]
fn there_are_not_more_cases_than_the_limit() {
    let many = |count: usize| WHOLE.repeat(count);
    let cases = read_cases(&card(), &many(CASES)).unwrap();
    assert_eq!(test(&card(), cases).results.len(), CASES);
    assert_eq!(refused(&many(CASES + 1)), (1, CaseErrorKind::TooMany { limit: CASES, got: CASES + 1 }));
}

#[test]
fn programs_of_other_scales_are_not_compared() {
    let (first, mut second) = (card(), card());
    second.features[1].decimals = 2;
    let fixed = Fixed::new();
    let variant = |card| Variant { card, fixed: &fixed };
    let expected = DiffError::Scale { fact: "feature.feature1".into(), before: 0, after: 2 };
    assert_eq!(diff(variant(&first), variant(&second)), Err(expected));
}

//! Nothing fails open: on every rule of fixtures/sp500-policy every fact is missing, expired, of another kind or out of range,
//! one at a time, and the verdict is a denial with the reason that fits (threat 37).

use crate::support::fixture;
use crate::support::sp500_policy::{
    ARRIVES_IN_US, BEGIN, Day, END, LAPSES, LEAVES_DE, PRINCIPAL, RENEWED, SERIES, attestation, attester,
};
use candor_program::decision::Assessment;
use candor_program::evidence::{Defect, Evidence, Statement};
use candor_program::observation::{Observation, ObservationError};
use candor_program::policy::{Effect, Fact, Outcome, reason};
use candor_program::state::State;
use candor_trace::evidence::{Attestation, Credential};
use candor_trace::signer::{Ed25519Key, SecretKey};
use std::collections::BTreeSet;
use std::fs;

/// A day that asks for a purchase in DE, and the state before it, such that it is permitted.
fn permitted() -> (&'static Day, State, Evidence) {
    let records = SERIES.run();
    let found = records.into_iter().zip(&SERIES.days).find(|((_, _, assessment), _)| {
        assessment.verdict.outcome == Outcome::Permitted && assessment.requested.amount > 0
    });
    let ((state, evidence, _), day) = found.unwrap();
    (day, state, evidence)
}

fn reason_of(assessment: &Assessment) -> &str {
    SERIES.program.card.policy.reason_name(assessment.verdict.reason)
}

fn register(name: &str) -> usize {
    SERIES.program.card.registers.iter().position(|register| register.name == name).unwrap()
}

fn feature(name: &str) -> u16 {
    let place = SERIES.program.card.features.iter().position(|feature| feature.name == name).unwrap();
    u16::try_from(place).unwrap()
}

/// The first rule that looks at one of these facts.
fn first_rule(facts: &[Fact]) -> u8 {
    let policy = &SERIES.program.card.policy;
    let uses = |mask: u64| {
        let mut predicates = policy.predicates.iter().enumerate();
        predicates.any(|(index, predicate)| {
            mask >> index & 1 == 1 && predicate.facts().any(|fact| facts.contains(&fact))
        })
    };
    let rule = policy.rules.iter().position(|rule| uses(rule.all_of | rule.none_of));
    u8::try_from(rule.unwrap()).unwrap()
}

/// Denied since a fact is missing, by the first rule that looks at it, and nothing comes of it.
fn could_not_evaluate(assessment: &Assessment, facts: &[Fact], what: &str) {
    let verdict = assessment.verdict;
    assert_eq!(verdict.outcome, Outcome::Denied, "{what}");
    assert_eq!(
        (verdict.reason, verdict.rule),
        (reason::COULD_NOT_EVALUATE, Some(first_rule(facts))),
        "{what}"
    );
    assert!(assessment.transaction.is_none(), "{what}");
    for fact in facts {
        assert_eq!(assessment.facts().get(*fact), None, "{what}: {fact:?}");
    }
}

/// Every fact that some rule looks at.
fn facts_of_rules() -> BTreeSet<Fact> {
    let policy = &SERIES.program.card.policy;
    let used = policy.rules.iter().fold(0, |used, rule| used | rule.all_of | rule.none_of);
    let predicates = policy.predicates.iter().enumerate().filter(|(index, _)| used >> index & 1 == 1);
    predicates.flat_map(|(_, predicate)| predicate.facts()).collect()
}

#[test]
fn the_facts_of_the_rules_are_those_tested_here() {
    let index = |name| u16::try_from(register(name)).unwrap();
    let tested = BTreeSet::from([
        Fact::ActionMagnitude,
        Fact::Feature(feature("volatility_20d")),
        Fact::Evidence(0),
        Fact::Elapsed(index("last_execution")),
        Fact::After(index("notional_in_day")),
        Fact::After(index("position_SPX")),
        Fact::Change(index("last_signal")),
    ]);
    assert_eq!(facts_of_rules(), tested);
}

#[test]
fn a_statement_that_is_missing_expired_early_or_revoked_denies() {
    let (day, state, evidence) = permitted();
    let statement = evidence.0[0].unwrap();
    let at = |jurisdiction: Option<Statement>, revocation: Option<Statement>| {
        SERIES.assess(day, &state, &Evidence(vec![jurisdiction, revocation]), 0)
    };
    let revocation = evidence.0[1];
    assert_eq!(reason_of(&at(Some(statement), revocation)), "permitted-in-DE");
    let slot = [Fact::Evidence(0)];
    let changed = |issued, expires| Some(Statement { issued, expires, ..statement });
    let revoked_from = |value: u64| revocation.map(|was| Statement { value: value as i64, ..was });
    let (issued, time) = (statement.issued, day.time);
    let cases = [
        ("missing", None, revocation, Defect::Absent),
        ("expired now", changed(issued, time), revocation, Defect::Expired),
        ("valid from the next second", changed(time + 1, time + 9), revocation, Defect::NotYet),
        ("never valid", changed(time, time), revocation, Defect::Expired),
        ("revoked a second after it was issued", Some(statement), revoked_from(issued + 1), Defect::Revoked),
        ("no revocation is known", Some(statement), None, Defect::Revoked),
        (
            "the revocation has expired",
            Some(statement),
            revocation.map(|was| Statement { expires: time, ..was }),
            Defect::Revoked,
        ),
        (
            "the revocation is of later",
            Some(statement),
            revocation.map(|was| Statement { issued: time + 1, ..was }),
            Defect::Revoked,
        ),
    ];
    for (what, jurisdiction, revocation, defect) in cases {
        let assessment = at(jurisdiction, revocation);
        could_not_evaluate(&assessment, &slot, what);
        assert_eq!(assessment.evidence[0].defect, Some(defect), "{what}");
    }
    // One second to the other side of each edge it is permitted.
    for (issued, expires) in [(issued, time + 1), (time, time + 9)] {
        assert_eq!(reason_of(&at(changed(issued, expires), revocation)), "permitted-in-DE");
    }
    assert_eq!(reason_of(&at(Some(statement), revoked_from(issued))), "permitted-in-DE");
}

#[test]
fn a_jurisdiction_without_rules_permits_nothing() {
    let (day, state, evidence) = permitted();
    for value in [0, 1, -276, 277, 275, 250, i64::MAX, i64::MIN] {
        let mut elsewhere = evidence.clone();
        elsewhere.0[0] = elsewhere.0[0].map(|was| Statement { value, ..was });
        let assessment = SERIES.assess(day, &state, &elsewhere, 0);
        let verdict = (assessment.verdict.outcome, assessment.verdict.reason);
        assert_eq!(verdict, (Outcome::Denied, reason::DEFAULT_DENY), "{value}");
        assert!(assessment.transaction.is_none());
    }
}

#[test]
fn statements_of_others_about_others_and_for_others_are_not_presented() {
    let (day, state, evidence) = permitted();
    let honest = || Attestation {
        attester: attester().public(),
        slot: "jurisdiction".into(),
        subject: PRINCIPAL,
        value: 276,
        decimals: 0,
        meaning: "DE".into(),
        program: [0; 32],
        issued: BEGIN,
        expires: END,
    };
    let revocation = || attestation("revocation", BEGIN as i64, "", BEGIN, END);
    let verdict = |credential: Credential| {
        let wallet = SERIES.wallet(vec![credential, revocation()]);
        let presented = wallet.at(&SERIES.program.card, day.time).evidence;
        assert_eq!(presented.0[1], evidence.0[1]);
        SERIES.assess(day, &state, &presented, 0)
    };
    let signed = |attestation: Attestation| Credential::Attestation(attestation.sign(&attester()));
    assert_eq!(reason_of(&verdict(signed(honest()))), "permitted-in-DE");
    let other = SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x51; 32]));
    let mut unsigned = honest().sign(&attester());
    unsigned.signature[0] ^= 1;
    let mut altered = honest().sign(&attester());
    altered.attestation.expires += 1;
    let mut borrowed = honest().sign(&other);
    borrowed.attestation.attester = attester().public();
    let cases = [
        ("another attester", Credential::Attestation(honest().sign(&other))),
        ("a bit of the signature", Credential::Attestation(unsigned)),
        ("another time than the signed one", Credential::Attestation(altered)),
        ("signed by another in its name", Credential::Attestation(borrowed)),
        ("another principal", signed(Attestation { subject: [0x56; 32], ..honest() })),
        ("another slot", signed(Attestation { slot: "revocation".into(), ..honest() })),
        ("another program", signed(Attestation { program: [9; 32], ..honest() })),
        // Of another kind: a number in another scale, and a name of another value.
        ("another scale", signed(Attestation { decimals: 2, value: 27_600, ..honest() })),
        ("another meaning", signed(Attestation { meaning: "US".into(), ..honest() })),
        ("no meaning", signed(Attestation { meaning: String::new(), ..honest() })),
    ];
    for (what, credential) in cases {
        could_not_evaluate(&verdict(credential), &[Fact::Evidence(0)], what);
    }
}

#[test]
fn registers_that_cannot_be_told_deny() {
    let (day, state, evidence) = permitted();
    let index = |name| u16::try_from(register(name)).unwrap();
    let with = |name: &str, value: i64| {
        let mut state = state.clone();
        state.registers[register(name)] = value;
        // Within the day, so that no window begins.
        state.time = day.time;
        SERIES.assess(day, &state, &evidence, 0)
    };
    let time = i64::try_from(day.time).unwrap();
    // An execution that lies ahead, even by a second, or farther back than can be counted.
    for last in [time + 1, i64::MAX, i64::MIN] {
        let facts = [Fact::Elapsed(index("last_execution"))];
        could_not_evaluate(&with("last_execution", last), &facts, &format!("last execution {last}"));
    }
    // A sum beyond 64 bits is no small number.
    let amount = 25_000_000;
    for (name, facts) in [
        ("notional_in_day", vec![Fact::After(index("notional_in_day"))]),
        ("position_SPX", vec![Fact::After(index("position_SPX"))]),
    ] {
        could_not_evaluate(&with(name, i64::MAX - amount + 1), &facts, name);
        could_not_evaluate(&with(name, i64::MAX), &facts, name);
    }
    // A signal farther from the last one than can be counted.
    let facts = [Fact::Change(index("last_signal"))];
    could_not_evaluate(&with("last_signal", i64::MIN), &facts, "last signal");
}

#[test]
fn every_rule_decides_with_its_own_reason() {
    let (day, state, evidence) = permitted();
    let in_us = Evidence(vec![evidence.0[0].map(|was| Statement { value: 840, ..was }), evidence.0[1]]);
    let policy = &SERIES.program.card.policy;
    let mut seen = BTreeSet::new();
    let mut expect = |name: &str, register_name: &str, value: i64, evidence: &Evidence, day: &Day| {
        let mut state = State { time: day.time, ..state.clone() };
        if !register_name.is_empty() {
            state.registers[register(register_name)] = value;
        }
        let assessment = SERIES.assess(day, &state, evidence, 0);
        let rule = usize::from(assessment.verdict.rule.unwrap());
        assert_eq!(policy.rules[rule].name, name, "{register_name} {value}");
        assert_eq!(assessment.verdict.reason, policy.rules[rule].reason);
        let permits = policy.rules[rule].effect == Effect::Permit;
        assert_eq!(assessment.verdict.outcome == Outcome::Permitted, permits);
        seen.insert(name.to_owned());
    };
    let (time, amount) = (i64::try_from(day.time).unwrap(), 25_000_000);
    let signal = i64::from(day.outputs[2]);
    let sell = Day {
        time: day.time,
        input: day.input.clone(),
        outputs: vec![9000, 0, i32::try_from(signal).unwrap()],
    };
    expect("may-trade-in-DE", "", 0, &evidence, day);
    expect("may-trade-in-US", "", 0, &in_us, day);
    // Each limit at its value, and one step beyond.
    expect("may-trade-in-DE", "position_SPX", 50_000_000 - amount, &evidence, day);
    expect("exposure-in-DE", "position_SPX", 50_000_000 - amount + 1, &evidence, day);
    expect("may-trade-in-DE", "position_SPX", amount, &evidence, &sell);
    expect("no-short-sale-in-DE", "position_SPX", amount - 1, &evidence, &sell);
    // 0.010000 and a millionth more.
    let volatility = |value: i64| {
        let index = usize::from(feature("volatility_20d"));
        let mut input = day.input.clone();
        input[index] = u16::try_from(value - SERIES.program.card.features[index].min).unwrap();
        Day { time: day.time, input, outputs: day.outputs.clone() }
    };
    expect("may-trade-in-DE", "", 0, &evidence, &volatility(10_000));
    expect("order-size-in-DE", "", 0, &evidence, &volatility(10_001));
    expect("may-trade-in-US", "", 0, &in_us, &volatility(10_001));
    expect("may-trade-in-US", "position_SPX", 100_000_000 - amount, &in_us, day);
    expect("max-position-SPX-long", "position_SPX", 100_000_000 - amount + 1, &in_us, day);
    expect("may-trade-in-US", "position_SPX", -100_000_000 + amount, &in_us, &sell);
    expect("max-position-SPX-short", "position_SPX", -100_000_000 + amount - 1, &in_us, &sell);
    expect("may-trade-in-DE", "last_execution", time - 3_600, &evidence, day);
    expect("min-interval", "last_execution", time - 3_599, &evidence, day);
    expect("may-trade-in-DE", "notional_in_day", 0, &evidence, day);
    expect("max-notional-per-day", "notional_in_day", 1, &evidence, day);
    for side in [-1, 1] {
        expect("may-trade-in-DE", "last_signal", signal + 800 * side, &evidence, day);
        expect("dead-band", "last_signal", signal + 799 * side, &evidence, day);
    }
    // No action of this agent is above its largest order: the rule is reached with another head.
    let mut card = SERIES.program.card.clone();
    let candor_program::head::Head::ArgMax { actions, .. } = &mut card.head;
    actions[2].amount += 1;
    let input = candor_program::decision::DecisionInput {
        card: &card,
        features: &day.input,
        outputs: &day.outputs,
        state: &state,
        evidence: &evidence,
        time: day.time,
        sequence: 0,
    };
    let verdict = candor_program::decision::decide(&input).unwrap().verdict;
    assert_eq!(policy.reason_name(verdict.reason), "max-order");
    seen.insert("max-order".into());
    assert_eq!(seen, policy.rules.iter().map(|rule| rule.name.clone()).collect());
}

#[test]
fn an_oracle_that_answers_nothing_or_something_else_is_no_observation() {
    let card = &SERIES.program.card;
    let lines = fs::read_to_string(fixture("sp500/observations.jsonl")).unwrap();
    let line = lines.lines().next().unwrap();
    let answer = |text: &str| {
        let start = line.find("\"return_1d\":").unwrap() + "\"return_1d\":".len();
        let end = start + line[start..].find(',').unwrap();
        let line = format!("{}{text}{}", &line[..start], &line[end..]);
        Observation::from_json(&line, card).and_then(|observation| observation.features(card))
    };
    assert!(answer("\"0.02509\"").is_ok());
    // Empty, of another kind, in another notation, and out of range.
    for text in ["\"\"", "null", "true", "[]", "{}", "\" 0.02509\"", "\"2.5e-2\"", "\"NaN\"", "\"0,02509\""] {
        assert!(answer(text).is_err(), "{text}");
    }
    for text in ["\"0.06701\"", "\"-0.08001\"", "9223372036854775808", "\"0.025091\""] {
        assert!(answer(text).is_err(), "{text}");
    }
    let nothing = Observation::from_json("{\"time\":1357160400,\"plugins\":{}}", card);
    assert!(matches!(nothing, Err(ObservationError::MissingPlugin { .. })), "{nothing:?}");
    let empty = "{\"time\":1357160400,\"plugins\":{\"market-data\":{}}}";
    assert!(Observation::from_json(empty, card).unwrap().features(card).is_err());
}

#[test]
fn between_two_jurisdictions_nothing_is_permitted() {
    let (day, state, _) = permitted();
    let state = State { time: BEGIN, ..state };
    for (time, reason) in [
        (LEAVES_DE - 1, "permitted-in-DE"),
        (LEAVES_DE, "could not evaluate"),
        (ARRIVES_IN_US - 1, "could not evaluate"),
        (ARRIVES_IN_US, "permitted-in-US"),
        (LAPSES - 1, "permitted-in-US"),
        (LAPSES, "could not evaluate"),
        (RENEWED - 1, "could not evaluate"),
        (RENEWED, "permitted-in-US"),
        (END - 1, "permitted-in-US"),
        (END, "could not evaluate"),
    ] {
        let at = Day { time, input: day.input.clone(), outputs: day.outputs.clone() };
        assert_eq!(reason_of(&SERIES.assess(&at, &state, &SERIES.evidence(time), 0)), reason, "{time}");
    }
}

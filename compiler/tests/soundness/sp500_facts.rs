//! Threat 37 by the recorder: every rule of fixtures/sp500-policy stands alone beside one that permits anything, and every
//! fact that it looks at is missing, expired, of another kind or out of range, one at a time. What is recorded is a denial by
//! that rule, in order and signed; what is no observation, or no program, is no record.

use crate::support::sp500_policy::{BEGIN, END, PRINCIPAL, SERIES, attestation, attester, observations};
use candor_program::Program;
use candor_program::evidence::Defect;
use candor_program::head::Head;
use candor_program::interval::ProgramError;
use candor_program::observation::{Observation, ObservationError};
use candor_program::policy::{Effect, Fact, Outcome, Rule, reason};
use candor_trace::evidence::{Attestation, Credential};
use candor_trace::signer::{Ed25519Key, SecretKey};
use candor_trace::{
    AgentKey, RecordError, Recorded, Recorder, Salts, SignedRecord, check_body, check_decision,
};
use std::collections::BTreeSet;

/// The rules of the fixture that look at a fact, with the fact: every pair must be tried.
fn pairs() -> BTreeSet<(usize, Fact)> {
    let policy = &SERIES.program.card.policy;
    let mut pairs = BTreeSet::new();
    for (number, rule) in policy.rules.iter().enumerate() {
        let used = rule.all_of | rule.none_of;
        let predicates = policy.predicates.iter().enumerate();
        for (_, predicate) in predicates.filter(|(index, _)| used >> index & 1 == 1) {
            pairs.extend(predicate.facts().map(|fact| (number, fact)));
        }
    }
    pairs
}

/// The program with this rule first, and then one that permits whatever it is asked.
fn alone(rule: usize) -> Program {
    let mut program = SERIES.program.clone();
    let rules = &mut program.card.policy.rules;
    let one = rules[rule].clone();
    let anything =
        Rule { name: "anything".into(), effect: Effect::Permit, all_of: 0, none_of: 0, reason: one.reason };
    *rules = vec![one, anything];
    program
}

/// The first line of the series on which the agent wants to buy and no rule of its own stands against it.
fn line() -> String {
    let card = &SERIES.program.card;
    let records = SERIES.run();
    let first = records.iter().position(|(_, _, assessment)| {
        assessment.verdict.outcome == Outcome::Permitted
            && card.head.actions()[usize::from(assessment.requested.code)].name == "buy"
    });
    observations()[first.unwrap()].clone()
}

fn observation(line: &str) -> Result<Observation, ObservationError> {
    Observation::from_json(line, &SERIES.program.card)
}

fn jurisdiction() -> Attestation {
    Attestation {
        attester: attester().public(),
        slot: "jurisdiction".into(),
        subject: PRINCIPAL,
        value: 276,
        decimals: 0,
        meaning: "DE".into(),
        program: [0; 32],
        issued: BEGIN,
        expires: END,
    }
}

fn revocation() -> Attestation {
    Attestation { slot: "revocation".into(), value: BEGIN as i64, meaning: String::new(), ..jurisdiction() }
}

fn signed(attestation: Attestation) -> Credential {
    Credential::Attestation(attestation.sign(&attester()))
}

fn recorder(program: Program, credentials: Vec<Credential>) -> Recorder {
    let key = AgentKey::from_bytes(&[7; 32]).unwrap();
    let mut recorder = Recorder::resume(program, key, None).unwrap();
    // What does not hold is not presented; the verdict shows that it is not.
    let _unusable = recorder.present(credentials);
    recorder
}

fn recorded(program: Program, credentials: Vec<Credential>, line: &str) -> Recorded {
    let salts = Salts { observations: 1 << 90, evidence: 1 << 91 };
    recorder(program, credentials).record(observation(line).unwrap(), salts).unwrap()
}

/// Rule and fact, what was done to the fact, and the record that came of it.
struct Trial {
    what: String,
    program: Program,
    recorded: Recorded,
}

/// A denial because a fact is missing, by the rule that stands alone; nothing is executed, and whoever has the record finds
/// it in order.
fn is_denied(trial: &Trial, fact: Fact) {
    let Trial { what, program, recorded: Recorded { record, decision } } = trial;
    let verdict = decision.verdict;
    assert_eq!(
        (verdict.outcome, verdict.reason, verdict.rule),
        (Outcome::Denied, reason::COULD_NOT_EVALUATE, Some(0)),
        "{what}"
    );
    assert!(decision.executed.is_none() && decision.transaction.is_none(), "{what}");
    assert!(!matches!(fact, Fact::Evidence(slot) if standing(program, record, slot).is_none()), "{what}");
    assert_eq!(check_body(&program.card, record), Ok(()), "{what}");
    assert_eq!(check_decision(&program.card, record).as_ref(), Ok(decision), "{what}");
}

/// Why a slot's statement does not count.
fn standing(program: &Program, record: &SignedRecord, slot: u16) -> Option<Defect> {
    let standings = record.body.evidence.standings(&program.card.evidence, record.header.time);
    standings[usize::from(slot)].defect
}

/// What can be wrong with a statement of the jurisdiction at a time.
fn bad_statements(time: u64) -> Vec<(&'static str, Vec<Credential>)> {
    let other = SecretKey::Ed25519(Ed25519Key::from_bytes(&[0x51; 32]));
    let with = |change: &dyn Fn(&mut Attestation)| {
        let mut attestation = jurisdiction();
        change(&mut attestation);
        vec![signed(attestation), signed(revocation())]
    };
    let revoking = |change: &dyn Fn(&mut Attestation)| {
        let mut attestation = revocation();
        change(&mut attestation);
        vec![signed(jurisdiction()), signed(attestation)]
    };
    let mut spoiled = jurisdiction().sign(&attester());
    spoiled.signature[5] ^= 1;
    vec![
        ("no statement", vec![signed(revocation())]),
        ("expired this second", with(&|a| a.expires = time)),
        ("counts from the next second", with(&|a| a.issued = time + 1)),
        ("issued after it expires", with(&|a| (a.issued, a.expires) = (END, BEGIN))),
        ("revoked", revoking(&|a| a.value = BEGIN as i64 + 1)),
        ("no revocation is known", vec![signed(jurisdiction())]),
        ("the revocation has expired", revoking(&|a| a.expires = time)),
        ("the revocation counts later", revoking(&|a| a.issued = time + 1)),
        ("by another attester", {
            vec![Credential::Attestation(jurisdiction().sign(&other)), signed(revocation())]
        }),
        ("a bit of the signature", vec![Credential::Attestation(spoiled), signed(revocation())]),
        ("about another principal", with(&|a| a.subject = [0x56; 32])),
        ("for another slot", with(&|a| a.slot = "revocation".into())),
        ("for another program", with(&|a| a.program = [9; 32])),
        // Of another kind: another scale, another name, a name for what has none.
        ("in another scale", with(&|a| (a.decimals, a.value) = (2, 27_600))),
        ("called otherwise", with(&|a| a.meaning = "US".into())),
        ("without its name", with(&|a| a.meaning.clear())),
        ("a name that the program does not have", with(&|a| (a.value, a.meaning) = (250, "FR".into()))),
        // Out of range: times beyond 62 bits.
        ("expires beyond 62 bits", with(&|a| a.expires = 1 << 62)),
        ("issued beyond 62 bits", with(&|a| a.issued = u64::MAX)),
    ]
}

/// Values of a register, before the record, with which a fact about it cannot be told.
fn bad_registers(fact: Fact, time: i64) -> Vec<i64> {
    match fact {
        // Ahead of the record, by a second or by all; farther back than can be counted.
        Fact::Elapsed(_) => vec![time + 1, i64::MAX, i64::MIN],
        // A sum beyond 64 bits, by one unit or by all.
        Fact::After(_) => vec![i64::MAX - 25_000_000 + 1, i64::MAX],
        // Farther from the signal than can be counted.
        Fact::Change(_) => vec![i64::MIN],
        other => panic!("{other:?} is not about what a register becomes"),
    }
}

fn bad_observations(line: &str, feature: &str) -> Vec<(String, String)> {
    let start = line.find(&format!("\"{feature}\":")).unwrap();
    let (value, end) = (start + feature.len() + 3, line[start..].find(',').unwrap() + start);
    let answer = |text: &str| format!("{}{text}{}", &line[..value], &line[end..]);
    let mut bad: Vec<(String, String)> = [
        "\"\"",
        "null",
        "true",
        "[]",
        "{}",
        "\" 0.01\"",
        "\"1e-2\"",
        "1e-2",
        "\"NaN\"",
        "\"0,01\"",
        "\"+0.01\"",
        "\".01\"",
        "\"0.0100000\"",
        "\"0.003599\"",
        "\"0.054001\"",
        "-1",
        "9223372036854775808",
    ]
    .iter()
    .map(|text| ((*text).to_owned(), answer(text)))
    .collect();
    bad.push(("left out".into(), format!("{}{}", &line[..start], &line[end + 1..])));
    let misspelt = line.replacen(&format!("\"{feature}\""), &format!("\"{feature}s\""), 1);
    bad.push(("misspelt".into(), misspelt));
    bad
}

/// What is no observation leaves no record, and the next one is recorded as if nothing had been.
fn is_no_record(rule: usize, credentials: Vec<Credential>, line: &str, bad: &[(String, String)]) {
    let mut recorder = recorder(alone(rule), credentials);
    let salts = || Salts { observations: 1 << 90, evidence: 1 << 91 };
    for (what, text) in bad {
        let refused = match observation(text) {
            Err(_) => true,
            Ok(read) => matches!(recorder.record(read, salts()), Err(RecordError::Observation { .. })),
        };
        assert!(refused, "{what}");
        assert_eq!(recorder.sequence(), 0, "{what}");
    }
    let honest = recorder.record(observation(line).unwrap(), salts()).unwrap();
    assert_eq!((honest.record.header.sequence, honest.decision.verdict.outcome), (0, Outcome::Permitted));
}

#[test]
fn every_fact_of_every_rule_fails_closed() {
    let line = line();
    let time = observation(&line).unwrap().time;
    let names: Vec<&str> = SERIES.program.card.policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    let (mut tried, mut trials) = (BTreeSet::new(), 0);
    for (rule, fact) in pairs() {
        let in_us = names[rule].contains("-US");
        let (value, meaning) = if in_us { (840, "US") } else { (276, "DE") };
        let honest = || vec![attestation("jurisdiction", value, meaning, BEGIN, END), signed(revocation())];
        let of = |what: &str, program: Program, credentials: Vec<Credential>| {
            let what = format!("{}, {fact:?}: {what}", names[rule]);
            let recorded = recorded(program.clone(), credentials, &line);
            Trial { what, program, recorded }
        };
        // With everything there the order is permitted: what follows is the fact's own doing.
        let permitted = of("nothing wrong", alone(rule), honest());
        assert_eq!(permitted.recorded.decision.verdict.outcome, Outcome::Permitted, "{}", permitted.what);
        match fact {
            Fact::Evidence(0) => {
                for (what, credentials) in bad_statements(time) {
                    is_denied(&of(what, alone(rule), credentials), fact);
                    trials += 1;
                }
            }
            Fact::Elapsed(register) | Fact::After(register) | Fact::Change(register) => {
                for value in bad_registers(fact, time as i64) {
                    let mut program = alone(rule);
                    let register = &mut program.card.registers[usize::from(register)];
                    // What a record before this one left there, in the same window.
                    (register.initial, register.window) = (value, None);
                    is_denied(&of(&value.to_string(), program, honest()), fact);
                    trials += 1;
                }
            }
            Fact::Feature(feature) => {
                let feature = &SERIES.program.card.features[usize::from(feature)].name;
                let bad = bad_observations(&line, feature);
                trials += bad.len();
                is_no_record(rule, honest(), &line, &bad);
            }
            Fact::ActionMagnitude => {
                // The request is the program's own: a program in which it has no magnitude is none.
                let mut program = alone(rule);
                let Head::ArgMax { actions, .. } = &mut program.card.head;
                actions[2].amount = i64::MIN;
                assert_eq!(program.card.validate(), Err(ProgramError::ActionMagnitude { action: 2 }));
                trials += 1;
            }
            other => panic!("nothing is tried on {other:?}"),
        }
        tried.insert((rule, fact));
    }
    assert_eq!(tried, pairs());
    let rules: BTreeSet<usize> = tried.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules.len(), SERIES.program.card.policy.rules.len());
    assert!(trials > 120, "{trials}");
}

/// The record's time is a fact of every interval and every statement.
#[test]
fn a_time_that_is_none_is_no_record() {
    let line = line();
    let time = observation(&line).unwrap().time;
    let with = |text: &str| line.replacen(&format!("\"time\":{time},"), text, 1);
    let bad: Vec<(String, String)> = [
        "",
        "\"time\":null,",
        "\"time\":\"1\",",
        "\"time\":-1,",
        "\"time\":1.5,",
        "\"time\":1e9,",
        "\"time\":4611686018427387904,",
        "\"time\":18446744073709551616,",
        "\"Time\":1,",
        "\"time\":1,\"time\":1,",
    ]
    .iter()
    .map(|text| (format!("time: {text}"), with(text)))
    .collect();
    let credentials = vec![attestation("jurisdiction", 276, "DE", BEGIN, END), signed(revocation())];
    is_no_record(0, credentials, &line, &bad);
}

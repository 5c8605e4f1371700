//! Decisions as vectors for other implementations of the same specification: table, facts, verdict, rule, reason, next state.
//!
//! Remade by `CANDOR_GOLDEN=write cargo test -p candor-program --test completeness vectors`, and by nothing else.

use crate::differential::{generate, model};
use crate::sample::Numbers;
use candor_program::Card;
use candor_program::decision::{Assessment, DecisionInput, assess};
use candor_program::evidence::Evidence;
use candor_program::policy::{Fact, Operand, Outcome, Predicate, Rule};
use candor_program::state::{Register, State};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const GOLDEN: &str = include_str!("../golden/decisions.jsonl");
const VECTORS: usize = 160;

/// An integer: a string, since JSON's numbers are doubles to many readers.
fn number(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn fact(fact: Fact) -> Value {
    Value::String(format!("{fact:?}"))
}

fn operand(operand: Operand) -> Value {
    match operand {
        Operand::Constant(value) => json!({ "constant": number(value) }),
        Operand::Fact { fact: of, offset } => json!({ "fact": fact(of), "offset": number(offset) }),
    }
}

fn predicate(predicate: &Predicate) -> Value {
    let comparison = format!("{:?}", predicate.comparison);
    json!({ "fact": fact(predicate.fact), "comparison": comparison, "operand": operand(predicate.operand) })
}

fn places(mask: u64) -> Vec<u32> {
    (0..64).filter(|bit| mask >> bit & 1 == 1).collect()
}

fn rule(rule: &Rule) -> Value {
    let effect = format!("{:?}", rule.effect);
    json!({ "effect": effect, "allOf": places(rule.all_of), "noneOf": places(rule.none_of), "reason": rule.reason })
}

fn register(register: &Register) -> Value {
    let updates = [register.on_execute, register.on_deny, register.on_abstain];
    json!({
        "initial": number(register.initial),
        "window": register.window,
        "source": operand(register.source),
        "when": register.when,
        "updates": updates.map(|update| format!("{update:?}")),
    })
}

fn program(card: &Card) -> Value {
    let windows = card.windows.iter().map(|window| json!([window.seconds, window.offset]));
    let slots = card
        .evidence
        .iter()
        .map(|slot| json!({ "default": slot.default.map(number), "revokedBy": slot.revoked_by }));
    let actions = card.head.actions().iter().map(|action| {
        json!({ "abstain": action.abstain, "amount": number(action.amount), "asset": action.asset, "venue": action.venue })
    });
    json!({
        "actions": actions.collect::<Vec<_>>(),
        "minima": card.features.iter().map(|feature| number(feature.min)).collect::<Vec<_>>(),
        "windows": windows.collect::<Vec<_>>(),
        "registers": card.registers.iter().map(register).collect::<Vec<_>>(),
        "evidence": slots.collect::<Vec<_>>(),
        "predicates": card.policy.predicates.iter().map(predicate).collect::<Vec<_>>(),
        "rules": card.policy.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn request(case: &model::Case) -> Value {
    let statement = |statement: &candor_program::evidence::Statement| {
        json!([number(statement.value), number(statement.issued), number(statement.expires)])
    };
    json!({
        "features": case.features,
        "outputs": case.outputs,
        "state": { "time": number(case.last_time), "registers": numbers(&case.registers) },
        "evidence": case.evidence.iter().map(|entry| entry.as_ref().map(statement)).collect::<Vec<_>>(),
        "time": number(case.time),
        "sequence": number(case.sequence),
    })
}

fn numbers(values: &[i64]) -> Vec<Value> {
    values.iter().map(number).collect()
}

/// The facts that predicates look at; null where missing.
fn facts(card: &Card, assessment: &Assessment) -> Value {
    let used: BTreeSet<Fact> = card.policy.predicates.iter().flat_map(Predicate::facts).collect();
    let facts = assessment.facts();
    used.into_iter().map(|fact| (format!("{fact:?}"), facts.get(fact).map_or(Value::Null, number))).collect()
}

fn assessed(card: &Card, case: &model::Case) -> Assessment {
    let state = State { time: case.last_time, registers: case.registers.clone() };
    let input = DecisionInput {
        card,
        features: &case.features,
        outputs: &case.outputs,
        state: &state,
        evidence: &Evidence(case.evidence.clone()),
        time: case.time,
        sequence: case.sequence,
    };
    assess(&input, card.head.request(&case.outputs)).unwrap()
}

fn vector(card: &Card, case: &model::Case) -> Value {
    let assessment = assessed(card, case);
    let verdict = assessment.verdict;
    let (expected, _) = model::decide(card, case);
    assert_eq!(expected.verdict, verdict.word(), "the model agrees");
    json!({
        "program": program(card),
        "request": request(case),
        "facts": facts(card, &assessment),
        "verdict": {
            "outcome": format!("{:?}", verdict.outcome),
            "reason": verdict.reason,
            "rule": verdict.rule,
            "word": number(verdict.word()),
        },
        "after": numbers(&assessment.state_after.registers),
    })
}

/// Small random programs; those that end like too many others are left out.
fn vectors() -> Vec<(Card, model::Case)> {
    let mut numbers = Numbers(2_611);
    let mut ends = std::collections::BTreeMap::<(u16, bool), usize>::new();
    let mut chosen = Vec::new();
    while chosen.len() < VECTORS {
        let card = generate::card(&mut numbers);
        let case = generate::case(&mut numbers, &card);
        if card.policy.predicates.len().max(card.policy.rules.len()) > 8 {
            continue;
        }
        let verdict = assessed(&card, &case).verdict;
        let count = ends.entry((verdict.reason, verdict.rule.is_some())).or_default();
        *count += 1;
        if *count <= VECTORS / 6 {
            chosen.push((card, case));
        }
    }
    chosen
}

#[test]
fn vectors_are_unchanged() {
    let lines: Vec<Value> = vectors().iter().map(|(card, case)| vector(card, case)).collect();
    if std::env::var("CANDOR_GOLDEN").is_ok_and(|golden| golden == "write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/decisions.jsonl");
        let text: Vec<String> = lines.iter().map(|line| line.to_string() + "\n").collect();
        std::fs::write(path, text.concat()).unwrap();
        return;
    }
    assert_eq!(lines.len(), GOLDEN.lines().count());
    for (number, (got, expected)) in lines.iter().zip(GOLDEN.lines()).enumerate() {
        // The order of keys depends on what else is built with serde_json.
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(*got, expected, "vector {number}");
    }
}

/// Every outcome, every way to be denied, every kind of fact, update and statement is among them.
#[test]
fn vectors_cover_the_specification() {
    let (mut ends, mut facts, mut updates) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut begun, mut guarded, mut statements) = (0, 0, 0);
    for (card, case) in vectors() {
        let assessment = assessed(&card, &case);
        let verdict = assessment.verdict;
        let denied = verdict.outcome == Outcome::Denied;
        ends.insert(match verdict.reason {
            1 | 2 => (verdict.reason, verdict.rule.is_some()),
            _ => (u16::from(denied) + 16 * u16::from(verdict.reason > 0), verdict.rule.is_some()),
        });
        let used = card.policy.predicates.iter().flat_map(Predicate::facts);
        facts.extend(used.map(|fact| format!("{fact:?}").split('(').next().unwrap().to_owned()));
        for register in &card.registers {
            updates.extend(
                [register.on_execute, register.on_deny, register.on_abstain]
                    .map(|update| format!("{update:?}")),
            );
            guarded += usize::from(register.when.is_some());
        }
        begun += usize::from(assessment.registers != case.registers);
        statements += case.evidence.iter().flatten().count();
    }
    // abstained, default, could not evaluate by a rule and without, permitted, forbidden
    assert_eq!(ends, [(0, false), (1, false), (2, false), (2, true), (16, true), (17, true)].into());
    assert_eq!((facts.len(), updates.len()), (16, 4), "{facts:?}");
    assert!(begun > 5 && guarded > 5 && statements > 20, "{begun} {guarded} {statements}");
}

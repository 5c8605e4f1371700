//! Time to decide after the model has run: head, windows, facts, table, updates and transaction of one decision.

use crate::agent::Agent;
use candor_program::Card;
use candor_program::card::SignerKey;
use candor_program::decision::{DecisionInput, decide};
use candor_program::evidence::{Authority, Evidence, Slot, Statement, Subject};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_program::state::{Register, State, Update, Window};
use criterion::{Criterion, Throughput};

const TIME: u64 = 1_357_160_400;

/// As many registers, slots, predicates and rules as a class has room for; no rule matches, so that each is tried.
fn full(card: &Card, size: u8, registers: u8) -> Card {
    let mut card = card.clone();
    (card.class.policy_size, card.class.state_size) = (size, registers);
    card.class.evidence_size = registers;
    card.windows =
        [3_600, 86_400].map(|seconds| Window { name: seconds.to_string(), seconds, offset: 0 }).to_vec();
    card.registers = (0..registers).map(register).collect();
    card.evidence = (0..registers).map(slot).collect();
    card.policy = Table {
        predicates: (0..size).map(|index| predicate(index, registers)).collect(),
        rules: (0..size).map(|index| rule(index, size)).collect(),
        reasons: vec![ReasonText { code: 16, name: "r".into(), remedy: String::new() }],
    };
    card.validate().expect("within the class");
    card
}

fn register(index: u8) -> Register {
    Register {
        name: format!("r{index}"),
        initial: 0,
        window: Some(index % 2),
        source: Fact::ActionMagnitude.into(),
        when: Some(0),
        on_execute: Update::Add,
        on_deny: Update::Add,
        on_abstain: Update::Keep,
    }
}

fn slot(index: u8) -> Slot {
    Slot {
        name: format!("e{index}"),
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [index; 20] } },
        subject: Subject::Agent,
        default: None,
        revoked_by: (index > 0).then_some(0),
        decimals: 0,
        values: Vec::new(),
    }
}

fn predicate(index: u8, registers: u8) -> Predicate {
    let place = u16::from(index % registers);
    let fact = match index % 8 {
        0 => Fact::Feature(u16::from(index)),
        1 => Fact::After(place),
        2 => Fact::Change(place),
        3 => Fact::Elapsed(place),
        4 => Fact::Evidence(place),
        5 => Fact::Issued(place),
        6 => Fact::ActionMagnitude,
        _ => Fact::Register(place),
    };
    let operand = if index.is_multiple_of(2) { Operand::Constant(0) } else { Fact::Time.into() };
    Predicate { fact, comparison: Comparison::NotEqual, operand }
}

/// Needs every predicate, and that the last does not hold.
fn rule(index: u8, size: u8) -> Rule {
    let all = if size == 64 { u64::MAX } else { (1 << size) - 1 };
    let effect = if index.is_multiple_of(2) { Effect::Permit } else { Effect::Forbid };
    let none_of = 1 << (size - 1);
    Rule { name: format!("rule {index}"), effect, all_of: all & !none_of, none_of, reason: 16 }
}

fn bench(criterion: &mut Criterion) {
    let agent = Agent::sp500();
    let own = agent.program.card.clone();
    let observation = agent.observations().next().expect("a circle");
    let features = observation.features(&own).expect("valid");
    let mut group = criterion.benchmark_group("policy/decide");
    group.throughput(Throughput::Elements(1));
    let cards = [
        ("fixtures/sp500", own.clone()),
        ("16 by 16 rules, 4 registers, 4 slots", full(&own, 16, 4)),
        ("64 by 64 rules, 16 registers, 16 slots", full(&own, 64, 16)),
    ];
    for (name, card) in cards {
        let state = State { time: TIME - 90_000, ..State::initial(&card.registers) };
        let statement = Statement { value: 5, issued: 10, expires: TIME + 1 };
        let evidence = Evidence(vec![Some(statement); card.evidence.len()]);
        let actions = card.head.actions();
        let acting = actions.iter().position(|action| !action.abstain).expect("one acts");
        let outputs: Vec<i32> = (0..actions.len()).map(|index| i32::from(index == acting)).collect();
        let input = DecisionInput {
            card: &card,
            features: &features,
            outputs: &outputs,
            state: &state,
            evidence: &evidence,
            time: TIME,
            sequence: 7,
        };
        group.bench_function(name, |bencher| bencher.iter(|| decide(&input).expect("fits")));
    }
}

criterion::criterion_group!(benches, bench);

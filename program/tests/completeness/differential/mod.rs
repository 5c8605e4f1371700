//! `decide` against an independent model of the specification, on random cards, requests and states.
//!
//! `CANDOR_CAMPAIGN=full cargo test -p candor-program --test completeness differential` compares 100 000 decisions
//! instead of 10 000.

mod generate;
mod model;

use crate::sample::Numbers;
use candor_program::Card;
use candor_program::decision::{Decision, DecisionInput, decide};
use candor_program::evidence::Evidence;
use candor_program::head::Action;
use candor_program::state::State;
use model::{Case, Ending, Expected};
use std::collections::BTreeMap;

/// Decisions of one card in a row.
const RUN: usize = 8;

fn campaign() -> usize {
    let full = std::env::var("CANDOR_CAMPAIGN").is_ok_and(|campaign| campaign == "full");
    if full { 100_000 } else { 10_000 }
}

/// One decision, by both; gives how it ended.
fn compare(card: &Card, case: &Case) -> (Decision, Ending) {
    let state = State { time: case.last_time, registers: case.registers.clone() };
    let evidence = Evidence(case.evidence.clone());
    let decision = decide(&DecisionInput {
        card,
        features: &case.features,
        outputs: &case.outputs,
        state: &state,
        evidence: &evidence,
        time: case.time,
        sequence: case.sequence,
    });
    let decision = decision.unwrap();
    let (expected, ending) = model::decide(card, case);
    let got = Expected {
        requested: decision.requested.word(),
        verdict: decision.verdict.word(),
        executed: Action::executed_word(decision.executed.as_ref()),
        registers: decision.state_after.registers.iter().map(|value| i128::from(*value)).collect(),
        calldata: decision.transaction.as_ref().map(|transaction| transaction.calldata.clone()),
    };
    assert_eq!(got, expected, "{case:?}\n{card:?}");
    assert_eq!(decision.state_after.time, case.time);
    (decision, ending)
}

/// In every state that a validated card's records reach, only a register can keep a permitted action from being executed.
#[test]
fn differential_runs_from_the_initial_state() {
    let mut numbers = Numbers(71);
    let mut seen = BTreeMap::<Ending, usize>::new();
    for _ in 0..campaign() / 2 / RUN {
        let card = generate::card(&mut numbers);
        let State { mut time, mut registers } = State::initial(&card.registers);
        for _ in 0..RUN {
            let mut case = generate::case(&mut numbers, &card);
            (case.last_time, case.registers) = (time, registers);
            time = case.time.max(time);
            case.time = time;
            let (decision, ending) = compare(&card, &case);
            *seen.entry(ending).or_default() += 1;
            registers = decision.state_after.registers;
        }
    }
    assert_eq!(seen.remove(&Ending::ArgumentOutOfRange), None);
    let endings =
        [Ending::Abstained, Ending::Lacking, Ending::Forbidden, Ending::NotPermitted, Ending::Executed];
    assert!(endings.iter().all(|ending| seen.get(ending).is_some_and(|count| *count > 100)), "{seen:?}");
    assert!(seen.get(&Ending::RegisterBlocked).is_some_and(|count| *count > 10), "{seen:?}");
}

/// Whatever a previous record claims about the registers, both say the same.
#[test]
fn differential_any_state() {
    let mut numbers = Numbers(72);
    let mut seen = BTreeMap::<Ending, usize>::new();
    for _ in 0..campaign() / 2 / RUN {
        let card = generate::card(&mut numbers);
        for _ in 0..RUN {
            let case = generate::case(&mut numbers, &card);
            *seen.entry(compare(&card, &case).1).or_default() += 1;
        }
    }
    assert!(Ending::ALL.iter().all(|ending| seen.get(ending).is_some_and(|count| *count > 20)), "{seen:?}");
}

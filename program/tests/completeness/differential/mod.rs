//! `decide` against an independent model of the specification, on random cards, requests, evidence and states.

pub(crate) mod generate;
pub(crate) mod model;

use crate::sample::Numbers;
use candor_program::Card;
use candor_program::decision::{Decision, DecisionInput, decide};
use candor_program::evidence::Evidence;
use candor_program::head::Action;
use candor_program::state::{State, Window};
use model::{Case, Ending, Expected};
use std::collections::BTreeMap;

/// Decisions of one card in a row.
const RUN: usize = 8;

/// Decisions of each test.
const CAMPAIGN: usize = 100_000;

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

/// Whether the window is another one a second before.
fn begins(window: &Window, time: u64) -> bool {
    (time + u64::from(window.offset)).is_multiple_of(window.seconds.into())
}

/// In every state that a validated card's records reach, only a register can keep a permitted action from being executed.
#[test]
fn differential_runs_from_the_initial_state() {
    let mut numbers = Numbers(71);
    let mut seen = BTreeMap::<Ending, usize>::new();
    let (mut ties, mut edges) = (0, 0);
    for _ in 0..CAMPAIGN / RUN {
        let card = generate::card(&mut numbers);
        let State { mut time, mut registers } = State::initial(&card.registers);
        for _ in 0..RUN {
            let mut case = generate::case(&mut numbers, &card);
            (case.last_time, case.registers) = (time, registers);
            time = case.time.max(time);
            case.time = time;
            ties += usize::from(time == case.last_time);
            edges += usize::from(card.windows.iter().any(|window| begins(window, time)));
            let (decision, ending) = compare(&card, &case);
            *seen.entry(ending).or_default() += 1;
            registers = decision.state_after.registers;
        }
    }
    assert!(ties > 1_000 && edges > 1_000, "{ties} {edges}");
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
    for _ in 0..CAMPAIGN / RUN {
        let card = generate::card(&mut numbers);
        for _ in 0..RUN {
            let case = generate::case(&mut numbers, &card);
            *seen.entry(compare(&card, &case).1).or_default() += 1;
        }
    }
    assert!(Ending::ALL.iter().all(|ending| seen.get(ending).is_some_and(|count| *count > 20)), "{seen:?}");
}

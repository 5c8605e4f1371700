//! Every way that a decision can go.

use crate::sample;
use candor_program::card::Card;
use candor_program::decision::{Decision, DecisionInput, decide};
use candor_program::head::Action;
use candor_program::policy::{Effect, Outcome, PolicyVerdict};
use candor_program::state::{Register, State, Update};
use candor_program::transaction::AbiType;

const FEATURES: [u16; 3] = [5_000, 10, 50];
const TIME: u64 = 1_357_160_400;
const SELL: [i32; 3] = [3, 2, 1];
const HOLD: [i32; 3] = [1, 2, 1];

fn decided(card: &Card, outputs: [i32; 3], state: &State, features: [u16; 3]) -> Decision {
    decide(&DecisionInput { card, features: &features, outputs: &outputs, state, time: TIME, sequence: 4 })
        .unwrap()
}

fn initial(card: &Card) -> State {
    State::initial(&card.registers)
}

fn unexecuted(decision: &Decision, state: &State, outcome: Outcome, reason: u16, rule: Option<u8>) {
    assert_eq!(decision.verdict, PolicyVerdict { outcome, reason, rule });
    assert_eq!((decision.executed, &decision.transaction, &decision.state_after), (None, &None, state));
}

#[test]
fn a_permitted_action_changes_state_and_is_sent() {
    let card = sample::program().card;
    let decision = decided(&card, SELL, &initial(&card), FEATURES);
    let sell = Action { code: 0, abstain: false, amount: -250 };
    assert_eq!((decision.requested, decision.executed), (sell, Some(sell)));
    assert_eq!(decision.verdict, PolicyVerdict { outcome: Outcome::Permitted, reason: 16, rule: Some(0) });
    assert_eq!(decision.state_after, State(vec![TIME as i64, -240, 1, 500]));
    assert_eq!(decision.transaction.unwrap().calldata.len(), 4 + 3 * 32);
}

#[test]
fn abstaining_changes_nothing() {
    let card = sample::program().card;
    let decision = decided(&card, HOLD, &initial(&card), FEATURES);
    assert_eq!(decision.requested, Action { code: 1, abstain: true, amount: 0 });
    unexecuted(&decision, &initial(&card), Outcome::Abstained, 0, None);
}

#[test]
fn a_denial_changes_nothing() {
    let card = sample::program().card;
    // Executed a second ago.
    let state = State(vec![TIME as i64 - 1, 0, 1, 500]);
    unexecuted(&decided(&card, SELL, &state, FEATURES), &state, Outcome::Denied, 17, Some(1));
    // The rate is 9.99: its minimum of -1.00 is added back before the policy sees it.
    let state = initial(&card);
    unexecuted(&decided(&card, SELL, &state, [0, 0, 1_099]), &state, Outcome::Denied, 18, Some(2));
    // Exposure above the limit register.
    let state = State(vec![0, 501, 0, 500]);
    unexecuted(&decided(&card, SELL, &state, FEATURES), &state, Outcome::Denied, 1, None);
    // The last execution lies in the future.
    let state = State(vec![TIME as i64 + 1, 0, 0, 500]);
    unexecuted(&decided(&card, SELL, &state, FEATURES), &state, Outcome::Denied, 2, Some(1));
}

#[test]
fn an_overflowing_register_denies() {
    for (update, value) in
        [(Update::Increment, i64::MAX), (Update::AddAmount, i64::MIN), (Update::AddAmount, i64::MIN + 249)]
    {
        let mut card = sample::program().card;
        card.policy.rules = vec![sample::rule("all", Effect::Permit, 0, 0, 16)];
        card.registers[1] = Register { name: "r".into(), initial: 0, on_execute: update };
        let state = State(vec![0, value, 0, 0]);
        unexecuted(&decided(&card, SELL, &state, FEATURES), &state, Outcome::Denied, 2, None);
        let state = State(vec![0, if value < 0 { i64::MIN + 250 } else { value - 1 }, 0, 0]);
        assert!(decided(&card, SELL, &state, FEATURES).executed.is_some());
    }
}

/// Validation refuses such a card; whoever runs it all the same executes nothing.
#[test]
fn an_argument_out_of_range_denies() {
    let mut card = sample::program().card;
    card.transaction.arguments[1].abi_type = AbiType::Int(8);
    assert!(card.validate().is_err());
    unexecuted(&decided(&card, SELL, &initial(&card), FEATURES), &initial(&card), Outcome::Denied, 2, None);
    // A denial by a rule comes first, and an abstention asks neither.
    let state = State(vec![TIME as i64 - 1, 0, 1, 500]);
    unexecuted(&decided(&card, SELL, &state, FEATURES), &state, Outcome::Denied, 17, Some(1));
    unexecuted(&decided(&card, HOLD, &state, FEATURES), &state, Outcome::Abstained, 0, None);
}

#[test]
fn registers_follow_their_rules() {
    let register = |on_execute| Register { name: String::new(), initial: 7, on_execute };
    let registers = [Update::Keep, Update::Time, Update::AddAmount, Update::Increment].map(register);
    let state = State::initial(&registers);
    let action = Action { code: 0, abstain: false, amount: -9 };
    assert_eq!(state.after(&registers, None, 100), Some(State(vec![7; 4])));
    assert_eq!(state.after(&registers, Some(&action), 100), Some(State(vec![7, 100, -2, 8])));
    assert_eq!(state.after(&registers, Some(&action), 1 << 63), None);
    assert_eq!(state.after(&registers[1..], Some(&action), 100), None);
}

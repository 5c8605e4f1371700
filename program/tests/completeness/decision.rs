//! Every way that a decision can go.

use crate::sample::{self, register};
use candor_program::card::Card;
use candor_program::decision::{Decision, DecisionInput, decide};
use candor_program::evidence::Evidence;
use candor_program::head::Action;
use candor_program::policy::{Effect, Fact, Operand, Outcome, PolicyVerdict};
use candor_program::state::{State, Update};
use candor_program::transaction::AbiType;

const FEATURES: [u16; 3] = [5_000, 10, 50];
const TIME: u64 = 1_357_160_400;
const SELL: [i32; 3] = [3, 2, 1];
const HOLD: [i32; 3] = [1, 2, 1];

fn decided(card: &Card, outputs: [i32; 3], state: &State, features: [u16; 3]) -> Decision {
    let evidence = &Evidence::none(&card.evidence);
    let input = DecisionInput {
        card,
        features: &features,
        outputs: &outputs,
        state,
        evidence,
        time: TIME,
        sequence: 4,
    };
    decide(&input).unwrap()
}

fn initial(card: &Card) -> State {
    State::initial(&card.registers)
}

fn state(registers: [i64; 4]) -> State {
    State { time: 0, registers: registers.to_vec() }
}

/// Nothing but the time of the last record changes.
fn unexecuted(decision: &Decision, state: &State, outcome: Outcome, reason: u16, rule: Option<u8>) {
    assert_eq!(decision.verdict, PolicyVerdict { outcome, reason, rule });
    let after = State { time: TIME, registers: state.registers.clone() };
    assert_eq!((decision.executed, &decision.transaction, &decision.state_after), (None, &None, &after));
}

#[test]
fn a_permitted_action_changes_state_and_is_sent() {
    let card = sample::program().card;
    let decision = decided(&card, SELL, &initial(&card), FEATURES);
    let sell = Action { code: 0, abstain: false, amount: -250, asset: 0, venue: 0 };
    assert_eq!((decision.requested, decision.executed), (sell, Some(sell)));
    assert_eq!(decision.verdict, PolicyVerdict { outcome: Outcome::Permitted, reason: 16, rule: Some(0) });
    assert_eq!(decision.state_after, State { time: TIME, ..state([TIME as i64, -240, 1, 500]) });
    assert_eq!(decision.transaction.unwrap().calldata.len(), 4 + 3 * 32);
}

#[test]
fn abstaining_changes_nothing() {
    let card = sample::program().card;
    let decision = decided(&card, HOLD, &initial(&card), FEATURES);
    assert_eq!(decision.requested, Action { code: 1, abstain: true, amount: 0, asset: 0, venue: 0 });
    unexecuted(&decision, &initial(&card), Outcome::Abstained, 0, None);
}

#[test]
fn a_denial_changes_nothing() {
    let card = sample::program().card;
    // Executed a second ago.
    let before = state([TIME as i64 - 1, 0, 1, 500]);
    unexecuted(&decided(&card, SELL, &before, FEATURES), &before, Outcome::Denied, 17, Some(1));
    // The rate is 9.99: its minimum of -1.00 is added back before the policy sees it.
    let before = initial(&card);
    unexecuted(&decided(&card, SELL, &before, [0, 0, 1_099]), &before, Outcome::Denied, 18, Some(2));
    // Exposure above the limit register.
    let before = state([0, 501, 0, 500]);
    unexecuted(&decided(&card, SELL, &before, FEATURES), &before, Outcome::Denied, 1, None);
    // The last execution lies in the future.
    let before = state([TIME as i64 + 1, 0, 0, 500]);
    unexecuted(&decided(&card, SELL, &before, FEATURES), &before, Outcome::Denied, 2, Some(1));
}

#[test]
fn an_overflowing_register_denies() {
    let amount: Operand = Fact::ActionAmount.into();
    for (source, value) in [(Operand::Constant(1), i64::MAX), (amount, i64::MIN), (amount, i64::MIN + 249)] {
        let mut card = sample::program().card;
        card.policy.rules = vec![sample::rule("all", Effect::Permit, 0, 0, 16)];
        card.registers[1] = register("r", 0, Update::Add, source);
        let full = state([0, value, 0, 0]);
        unexecuted(&decided(&card, SELL, &full, FEATURES), &full, Outcome::Denied, 2, None);
        let room = state([0, if value < 0 { i64::MIN + 250 } else { value - 1 }, 0, 0]);
        assert!(decided(&card, SELL, &room, FEATURES).executed.is_some());
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
    let before = state([TIME as i64 - 1, 0, 1, 500]);
    unexecuted(&decided(&card, SELL, &before, FEATURES), &before, Outcome::Denied, 17, Some(1));
    unexecuted(&decided(&card, HOLD, &before, FEATURES), &before, Outcome::Abstained, 0, None);
}

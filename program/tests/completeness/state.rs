//! Windows and registers, by known answers.

use crate::sample::{self, predicate, register};
use candor_program::Card;
use candor_program::decision::{Decision, DecisionInput, decide};
use candor_program::evidence::{Evidence, Statement};
use candor_program::policy::{Comparison, Effect, Fact, Operand, PolicyVerdict, Predicate};
use candor_program::state::{Register, State, Update, Window};

const DAY: u32 = 86_400;
/// 2013-01-03, 00:00 UTC.
const MIDNIGHT: u64 = 1_357_171_200;
const SELL: [i32; 3] = [1, 0, 0];
const HOLD: [i32; 3] = [0, 1, 0];

fn window(seconds: u32, offset: u32) -> Window {
    Window { name: "w".into(), seconds, offset }
}

#[test]
fn windows_are_counted_from_the_epoch() {
    let day = window(DAY, 0);
    assert_eq!(
        [0, 86_399, 86_400, MIDNIGHT - 1, MIDNIGHT].map(|time| day.number(time)),
        [0, 0, 1, 15_707, 15_708]
    );
    assert_eq!([0, 86_399, 86_400].map(|time| day.next(time)), [86_400, 86_400, 172_800]);
    // A day that begins at 22:00 UTC.
    let local = window(DAY, 7_200);
    assert_eq!([0, 79_199, 79_200].map(|time| local.number(time)), [0, 0, 1]);
    assert_eq!([0, 79_199, 79_200].map(|time| local.next(time)), [79_200, 79_200, 165_600]);
    for time in [0, 5, 79_199, MIDNIGHT, u64::MAX >> 2] {
        assert_eq!(local.number(local.next(time) - 1), local.number(time));
        assert_eq!(local.number(local.next(time)), local.number(time) + 1);
    }
}

/// A card whose one rule permits everything.
fn open_card(registers: Vec<Register>, predicates: Vec<Predicate>) -> Card {
    let mut card = sample::witnessed();
    card.windows = vec![window(DAY, 0)];
    card.registers = registers;
    card.policy.predicates = predicates;
    card.policy.rules = vec![sample::rule("all", Effect::Permit, 0, 0, 16)];
    assert_eq!(card.validate(), Ok(()));
    card
}

struct Run {
    card: Card,
    state: State,
    evidence: Evidence,
}

impl Run {
    fn of(registers: Vec<Register>) -> Self {
        Self::with(registers, vec![])
    }

    fn with(registers: Vec<Register>, predicates: Vec<Predicate>) -> Self {
        let card = open_card(registers, predicates);
        Self { state: State::initial(&card.registers), evidence: Evidence::none(&card.evidence), card }
    }

    fn decide(&mut self, outputs: [i32; 3], time: u64) -> Decision {
        let Self { card, state, evidence } = self;
        let features = &[5_000, 10, 50];
        let decision =
            decide(&DecisionInput { card, features, outputs: &outputs, state, evidence, time, sequence: 0 });
        let decision = decision.unwrap();
        self.state = decision.state_after.clone();
        assert_eq!(self.state.time, time);
        decision
    }

    fn registers(&mut self, outputs: [i32; 3], time: u64) -> Vec<i64> {
        self.decide(outputs, time).state_after.registers
    }
}

fn windowed(source: Operand) -> Register {
    Register { window: Some(0), ..register("r", 0, Update::Add, source) }
}

#[test]
fn a_window_begins_anew_whatever_is_decided() {
    let count = windowed(Operand::Constant(1));
    let notional = Register { name: "n".into(), ..windowed(Fact::ActionMagnitude.into()) };
    let mut run = Run::of(vec![count, notional]);
    assert_eq!(run.registers(SELL, MIDNIGHT - 2), [1, 250]);
    assert_eq!(run.registers(SELL, MIDNIGHT - 1), [2, 500]);
    assert_eq!(run.registers(HOLD, MIDNIGHT - 1), [2, 500]);
    // Abstaining in the next window.
    assert_eq!(run.registers(HOLD, MIDNIGHT), [0, 0]);
    assert_eq!(run.registers(SELL, MIDNIGHT), [1, 250]);
    // Denied in the next but one.
    run.card.policy.rules.clear();
    assert_eq!(run.registers(SELL, MIDNIGHT + 2 * u64::from(DAY)), [0, 0]);
}

#[test]
fn every_outcome_has_its_update() {
    let outcomes = Register {
        on_deny: Update::Add,
        on_abstain: Update::Set,
        ..register("r", 7, Update::Reset, Operand::Constant(10))
    };
    let mut run = Run::of(vec![outcomes]);
    assert_eq!(run.registers(HOLD, 1), [10]);
    assert_eq!(run.registers(SELL, 2), [7]);
    run.card.policy.rules.clear();
    assert_eq!(run.registers(SELL, 3), [17]);
    assert_eq!(run.registers(SELL, 3), [27]);
}

/// The highest value so far: set where the feature is above the register.
#[test]
fn a_guarded_register_changes_only_where_its_predicate_holds() {
    let mark = Register {
        when: Some(0),
        on_deny: Update::Set,
        on_abstain: Update::Set,
        ..register("mark", 0, Update::Set, Fact::Feature(1).into())
    };
    let above = predicate(Fact::Feature(1), Comparison::Greater, Fact::Register(0).into());
    let mut run = Run::with(vec![mark], vec![above]);
    assert_eq!(run.registers(HOLD, 1), [10]);
    run.state.registers = vec![11];
    for outputs in [HOLD, SELL] {
        assert_eq!(run.registers(outputs, 2), [11]);
    }
}

/// Neither what would be set nor whether can be told: nothing is executed, and the register stays.
#[test]
fn what_cannot_be_told_blocks_an_execution() {
    let approval = Fact::Issued(1);
    let source = register("r", 3, Update::Set, approval.into());
    let guard = Register { when: Some(0), ..register("r", 3, Update::Keep, Operand::Constant(0)) };
    for blocked in [source, guard] {
        let early = predicate(approval, Comparison::Less, Operand::Constant(0));
        let mut run = Run::with(vec![blocked], vec![early]);
        let decision = run.decide(SELL, 50);
        assert_eq!((decision.verdict, decision.executed), (PolicyVerdict::COULD_NOT_EVALUATE, None));
        assert_eq!(run.state.registers, [3]);
        let statement = |issued| Some(Statement { value: 0, issued, expires: 100 });
        run.evidence = Evidence(vec![statement(0), statement(40)]);
        assert!(run.decide(SELL, 50).executed.is_some());
        assert!([40, 3].contains(&run.state.registers[0]));
    }
}

/// Changes that an abstention or a denial cannot make are not made, and nothing else stops.
#[test]
fn an_overflow_without_execution_leaves_the_register() {
    let full = Register {
        on_deny: Update::Add,
        on_abstain: Update::Add,
        ..register("full", i64::MAX, Update::Keep, Operand::Constant(1))
    };
    let count = Register { name: "count".into(), initial: 0, ..full.clone() };
    let mut run = Run::of(vec![full, count]);
    assert_eq!(run.registers(HOLD, 1), [i64::MAX, 1]);
    run.card.policy.rules.clear();
    assert_eq!(run.registers(SELL, 2), [i64::MAX, 2]);
}

//! Decisions that a prover would rather have had. Each lie is a decision on other inputs, made natively; a forged witness
//! for the true inputs reaches exactly its verdict, action and registers, and violates exactly one constraint: refused,
//! and accepted where that constraint is left out.

use crate::agent::{Agent, slot};
use crate::decision::{Case, native};
use candor_circuits::seal::decision::{DecisionCircuit, DecisionValues};
use candor_circuits::seal::system::{Constraint, Matrices, System};
use candor_circuits::seal::witness::RecordWitness;
use candor_program::evidence::{Evidence, Statement};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, Rule};
use candor_program::state::{Register, State, Update, Window};
use candor_program::{Card, Fr};
use std::collections::{BTreeMap, BTreeSet};

/// What is told about a decision.
type Told = (Fr, Fr, Vec<Fr>);

fn told(values: &DecisionValues) -> Told {
    (values.verdict, values.executed, values.registers.clone())
}

fn last_of(card: &Card, case: &Case) -> Told {
    told(&native(card, case).expect("a decision").pop().expect("a record").0)
}

fn rule(effect: Effect, all_of: u64, reason: u16) -> Rule {
    Rule { name: format!("{reason}"), effect, all_of, none_of: 0, reason }
}

/// Windows of 100 seconds that begin at 93, 193 and so on; permitted while the count stays at 3, forbidden within 30 seconds
/// of an execution.
fn card() -> Card {
    let mut card = Agent::small().program.card;
    card.windows = vec![Window { name: "window".into(), seconds: 100, offset: 7 }];
    let register = |name: &str, initial, source| Register {
        name: name.into(),
        initial,
        window: None,
        source,
        when: None,
        on_execute: Update::Keep,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    };
    let one = Operand::Constant(1);
    card.registers = vec![
        Register { window: Some(0), on_execute: Update::Add, ..register("count", 0, one) },
        Register { when: Some(0), on_execute: Update::Add, ..register("guarded", 0, one) },
        Register { on_deny: Update::Add, on_abstain: Update::Reset, ..register("denials", 9, one) },
        Register { on_execute: Update::Set, ..register("last", 0, Fact::Time.into()) },
    ];
    card.evidence =
        vec![slot("class", None, Some(1)), slot("epoch", Some(0), None), slot("approval", Some(0), None)];
    let predicate =
        |fact, comparison, constant| Predicate { fact, comparison, operand: Operand::Constant(constant) };
    card.policy.predicates = vec![
        predicate(Fact::Register(0), Comparison::Greater, 100),
        predicate(Fact::After(0), Comparison::LessOrEqual, 3),
        predicate(Fact::Elapsed(3), Comparison::Less, 30),
        predicate(Fact::Evidence(0), Comparison::Less, 8),
        predicate(Fact::Present(2), Comparison::Equal, 1),
    ];
    card.policy.rules = vec![rule(Effect::Permit, 0b10, 16), rule(Effect::Forbid, 0b100, 17)];
    card
}

/// The third action is requested; the last record was 500 seconds before, in another window.
fn case() -> Case {
    let record = RecordWitness {
        sequence: 4,
        time: 1_000,
        observations_salt: 1,
        evidence_salt: 2,
        evidence: Evidence(vec![None; 3]),
        payloads: [0; 2],
        features: vec![1, 2, 3, 4],
        outputs: vec![3, 4, 5],
    };
    let state = State { time: 500, registers: vec![3, 0, 9, 500] };
    Case { records: vec![record], acc: Fr::from(5u64), state, payloads: [0; 32] }
}

fn forge(card: &Card, case: &Case, shape: bool, forced: BTreeMap<u32, Fr>) -> (System, Vec<DecisionValues>) {
    let system = System::forging(shape, 0, forced);
    let values = DecisionCircuit::new(&system, card).run(&case.records, case.acc, &case.state);
    (system, values)
}

/// Hints that the constraints of one part mention.
fn hints(system: &System, matrices: &Matrices, owner: &str) -> Vec<u32> {
    let all: BTreeSet<u32> = system.hints().into_iter().collect();
    let constraints = matrices.constraints.iter().filter(|constraint| constraint.owner == owner);
    let rows = constraints.flat_map(|constraint| [&constraint.a, &constraint.b, &constraint.c]);
    let mentioned: BTreeSet<u32> = rows.flatten().map(|(index, _)| *index).collect();
    mentioned.intersection(&all).copied().collect()
}

/// Changes inputs.
type Change = Box<dyn Fn(&mut Card, &mut Case)>;

/// A lie: the part of the circuit that must not allow it, and the inputs on which it would be true.
struct Lie {
    what: &'static str,
    owner: &'static str,
    card: Card,
    case: Case,
    lied: Change,
}

fn lie(
    what: &'static str,
    owner: &'static str,
    truth: impl Fn(&mut Card, &mut Case),
    lied: impl Fn(&mut Card, &mut Case) + 'static,
) -> Lie {
    let (mut card, mut case) = (card(), case());
    truth(&mut card, &mut case);
    Lie { what, owner, card, case, lied: Box::new(lied) }
}

fn state_something(case: &mut Case, slot: usize, value: i64, issued: u64, expires: u64) {
    case.records[0].evidence.0[slot] = Some(Statement { value, issued, expires });
}

/// Only evidence of the class decides.
fn ask_for_class(card: &mut Card) {
    card.policy.rules = vec![rule(Effect::Permit, 0b1000, 16)];
}

fn lies() -> Vec<Lie> {
    let same_window = |case: &mut Case| (case.state.time, case.state.registers[3]) = (995, 0);
    vec![
        lie("a window not begun", "windows", |_, _| (), |card, _| card.registers[0].window = None),
        lie(
            "a window begun too early",
            "windows",
            move |_, case| same_window(case),
            |_, case| case.state.registers[0] = 0,
        ),
        lie("a guard ignored", "state", |_, _| (), |card, _| card.registers[1].when = None),
        lie(
            "a guard that holds ignored",
            "state",
            |card, case| {
                card.registers[0].window = None;
                case.state.registers[0] = 101;
                card.policy.rules[0].all_of = 0;
            },
            |card, _| card.registers[1].on_execute = Update::Keep,
        ),
        lie(
            "a denial taken for an abstention",
            "state",
            |_, case| case.state.registers[3] = 990,
            |card, _| card.registers[2].on_deny = Update::Reset,
        ),
        lie(
            "a denial that leaves no trace",
            "state",
            |_, case| case.state.registers[3] = 990,
            |card, _| card.registers[2].on_deny = Update::Keep,
        ),
        lie(
            "an expired statement used",
            "evidence",
            |card, case| {
                ask_for_class(card);
                state_something(case, 0, 7, 900, 1_000);
            },
            |_, case| state_something(case, 0, 7, 900, 1_001),
        ),
        lie(
            "a statement used before its time",
            "evidence",
            |card, case| {
                ask_for_class(card);
                state_something(case, 0, 7, 1_001, 2_000);
            },
            |_, case| state_something(case, 0, 7, 1_000, 2_000),
        ),
        lie(
            "a revoked statement used",
            "evidence",
            |card, case| {
                ask_for_class(card);
                state_something(case, 0, 7, 900, 1_500);
                state_something(case, 1, 901, 950, 1_500);
            },
            |_, case| state_something(case, 1, 900, 950, 1_500),
        ),
        lie(
            "a statement not used",
            "evidence",
            |card, case| {
                card.policy.rules.push(rule(Effect::Forbid, 0b1_0000, 18));
                state_something(case, 2, 7, 900, 1_500);
            },
            |_, case| case.records[0].evidence.0[2] = None,
        ),
        lie(
            "an absent statement used",
            "evidence",
            |card, _| card.policy.rules = vec![rule(Effect::Permit, 0b1_0000, 16)],
            |_, case| state_something(case, 2, 0, 900, 1_500),
        ),
        lie(
            "a missing fact taken for a small one",
            "predicates",
            |card, _| ask_for_class(card),
            |_, case| state_something(case, 0, 0, 900, 1_500),
        ),
        lie(
            "a fact taken for missing",
            "predicates",
            |card, case| {
                ask_for_class(card);
                state_something(case, 0, 7, 900, 1_500);
            },
            |_, case| case.records[0].evidence.0[0] = None,
        ),
        lie(
            "a permission where a rule forbids",
            "rules",
            |_, case| case.state.registers[3] = 990,
            |card, _| card.policy.rules.truncate(1),
        ),
        lie("a denial where a rule permits", "rules", |_, _| (), |card, _| card.policy.rules.clear()),
        lie(
            "another reason",
            "rules",
            |_, case| case.state.registers[3] = 990,
            |card, _| card.policy.rules[1].reason = 18,
        ),
        lie(
            "another rule",
            "rules",
            |_, case| case.state.registers[3] = 990,
            |card, _| {
                card.policy.rules.insert(1, rule(Effect::Permit, 0, 17));
            },
        ),
        lie(
            "a rule that lacks a fact passed over",
            "rules",
            |card, _| card.policy.rules.push(rule(Effect::Permit, 0b1000, 18)),
            |card, _| card.policy.rules.truncate(2),
        ),
    ]
}

#[test]
fn every_lie_about_a_decision_is_stopped_by_a_constraint_of_its_part() {
    let mut tried = 0;
    for Lie { what, owner, card, case, lied } in lies() {
        let (mut other_card, mut other_case) = (card.clone(), self::case());
        (other_case.state, other_case.records) = (case.state.clone(), case.records.clone());
        lied(&mut other_card, &mut other_case);
        let (truth, wanted) = (last_of(&card, &case), last_of(&other_card, &other_case));
        assert_ne!(truth, wanted, "{what}");
        let (system, honest) = forge(&card, &case, true, BTreeMap::new());
        assert_eq!((system.unsatisfied(), told(honest.last().unwrap())), (None, truth.clone()), "{what}");
        let (matrices, assignment) = (system.matrices(), system.assignment());
        let one = Fr::from(1u64);
        let mut found = false;
        for variable in hints(&system, &matrices, owner) {
            let value = assignment[variable as usize];
            let others = if value * value == value { vec![one - value] } else { vec![value + one] };
            for other in others {
                let (forged, values) = forge(&card, &case, false, [(variable, other)].into());
                let violated = forged.violated();
                tried += 1;
                let got = told(values.last().unwrap());
                assert!(got == truth || !violated.is_empty(), "{what}: {variable} is free");
                found |=
                    got == wanted && violated.len() == 1 && matrices.constraints[violated[0]].owner == owner;
            }
            if found {
                break;
            }
        }
        assert!(found, "{what}: no forgery reaches it");
    }
    println!("{tried} forgeries");
}

/// The only constraint that is violated, with its owner.
fn only(system: &System, matrices: &Matrices) -> &'static str {
    let violated = system.violated();
    assert_eq!(violated.len(), 1, "{violated:?}");
    matrices.constraints[violated[0]].owner
}

#[test]
fn time_that_runs_backwards_is_refused() {
    let (card, mut case) = (card(), case());
    case.state.time = 1_001;
    assert!(native(&card, &case).is_none());
    // an honest prover: nothing but the time's difference is out of range
    let (system, _) = forge(&card, &case, true, BTreeMap::new());
    assert_eq!(only(&system, &system.matrices()), "record");
    // in the middle of a path as well
    let mut case = self::case();
    let second = RecordWitness { time: 999, sequence: 5, ..case.records[0].clone() };
    case.records.push(second);
    assert!(native(&card, &case).is_none());
    let (system, _) = forge(&card, &case, true, BTreeMap::new());
    assert_eq!(only(&system, &system.matrices()), "record");
}

/// A record that others follow divides: other quotients have remainders outside the window, in either direction.
#[test]
fn no_other_quotient_has_a_remainder_in_the_window() {
    let (card, mut case) = (card(), case());
    // 67 seconds into its window: one window less, or more, and no window ended, or one did that had not
    case.state.time = 960;
    let second = RecordWitness { time: 1_060, sequence: 5, ..case.records[0].clone() };
    case.records.push(second);
    let truth: Vec<Told> = native(&card, &case).unwrap().iter().map(|(values, _)| told(values)).collect();
    let (system, honest) = forge(&card, &case, true, BTreeMap::new());
    assert_eq!(honest.iter().map(told).collect::<Vec<_>>(), truth);
    let (matrices, assignment) = (system.matrices(), system.assignment());
    let hints: BTreeSet<u32> = system.hints().into_iter().collect();
    // quotient * seconds = sum - remainder; a zero test's right side has a constant
    let division = |constraint: &&Constraint| {
        let variables = constraint.c.iter().filter(|(index, _)| *index != 0).count();
        let single = constraint.a.len() == 1 && constraint.b.len() == 1 && constraint.a != constraint.b;
        constraint.owner == "windows" && single && variables == constraint.c.len() && variables > 1
    };
    let divisions: Vec<(u32, u32, u32)> = matrices
        .constraints
        .iter()
        .filter(division)
        .map(|constraint| {
            let remainder =
                constraint.c.iter().map(|(index, _)| *index).filter(|index| hints.contains(index));
            (constraint.a[0].0, constraint.b[0].0, remainder.max().unwrap())
        })
        .collect();
    // where the path starts, and at its first record, for each of four windows
    assert_eq!(divisions.len(), 8);
    let mut reached = BTreeSet::new();
    for (quotient, seconds, remainder) in divisions {
        let [q, s, r] = [quotient, seconds, remainder].map(|index| assignment[index as usize]);
        let mut lies =
            vec![(q + Fr::from(1u64), r - s), (q - Fr::from(1u64), r + s), (Fr::from(0u64), r + q * s)];
        // a fraction of a window
        if s != Fr::from(1u64) {
            lies.push((q + ark_ff::Field::inverse(&s).unwrap(), r - Fr::from(1u64)));
        }
        for (other, rest) in lies.into_iter().filter(|(other, _)| *other != q) {
            let forced = [(quotient, other), (remainder, rest)].into();
            let (forged, values) = forge(&card, &case, false, forced);
            let violated: BTreeSet<usize> = forged.violated().into_iter().collect();
            assert!(!violated.is_empty());
            assert!(violated.iter().all(|number| matrices.constraints[*number].owner == "windows"));
            let got: Vec<Told> = values.iter().map(told).collect();
            if got != truth && violated.len() == 1 {
                reached.insert(quotient);
            }
        }
    }
    assert!(reached.len() >= 2, "{reached:?}");
}

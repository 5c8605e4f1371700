//! The circuit's decision logic equals `candor_program::decide` on random cards, states and outputs, and its hints have one value.

use crate::agent::{Agent, cases};
use candor_benches::synthetic::Random;
use candor_circuits::seal::decision::{DecisionCircuit, DecisionValues};
use candor_circuits::seal::system::System;
use candor_circuits::seal::witness::RecordWitness;
use candor_program::class::OperatorClass;
use candor_program::decision::{DecisionInput, decide};
use candor_program::digest::{self, AccInput};
use candor_program::encoding::keccak256;
use candor_program::feature::Feature;
use candor_program::head::{Action, ActionTemplate, Head};
use candor_program::operator::Operator;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Outcome, Predicate, Rule, reason};
use candor_program::state::{Register, State, Update};
use candor_program::{Card, Fr};
use std::collections::{BTreeMap, BTreeSet};

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];
const TIME: u64 = 1 << 62;

fn below(random: &mut Random, bound: usize) -> usize {
    (random.next_u64() % bound as u64) as usize
}

/// Boundary values more often than not.
fn integer(random: &mut Random) -> i64 {
    let extremes = [i64::MIN, i64::MIN + 1, -1, 0, 1, 2, 1_000, TIME as i64 - 1, i64::MAX - 1, i64::MAX];
    match below(random, 4) {
        0 | 1 => extremes[below(random, extremes.len())],
        2 => random.signed(3),
        _ => random.next_u64() as i64,
    }
}

fn time(random: &mut Random) -> u64 {
    match below(random, 8) {
        0 => 0,
        1 => TIME - 1,
        2 if below(random, 8) == 0 => TIME,
        3 => random.next_u64() % TIME,
        _ => random.next_u64() % 2_000,
    }
}

fn fact(random: &mut Random, card: &Card) -> Fact {
    let registers = card.registers.len();
    match below(random, if registers == 0 { 5 } else { 9 }) {
        0 => Fact::ActionCode,
        1 => Fact::ActionAmount,
        2 => Fact::Time,
        3 => Fact::Sequence,
        4 => Fact::Feature(below(random, card.features.len()) as u16),
        5 | 6 => Fact::Register(below(random, registers) as u16),
        _ => Fact::Elapsed(below(random, registers) as u16),
    }
}

/// A card of a random class: all that a decision depends on is random, the model is not.
pub(crate) fn random_card(random: &mut Random, base: &Card) -> Card {
    let mut card = base.clone();
    let feature = |index: usize, random: &mut Random| {
        let span = [0, 1, 9, 65_535][below(random, 4)];
        let min = integer(random).min(i64::MAX - span);
        Feature {
            name: format!("f{index}"),
            plugin: 0,
            pointer: String::new(),
            decimals: 0,
            min,
            max: min + span,
        }
    };
    card.features = (0..1 + below(random, 6)).map(|index| feature(index, random)).collect();
    card.class.input_log2 = card.features.len().next_power_of_two().trailing_zeros() as u8;
    let action = |index: usize, random: &mut Random| {
        let amount = if below(random, 5) == 0 { 0 } else { integer(random) };
        ActionTemplate { name: format!("a{index}"), abstain: amount == 0, amount }
    };
    let actions: Vec<ActionTemplate> = (0..1 + below(random, 5)).map(|index| action(index, random)).collect();
    if let Some(OperatorClass::Affine { output_log2, .. }) = card.class.operators.last_mut() {
        *output_log2 = actions.len().next_power_of_two().trailing_zeros() as u8;
    }
    card.head = Head::ArgMax { actions };
    let update = |random: &mut Random| {
        [Update::Keep, Update::Time, Update::AddAmount, Update::Increment][below(random, 4)]
    };
    let count = if below(random, 8) == 0 { 16 } else { below(random, 5) };
    let register = |index: usize, random: &mut Random| Register {
        name: format!("r{index}"),
        initial: integer(random),
        on_execute: update(random),
    };
    card.registers = (0..count).map(|index| register(index, random)).collect();
    card.class.state_size = digest::state_size(count) as u8;
    let predicates = 1 + below(random, 16);
    card.policy.predicates = (0..predicates)
        .map(|_| {
            let operand = if below(random, 2) == 0 {
                Operand::Constant(integer(random))
            } else {
                Operand::Fact(fact(random, &card))
            };
            Predicate { fact: fact(random, &card), comparison: COMPARISONS[below(random, 6)], operand }
        })
        .collect();
    let mask = |random: &mut Random| {
        let sparse = random.next_u64() & random.next_u64() & random.next_u64();
        sparse & if below(random, 3) == 0 { 0 } else { (1 << predicates) - 1 }
    };
    let rule = |index: usize, random: &mut Random| Rule {
        name: format!("r{index}"),
        effect: if below(random, 3) == 0 { Effect::Forbid } else { Effect::Permit },
        all_of: mask(random),
        none_of: mask(random),
        reason: 16 + below(random, 3) as u16,
    };
    let rules = [0, 1, 2, 3, 5, 16][below(random, 6)];
    card.policy.rules = (0..rules).map(|index| rule(index, random)).collect();
    card
}

/// A decision: what the circuit takes, and on which state.
pub(crate) struct Case {
    pub(crate) record: RecordWitness,
    pub(crate) acc: Fr,
    pub(crate) state: Vec<i64>,
    payloads: [u8; 32],
}

pub(crate) fn random_case(random: &mut Random, card: &Card) -> Case {
    let feature = |feature: &Feature, random: &mut Random| {
        let span = feature.span();
        // now and then out of range
        if span < 60_000 && below(random, 64) == 0 {
            span as u16 + 1
        } else {
            (random.next_u64() % (span + 1)) as u16
        }
    };
    let features = card.features.iter().map(|declared| feature(declared, random)).collect();
    let ties = below(random, 2) == 0;
    let output = |random: &mut Random| {
        if ties { [0, 1, u16::MAX][below(random, 3)] } else { random.next_u64() as u16 }
    };
    let outputs = card.head.actions().iter().map(|_| output(random)).collect();
    let payloads = [random.next_u64() as u8; 32];
    let hash = keccak256(&[&payloads]);
    let half = |bytes: &[u8]| bytes.iter().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    let record = RecordWitness {
        sequence: if below(random, 8) == 0 { TIME - 1 } else { random.next_u64() % 9 },
        time: time(random),
        observations_salt: u128::from(random.next_u64()) << 64,
        evidence_salt: u128::from(random.next_u64()),
        payloads: [half(&hash[..16]), half(&hash[16..])],
        features,
        outputs,
    };
    let near = |random: &mut Random| (record.time as i64).wrapping_add(random.signed(2));
    let register = |random: &mut Random| if below(random, 4) == 0 { near(random) } else { integer(random) };
    let state = card.registers.iter().map(|_| register(random)).collect();
    Case { acc: Fr::from(random.next_u64()), state, payloads, record }
}

/// What the native code makes of a case; `None` where it is no decision at all.
fn native(card: &Card, case: &Case) -> Option<(DecisionValues, Outcome, u16)> {
    let low = card.operators.last().map_or(0, |Operator::Affine(affine)| affine.rescale.low);
    let outputs: Vec<i32> = case.record.outputs.iter().map(|output| i32::from(*output) + low).collect();
    let state = State(case.state.clone());
    let (features, time, sequence) = (&case.record.features[..], case.record.time, case.record.sequence);
    let decision =
        decide(&DecisionInput { card, features, outputs: &outputs, state: &state, time, sequence }).ok()?;
    let executed = Action::executed_word(decision.executed.as_ref());
    let input = AccInput {
        previous: case.acc,
        sequence,
        time,
        program_fr: digest::program_fr(card),
        observations: digest::observations(case.record.observations_salt, features, &[case.payloads]),
        evidence: digest::evidence(case.record.evidence_salt),
        state_before: digest::state(&state),
        requested: decision.requested.word(),
        verdict: decision.verdict.word(),
        executed,
        state_after: digest::state(&decision.state_after),
    };
    let mut registers: Vec<Fr> =
        decision.state_after.0.iter().map(|value| candor_program::encoding::fr_from_i64(*value)).collect();
    registers.resize(usize::from(card.class.state_size), Fr::from(0u64));
    let values = DecisionValues {
        acc: digest::acc(&input),
        state_before: input.state_before,
        state_after: input.state_after,
        executed: Fr::from(executed),
        registers,
    };
    Some((values, decision.verdict.outcome, decision.verdict.reason))
}

#[test]
fn the_circuit_decides_as_the_program_does() {
    let base = Agent::small().program.card;
    let mut random = Random(17);
    let (mut seen, mut refused, mut blocked) = (BTreeSet::new(), 0, 0);
    let started = std::time::Instant::now();
    let cards = cases(60, 5_000);
    for _ in 0..cards {
        let card = random_card(&mut random, &base);
        let system = System::new(false, 0);
        let circuit = DecisionCircuit::new(&system, &card);
        assert_eq!(circuit.program_fr(), digest::program_fr(&card));
        for _ in 0..20 {
            let case = random_case(&mut random, &card);
            match native(&card, &case) {
                Some((expected, outcome, code)) => {
                    let got = circuit.step(&case.record, case.acc, &case.state);
                    assert_eq!(system.unsatisfied(), None, "{card:?} {:?} {:?}", case.record, case.state);
                    assert_eq!(got, expected, "{card:?} {:?} {:?}", case.record, case.state);
                    seen.insert((outcome as u8, code));
                    let overflows = code == reason::COULD_NOT_EVALUATE && outcome == Outcome::Denied;
                    blocked += usize::from(overflows);
                }
                None => {
                    let system = System::new(false, 0);
                    let _values =
                        DecisionCircuit::new(&system, &card).step(&case.record, case.acc, &case.state);
                    assert!(system.unsatisfied().is_some(), "{card:?} {:?}", case.record);
                    refused += 1;
                }
            }
        }
    }
    println!("{} decisions, {:?} a decision", cards * 20, started.elapsed() / (cards * 20) as u32);
    // abstained, default deny, could not evaluate, permitted and denied with several reasons
    assert!(seen.len() >= 7 && refused > 5 && blocked > 20, "{seen:?} {refused} {blocked}");
}

/// The values and violated constraints of a prover who forces variables.
fn forged(card: &Card, case: &Case, forced: BTreeMap<u32, Fr>) -> (System, DecisionValues) {
    let system = System::forging(false, 0, forced);
    let values = DecisionCircuit::new(&system, card).step(&case.record, case.acc, &case.state);
    (system, values)
}

#[test]
fn no_hint_has_two_values() {
    let base = Agent::small().program.card;
    let mut random = Random(23);
    let (mut tried, mut harmless) = (0, BTreeSet::new());
    for _ in 0..cases(8, 400) {
        let card = random_card(&mut random, &base);
        let case = random_case(&mut random, &card);
        let (system, honest) = forged(&card, &case, BTreeMap::new());
        if system.unsatisfied().is_some() {
            continue;
        }
        let (hints, assignment) = (system.hints(), system.assignment());
        for _ in 0..cases(100, 400) {
            // one hint, or two near each other
            let first = below(&mut random, hints.len());
            let mut chosen = vec![hints[first]];
            if below(&mut random, 3) == 0 {
                chosen.push(hints[(first + 1 + below(&mut random, 5)).min(hints.len() - 1)]);
            }
            let (zero, one) = (Fr::from(0u64), Fr::from(1u64));
            let other = |variable: u32, random: &mut Random| match assignment[variable as usize] {
                value if value == zero && below(random, 4) > 0 => one,
                value if value == one && below(random, 4) > 0 => zero,
                value => value + Fr::from(1 + random.next_u64() % 3),
            };
            let forced: BTreeMap<u32, Fr> =
                chosen.iter().map(|variable| (*variable, other(*variable, &mut random))).collect();
            let (system, values) = forged(&card, &case, forced.clone());
            tried += 1;
            if system.unsatisfied().is_none() {
                assert_eq!(values, honest, "{card:?} {:?} {:?} {forced:?}", case.record, case.state);
                harmless.insert(chosen);
            }
        }
    }
    println!("{tried} forgeries, {} without effect", harmless.len());
    assert!(tried >= cases(500, 50_000) && harmless.len() * 20 < tried);
}

/// Ties go to the lowest index, padded actions never win: the choice of the winner is several hints at once.
#[test]
fn no_other_action_can_win() {
    let base = Agent::small().program.card;
    let mut random = Random(41);
    let (mut tried, mut ties) = (0, 0);
    for _ in 0..cases(60, 600) {
        let card = random_card(&mut random, &base);
        let case = random_case(&mut random, &card);
        let system = System::forging(true, 0, BTreeMap::new());
        let honest = DecisionCircuit::new(&system, &card).step(&case.record, case.acc, &case.state);
        if system.unsatisfied().is_some() {
            continue;
        }
        let matrices = system.matrices();
        let bits = matrices.constraints.iter().filter(|c| c.owner == "head" && c.a == c.b && c.a == c.c);
        let padded = card.head.actions().len().next_power_of_two();
        let chosen: Vec<u32> = bits.take(padded).map(|c| c.a[0].0).collect();
        let assignment = system.assignment();
        let winner = chosen.iter().position(|bit| assignment[*bit as usize] == Fr::from(1u64)).unwrap();
        for other in (0..padded).filter(|other| *other != winner) {
            let forced =
                chosen.iter().enumerate().map(|(i, bit)| (*bit, Fr::from(u64::from(i == other)))).collect();
            let (system, values) = forged(&card, &case, forced);
            assert_eq!(
                system.unsatisfied(),
                Some("head"),
                "{other} instead of {winner}: {:?}",
                case.record.outputs
            );
            assert_ne!(values.acc, honest.acc);
            tried += 1;
            ties += usize::from(case.record.outputs.get(other) == case.record.outputs.get(winner));
        }
    }
    assert!(tried >= 15 && ties >= 2, "{tried} {ties}");
}

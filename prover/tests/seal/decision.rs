//! The circuit's decision logic equals `candor_program::decide` on random cards, states and outputs, and its hints have one value.

use crate::agent::{Agent, cases, slot};
use candor_benches::synthetic::Random;
use candor_circuits::seal::decision::{DecisionCircuit, DecisionValues};
use candor_circuits::seal::system::System;
use candor_circuits::seal::witness::RecordWitness;
use candor_program::class::{Input, OperatorClass};
use candor_program::decision::{Assessment, DecisionInput, assess, decide};
use candor_program::digest::{self, AccInput};
use candor_program::encoding::{fr_from_i64, keccak256};
use candor_program::evidence::{Defect, Evidence, Statement};
use candor_program::feature::Feature;
use candor_program::head::{Action, ActionTemplate, Head};
use candor_program::operator::Operator;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Outcome, Predicate, Rule, reason};
use candor_program::state::{Register, State, Update, Window};
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

/// A fact that does not follow from an update, or any.
fn fact(random: &mut Random, card: &Card, before: bool) -> Fact {
    let (registers, slots) = (card.registers.len(), card.evidence.len());
    let single = [
        Fact::ActionCode,
        Fact::ActionAmount,
        Fact::ActionMagnitude,
        Fact::ActionAsset,
        Fact::ActionVenue,
        Fact::Time,
        Fact::Sequence,
    ];
    let mut of = |kinds: &[fn(u16) -> Fact], count: usize| {
        let kind = kinds[below(random, kinds.len())];
        kind(below(random, count) as u16)
    };
    let choices = [
        Some(of(&[Fact::Feature], card.features.len())),
        Some(of(&[Fact::Output], card.head.actions().len())),
        (registers > 0).then(|| of(&[Fact::Register, Fact::Elapsed], registers)),
        (registers > 0 && !before).then(|| of(&[Fact::After, Fact::Change], registers)),
        (slots > 0).then(|| of(&[Fact::Evidence, Fact::Present, Fact::Issued], slots)),
    ];
    let other = single[below(random, single.len())];
    choices[below(random, choices.len())].unwrap_or(other)
}

fn operand(random: &mut Random, card: &Card, before: bool) -> Operand {
    match below(random, 4) {
        0 | 1 => Operand::Constant(integer(random)),
        2 => Operand::Fact { fact: fact(random, card, before), offset: integer(random) },
        _ => fact(random, card, before).into(),
    }
}

fn random_feature(index: usize, random: &mut Random) -> Feature {
    let span = [0, 1, 9, 65_535][below(random, 4)];
    let min = integer(random).min(i64::MAX - span);
    let (name, pointer) = (format!("f{index}"), String::new());
    Feature { name, plugin: 0, pointer, decimals: 0, min, max: min + span }
}

fn random_action(index: usize, random: &mut Random) -> ActionTemplate {
    let amount = if below(random, 5) == 0 { 0 } else { integer(random).max(-i64::MAX) };
    let mut instrument = || [0, 1, 2, u16::MAX][below(random, 4)];
    let (asset, venue) = (instrument(), instrument());
    ActionTemplate { name: format!("a{index}"), abstain: amount == 0, amount, asset, venue }
}

fn random_register(index: usize, random: &mut Random, card: &Card) -> Register {
    let mut update = || [Update::Keep, Update::Set, Update::Add, Update::Reset][below(random, 4)];
    let (on_execute, on_deny, on_abstain) = (update(), update(), update());
    let initial = integer(random);
    let windows = card.windows.len();
    Register {
        name: format!("r{index}"),
        initial,
        window: (windows > 0 && below(random, 2) == 0).then(|| below(random, windows) as u8),
        source: operand(random, card, true),
        when: None,
        on_execute,
        on_deny,
        on_abstain,
    }
}

/// A card of a random class: all that a decision depends on is random, the model is not.
pub(crate) fn random_card(random: &mut Random, base: &Card) -> Card {
    let mut card = base.clone();
    card.features = (0..1 + below(random, 6)).map(|index| random_feature(index, random)).collect();
    card.class.input = Input::Vector { log2: card.features.len().next_power_of_two().trailing_zeros() as u8 };
    let actions: Vec<ActionTemplate> =
        (0..1 + below(random, 5)).map(|index| random_action(index, random)).collect();
    if let Some(OperatorClass::Affine { axes, .. }) = card.class.operators.last_mut() {
        axes[0] = actions.len().next_power_of_two().trailing_zeros() as u8;
    }
    card.head = Head::ArgMax { actions, assets: Vec::new(), venues: Vec::new() };
    card.windows = (0..below(random, 5))
        .map(|index| {
            let seconds = [1, 2, 60, 86_400, u32::MAX][below(random, 5)];
            let offset = [0, seconds - 1, seconds / 3][below(random, 3)];
            Window { name: format!("w{index}"), seconds, offset }
        })
        .collect();
    let slots = [0, 0, 1, 3, 4, 4, 7, 16][below(random, 8)];
    card.class.evidence_size = digest::evidence_size(slots) as u8;
    card.evidence = (0..slots)
        .map(|index| {
            let default = (below(random, 2) == 0).then(|| integer(random));
            // every third slot revokes others, and is not itself revoked
            let revokers = slots.div_ceil(3);
            let by = (index % 3 != 0 && below(random, 2) == 0).then(|| 3 * below(random, revokers) as u8);
            slot(&format!("s{index}"), default, by)
        })
        .collect();
    let count = if below(random, 8) == 0 { 16 } else { below(random, 5) };
    // sources may read every register
    card.registers = (0..count).map(|index| random_register(index, random, base)).collect();
    card.registers = (0..count).map(|index| random_register(index, random, &card)).collect();
    card.class.state_size = digest::state_size(count) as u8;
    card.class.policy_size = if below(random, 8) == 0 { 64 } else { 16 };
    let capacity = usize::from(card.class.policy_size);
    let predicates = 1 + below(random, capacity);
    card.policy.predicates = (0..predicates)
        .map(|index| Predicate {
            // some that a register may be guarded with
            fact: fact(random, &card, index % 3 == 0),
            comparison: COMPARISONS[below(random, 6)],
            operand: operand(random, &card, index % 3 == 0),
        })
        .collect();
    for register in &mut card.registers {
        let guards = predicates.div_ceil(3);
        register.when = (below(random, 2) == 0).then(|| 3 * below(random, guards) as u8);
    }
    let mask = |random: &mut Random| {
        let mut sparse = random.next_u64() & random.next_u64() & random.next_u64();
        for _ in 0..capacity / 32 {
            sparse &= random.next_u64();
        }
        sparse & if below(random, 3) == 0 { 0 } else { u64::MAX >> (64 - predicates) }
    };
    let rule = |index: usize, random: &mut Random| Rule {
        name: format!("r{index}"),
        effect: if below(random, 3) == 0 { Effect::Forbid } else { Effect::Permit },
        all_of: mask(random),
        none_of: mask(random),
        reason: 16 + below(random, 3) as u16,
    };
    let rules = [0, 1, 2, 3, 5, capacity][below(random, 6)];
    card.policy.rules = (0..rules).map(|index| rule(index, random)).collect();
    card
}

/// Decisions in a row: what the circuit takes, and on which state.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) records: Vec<RecordWitness>,
    pub(crate) acc: Fr,
    pub(crate) state: State,
    pub(crate) payloads: [u8; 32],
}

fn random_statement(random: &mut Random, time: u64) -> Option<Statement> {
    let mut near = || match below(random, 16) {
        0 => 0,
        1 => TIME - 1,
        2 if below(random, 16) == 0 => TIME,
        3..=5 => time,
        _ => time.saturating_add_signed(random.signed(3)).min(TIME - 1),
    };
    let (issued, expires, revocation) = (near(), near(), near());
    let value = if below(random, 2) == 0 { revocation as i64 } else { integer(random) };
    (below(random, 4) > 0).then_some(Statement { value, issued, expires })
}

fn random_record(random: &mut Random, card: &Card, payloads: [u8; 32], time: u64) -> RecordWitness {
    let feature = |feature: &Feature, random: &mut Random| {
        let span = feature.span();
        // now and then out of range
        if span < 60_000 && below(random, 128) == 0 {
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
    let hash = keccak256(&[&payloads]);
    let half = |bytes: &[u8]| bytes.iter().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    RecordWitness {
        sequence: 0,
        time,
        observations_salt: u128::from(random.next_u64()) << 64,
        evidence_salt: u128::from(random.next_u64()),
        evidence: Evidence(card.evidence.iter().map(|_| random_statement(random, time)).collect()),
        payloads: [half(&hash[..16]), half(&hash[16..])],
        features,
        outputs,
    }
}

/// Time passes within a window, up to its end, beyond it; or runs backwards.
fn later(random: &mut Random, card: &Card, time: u64) -> u64 {
    let until = match card.windows.len() {
        0 => 5,
        windows => card.windows[below(random, windows)].next(time).saturating_sub(time),
    };
    let passed = match below(random, 8) {
        0 | 1 => 0,
        2 => until,
        3 => until.saturating_sub(1),
        4 => until + 1,
        5 => u64::from(u32::MAX) + random.next_u64() % 99,
        _ => random.next_u64() % 200,
    };
    if below(random, 64) == 0 { time.saturating_sub(1) } else { time.saturating_add(passed) }
}

pub(crate) fn random_case(random: &mut Random, card: &Card) -> Case {
    let payloads = [random.next_u64() as u8; 32];
    let before = time(random);
    let count = [1, 1, 1, 2, 3][below(random, 5)];
    let first = if below(random, 8) == 0 { TIME - 1 } else { random.next_u64() % 9 };
    let (mut records, mut now) = (Vec::new(), before);
    for index in 0..count {
        now = later(random, card, now);
        let record = random_record(random, card, payloads, now);
        records.push(RecordWitness { sequence: first + index, ..record });
    }
    let near = |random: &mut Random| (before as i64).wrapping_add(random.signed(2));
    let register = |random: &mut Random| if below(random, 4) == 0 { near(random) } else { integer(random) };
    let registers = card.registers.iter().map(|_| register(random)).collect();
    let state = State { time: before, registers };
    Case { acc: Fr::from(random.next_u64()), state, payloads, records }
}

/// What the native code makes of a case; `None` where it is no decision at all.
pub(crate) fn native(card: &Card, case: &Case) -> Option<Vec<(DecisionValues, Assessment)>> {
    let low = card.operators.last().map_or(0, Operator::low);
    let (mut acc, mut state) = (case.acc, case.state.clone());
    let mut all = Vec::new();
    for record in &case.records {
        let outputs: Vec<i32> = record.outputs.iter().map(|output| i32::from(*output) + low).collect();
        let (features, time, sequence) = (&record.features[..], record.time, record.sequence);
        let evidence = &record.evidence;
        let input =
            DecisionInput { card, features, outputs: &outputs, state: &state, evidence, time, sequence };
        let decision = decide(&input).ok()?;
        let assessment = assess(&input, card.head.request(&outputs)).ok()?;
        let executed = Action::executed_word(decision.executed.as_ref());
        let input = AccInput {
            previous: acc,
            sequence,
            time,
            program_fr: digest::program_fr(card),
            observations: digest::observations(record.observations_salt, features, &[case.payloads]),
            evidence: digest::evidence(record.evidence_salt, evidence),
            state_before: digest::state(&state),
            requested: decision.requested.word(),
            verdict: decision.verdict.word(),
            executed,
            state_after: digest::state(&decision.state_after),
        };
        acc = digest::acc(&input);
        let integers = decision.state_after.registers.iter();
        let mut registers: Vec<Fr> = integers.map(|value| fr_from_i64(*value)).collect();
        registers.resize(usize::from(card.class.state_size), Fr::from(0u64));
        let values = DecisionValues {
            acc,
            state_before: input.state_before,
            state_after: input.state_after,
            verdict: Fr::from(input.verdict),
            executed: Fr::from(executed),
            registers,
        };
        all.push((values, assessment));
        state = decision.state_after;
    }
    Some(all)
}

/// What a decision exercised.
fn features_of(card: &Card, before: &State, record: &RecordWitness, got: &Assessment) -> Vec<&'static str> {
    let begun = got.registers != before.registers;
    let stayed = got.verdict.outcome != Outcome::Permitted && got.state_after.registers != got.registers;
    let guarded = card.registers.iter().any(|register| register.when.is_some());
    let lacking = got.after.iter().any(Option::is_none);
    let defects: Vec<_> = got.evidence.iter().filter_map(|standing| standing.defect).collect();
    let used = got.evidence.iter().any(|standing| standing.issued.is_some());
    let verdict = got.verdict;
    [
        (verdict.outcome == Outcome::Abstained, "abstained"),
        (verdict.outcome == Outcome::Permitted, "permitted"),
        (verdict.reason == reason::DEFAULT_DENY, "default deny"),
        (verdict.reason == reason::COULD_NOT_EVALUATE && verdict.rule.is_some(), "rule lacks a fact"),
        (verdict.reason == reason::COULD_NOT_EVALUATE && verdict.rule.is_none(), "blocked"),
        (verdict.outcome == Outcome::Denied && verdict.reason >= reason::FIRST_FREE, "forbidden"),
        (begun, "a window ended"),
        (before.time != record.time && !begun && !card.windows.is_empty(), "no window ended"),
        (stayed, "denied or abstained and changed"),
        (guarded, "a guard"),
        (lacking && verdict.outcome != Outcome::Denied, "a missing after that blocks nothing"),
        (used, "a valid statement"),
        (defects.contains(&Defect::Revoked), "revoked"),
        (defects.contains(&Defect::Expired), "expired"),
        (defects.contains(&Defect::NotYet), "not yet"),
        (defects.contains(&Defect::Absent), "absent"),
    ]
    .into_iter()
    .filter_map(|(is, what)| is.then_some(what))
    .collect()
}

#[test]
fn the_circuit_decides_as_the_program_does() {
    let base = Agent::small().program.card;
    let mut random = Random(17);
    let (mut seen, mut decisions, mut refused) = (BTreeMap::<&str, usize>::new(), 0, 0);
    let started = std::time::Instant::now();
    while decisions < cases(1_200, 100_000) {
        let card = random_card(&mut random, &base);
        let system = System::new(false, 0);
        let circuit = DecisionCircuit::new(&system, &card);
        assert_eq!(circuit.program_fr(), digest::program_fr(&card));
        for _ in 0..12 {
            let case = random_case(&mut random, &card);
            let run = |circuit: &DecisionCircuit| circuit.run(&case.records, case.acc, &case.state);
            match native(&card, &case) {
                Some(expected) => {
                    let got = run(&circuit);
                    assert_eq!(system.unsatisfied(), None, "{card:?} {case:?}");
                    let mut before = case.state.clone();
                    for ((got, (expected, decided)), record) in got.iter().zip(&expected).zip(&case.records) {
                        assert_eq!(got, expected, "{card:?} {case:?}");
                        for what in features_of(&card, &before, record, decided) {
                            *seen.entry(what).or_default() += 1;
                        }
                        before = decided.state_after.clone();
                        decisions += 1;
                    }
                }
                None => {
                    let system = System::new(false, 0);
                    let _values = run(&DecisionCircuit::new(&system, &card));
                    assert!(system.unsatisfied().is_some(), "{card:?} {case:?}");
                    refused += 1;
                }
            }
        }
    }
    println!(
        "{decisions} decisions, {:?} a decision, {refused} refused: {seen:?}",
        started.elapsed() / decisions as u32
    );
    assert!(seen.len() == 16 && seen.values().all(|count| *count > 15) && refused > 5, "{refused} {seen:?}");
}

/// The values and violated constraints of a prover who forces variables.
fn forged(card: &Card, case: &Case, forced: BTreeMap<u32, Fr>) -> (System, Vec<DecisionValues>) {
    let system = System::forging(false, 0, forced);
    let values = DecisionCircuit::new(&system, card).run(&case.records, case.acc, &case.state);
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
                assert_eq!(values, honest, "{card:?} {case:?} {forced:?}");
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
        let honest = DecisionCircuit::new(&system, &card).run(&case.records, case.acc, &case.state);
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
                case.records[0].outputs
            );
            assert_ne!(values[0].acc, honest[0].acc);
            tried += 1;
            ties += usize::from(case.records[0].outputs.get(other) == case.records[0].outputs.get(winner));
        }
    }
    assert!(tried >= 15 && ties >= 2, "{tried} {ties}");
}

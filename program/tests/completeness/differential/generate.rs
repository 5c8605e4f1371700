//! Random validated cards around the sample's model, and random cases for them; ends of ranges are frequent.

use super::model::Case;
use crate::sample::{self, Numbers, argument, feature, predicate, reason, rule};
use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Slot, Statement, Subject};
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::interval::ProgramError;
use candor_program::operator::Rescale;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, Table};
use candor_program::state::{Register, Update, Window};
use candor_program::transaction::{AbiType, ArgumentSource};
use candor_program::{Card, limits};

const NOON: i64 = 1_357_160_400;
const LAST: i64 = limits::TIME as i64 - 1;

fn any<T: Copy>(numbers: &mut Numbers, choices: &[T]) -> T {
    choices[(numbers.next() % choices.len() as u64) as usize]
}

fn integer(numbers: &mut Numbers) -> i64 {
    let near = numbers.between(-3, 3);
    let start = any(numbers, &[0, 0, 0, NOON, NOON, LAST, 250, -250, i64::MIN, i64::MAX, numbers.0 as i64]);
    start.saturating_add(near)
}

fn time(numbers: &mut Numbers) -> u64 {
    let near = numbers.between(0, 9);
    let start = any(numbers, &[0, NOON - 9, NOON, NOON, LAST - 9]);
    (start + near) as u64
}

fn random_feature(numbers: &mut Numbers, index: usize) -> Feature {
    let min = any(numbers, &[0, -2, 7, i64::MIN, i64::MAX - 65_535]);
    let span = any(numbers, &[0, 1, 4, 65_535]);
    feature(&format!("f{index}"), 0, "/x", 0, min, min + span)
}

fn random_action(numbers: &mut Numbers, index: usize) -> ActionTemplate {
    let amount = if numbers.chance(4) { 0 } else { integer(numbers) };
    let amount = if amount == i64::MIN { 1 } else { amount };
    let (asset, venue) = (numbers.between(0, 2) as u16, numbers.between(0, 1) as u16);
    ActionTemplate { name: format!("a{index}"), abstain: amount == 0, amount, asset, venue }
}

fn random_window(numbers: &mut Numbers, index: usize) -> Window {
    let seconds = any(numbers, &[1, 2, 3, 7, 3_600, 86_400, u32::MAX]);
    let offset = if numbers.chance(2) { 0 } else { (numbers.next() % u64::from(seconds)) as u32 };
    Window { name: format!("w{index}"), seconds, offset }
}

/// All but its source and predicate, which look at facts.
fn random_register(numbers: &mut Numbers, index: usize, windows: usize) -> Register {
    let update =
        |numbers: &mut Numbers| any(numbers, &[Update::Keep, Update::Set, Update::Add, Update::Reset]);
    let initial = if numbers.chance(2) { numbers.between(-1, 1) } else { integer(numbers) };
    let window = (windows > 0 && numbers.chance(2)).then(|| (numbers.next() % windows as u64) as u8);
    Register {
        name: format!("r{index}"),
        initial,
        window,
        source: Operand::Constant(integer(numbers)),
        when: None,
        on_execute: update(numbers),
        on_deny: if numbers.chance(2) { Update::Keep } else { update(numbers) },
        on_abstain: if numbers.chance(2) { Update::Keep } else { update(numbers) },
    }
}

/// Sources that look at facts, and predicates.
fn finish_registers(numbers: &mut Numbers, card: &mut Card) {
    for index in 0..card.registers.len() {
        let fact = random_fact(numbers, card);
        if !fact.follows_update() && !numbers.chance(3) {
            let offset = if numbers.chance(2) { 0 } else { integer(numbers) };
            card.registers[index].source = Operand::Fact { fact, offset };
        }
        let usable = |predicate: &Predicate| !predicate.facts().any(Fact::follows_update);
        let usable: Vec<u8> = (0_u8..)
            .zip(&card.policy.predicates)
            .filter(|(_, predicate)| usable(predicate))
            .map(|(index, _)| index)
            .collect();
        if !usable.is_empty() && numbers.chance(3) {
            card.registers[index].when = Some(any(numbers, &usable));
        }
    }
}

fn random_slots(numbers: &mut Numbers) -> Vec<Slot> {
    let count = any(numbers, &[0, 0, 1, 2, 3, 4, 5]);
    let slot = |(index, numbers): (usize, &mut Numbers)| Slot {
        name: format!("e{index}"),
        authority: Authority::Attester { key: SignerKey::Secp256k1 { address: [index as u8; 20] } },
        subject: Subject::Agent,
        default: numbers.chance(3).then(|| integer(numbers)),
        // The first revokes others.
        revoked_by: (index > 0 && numbers.chance(3)).then_some(0),
        decimals: 0,
        values: vec![],
    };
    (0..count).map(|index| slot((index, numbers))).collect()
}

fn random_fact(numbers: &mut Numbers, card: &Card) -> Fact {
    let index =
        |numbers: &mut Numbers, count: usize| (count > 0).then(|| (numbers.next() % count as u64) as u16);
    let feature = index(numbers, card.features.len()).unwrap();
    let output = index(numbers, card.head.actions().len()).unwrap();
    let (register, slot) = (index(numbers, card.registers.len()), index(numbers, card.evidence.len()));
    let simple = any(
        numbers,
        &[
            Fact::ActionCode,
            Fact::ActionAmount,
            Fact::ActionMagnitude,
            Fact::ActionAsset,
            Fact::ActionVenue,
            Fact::Time,
            Fact::Sequence,
        ],
    );
    match (numbers.next() % 10, register, slot) {
        (0, ..) => Fact::Feature(feature),
        (1, ..) => Fact::Output(output),
        (2 | 3, Some(register), _) => Fact::Register(register),
        (4, Some(register), _) => Fact::After(register),
        (5, Some(register), _) => Fact::Change(register),
        (6, Some(register), _) => Fact::Elapsed(register),
        (7, _, Some(slot)) => Fact::Evidence(slot),
        (8, _, Some(slot)) => any(numbers, &[Fact::Present(slot), Fact::Issued(slot)]),
        _ => simple,
    }
}

/// A constant near a value that the fact can have.
fn constant(numbers: &mut Numbers, card: &Card, fact: Fact) -> i64 {
    let near = numbers.between(-1, 1);
    let start = match fact {
        Fact::ActionCode => 1,
        Fact::ActionAmount => {
            let amounts: Vec<i64> = card.head.actions().iter().map(|action| action.amount).collect();
            any(numbers, &amounts)
        }
        Fact::Time => time(numbers) as i64,
        Fact::Feature(index) => card.features[usize::from(index)].min,
        Fact::Register(index) => card.registers[usize::from(index)].initial,
        Fact::Present(_) | Fact::ActionAsset | Fact::ActionVenue | Fact::Output(_) => 0,
        Fact::Evidence(index) => card.evidence[usize::from(index)].default.unwrap_or(0),
        _ => integer(numbers),
    };
    start.saturating_add(near)
}

fn random_predicate(numbers: &mut Numbers, card: &Card) -> Predicate {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let fact = random_fact(numbers, card);
    let operand = if numbers.chance(3) {
        let offset = if numbers.chance(2) { 0 } else { integer(numbers) };
        Operand::Fact { fact: random_fact(numbers, card), offset }
    } else {
        Operand::Constant(constant(numbers, card, fact))
    };
    predicate(fact, any(numbers, &[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]), operand)
}

fn random_policy(numbers: &mut Numbers, card: &Card) -> Table {
    let capacity = i64::from(card.class.policy_size);
    let size = if numbers.chance(8) { capacity } else { numbers.between(0, 5) };
    let predicates: Vec<Predicate> = (0..size).map(|_| random_predicate(numbers, card)).collect();
    let mask = |numbers: &mut Numbers| {
        let bits = if size == 0 || numbers.chance(2) { 0 } else { numbers.between(1, 3) };
        (0..bits).fold(0, |mask, _| mask | 1_u64 << numbers.between(0, size - 1))
    };
    let count = if numbers.chance(8) { capacity } else { numbers.between(0, 5) };
    let rules = (0..count).map(|index| {
        let effect = if numbers.chance(3) { Effect::Forbid } else { Effect::Permit };
        let (mut all_of, none_of) = (mask(numbers), mask(numbers));
        // A forbid that always matches would hide everything else.
        if effect == Effect::Forbid && all_of | none_of == 0 && size > 0 {
            all_of = 1 << numbers.between(0, size - 1);
        }
        rule(&format!("r{index}"), effect, all_of, none_of, any(numbers, &[16, 17, u16::MAX]))
    });
    let rules = rules.collect();
    let reasons = vec![reason(16, "sixteen", ""), reason(17, "seventeen", ""), reason(u16::MAX, "last", "")];
    Table { predicates, rules, reasons }
}

/// Adds arguments; those that the card's validation refuses are taken back.
fn add_arguments(numbers: &mut Numbers, card: &mut Card) {
    card.transaction.arguments.clear();
    for index in 0..numbers.between(0, 12) {
        let bits = 8 * numbers.between(1, 32) as u16;
        let bits = any(numbers, &[8, 16, 64, bits]);
        let abi_type =
            any(numbers, &[AbiType::Uint(bits), AbiType::Int(bits), AbiType::Int(bits), AbiType::Bool]);
        // Registers are what a state can push out of range.
        let fact = match card.registers.len() as u64 {
            registers @ 1.. if numbers.chance(2) => Fact::Register((numbers.next() % registers) as u16),
            _ => random_fact(numbers, card),
        };
        let offset = if numbers.chance(2) { 0 } else { integer(numbers) };
        let source = ArgumentSource::Fact { fact, offset };
        card.transaction.arguments.push(argument(&format!("x{index}"), abi_type, source));
        match card.validate() {
            Ok(()) => {}
            Err(ProgramError::ArgumentRange { .. } | ProgramError::ArgumentMissing { .. }) => {
                card.transaction.arguments.pop();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A card that validates.
pub(crate) fn card(numbers: &mut Numbers) -> Card {
    let mut card = sample::program().card;
    card.features = (0..numbers.between(1, 5)).map(|index| random_feature(numbers, index as usize)).collect();
    let actions: Vec<_> =
        (0..numbers.between(1, 6)).map(|index| random_action(numbers, index as usize)).collect();
    let (input, rescale) = (card.features.len() as u32, Rescale { multiplier: 1, low: -2 });
    let operator = sample::affine(&[actions.len() as u32], vec![sample::dense(0, input)], rescale);
    sample::set_model(&mut card, &[input], vec![operator]);
    card.head = Head::ArgMax {
        actions,
        assets: ["a", "b", "c"].map(String::from).to_vec(),
        venues: ["x", "y"].map(String::from).to_vec(),
    };
    card.windows = (0..numbers.between(0, 3)).map(|index| random_window(numbers, index as usize)).collect();
    let windows = card.windows.len();
    card.registers =
        (0..numbers.between(0, 6)).map(|index| random_register(numbers, index as usize, windows)).collect();
    card.class.state_size = if card.registers.len() <= 4 { 4 } else { 16 };
    card.evidence = random_slots(numbers);
    card.class.evidence_size = [0, 4, 4, 4, 4, 16][card.evidence.len()];
    card.class.policy_size = any(numbers, &[16, 64]);
    card.policy = random_policy(numbers, &card);
    finish_registers(numbers, &mut card);
    add_arguments(numbers, &mut card);
    assert_eq!(card.validate(), Ok(()));
    card
}

/// A case that fits the card; its registers have any values.
pub(crate) fn case(numbers: &mut Numbers, card: &Card) -> Case {
    let features = card.features.iter().map(|feature| {
        let span = feature.span() as i64;
        let inner = numbers.between(0, span);
        any(numbers, &[0, span, inner]) as u16
    });
    let features = features.collect();
    let outputs = (0..card.head.actions().len()).map(|_| numbers.between(-2, 2) as i32).collect();
    let registers = card.registers.iter().map(|register| {
        let other = integer(numbers);
        any(numbers, &[register.initial, other])
    });
    let registers = registers.collect();
    let time = time(numbers);
    let near = time.saturating_sub(numbers.next() % 3);
    let last_time = any(numbers, &[0, time, near, time / 2]);
    let evidence = card.evidence.iter().map(|_| random_statement(numbers, time)).collect();
    let sequence = if numbers.chance(5) { LAST as u64 } else { numbers.next() % 5 };
    Case { features, outputs, registers, last_time, evidence, time, sequence }
}

/// Often none, often one whose begin or end is the time.
fn random_statement(numbers: &mut Numbers, time: u64) -> Option<Statement> {
    let about = |numbers: &mut Numbers| {
        let moved = time.saturating_add_signed(numbers.between(-2, 2)).min(LAST as u64);
        any(numbers, &[0, time, moved, LAST as u64])
    };
    let around = integer(numbers);
    let value = any(numbers, &[0, 1, -1, time as i64, time as i64 - 1, around]);
    (!numbers.chance(4)).then(|| Statement { value, issued: about(numbers), expires: about(numbers) })
}

//! Random validated cards around the sample's model, and random cases for them; ends of ranges are frequent.

use super::model::Case;
use crate::sample::{self, Numbers, argument, class_of, feature, predicate, reason, rule};
use candor_program::class::TensorId;
use candor_program::feature::Feature;
use candor_program::head::{ActionTemplate, Head};
use candor_program::interval::ProgramError;
use candor_program::operator::{Affine, Operator, Rescale, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, Table};
use candor_program::state::{Register, Update};
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
    ActionTemplate { name: format!("a{index}"), abstain: amount == 0, amount }
}

fn random_register(numbers: &mut Numbers, index: usize) -> Register {
    let on_execute = any(numbers, &[Update::Keep, Update::Time, Update::AddAmount, Update::Increment]);
    let initial = if numbers.chance(2) { numbers.between(-1, 1) } else { integer(numbers) };
    Register { name: format!("r{index}"), initial, on_execute }
}

fn random_fact(numbers: &mut Numbers, card: &Card) -> Fact {
    let feature = (numbers.next() % card.features.len() as u64) as u16;
    let registers = card.registers.len() as u64;
    let register = (registers > 0).then(|| (numbers.next() % registers) as u16);
    let simple = any(numbers, &[Fact::ActionCode, Fact::ActionAmount, Fact::Time, Fact::Sequence]);
    match (numbers.next() % 5, register) {
        (0 | 1, _) | (_, None) => simple,
        (2, _) => Fact::Feature(feature),
        (3, Some(register)) => Fact::Register(register),
        (_, Some(register)) => Fact::Elapsed(register),
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
        Fact::Sequence | Fact::Elapsed(_) => integer(numbers),
    };
    start.saturating_add(near)
}

fn random_predicate(numbers: &mut Numbers, card: &Card) -> Predicate {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let fact = random_fact(numbers, card);
    let operand = if numbers.chance(3) {
        Operand::Fact(random_fact(numbers, card))
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
            Err(ProgramError::ArgumentRange { .. } | ProgramError::ArgumentElapsed { .. }) => {
                card.transaction.arguments.pop();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A card that validates.
pub(super) fn card(numbers: &mut Numbers) -> Card {
    let mut card = sample::program().card;
    card.features = (0..numbers.between(1, 5)).map(|index| random_feature(numbers, index as usize)).collect();
    let actions: Vec<_> =
        (0..numbers.between(1, 6)).map(|index| random_action(numbers, index as usize)).collect();
    card.operators = vec![Operator::Affine(Affine {
        width: actions.len() as u32,
        terms: vec![Term::Dense { source: TensorId(0) }],
        rescale: Rescale { multiplier: 1, low: 0 },
    })];
    card.class = class_of(card.features.len(), &card.operators);
    card.head = Head::ArgMax { actions };
    card.registers =
        (0..numbers.between(0, 6)).map(|index| random_register(numbers, index as usize)).collect();
    card.class.state_size = if card.registers.len() <= 4 { 4 } else { 16 };
    card.class.policy_size = any(numbers, &[16, 64]);
    card.policy = random_policy(numbers, &card);
    add_arguments(numbers, &mut card);
    assert_eq!(card.validate(), Ok(()));
    card
}

/// A case that fits the card; its registers have any values.
pub(super) fn case(numbers: &mut Numbers, card: &Card) -> Case {
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
    let sequence = if numbers.chance(5) { LAST as u64 } else { numbers.next() % 5 };
    Case { features, outputs, registers, time: time(numbers), sequence }
}

//! Arguments that some decision would push out of their type: the lowest and highest value of every fact, and one beyond.

use crate::sample::{self, action, argument, head};
use candor_program::head::Head;
use candor_program::interval::ProgramError;
use candor_program::policy::{Fact, Operand};
use candor_program::state::{Register, Update};
use candor_program::transaction::{AbiType, ArgumentSource};
use candor_program::{Card, limits};

const TIME_MAX: i128 = limits::TIME as i128 - 1;

fn with_argument(abi_type: AbiType, fact: Fact, offset: i64) -> Card {
    let mut card = sample::program().card;
    card.transaction.arguments[1] = argument("a", abi_type, ArgumentSource::Fact { fact, offset });
    card
}

/// What a type of this many bits can hold.
fn holds(abi_type: AbiType) -> (i128, i128) {
    match abi_type {
        AbiType::Uint(bits) => (0, (1 << bits) - 1),
        AbiType::Int(bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        AbiType::Bool => (0, 1),
        AbiType::Address | AbiType::Bytes32 => panic!("no numbers"),
    }
}

/// The fact ranges over exactly `low` to `high`: offsets that bring an end to the end of a type are accepted, one more
/// is not.
fn ranges_over(change: impl Fn(&mut Card), fact: Fact, low: i128, high: i128) {
    for abi_type in
        [8, 16, 24, 64, 72, 120].into_iter().flat_map(|bits| [AbiType::Uint(bits), AbiType::Int(bits)])
    {
        let (least, most) = holds(abi_type);
        for offset in [least - low, least - low - 1, most - high, most - high + 1] {
            let Ok(offset) = i64::try_from(offset) else { continue };
            let mut card = with_argument(abi_type, fact, offset);
            change(&mut card);
            let (low, high) = (low + i128::from(offset), high + i128::from(offset));
            let expected = if least <= low && high <= most {
                Ok(())
            } else {
                Err(ProgramError::ArgumentRange { argument: 1, low, high, abi_type })
            };
            assert_eq!(card.validate(), expected, "{abi_type} {fact:?} {offset}");
        }
    }
}

#[test]
fn argument_range() {
    ranges_over(|_| (), Fact::ActionCode, 0, 2);
    ranges_over(|_| (), Fact::ActionAmount, -250, 250);
    ranges_over(|_| (), Fact::Time, 0, TIME_MAX);
    ranges_over(|_| (), Fact::Sequence, 0, TIME_MAX);
    ranges_over(|_| (), Fact::Feature(0), -5_000, 5_000);
    ranges_over(|_| (), Fact::Feature(2), -100, 1_000);
    ranges_over(|_| (), Fact::ActionMagnitude, 250, 250);
    ranges_over(|_| (), Fact::ActionAsset, 0, 0);
    let venues = |card: &mut Card| {
        let Head::ArgMax { venues, .. } = &mut card.head;
        *venues = ["a", "b"].map(String::from).to_vec();
    };
    ranges_over(venues, Fact::ActionVenue, 0, 1);
    ranges_over(|_| (), Fact::Output(0), -32_768, 32_767);
    let witnessed = |card: &mut Card| {
        let other = sample::witnessed();
        (card.class.evidence_size, card.evidence) = (4, other.evidence);
    };
    let all = (i64::MIN.into(), i64::MAX.into());
    ranges_over(witnessed, Fact::Present(0), 0, 1);
    ranges_over(witnessed, Fact::Evidence(1), all.0, all.1);
    type Place = fn(&mut Register) -> &mut Update;
    let places: [Place; 3] = [
        |register| &mut register.on_execute,
        |register| &mut register.on_deny,
        |register| &mut register.on_abstain,
    ];
    for (place, initial) in
        places.into_iter().flat_map(|place| [0, -7, 3, i64::MIN, i64::MAX].map(|i| (place, i)))
    {
        let changed = |update, source: Operand| {
            move |card: &mut Card| {
                (card.registers[2].source, card.registers[2].initial) = (source, initial);
                card.registers[2].on_execute = Update::Keep;
                *place(&mut card.registers[2]) = update;
            }
        };
        let fact = Fact::Register(2);
        let own = i128::from(initial);
        let time: Operand = Fact::Time.into();
        for update in [Update::Keep, Update::Reset] {
            ranges_over(changed(update, time), fact, own, own);
        }
        ranges_over(changed(Update::Set, time), fact, own.min(0), own.max(TIME_MAX));
        let shifted = Operand::Fact { fact: Fact::Feature(2), offset: 5 };
        ranges_over(changed(Update::Set, shifted), fact, own.min(-95), own.max(1_005));
        ranges_over(changed(Update::Set, Operand::Constant(4)), fact, own.min(4), own.max(4));
        let beyond = Operand::Fact { fact: Fact::Time, offset: i64::MAX };
        ranges_over(changed(Update::Set, beyond), fact, own.min(i64::MAX.into()), i64::MAX.into());
        ranges_over(changed(Update::Set, Fact::Register(0).into()), fact, all.0, all.1);
        ranges_over(changed(Update::Set, Fact::Elapsed(0).into()), fact, all.0, all.1);
        ranges_over(changed(Update::Set, Fact::ActionAmount.into()), fact, all.0, all.1);
        ranges_over(changed(Update::Add, Operand::Constant(1)), fact, all.0, all.1);
    }
}

#[test]
fn argument_range_of_amounts_leaves_out_what_abstains() {
    let acting = |card: &mut Card| {
        card.head = head(vec![action("a", 5), action("b", 0), action("c", 9)]);
    };
    ranges_over(acting, Fact::ActionAmount, 5, 9);
    // Nothing is ever executed: there is no amount that could be out of range.
    let mut idle = with_argument(AbiType::Uint(8), Fact::ActionAmount, i64::MIN);
    idle.head = head(["a", "b", "c"].map(|name| action(name, 0)).to_vec());
    assert_eq!(idle.validate(), Ok(()));
}

#[test]
fn argument_range_of_a_truth_value() {
    let flag = |initial| {
        let mut card = with_argument(AbiType::Bool, Fact::Register(3), 0);
        card.registers[3].initial = initial;
        card.validate()
    };
    for initial in [-1, 0, 1, 2] {
        let value = i128::from(initial);
        let error =
            ProgramError::ArgumentRange { argument: 1, low: value, high: value, abi_type: AbiType::Bool };
        assert_eq!(flag(initial), if (0..=1).contains(&initial) { Ok(()) } else { Err(error) });
    }
}

#[test]
fn argument_range_says_what_to_do() {
    let error = with_argument(AbiType::Uint(256), Fact::ActionAmount, 0).validate().unwrap_err();
    let abi_type = AbiType::Uint(256);
    assert_eq!(error, ProgramError::ArgumentRange { argument: 1, low: -250, high: 250, abi_type });
    assert_eq!(
        error.to_string(),
        "argument 1 can be -250 to 250, which uint256 does not hold; use a wider or a signed type, another offset or a constant"
    );
}

#[test]
fn argument_missing() {
    let facts = [
        Fact::Elapsed(0),
        Fact::After(0),
        Fact::Change(1),
        Fact::Issued(1),
        Fact::Evidence(0),
        Fact::Issued(0),
    ];
    for abi_type in [AbiType::Int(256), AbiType::Uint(256), AbiType::Bool] {
        for fact in facts {
            let mut card = sample::witnessed();
            let source = ArgumentSource::Fact { fact, offset: 0 };
            card.transaction.arguments[1] = argument("a", abi_type, source);
            assert_eq!(card.validate(), Err(ProgramError::ArgumentMissing { argument: 1, fact }));
        }
    }
}

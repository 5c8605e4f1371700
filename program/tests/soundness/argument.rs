//! Arguments that some decision would push out of their type: the lowest and highest value of every fact, and one beyond.

use crate::sample::{self, action, argument};
use candor_program::head::Head;
use candor_program::interval::ProgramError;
use candor_program::policy::Fact;
use candor_program::state::Update;
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
    let changed = |update, initial| {
        move |card: &mut Card| {
            (card.registers[2].on_execute, card.registers[2].initial) = (update, initial);
        }
    };
    for initial in [0, -7, 3, i64::MIN, i64::MAX] {
        let own = i128::from(initial);
        ranges_over(changed(Update::Keep, initial), Fact::Register(2), own, own);
        ranges_over(changed(Update::Time, initial), Fact::Register(2), own.min(0), own.max(TIME_MAX));
        let (low, high) = (i64::MIN.into(), i64::MAX.into());
        ranges_over(changed(Update::AddAmount, initial), Fact::Register(2), low, high);
        ranges_over(changed(Update::Increment, initial), Fact::Register(2), low, high);
    }
}

#[test]
fn argument_range_of_amounts_leaves_out_what_abstains() {
    let acting = |card: &mut Card| {
        card.head = Head::ArgMax { actions: vec![action("a", 5), action("b", 0), action("c", 9)] };
    };
    ranges_over(acting, Fact::ActionAmount, 5, 9);
    // Nothing is ever executed: there is no amount that could be out of range.
    let mut idle = with_argument(AbiType::Uint(8), Fact::ActionAmount, i64::MIN);
    idle.head = Head::ArgMax { actions: ["a", "b", "c"].map(|name| action(name, 0)).to_vec() };
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
fn argument_elapsed() {
    for abi_type in [AbiType::Int(256), AbiType::Uint(256), AbiType::Bool] {
        let error = ProgramError::ArgumentElapsed { argument: 1 };
        assert_eq!(with_argument(abi_type, Fact::Elapsed(0), 0).validate(), Err(error));
    }
}

//! ABI words, against an independent implementation.

use crate::sample::{argument, template};
use alloy_primitives::{Address, B256, I256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue, sol};
use candor_program::card::Domain;
use candor_program::digest;
use candor_program::head::Action;
use candor_program::policy::{Fact, Facts};
use candor_program::transaction::{AbiType, ArgumentSource, Template, Transaction};
use num_bigint::BigInt;
use proptest::prelude::*;

sol! {
    function rebalance(uint256 asset, int256 amount, uint256 deadline);
    function everything(uint8 a, int24 b, address c, bool d, bytes32 e, uint64 f, int64 g);
}

fn facts(amount: i64, time: u64) -> Facts<'static> {
    Facts {
        action: Action { code: 2, abstain: false, amount, asset: 0, venue: 0 },
        time,
        sequence: 9,
        features: &[200, -7, i64::MIN],
        outputs: &[],
        registers: &[1, i64::MAX],
        after: &[],
        evidence: &[],
    }
}

#[test]
fn calldata_is_what_solidity_expects() {
    for (amount, time) in [(250, 1_357_160_400), (-250, 0), (i64::MIN, (1 << 62) - 1), (i64::MAX, 5)] {
        let transaction = template().build(&facts(amount, time)).unwrap();
        let expected = rebalanceCall {
            asset: U256::from(77),
            amount: I256::try_from(amount).unwrap(),
            deadline: U256::from(time + 86_400),
        };
        assert_eq!(transaction.calldata, expected.abi_encode());
        assert_eq!((transaction.to, transaction.value), ([0x55; 20], 12));
    }
    assert_eq!(template().signature(), rebalanceCall::SIGNATURE);
    assert_eq!(template().selector(), rebalanceCall::SELECTOR);
}

#[test]
fn every_type_is_encoded() {
    let word = |bytes: &[u8]| {
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(bytes);
        ArgumentSource::Constant(word)
    };
    let fact = |fact, offset| ArgumentSource::Fact { fact, offset };
    let template = Template {
        to: [1; 20],
        value: 0,
        function: "everything".into(),
        arguments: vec![
            argument("a", AbiType::Uint(8), fact(Fact::Feature(0), 55)),
            argument("b", AbiType::Int(24), fact(Fact::Feature(1), 0)),
            argument("c", AbiType::Address, word(&[0xab; 20])),
            argument("d", AbiType::Bool, fact(Fact::Register(0), 0)),
            argument("e", AbiType::Bytes32, ArgumentSource::Constant([0xee; 32])),
            argument("f", AbiType::Uint(64), fact(Fact::Register(1), i64::MAX)),
            argument("g", AbiType::Int(64), fact(Fact::Feature(2), 0)),
        ],
    };
    let expected = everythingCall {
        a: 255,
        b: alloy_primitives::aliases::I24::try_from(-7).unwrap(),
        c: Address::from([0xab; 20]),
        d: true,
        e: B256::from([0xee; 32]),
        f: u64::MAX - 1,
        g: i64::MIN,
    };
    assert_eq!(template.signature(), everythingCall::SIGNATURE);
    assert_eq!(template.build(&facts(1, 1)).unwrap().calldata, expected.abi_encode());
}

#[test]
fn a_missing_fact_or_one_out_of_range_builds_nothing() {
    for (abi_type, fact, offset) in [
        (AbiType::Uint(256), Fact::Feature(3), 0),
        (AbiType::Uint(256), Fact::Feature(1), 6),
        (AbiType::Uint(256), Fact::Elapsed(1), 0),
        (AbiType::Uint(8), Fact::Feature(0), 56),
        (AbiType::Int(8), Fact::Feature(0), -72),
        (AbiType::Int(8), Fact::Feature(0), -329),
        (AbiType::Bool, Fact::Register(0), 1),
        (AbiType::Bool, Fact::Register(0), -2),
        (AbiType::Int(64), Fact::Feature(2), -1),
        (AbiType::Int(64), Fact::Register(1), 1),
        (AbiType::Address, Fact::Register(0), 0),
        (AbiType::Bytes32, Fact::Register(0), 0),
        (AbiType::Uint(7), Fact::Register(0), 0),
        (AbiType::Uint(0), Fact::Register(0), 0),
        (AbiType::Int(264), Fact::Register(0), 0),
    ] {
        let mut template = template();
        template.arguments[1] = argument("amount", abi_type, ArgumentSource::Fact { fact, offset });
        assert_eq!(template.build(&facts(1, 1)), None, "{abi_type} {fact:?} {offset}");
    }
}

#[test]
fn the_action_commitment_is_the_hash_of_its_abi_encoding() {
    let domain = Domain { chain_id: 31_337, verifying_contract: [4; 20] };
    let transaction = Transaction { to: [0x55; 20], value: u128::MAX, calldata: vec![1, 2, 3] };
    let expected = keccak256(
        (
            U256::from(31_337),
            keccak256("candor/v1"),
            U256::from_be_slice(&[0x77; 20]),
            Address::from([0x55; 20]),
            U256::from(u128::MAX),
            keccak256([1, 2, 3]),
            U256::from(9),
        )
            .abi_encode(),
    );
    assert_eq!(digest::transaction_word(&domain, &[0x77; 20], 9, Some(&transaction)), expected.0);
    assert_eq!(
        digest::transaction_word(&domain, &[0x77; 20], 9, None),
        keccak256("candor/no-transaction/v1").0
    );
}

proptest! {
    #[test]
    fn integers_fit_exactly_their_types(value: i128, shift in 0_u32..127, bytes in 1_u16..=32, signed: bool) {
        let value = value >> shift;
        let bits = 8 * bytes;
        let abi_type = if signed { AbiType::Int(bits) } else { AbiType::Uint(bits) };
        let end = BigInt::from(1) << if signed { bits - 1 } else { bits };
        let start = if signed { -end.clone() } else { BigInt::ZERO };
        let fits = BigInt::from(value) >= start && BigInt::from(value) < end;
        let expected = fits.then(|| I256::try_from(value).unwrap().to_be_bytes::<32>());
        prop_assert_eq!(abi_type.encode(value), expected);
        if let Some(word) = expected {
            prop_assert!(abi_type.accepts(&word));
        }
    }
}

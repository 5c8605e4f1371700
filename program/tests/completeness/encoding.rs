//! Encodings: known bytes, and back again.

use crate::sample;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use candor_program::encoding::{
    FrBytes, decode_exact, encode, fr_from_bytes, fr_from_bytes_mod, fr_from_i64, fr_to_bytes, keccak256,
    pack_u16,
};
use candor_program::{Card, Fr, Program};
use num_bigint::BigUint;
use proptest::prelude::*;

fn integer(value: &Fr) -> BigUint {
    BigUint::from_bytes_be(&fr_to_bytes(value))
}

fn modulus() -> BigUint {
    // BN254's r, EIP-196.
    "21888242871839275222246405745257275088548364400416034343698204186575808495617".parse().unwrap()
}

#[test]
fn field_elements_are_big_endian() {
    let mut one = [0; 32];
    one[31] = 1;
    assert_eq!(fr_to_bytes(&Fr::ONE), one);
    assert_eq!(fr_from_bytes(&one), Some(Fr::ONE));
    assert_eq!(integer(&-Fr::ONE), modulus() - 1_u8);
    let last: [u8; 32] = fr_to_bytes(&-Fr::ONE);
    assert_eq!(fr_from_bytes(&last), Some(-Fr::ONE));
}

#[test]
fn signed_integers_wrap_around_the_modulus() {
    for value in [0, 1, -1, i64::MAX, i64::MIN] {
        let expected =
            if value < 0 { modulus() - value.unsigned_abs() } else { BigUint::from(value.unsigned_abs()) };
        assert_eq!(integer(&fr_from_i64(value)), expected);
    }
}

#[test]
fn keccak_is_the_original_one() {
    let known = |text: &str| hex::decode(text).unwrap();
    assert_eq!(
        keccak256(&[]).to_vec(),
        known("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
    );
    assert_eq!(
        keccak256(&[b"a", b"", b"bc"]).to_vec(),
        known("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")
    );
}

#[test]
fn fifteen_values_are_packed_into_an_element() {
    assert_eq!(pack_u16(&[]), vec![]);
    assert_eq!(pack_u16(&[3, 1]), vec![Fr::from(65_536 + 3)]);
    let values: Vec<u16> = (0..16).map(|i| 65_535 - i).collect();
    let packed = pack_u16(&values);
    assert_eq!(packed.len(), 2);
    let expected = (0..15).fold(BigUint::ZERO, |sum, i| sum + (BigUint::from(values[i]) << (16 * i)));
    assert_eq!(integer(&packed[0]), expected);
    assert_eq!(packed[1], Fr::from(65_520));
    assert_eq!(pack_u16(&[0; 30]), vec![Fr::ZERO; 2]);
}

#[test]
fn program_and_card_survive_their_files() {
    let program = sample::program();
    assert_eq!(Program::from_bytes(&program.to_bytes()), Ok(program.clone()));
    assert_eq!(Card::from_bytes(&program.card.to_bytes()), Ok(program.card));
}

proptest! {
    #[test]
    fn field_elements_survive_their_bytes(bytes: [u8; 32]) {
        let value = fr_from_bytes_mod(&bytes);
        prop_assert_eq!(value, Fr::from_be_bytes_mod_order(&bytes));
        prop_assert_eq!(integer(&value), BigUint::from_bytes_be(&bytes) % modulus());
        prop_assert_eq!(fr_from_bytes(&fr_to_bytes(&value)), Some(value));
        prop_assert_eq!(fr_from_bytes(&bytes).is_some(), BigUint::from_bytes_be(&bytes) < modulus());
        let wrapped = FrBytes::from(value);
        prop_assert_eq!(decode_exact::<FrBytes>(&encode(&wrapped)), Ok(wrapped));
        prop_assert_eq!(wrapped.to_fr(), value);
    }
}

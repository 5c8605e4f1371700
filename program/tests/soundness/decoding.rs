//! Bytes that are no files of ours.

use crate::sample::{self, Numbers};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::{LoadError, OperatorWeights};
use candor_program::decision::{DecisionInput, decide};
use candor_program::digest::ProgramIds;
use candor_program::encoding::{DecodeError, FrBytes, decode_exact, decode_file, encode, encode_file, magic};
use candor_program::evaluate::execute;
use candor_program::evidence::Evidence;
use candor_program::interval::ProgramError;
use candor_program::observation::Observation;
use candor_program::policy::{Outcome, PolicyVerdict, Table};
use candor_program::state::State;
use candor_program::transaction::Template;
use candor_program::{Card, Class, Program, limits};
use proptest::prelude::*;

fn refused(bytes: &[u8]) -> DecodeError {
    match Card::from_bytes(bytes) {
        Err(LoadError::Malformed(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn file() -> Vec<u8> {
    sample::program().card.to_bytes()
}

#[test]
fn too_long() {
    let bytes = encode_file(&magic::CARD, &7_u64);
    assert_eq!(decode_file::<u64>(&magic::CARD, 18, &bytes), Ok(7));
    assert_eq!(
        decode_file::<u64>(&magic::CARD, 17, &bytes),
        Err(DecodeError::TooLong { limit: 17, got: 18 })
    );
    let mut huge = vec![0; limits::CARD_FILE_BYTES as usize];
    assert_eq!(refused(&huge), DecodeError::WrongMagic { expected: magic::CARD, got: [0; 8] });
    huge.push(0);
    let (limit, got) = (limits::CARD_FILE_BYTES, limits::CARD_FILE_BYTES + 1);
    assert_eq!(refused(&huge), DecodeError::TooLong { limit, got });
}

#[test]
fn no_header() {
    for got in 0..10 {
        assert_eq!(refused(&file()[..got as usize]), DecodeError::NoHeader { got });
    }
}

#[test]
fn wrong_magic() {
    let program = sample::program().to_bytes();
    let error = DecodeError::WrongMagic { expected: *b"CANDORCD", got: *b"CANDORPG" };
    assert_eq!(refused(&program), error);
    assert!(error.to_string().contains("CANDORPG"));
    let text = DecodeError::WrongMagic { expected: *b"CANDORCD", got: *b"\x1b[2J\0\xff\n\r" }.to_string();
    assert!(text.is_ascii() && !text.contains(char::is_control));
}

#[test]
fn wrong_version() {
    let mut bytes = file();
    bytes[8] = 2;
    assert_eq!(refused(&bytes), DecodeError::WrongVersion { expected: 1, got: 2 });
    bytes[8..10].copy_from_slice(&[1, 1]);
    assert_eq!(refused(&bytes), DecodeError::WrongVersion { expected: 1, got: 257 });
}

#[test]
fn truncated_anywhere() {
    let bytes = file();
    for length in 10..bytes.len() {
        let offset = length as u64 - 10;
        assert_eq!(refused(&bytes[..length]), DecodeError::Truncated { offset }, "{length}");
    }
}

#[test]
fn trailing_bytes() {
    let mut bytes = file();
    bytes.extend([0; 3]);
    assert_eq!(refused(&bytes), DecodeError::TrailingBytes { count: 3 });
}

#[test]
fn invalid() {
    // The tag of an enum, a truth value, a text that is not UTF-8.
    assert_eq!(decode_exact::<PolicyVerdict>(&[3, 0, 0, 0]), Err(DecodeError::Invalid { offset: 1 }));
    assert_eq!(decode_exact::<(u8, bool)>(&[0, 2]), Err(DecodeError::Invalid { offset: 2 }));
    assert_eq!(decode_exact::<String>(&[1, 0, 0, 0, 0xff]), Err(DecodeError::Invalid { offset: 5 }));
}

#[test]
fn a_field_element_is_below_the_modulus() {
    let modulus = hex::decode("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001").unwrap();
    assert_eq!(decode_exact::<FrBytes>(&modulus), Err(DecodeError::Invalid { offset: 32 }));
    assert_eq!(decode_exact::<FrBytes>(&[0xff; 32]), Err(DecodeError::Invalid { offset: 32 }));
    let mut last = modulus;
    last[31] = 0;
    assert!(decode_exact::<FrBytes>(&last).is_ok());
}

/// A type that reads what it would not write.
#[derive(PartialEq, Debug)]
struct Lenient(u8);

impl BorshSerialize for Lenient {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&[self.0])
    }
}

impl BorshDeserialize for Lenient {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        u8::deserialize_reader(reader).map(|_| Self(0))
    }
}

#[test]
fn not_canonical() {
    assert_eq!(decode_exact::<Lenient>(&[0]), Ok(Lenient(0)));
    assert_eq!(decode_exact::<Lenient>(&[1]), Err(DecodeError::NotCanonical));
    assert_eq!(decode_exact::<Vec<Lenient>>(&[2, 0, 0, 0, 0, 9]), Err(DecodeError::NotCanonical));
}

/// Every place of a card where a length stands, found by replacing what follows.
#[test]
fn hostile_length_prefixes_allocate_nothing() {
    fn check<T: BorshSerialize + BorshDeserialize + std::fmt::Debug>(tail: &[u8]) {
        for length in [0_u32, 1, 1 << 31, u32::MAX] {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.extend_from_slice(tail);
            // With a buffer of 2^31 elements this would abort the test.
            let error = decode_exact::<Vec<T>>(&bytes).map(|values| values.len());
            match length {
                0 if tail.is_empty() => assert_eq!(error, Ok(0)),
                0 => assert_eq!(error, Err(DecodeError::TrailingBytes { count: tail.len() as u64 })),
                1 => assert!(error == Ok(1) || error.is_err()),
                _ => {
                    assert!(matches!(error, Err(DecodeError::Truncated { .. } | DecodeError::Invalid { .. })))
                }
            }
        }
    }
    for tail in [&[][..], &[0], &[0; 100], &[0xff; 100]] {
        check::<u8>(tail);
        check::<i32>(tail);
        check::<String>(tail);
        check::<Vec<u8>>(tail);
        check::<OperatorWeights>(tail);
        check::<Class>(tail);
        check::<Card>(tail);
        check::<Program>(tail);
        check::<Observation>(tail);
        check::<FrBytes>(tail);
    }
}

#[test]
fn invalid_content_is_not_a_card() {
    let mut card = sample::program().card;
    card.class.policy_size = 17;
    let error = LoadError::Invalid(ProgramError::PolicySize { got: 17 });
    assert_eq!(Card::from_bytes(&card.to_bytes()), Err(error));
    let mut program = sample::program();
    program.weights.operators.clear();
    let error = LoadError::Invalid(ProgramError::WeightOperators { expected: 2, got: 0 });
    assert_eq!(Program::from_bytes(&program.to_bytes()), Err(error));
}

#[test]
fn every_mutated_byte_of_a_program_fails_or_is_another_program() {
    let program = sample::program();
    let bytes = program.to_bytes();
    let mut numbers = Numbers(11);
    for position in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, bytes[position] ^ 0x80, numbers.next() as u8] {
            let mut mutated = bytes.clone();
            mutated[position] = value;
            if let Ok(decoded) = Program::from_bytes(&mutated) {
                assert_eq!(decoded.to_bytes(), mutated);
                assert_eq!(decoded == program, mutated == bytes);
                runs(&decoded);
            }
        }
    }
}

/// Whatever is accepted can be hashed, run and decided on.
fn runs(program: &Program) {
    let card = &program.card;
    let _ = ProgramIds::of(card);
    let highest: Vec<u16> = card.features.iter().map(|feature| feature.span() as u16).collect();
    let execution = execute(program, &highest).unwrap();
    for outputs in [execution.outputs(), &[0, 0, 1], &[1, 0, 0]] {
        let state = &State::initial(&card.registers);
        let (features, time, sequence) = (highest.as_slice(), limits::TIME - 1, 0);
        let evidence = &Evidence::none(&card.evidence);
        let decision =
            decide(&DecisionInput { card, features, outputs, state, evidence, time, sequence }).unwrap();
        assert_eq!(decision.executed.is_some(), decision.transaction.is_some());
        assert_eq!(decision.executed.is_some(), decision.verdict.outcome == Outcome::Permitted);
    }
    let observation = Observation::from_json(sample::LINE, card);
    let _ = observation.map(|observation| observation.features(card));
}

fn strict<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = decode_exact::<T>(bytes) {
        prop_assert_eq!(encode(&value), bytes);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_fail_or_are_the_encoding(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        strict::<Card>(&bytes)?;
        strict::<Class>(&bytes)?;
        strict::<Table>(&bytes)?;
        strict::<Template>(&bytes)?;
        strict::<Observation>(&bytes)?;
        strict::<OperatorWeights>(&bytes)?;
    }

    #[test]
    fn mutated_files_fail_or_are_the_encoding(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        extra in prop::collection::vec(any::<u8>(), 0..4),
        whole: bool,
    ) {
        let mut bytes = sample::program().to_bytes();
        for (position, value) in edits {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(extra);
        if let Ok(program) = Program::from_bytes(&bytes) {
            prop_assert_eq!(program.to_bytes(), bytes);
        }
    }
}

use crate::agent::{key, other_key, program, run};
use candor_program::encoding::DecodeError;
use candor_program::interval::ProgramError;
use candor_trace::{
    Bundle, BundleError, Chain, MAX_BUNDLE_BYTES, MAX_BUNDLE_RECORDS, Selection, SignatureError,
    SignedRecord, Start,
};
use proptest::prelude::*;

fn bundle() -> Bundle {
    Bundle::select(program().card, &run(), Selection::Transaction { sequence: 4 }).unwrap()
}

#[test]
fn every_truncation_and_every_appended_byte_is_malformed() {
    let bytes = bundle().to_bytes();
    for length in 0..bytes.len() {
        let error = Bundle::from_bytes(&bytes[..length]).unwrap_err();
        let expected = if length < 10 {
            BundleError::Malformed { source: DecodeError::NoHeader { got: length as u64 } }
        } else {
            BundleError::Malformed { source: DecodeError::Truncated { offset: length as u64 - 10 } }
        };
        assert_eq!(error, expected, "{length} bytes");
    }
    for byte in 0..=255 {
        let mut longer = bytes.clone();
        longer.push(byte);
        let source = DecodeError::TrailingBytes { count: 1 };
        assert_eq!(Bundle::from_bytes(&longer), Err(BundleError::Malformed { source }));
    }
}

/// No two byte strings are one bundle.
#[test]
fn every_changed_byte_is_refused_or_another_bundle() {
    let honest = bundle();
    let mut bytes = honest.to_bytes();
    for index in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            bytes[index] ^= change;
            if let Ok(other) = Bundle::from_bytes(&bytes) {
                assert_ne!(other, honest, "byte {index}");
                assert_eq!(other.to_bytes(), bytes, "byte {index}");
            }
            bytes[index] ^= change;
        }
    }
}

#[test]
fn records_decode_strictly_too() {
    let record = run().remove(1);
    let bytes = borsh::to_vec(&record).unwrap();
    assert_eq!(candor_program::encoding::decode_exact::<SignedRecord>(&bytes), Ok(record));
    for length in 0..bytes.len() {
        let result = candor_program::encoding::decode_exact::<SignedRecord>(&bytes[..length]);
        assert_eq!(result, Err(DecodeError::Truncated { offset: length as u64 }));
    }
    let mut longer = bytes;
    longer.push(0);
    let result = candor_program::encoding::decode_exact::<SignedRecord>(&longer);
    assert_eq!(result, Err(DecodeError::TrailingBytes { count: 1 }));
}

#[test]
fn a_digest_above_the_modulus_is_malformed() {
    let mut bundle = bundle();
    bundle.records[0].header.observations.0 = [0xff; 32];
    let error = Bundle::from_bytes(&bundle.to_bytes()).unwrap_err();
    assert!(matches!(error, BundleError::Malformed { source: DecodeError::Invalid { .. } }), "{error:?}");
}

#[test]
fn foreign_files_and_versions_are_malformed() {
    let mut bytes = bundle().to_bytes();
    bytes[8] = 2;
    let source = DecodeError::WrongVersion { expected: 1, got: 2 };
    assert_eq!(Bundle::from_bytes(&bytes), Err(BundleError::Malformed { source }));
    bytes[0] = b'K';
    let error = Bundle::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, BundleError::Malformed { source: DecodeError::WrongMagic { .. } }));
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let too_long = vec![0; MAX_BUNDLE_BYTES as usize + 1];
    let source = DecodeError::TooLong { limit: MAX_BUNDLE_BYTES, got: MAX_BUNDLE_BYTES + 1 };
    assert_eq!(Bundle::from_bytes(&too_long), Err(BundleError::Malformed { source }));
    let at_the_limit = Bundle::from_bytes(&too_long[1..]).unwrap_err();
    assert!(matches!(at_the_limit, BundleError::Malformed { source: DecodeError::WrongMagic { .. } }));
}

#[test]
fn a_bundle_has_records_but_not_too_many() {
    let mut bundle = bundle();
    let mut record = bundle.records.pop().unwrap();
    bundle.records.clear();
    assert_eq!(Bundle::from_bytes(&bundle.to_bytes()), Err(BundleError::Empty));
    assert_eq!(bundle.start_link(&Chain::of(&bundle.card)), Err(BundleError::Empty));
    record.body.observation.payloads.clear();
    record.body.leaves.clear();
    bundle.records = vec![record.clone(); MAX_BUNDLE_RECORDS];
    assert!(Bundle::from_bytes(&bundle.to_bytes()).is_ok());
    bundle.records.push(record);
    let (limit, got) = (MAX_BUNDLE_RECORDS, MAX_BUNDLE_RECORDS + 1);
    assert_eq!(Bundle::from_bytes(&bundle.to_bytes()), Err(BundleError::TooManyRecords { limit, got }));
}

#[test]
fn a_card_that_is_not_well_formed_is_refused() {
    let mut bundle = bundle();
    bundle.card.class.state_size = 5;
    let source = ProgramError::StateSize { expected: 4, got: 5 };
    assert_eq!(Bundle::from_bytes(&bundle.to_bytes()), Err(BundleError::Card { source }));
}

fn start_with(change: impl FnOnce(&mut candor_trace::SignedHeader)) -> BundleError {
    let mut bundle = bundle();
    let Start::After(previous) = &mut bundle.start else { panic!("the path begins at record 2") };
    change(previous);
    bundle.start_link(&Chain::of(&bundle.card)).unwrap_err()
}

/// A start that nobody signed could claim any state and any acc.
#[test]
fn the_record_before_the_bundle_is_signed_and_of_the_program() {
    let error = start_with(|previous| previous.header.state_after.0[31] ^= 1);
    assert!(
        matches!(error, BundleError::StartSignature { source: SignatureError::WrongSigner { .. } }),
        "{error:?}"
    );
    let domain = program().card.domain;
    let error = start_with(|previous| {
        previous.header.program_id[0] ^= 1;
        previous.signature = key().sign(&previous.record_hash(&domain));
    });
    assert!(matches!(error, BundleError::StartProgram { .. }), "{error:?}");
}

/// Another agent's signed record as a start: the link is that agent's, and the records do not continue it.
#[test]
fn the_record_before_the_bundle_is_of_the_agent() {
    let mut bundle = bundle();
    let (chain, other) = (Chain::of(&bundle.card), other_key());
    let Start::After(previous) = &mut bundle.start else { panic!("the path begins at record 2") };
    previous.header.agent = other.address();
    previous.signature = other.sign(&previous.record_hash(&chain.domain));
    let link = bundle.start_link(&chain).unwrap();
    let result = candor_trace::check_link(&link, &bundle.records[0].header);
    assert!(matches!(result, Err(candor_trace::ChainError::AgentMismatch { .. })), "{result:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut file = b"CANDORBN\x01\x00".to_vec();
        file.extend(&bytes);
        prop_assert!(Bundle::from_bytes(&bytes).is_err());
        prop_assert!(Bundle::from_bytes(&file).is_err());
    }

    /// Claimed lengths of any size, anywhere: refused without allocating what they claim.
    #[test]
    fn hostile_lengths_are_refused(at in 10_usize..2000, length in prop_oneof![
        Just(0_u32), Just(1), Just(1 << 31), Just(u32::MAX), any::<u32>()
    ]) {
        let honest = bundle();
        let mut bytes = honest.to_bytes();
        let at = at.min(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        if let Ok(other) = Bundle::from_bytes(&bytes) {
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }
}

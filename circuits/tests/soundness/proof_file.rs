//! The proof file: strict, within its limit, and no panic or large allocation on any bytes.

use candor_benches::synthetic::Random;
use candor_circuits::proof::{MAX_BATCH_LOG2, MAX_BYTES, ProofFile, Purpose, SegmentProof, segments};
use candor_program::class::TensorId;
use candor_program::encoding::{DecodeError, HEADER_BYTES, magic};

fn file() -> ProofFile {
    let segment = |decisions, batch_log2| SegmentProof { decisions, batch_log2, argument: vec![7; 40] };
    ProofFile {
        program_id: [1; 32],
        development_setup: true,
        purpose: Purpose::Path,
        payout: [2; 20],
        first_sequence: 9,
        revealed: TensorId(3),
        segments: vec![segment(16, 4), segment(3, 2)],
    }
}

/// Offset of the number of segments in the file.
const SEGMENTS: usize = HEADER_BYTES + 32 + 1 + 1 + 20 + 8 + 2;

#[test]
fn there_and_back() {
    assert_eq!(ProofFile::from_bytes(&file().to_bytes()), Ok(file()));
}

#[test]
fn every_length() {
    let bytes = file().to_bytes();
    for length in 0..bytes.len() {
        let error = ProofFile::from_bytes(&bytes[..length]).unwrap_err();
        match length {
            0..HEADER_BYTES => assert_eq!(error, DecodeError::NoHeader { got: length as u64 }),
            _ => assert_eq!(error, DecodeError::Truncated { offset: (length - HEADER_BYTES) as u64 }),
        }
    }
    let longer = [&bytes[..], &[0, 0]].concat();
    assert_eq!(ProofFile::from_bytes(&longer), Err(DecodeError::TrailingBytes { count: 2 }));
}

#[test]
fn limits() {
    let too_long = vec![0; MAX_BYTES as usize + 1];
    let expected = DecodeError::TooLong { limit: MAX_BYTES, got: MAX_BYTES + 1 };
    assert_eq!(ProofFile::from_bytes(&too_long), Err(expected));
    let at_limit = vec![0; MAX_BYTES as usize];
    let expected = DecodeError::WrongMagic { expected: magic::PROOF, got: [0; 8] };
    assert_eq!(ProofFile::from_bytes(&at_limit), Err(expected));
    // length prefixes that the bytes do not have
    for length in [3, 1 << 20, 1 << 31, u32::MAX] {
        for at in [SEGMENTS, SEGMENTS + 4 + 4 + 1] {
            let mut bytes = file().to_bytes();
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(length));
            assert!(ProofFile::from_bytes(&bytes).is_err(), "length {length} at {at}");
        }
    }
}

#[test]
fn values_that_their_types_do_not_have() {
    let with = |at: usize, byte: u8| {
        let mut bytes = file().to_bytes();
        bytes[at] = byte;
        ProofFile::from_bytes(&bytes).unwrap_err()
    };
    assert!(matches!(with(HEADER_BYTES + 32, 2), DecodeError::Invalid { .. }), "a boolean of 2");
    assert!(matches!(with(HEADER_BYTES + 33, 9), DecodeError::Invalid { .. }), "a purpose of 9");
    assert_eq!(with(8, 2), DecodeError::WrongVersion { expected: 1, got: 2 });
}

/// What is decoded encodes to the same bytes; nothing panics.
#[test]
fn mutations() {
    let mut random = Random(8);
    let honest = file().to_bytes();
    for _ in 0..20_000 {
        let mut bytes = honest.clone();
        for _ in 0..1 + random.next_u64() % 4 {
            let at = random.next_u64() as usize % bytes.len();
            bytes[at] = if random.next_u64().is_multiple_of(2) { 0xff } else { random.next_u64() as u8 };
        }
        if let Ok(decoded) = ProofFile::from_bytes(&bytes) {
            assert_eq!(decoded.to_bytes(), bytes);
        }
    }
}

#[test]
fn segments_cover_every_number_of_decisions_once() {
    for decisions in 0..600 {
        for limit in [0, 1, 4, MAX_BATCH_LOG2, 9, 255] {
            let segments = segments(decisions, limit);
            assert_eq!(segments.iter().map(|(count, _)| *count as usize).sum::<usize>(), decisions);
            assert!(segments.iter().all(|(count, log2)| *log2 <= MAX_BATCH_LOG2
                && *log2 <= limit
                && count.next_power_of_two() == 1 << log2));
        }
    }
}

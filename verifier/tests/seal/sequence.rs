//! The last sequence numbers: what can be recorded can be sealed, in a batch that is not full as well.

use crate::world::{agent_key, observation, reference, sealed, world};
use candor_benches::synthetic::Random;
use candor_trace::{
    Bundle, ChainError, PreviousHeader, RecordError, Recorder, SEQUENCE_BOUND, Salts, SealStart,
    SealedHeader, SignedRecord, Start,
};
use candor_verifier::{ErrorKind, SealError, verify_seal};

/// The agent's record of this number, as if it had recorded all before.
fn numbered(sequence: u64) -> SignedRecord {
    let mut record = world().bundle.records[0].clone();
    record.header.sequence = sequence;
    record.signature = agent_key().sign(&record.record_hash(&world().program.card.domain));
    record
}

/// Three records up to the last number that there is, in a batch of four: the fourth has the number after it.
#[test]
fn the_last_records_can_be_sealed() {
    let world = world();
    let previous = numbered(SEQUENCE_BOUND - 4);
    let mut recorder = Recorder::resume(world.program.clone(), agent_key(), Some(&previous)).unwrap();
    let mut random = Random(5);
    let mut next = |offset: u64| {
        let observation = observation(&world.program, previous.header.time + offset, &mut random);
        recorder.record(observation, Salts { observations: 1, evidence: 2 })
    };
    let records: Vec<SignedRecord> = (1..4).map(|offset| next(offset).unwrap().record).collect();
    assert_eq!(records[2].header.sequence, SEQUENCE_BOUND - 1);
    assert_eq!(next(4).unwrap_err(), RecordError::ChainFull { got: SEQUENCE_BOUND });
    let start = Start::After(previous.signed_header());
    let bundle = Bundle { card: world.program.card.clone(), start, records };
    let (_, file) = sealed(&world.program, &reference(), &bundle, &world.keys);
    let verified = verify_seal(&world.expected, &bundle.card, &world.keys.verifying, &file).unwrap();
    assert_eq!(verified.headers[2].sequence, SEQUENCE_BOUND - 1);

    // a record beyond, signed or not, is none
    let (mut beyond, last) = (file, numbered(SEQUENCE_BOUND - 1));
    beyond.start = SealStart::After(PreviousHeader::of(&last.signed_header()));
    beyond.headers = vec![SealedHeader::of(&world.bundle.records[0].signed_header()); 3];
    let error = verify_seal(&world.expected, &bundle.card, &world.keys.verifying, &beyond).unwrap_err();
    let source = Box::new(ChainError::SequenceTooLarge { got: SEQUENCE_BOUND });
    assert_eq!(error, SealError::Chain { sequence: SEQUENCE_BOUND, source });
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

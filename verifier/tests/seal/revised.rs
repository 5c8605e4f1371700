//! A seal after a change of program: it begins with what the Revise record signs, and covers no Revise record itself.

use crate::world::{agent_key, observation, reference, sealed, world};
use candor_benches::synthetic::Random;
use candor_program::digest::ProgramIds;
use candor_program::encoding::FrBytes;
use candor_program::{Card, Program};
use candor_trace::{
    Bundle, Chain, Link, PreviousHeader, Recorder, Revision, RevisionTimes, Salts, SealFile, SealStart,
    SealedHeader, SignedRecord, Start, revise,
};
use candor_verifier::{ErrorKind, Expected, SealError, verify_seal};

fn named(version: &str) -> Program {
    let mut program = world().program.clone();
    program.card.agent_version = version.into();
    program.validate().unwrap();
    program
}

/// The agent's record 4 was its last by the old program; this one revises to another.
fn revise_to(program: &Program) -> SignedRecord {
    let last = world().bundle.records.last().unwrap();
    let revision = Revision { from: world().program.card.clone(), to: program.card.clone() };
    let times = RevisionTimes { time: last.header.time, activation: last.header.time + 1 };
    revise(revision, &agent_key(), Some(last), times).unwrap()
}

/// Three decisions of the new program after the Revise record, sealed.
fn sealed_after(program: &Program, revise: &SignedRecord) -> (Bundle, SealFile) {
    let mut recorder = Recorder::resume(program.clone(), agent_key(), Some(revise)).unwrap();
    let mut random = Random(6);
    let records = (1..4).map(|offset| {
        let observation = observation(program, revise.header.time + 60 * offset, &mut random);
        recorder.record(observation, Salts { observations: 1, evidence: 2 }).unwrap().record
    });
    let start = Start::After(revise.signed_header());
    let bundle = Bundle { card: program.card.clone(), start, records: records.collect() };
    let (_, file) = sealed(program, &reference(), &bundle, &world().keys);
    (bundle, file)
}

fn expected(card: &Card) -> Expected {
    Expected { program_id: ProgramIds::of(card).program_id, ..world().expected.clone() }
}

fn verified(card: &Card, file: &SealFile) -> Result<u64, SealError> {
    let sealed = verify_seal(&expected(card), card, &world().keys.verifying, file)?;
    Ok(sealed.headers[0].sequence)
}

#[test]
fn seal_begins_after_a_revise_record_that_leads_to_its_program_and_after_no_other() {
    let (new, other) = (named("2.0.0"), named("3.0.0"));
    let revise = revise_to(&new);
    let (bundle, file) = sealed_after(&new, &revise);
    let sequence = revise.header.sequence;
    let program_id = world().expected.program_id;
    let previous = PreviousHeader::of(&revise.signed_header());
    assert_eq!(file.start, SealStart::Revised { program_id, previous: previous.clone() });
    assert_eq!(verified(&bundle.card, &file), Ok(sequence + 1));
    let refused = |change: &dyn Fn(&mut SealFile)| {
        let mut changed = file.clone();
        change(&mut changed);
        let error = verified(&bundle.card, &changed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        error
    };
    let revision = |sequence| SealError::Revision { sequence };
    // A Revise record that leads to another program, or signs another digest of this one.
    let elsewhere = PreviousHeader::of(&revise_to(&other).signed_header());
    let start = SealStart::Revised { program_id, previous: elsewhere };
    assert_eq!(refused(&|file| file.start = start.clone()), revision(sequence));
    let mut misnamed = revise.clone();
    misnamed.header.observations = FrBytes([7; 32]);
    misnamed.header.acc = before().next_acc(&misnamed.header);
    misnamed.signature = agent_key().sign(&misnamed.record_hash(&bundle.card.domain));
    let previous = PreviousHeader::of(&misnamed.signed_header());
    let start = SealStart::Revised { program_id, previous };
    assert_eq!(refused(&|file| file.start = start.clone()), revision(sequence));
    // A decision of the old program where a Revise record is said to be.
    let last = world().bundle.records.last().unwrap();
    let previous = PreviousHeader::of(&last.signed_header());
    let start = SealStart::Revised { program_id, previous };
    assert_eq!(refused(&|file| file.start = start.clone()), revision(last.header.sequence));
}

/// What the Revise record continues.
fn before() -> Link {
    Link::after(&Chain::of(&world().program.card), &world().bundle.records.last().unwrap().header)
}

#[test]
fn revise_record_in_a_seal_is_refused() {
    let world = world();
    let revise = revise_to(&named("2.0.0"));
    let mut file = world.file.clone();
    // After the three records of the seal, in the fourth place of its batch.
    file.headers.push(SealedHeader::of(&revise.signed_header()));
    let error = verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file).unwrap_err();
    assert_eq!(error, SealError::Revision { sequence: revise.header.sequence });
}

//! The agent after a change of its rules: half the minimum interval, a register more, otherwise the same.

use super::{
    PROGRAM, START, STEPS, Want, continue_run, key, observation, register, resume, run, salts, sign_again,
};
use candor_verifier::program::card::Program;
use candor_verifier::program::policy::Operand;
use candor_verifier::trace::{Bundle, Chain, Link, Revision, RevisionTimes, SignedRecord, Start, revise};
use std::sync::LazyLock;

/// Place of the Revise record, its time, and from when on the new program decides.
pub(crate) const REVISE: usize = STEPS.len();
pub(crate) const REVISED_AT: u64 = START + 80;
pub(crate) const ACTIVATION: u64 = START + 120;

/// The program after the revision.
pub(crate) static NEW: LazyLock<Program> = LazyLock::new(|| {
    let mut program = PROGRAM.clone();
    let card = &mut program.card;
    card.agent_version = "2.0.0".into();
    card.policy.predicates[0].operand = Operand::Constant(30);
    card.registers.push(register("trades", Operand::Constant(1)));
    program.validate().expect("the new program is valid");
    program
});

/// A third program, which nobody revised to.
pub(crate) static THIRD: LazyLock<Program> = LazyLock::new(|| {
    let mut program = NEW.clone();
    program.card.agent_version = "3.0.0".into();
    program.validate().expect("valid");
    program
});

pub(crate) fn revision() -> Revision {
    Revision { from: PROGRAM.card.clone(), to: NEW.card.clone() }
}

/// The run, the Revise record, and two decisions of the new program.
pub(crate) fn revised_run() -> Vec<SignedRecord> {
    let mut run = run();
    let times = RevisionTimes { time: REVISED_AT, activation: ACTIVATION };
    run.push(revise(revision(), &key(), run.last(), times).expect("in order"));
    let mut recorder = resume(&NEW, run.last());
    for (after, want) in [(0, Want::Buy), (40, Want::Hold)] {
        let observation = observation(ACTIVATION + after, want);
        run.push(recorder.record(observation, salts(recorder.sequence())).expect("recorded").record);
    }
    run
}

/// The old program's records, and the Revise record if it is there.
pub(crate) fn before(run: &[SignedRecord]) -> Bundle {
    let records = run[..=REVISE].to_vec();
    Bundle { card: PROGRAM.card.clone(), start: Start::Genesis, records }
}

/// What follows the Revise record, with the new program's card.
pub(crate) fn after(run: &[SignedRecord]) -> Bundle {
    let start = Start::After(run[REVISE].signed_header());
    Bundle { card: NEW.card.clone(), start, records: run[REVISE + 1..].to_vec() }
}

/// The run with a changed Revise record, whose accumulator follows and which is signed.
pub(crate) fn cheated(change: impl FnOnce(&mut SignedRecord)) -> Vec<SignedRecord> {
    let mut run = revised_run();
    run.truncate(REVISE + 1);
    let link = Link::after(&Chain::of(&PROGRAM.card), &run[REVISE - 1].header);
    let record = &mut run[REVISE];
    change(record);
    record.header.acc = link.next_acc(&record.header);
    sign_again(record);
    run
}

/// The run with a changed first record after the Revise record, whose accumulator follows and which is signed.
pub(crate) fn cheated_after(change: impl FnOnce(&mut SignedRecord)) -> Vec<SignedRecord> {
    let mut run = revised_run();
    run.truncate(REVISE + 2);
    let link = Link::after(&Chain::of(&NEW.card), &run[REVISE].header);
    let record = &mut run[REVISE + 1];
    change(record);
    record.header.acc = link.next_acc(&record.header);
    sign_again(record);
    run
}

/// What the old program goes on to record as if nothing were: one more record after the Revise record's place or at it.
pub(crate) fn old_program_s_next() -> SignedRecord {
    let mut run = Vec::new();
    continue_run(&PROGRAM, &mut run, STEPS.len());
    let mut recorder = resume(&PROGRAM, run.last());
    recorder.record(observation(ACTIVATION, Want::Hold), salts(50)).expect("recorded").record
}

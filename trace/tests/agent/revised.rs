//! The agent after a change of its rules: another minimum interval, a register less, one more, one defined otherwise.

use super::{key, program, run};
use candor_program::card::Program;
use candor_program::policy::{Fact, Operand};
use candor_program::state::Window;
use candor_trace::{Chain, Link, Revision, RevisionTimes, SignedRecord, revise};

/// Time of the Revise record after [`run`].
pub(crate) const REVISED_AT: u64 = super::START + 140;
/// From when on the new program decides.
pub(crate) const ACTIVATION: u64 = super::START + 200;

/// `last_trade` moves to another place, `position` stays, `trades` counts twos, `first` is new, nothing is dropped.
pub(crate) fn new_program() -> Program {
    let mut program = program();
    let card = &mut program.card;
    card.agent_version = "2.0.0".into();
    card.registers.swap(0, 1);
    card.policy.predicates[0].fact = Fact::Elapsed(1);
    card.policy.predicates[0].operand = Operand::Constant(30);
    card.registers[2].source = Operand::Constant(2);
    card.registers.push(super::register("first", Operand::Constant(1)));
    program.validate().expect("valid");
    program
}

/// A program with a window for `trades`; otherwise [`new_program`] without `first`.
pub(crate) fn windowed_program(name: &str, seconds: u32) -> Program {
    let mut program = program();
    let card = &mut program.card;
    card.agent_version = name.into();
    card.windows = vec![Window { name: name.into(), seconds, offset: 0 }];
    card.registers[2].window = Some(0);
    program.validate().expect("valid");
    program
}

/// From [`program`] to [`new_program`].
pub(crate) fn revision() -> Revision {
    Revision { from: program().card, to: new_program().card }
}

/// The times of the Revise record.
pub(crate) const TIMES: RevisionTimes = RevisionTimes { time: REVISED_AT, activation: ACTIVATION };

/// The run, and the Revise record that follows it.
pub(crate) fn revised_run() -> Vec<SignedRecord> {
    let mut run = run();
    run.push(revise(revision(), &key(), run.last(), TIMES).expect("revised"));
    run
}

/// What the Revise record continues.
pub(crate) fn link_before(run: &[SignedRecord]) -> Link {
    Link::after(&Chain::of(&program().card), &run[run.len() - 2].header)
}

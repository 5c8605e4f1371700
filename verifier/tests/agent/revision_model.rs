//! The rules for Revise records once more, each of which can be left out: to show what it is for.

use candor_verifier::program::Card;
use candor_verifier::program::digest::{self, ProgramIds};
use candor_verifier::program::encoding::FrBytes;
use candor_verifier::program::migration::Migration;
use candor_verifier::trace::revision::registers_digest;
use candor_verifier::trace::{Chain, Link, SignedRecord};

/// A rule of docs/spec/record.md, "Revise".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// It states no verdict, action or transaction.
    Acts,
    /// It leads to another program.
    Itself,
    /// It takes effect at its own time or later.
    Backwards,
    /// Its activation is a time.
    Bound,
    /// It signs the new program's digest.
    Digest,
    /// Both programs' records are of one domain.
    Domain,
    /// It lists what becomes of every register.
    Registers,
    /// The state after is of its time.
    StateTime,
    /// Every register has the value that it is left with.
    Values,
    /// The next record is of the program that it names.
    Program,
    /// The next record is not before the activation.
    Activation,
    /// The next record begins with its state.
    Carried,
    /// The next record's accumulator is over the digest that it signs.
    Acc,
}

/// The Revise record, and the record after it, break no rule.
pub(crate) fn in_order(revise: &SignedRecord, next: Option<&SignedRecord>, without: Option<Rule>) -> bool {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let (header, body) = (&revise.header, &revise.body);
    let revision = body.revision.as_deref().expect("with its body");
    let (from, to): (&Card, &Card) = (&revision.from, &revision.to);
    let ids = ProgramIds::of(to);
    let nothing = digest::no_transaction();
    let acts = header.verdict != 3 || header.executed != 0 || header.transaction != nothing;
    let migration = Migration::between(from, to);
    let state = migration.state(from, to, &body.state_before, header.time);
    let itself = kept(Rule::Acts, !acts)
        && kept(Rule::Itself, header.execution != header.program_id)
        && kept(Rule::Backwards, header.requested >= u128::from(header.time))
        && kept(Rule::Bound, header.requested < 1 << 62)
        && kept(Rule::Digest, header.observations == FrBytes::from(ids.program_fr))
        && kept(Rule::Domain, from.domain == to.domain)
        && kept(Rule::Registers, header.evidence == registers_digest(&migration.registers))
        && kept(Rule::StateTime, body.state_after.time == header.time)
        && kept(Rule::Values, body.state_after.registers == state.registers);
    let Some(next) = next else { return itself };
    // The accumulator by the new program's own digest: a record that was made with another one shows it.
    let link = Link::after(&Chain::of(to), header);
    itself
        && kept(Rule::Program, next.header.program_id == header.execution)
        && kept(Rule::Activation, u128::from(next.header.time) >= header.requested)
        && kept(Rule::Carried, next.header.state_before == header.state_after)
        && kept(Rule::Acc, next.header.acc == link.next_acc(&next.header))
}

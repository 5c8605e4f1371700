//! Every field of a header changed alone: the signature no longer fits; and if the agent signs the change itself, the
//! named check finds it, whether or not acc is brought into line.

use crate::agent::{program, run, sign_again};
use crate::{Caught, first_failure};
use candor_program::encoding::FrBytes;
use candor_trace::{
    BodyError, Chain, ChainError, DecisionMismatch, Header, Link, SignatureError, SignedRecord,
};

/// A field, how it is changed, and the check that must find it when acc follows the change.
type Change = (&'static str, fn(&mut Header), fn(&Caught) -> bool);

fn other(value: &mut FrBytes) {
    value.0[31] ^= 1;
}

const CHANGES: [Change; 15] = [
    (
        "program_id",
        |h| h.program_id[0] ^= 1,
        |c| matches!(c, Caught::Link(ChainError::ProgramMismatch { .. })),
    ),
    ("agent", |h| h.agent[19] ^= 1, |c| matches!(c, Caught::Signature(SignatureError::WrongSigner { .. }))),
    (
        "sequence",
        |h| h.sequence += 1,
        |c| *c == Caught::Link(ChainError::SequenceGap { expected: 4, got: 5 }),
    ),
    ("time", |h| h.time += 1, |c| matches!(c, Caught::Body(BodyError::TimeMismatch { .. }))),
    (
        "previous_record",
        |h| h.previous_record[31] ^= 1,
        |c| matches!(c, Caught::Link(ChainError::PreviousRecordMismatch { .. })),
    ),
    (
        "state_before",
        |h| other(&mut h.state_before),
        |c| matches!(c, Caught::Link(ChainError::StateMismatch { .. })),
    ),
    ("observations", |h| other(&mut h.observations), |c| *c == Caught::Body(BodyError::ObservationsMismatch)),
    ("evidence", |h| other(&mut h.evidence), |c| *c == Caught::Body(BodyError::EvidenceMismatch)),
    (
        "requested",
        |h| h.requested += 1,
        |c| matches!(c, Caught::Decision(DecisionMismatch::Requested { .. })),
    ),
    ("verdict", |h| h.verdict += 1, |c| matches!(c, Caught::Decision(DecisionMismatch::Verdict { .. }))),
    ("executed", |h| h.executed = 0, |c| matches!(c, Caught::Decision(DecisionMismatch::Executed { .. }))),
    ("state_after", |h| other(&mut h.state_after), |c| *c == Caught::Body(BodyError::StateAfterMismatch)),
    (
        "transaction",
        |h| h.transaction[31] ^= 1,
        |c| matches!(c, Caught::Decision(DecisionMismatch::Transaction { .. })),
    ),
    ("execution", |h| h.execution[31] ^= 1, |c| *c == Caught::Body(BodyError::ExecutionRootMismatch)),
    ("acc", |h| other(&mut h.acc), |_| true),
];

/// Fields that acc covers and that no link rule checks by themselves.
const IN_ACC: [&str; 7] =
    ["time", "observations", "evidence", "requested", "verdict", "executed", "state_after"];

/// A field that is added to the header and not listed above fails to compile here.
fn fields(header: &Header) -> [&'static str; 15] {
    let Header {
        program_id: _,
        agent: _,
        sequence: _,
        time: _,
        previous_record: _,
        state_before: _,
        observations: _,
        evidence: _,
        requested: _,
        verdict: _,
        executed: _,
        state_after: _,
        transaction: _,
        execution: _,
        acc: _,
    } = header;
    CHANGES.map(|change| change.0)
}

/// Record 4 of the run, which executes, and the link before it.
fn record_four() -> (Chain, Link, SignedRecord) {
    let mut run = run();
    let chain = Chain::of(&program().card);
    let link = Link::after(&chain, &run[3].header);
    (chain, link, run.remove(4))
}

#[test]
fn unsigned_changes_break_the_signature() {
    let (chain, _, honest) = record_four();
    assert_eq!(fields(&honest.header).len(), honest.header.words().len());
    for (field, change, _) in CHANGES {
        let mut record = honest.clone();
        change(&mut record.header);
        assert_ne!(record.record_hash(&chain.domain), honest.record_hash(&chain.domain), "{field}");
        let result = record.check_signature(&chain.domain);
        let broken = matches!(result, Err(SignatureError::WrongSigner { .. } | SignatureError::NoSigner));
        assert!(broken, "{field}: {result:?}");
    }
}

#[test]
fn signed_changes_with_a_fitting_acc_are_found_by_the_named_check() {
    let (chain, link, honest) = record_four();
    let card = program().card;
    assert_eq!(first_failure(&card, &link, &honest), None);
    for (field, change, is_expected) in CHANGES {
        if field == "acc" {
            continue;
        }
        let mut record = honest.clone();
        change(&mut record.header);
        record.header.acc = link.next_acc(&record.header);
        sign_again(&mut record);
        let caught = first_failure(&card, &link, &record);
        assert!(caught.as_ref().is_some_and(is_expected), "{field}: {caught:?}");
        assert_ne!(Link::after(&chain, &record.header), Link::after(&chain, &honest.header), "{field}");
    }
}

#[test]
fn signed_changes_without_a_fitting_acc_are_found_by_acc() {
    let (_, link, honest) = record_four();
    let card = program().card;
    for (field, change, _) in CHANGES {
        if field != "acc" && !IN_ACC.contains(&field) {
            continue;
        }
        let mut record = honest.clone();
        change(&mut record.header);
        sign_again(&mut record);
        let caught = first_failure(&card, &link, &record);
        assert!(matches!(caught, Some(Caught::Link(ChainError::AccMismatch { .. }))), "{field}: {caught:?}");
    }
}

//! Revise records that are not in order, each refused for its own reason.

use crate::agent::revised::{ACTIVATION, REVISED_AT, TIMES, link_before, new_program, revised_run, revision};
use crate::agent::{START, Want, key, observation, other_key, program, run, salts};
use candor_program::digest;
use candor_program::encoding::FrBytes;
use candor_program::interval::ProgramError;
use candor_program::migration::{Fate, Migration};
use candor_trace::{
    BodyError, Bundle, BundleError, Chain, ChainError, DecisionMismatch, Link, RecordError, Recorder,
    RevisionError, RevisionPart, RevisionTimes, SignedRecord, Start, TIME_BOUND, check_body, check_decision,
    check_link, check_openings, check_revision, equivocation, revise,
};

fn record() -> SignedRecord {
    revised_run().pop().expect("revised")
}

/// What the link says of a Revise record that is changed and whose accumulator follows.
fn linked(change: impl FnOnce(&mut SignedRecord)) -> ChainError {
    let mut run = revised_run();
    let link = link_before(&run);
    let record = run.last_mut().expect("revised");
    change(record);
    record.header.acc = link.next_acc(&record.header);
    check_link(&link, &record.header).expect_err("not in order")
}

fn checked(change: impl FnOnce(&mut SignedRecord)) -> RevisionError {
    let mut record = record();
    change(&mut record);
    let error = check_revision(&record.header, &record.body).expect_err("not in order");
    let body = BodyError::Revision { source: Box::new(error.clone()) };
    assert_eq!(check_body(&program().card, &record), Err(body.clone()));
    assert_eq!(check_openings(&record.header, &record.body), Err(body), "without a card as well");
    error
}

#[test]
fn each_wrong_word_is_refused_by_the_link() {
    assert_eq!(linked(|record| record.header.executed = 1), ChainError::RevisionActs);
    assert_eq!(linked(|record| record.header.transaction[0] ^= 1), ChainError::RevisionActs);
    assert_eq!(linked(|record| record.header.verdict |= 1 << 8), ChainError::RevisionActs);
    assert_eq!(linked(|record| record.header.verdict |= 1 << 24), ChainError::RevisionActs);
    let program_id = record().header.program_id;
    assert_eq!(
        linked(|record| record.header.execution = program_id),
        ChainError::RevisionToItself { program_id }
    );
    let early = REVISED_AT - 1;
    assert_eq!(
        linked(|record| record.header.requested = early.into()),
        ChainError::ActivationBackwards { time: REVISED_AT, activation: early.into() }
    );
    for got in [u128::from(TIME_BOUND), u128::MAX] {
        let error = linked(|record| record.header.requested = got);
        assert_eq!(error, ChainError::ActivationTooLarge { got });
    }
    let agent = other_key().address();
    let expected = key().address();
    assert_eq!(
        linked(|record| record.header.agent = agent),
        ChainError::AgentMismatch { expected, got: agent }
    );
    let got = [9; 32];
    assert_eq!(
        linked(|record| record.header.program_id = got),
        ChainError::ProgramMismatch { expected: program_id, got }
    );
}

#[test]
fn activation_at_its_bounds_is_accepted() {
    for activation in [REVISED_AT, TIME_BOUND - 1] {
        let times = RevisionTimes { time: REVISED_AT, activation };
        let run = run();
        let record = revise(revision(), &key(), run.last(), times).expect("in order");
        let link = Link::after(&Chain::of(&program().card), &run[6].header);
        assert_eq!(check_link(&link, &record.header), Ok(()));
    }
}

/// acc covers what a Revise record says.
#[test]
fn accumulator_follows_from_every_word() {
    let run = revised_run();
    let (link, header) = (link_before(&run), &run[7].header);
    let mut later = header.clone();
    later.requested += 1;
    assert!(matches!(check_link(&link, &later), Err(ChainError::AccMismatch { .. })));
    let mut other = header.clone();
    other.observations = header.evidence;
    assert!(matches!(check_link(&link, &other), Err(ChainError::AccMismatch { .. })));
}

#[test]
fn what_does_not_open_the_header_is_nobodys_guilt() {
    let part = |part| RevisionError::Unopened { part };
    let none = checked(|record| record.body.revision = None);
    assert_eq!(none, part(RevisionPart::Body));
    assert!(!none.is_signed());
    assert_eq!(checked(|record| record.body.features.push(1)), part(RevisionPart::Body));
    assert_eq!(checked(|record| record.body.evidence_salt = 1), part(RevisionPart::Body));
    assert_eq!(checked(|record| record.body.observation.time += 1), part(RevisionPart::Time));
    let swap = |record: &mut SignedRecord| {
        let revision = record.body.revision.as_mut().expect("there");
        std::mem::swap(&mut revision.from, &mut revision.to);
    };
    assert_eq!(checked(swap), part(RevisionPart::From));
    let renamed = |record: &mut SignedRecord| {
        record.body.revision.as_mut().expect("there").to.agent_version = "2.0.1".into();
    };
    assert_eq!(checked(renamed), part(RevisionPart::To));
    assert_eq!(checked(|record| record.body.state_before.registers[1] += 1), part(RevisionPart::StateBefore));
    assert_eq!(checked(|record| record.body.state_after.registers[0] += 1), part(RevisionPart::StateAfter));
    let malformed = checked(|record| record.body.revision.as_mut().expect("there").to.features.clear());
    assert!(
        matches!(&malformed, RevisionError::Card { source } if matches!(**source, ProgramError::Count { .. }))
    );
    assert!(!malformed.is_signed());
    let decision = run().pop().expect("recorded");
    assert_eq!(check_revision(&decision.header, &decision.body), Err(RevisionError::NoRevision));
}

#[test]
fn what_is_signed_and_wrong_is_named() {
    let program_fr = record().header.observations;
    let other = FrBytes([7; 32]);
    let error = checked(|record| record.header.observations = other);
    assert_eq!(error, RevisionError::ProgramDigest { expected: program_fr.0, got: other.0 });
    assert!(error.is_signed());
    let expected = Migration::between(&revision().from, &revision().to).registers;
    let error = checked(|record| record.header.evidence = other);
    assert_eq!(error, RevisionError::Registers { expected });
    assert!(error.to_string().ends_with("position kept, last_trade kept, trades restarted, first added"));
    // A budget that is reset although the register is the same, opened truly.
    let reset = |record: &mut SignedRecord| {
        record.body.state_after.registers[0] = 0;
        record.header.state_after = digest::state(&record.body.state_after).into();
    };
    let register = "position".to_owned();
    assert_eq!(checked(reset), RevisionError::Register { register, expected: 1, got: 0 });
    let rewound = |record: &mut SignedRecord| {
        record.body.state_after.time -= 1;
        record.header.state_after = digest::state(&record.body.state_after).into();
    };
    let (expected, got) = (REVISED_AT, REVISED_AT - 1);
    assert_eq!(checked(rewound), RevisionError::StateTime { expected, got });
    let moved = |record: &mut SignedRecord| {
        let to = &mut record.body.revision.as_mut().expect("there").to;
        to.domain.chain_id += 1;
        let ids = digest::ProgramIds::of(to);
        record.header.execution = ids.program_id;
        record.header.observations = ids.program_fr.into();
    };
    assert_eq!(checked(moved), RevisionError::Domain);
}

/// A renamed register with the old one's value is a state that does not follow.
#[test]
fn value_cannot_be_kept_under_another_name() {
    let mut to = program().card;
    to.registers[1].name = "holding".into();
    let revision = candor_trace::Revision { from: program().card, to };
    let mut record = revise(revision, &key(), run().last(), TIMES).expect("in order");
    assert_eq!(record.body.state_after.registers[1], 0);
    record.body.state_after.registers[1] = 1;
    record.header.state_after = digest::state(&record.body.state_after).into();
    let register = "holding".to_owned();
    let error = check_revision(&record.header, &record.body);
    assert_eq!(error, Err(RevisionError::Register { register, expected: 0, got: 1 }));
}

#[test]
fn revise_record_decides_nothing() {
    assert_eq!(check_decision(&program().card, &record()), Err(DecisionMismatch::Revision));
}

#[test]
fn nobody_decides_out_of_turn_after_a_revision() {
    let run = revised_run();
    let (old, new) = (Chain::of(&program().card).ids, Chain::of(&new_program().card).ids);
    let error = Recorder::resume(program(), key(), run.last()).expect_err("revised");
    assert_eq!(error, RecordError::Revised { from: old.program_id, to: new.program_id });
    let error = Recorder::resume(new_program(), key(), Some(&run[6])).expect_err("not revised yet");
    let other = |got| RecordError::OtherProgram { expected: new.program_id, got };
    assert_eq!(error, other(old.program_id));
    // Revised to another program than this one.
    let mut third = new_program();
    third.card.agent_version = "3.0.0".into();
    let error = Recorder::resume(third.clone(), key(), run.last()).expect_err("revised elsewhere");
    let expected = Chain::of(&third.card).ids.program_id;
    assert_eq!(error, RecordError::OtherProgram { expected, got: new.program_id });
    let mut recorder = Recorder::resume(new_program(), key(), run.last()).expect("continues");
    let early = observation(ACTIVATION - 1, Want::Hold);
    assert_eq!(
        recorder.record(early, salts(8)).expect_err("before the activation"),
        RecordError::BeforeActivation { activation: ACTIVATION, got: ACTIVATION - 1 }
    );
    let error = Recorder::resume(new_program(), other_key(), run.last()).expect_err("another agent");
    let (expected, got) = (other_key().address(), key().address());
    assert_eq!(error, RecordError::OtherAgent { expected, got });
}

#[test]
fn resuming_after_a_wrong_revision_is_refused() {
    let mut run = revised_run();
    let last = run.last_mut().expect("revised");
    last.body.state_after.registers[3] = 5;
    let error = Recorder::resume(new_program(), key(), run.last()).expect_err("not the signed state");
    let source = Box::new(RevisionError::Unopened { part: RevisionPart::StateAfter });
    assert_eq!(error, RecordError::LastRevision { source });
}

#[test]
fn revision_that_is_not_in_order_is_not_made() {
    let run = run();
    let make = |revision, times| revise(revision, &key(), run.last(), times).expect_err("refused");
    let mut same = revision();
    same.to = same.from.clone();
    let program_id = Chain::of(&same.from).ids.program_id;
    assert_eq!(make(same, TIMES), RecordError::SameProgram { program_id });
    let mut moved = revision();
    moved.to.domain.chain_id += 1;
    assert_eq!(make(moved, TIMES), RecordError::OtherDomain);
    let mut malformed = revision();
    malformed.to.features.clear();
    assert!(matches!(make(malformed, TIMES), RecordError::Card { .. }));
    let times = |time, activation| RevisionTimes { time, activation };
    assert_eq!(
        make(revision(), times(REVISED_AT, REVISED_AT - 1)),
        RecordError::ActivationBackwards { time: REVISED_AT, activation: REVISED_AT - 1 }
    );
    assert_eq!(
        make(revision(), times(REVISED_AT, TIME_BOUND)),
        RecordError::TimeTooLarge { got: TIME_BOUND }
    );
    assert_eq!(
        make(revision(), times(START, START)),
        RecordError::TimeBackwards { previous: START + 130, got: START }
    );
    let mut back = revision();
    std::mem::swap(&mut back.from, &mut back.to);
    assert!(
        matches!(make(back, TIMES), RecordError::OtherProgram { .. }),
        "the chain is of the other program"
    );
}

#[test]
fn old_program_after_the_revision_breaks_the_chain() {
    let run = revised_run();
    let link = link_before(&run).next(&run[7].header, run[7].record_hash(&program().card.domain));
    let mut stale = run[6].header.clone();
    stale.sequence = 8;
    stale.previous_record = link.previous_record();
    let (expected, got) = (link.program_id(), stale.program_id);
    assert_eq!(check_link(&link, &stale), Err(ChainError::ProgramMismatch { expected, got }));
    stale.program_id = expected;
    stale.time = ACTIVATION - 1;
    let early = ChainError::BeforeActivation { activation: ACTIVATION, got: ACTIVATION - 1 };
    assert_eq!(check_link(&link, &stale), Err(early));
}

/// At the Revise record's place the old program decides as well: two signed records for one place.
#[test]
fn decision_beside_a_revise_record_is_equivocation() {
    let run = revised_run();
    let mut recorder = Recorder::resume(program(), key(), Some(&run[6])).expect("continues");
    let decided = recorder.record(observation(REVISED_AT, Want::Hold), salts(7)).expect("recorded").record;
    let domain = program().card.domain;
    let found = equivocation(&run[7].signed_header(), &decided.signed_header(), &domain).expect("two");
    assert_eq!((found.agent, found.sequence), (key().address(), 7));
}

#[test]
fn bundle_does_not_start_after_a_revision_to_another_program_or_digest() {
    let mut run = revised_run();
    let mut recorder = Recorder::resume(new_program(), key(), run.last()).expect("continues");
    let next = recorder.record(observation(ACTIVATION, Want::Hold), salts(8)).expect("recorded").record;
    let (old, new) = (Chain::of(&program().card), Chain::of(&new_program().card));
    let bundle = |card, start: &SignedRecord| Bundle {
        card,
        start: Start::After(start.signed_header()),
        records: vec![next.clone()],
    };
    let wrong = bundle(program().card, &run[7]).start_link(&old).expect_err("leads away");
    let (expected, got) = (old.ids.program_id, new.ids.program_id);
    assert_eq!(wrong, BundleError::StartProgram { expected, got });
    let revise = &mut run[7];
    revise.header.observations = FrBytes([7; 32]);
    revise.signature = key().sign(&revise.header.record_hash(&program().card.domain));
    let wrong = bundle(new_program().card, revise).start_link(&new).expect_err("another digest");
    let expected = FrBytes::from(new.ids.program_fr).0;
    assert_eq!(wrong, BundleError::StartRevision { expected, got: [7; 32] });
    assert_eq!(Fate::Kept.as_str(), "kept");
}

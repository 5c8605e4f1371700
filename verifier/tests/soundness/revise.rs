//! Every way to cheat with a change of program: what replay calls it, what settles it, and which rule it breaks.

use crate::agent::revised::{
    ACTIVATION, NEW, REVISE, REVISED_AT, THIRD, after, before, cheated, cheated_after, old_program_s_next,
    revised_run,
};
use crate::agent::revision_model::{Rule, in_order};
use crate::agent::{HONEST, PROGRAM, expected, expected_of, key, sign_again};
use candor_verifier::program::card::Program;
use candor_verifier::program::digest::{self, ProgramIds};
use candor_verifier::program::encoding::FrBytes;
use candor_verifier::program::migration::Migration;
use candor_verifier::trace::{
    Bundle, BundleError, Chain, ChainError, Link, RevisionError, RevisionPart, SignedRecord, Start,
};
use candor_verifier::{
    Basis, Challenge, ErrorKind, Evidence, Fraud, FraudKind, Inconsistency, Missing, PlaceName, ProofFile,
    ReplayOutcome, Submission, Suspicion, Verdict, VerifyError, diagnose, replay, settle, verify,
};

/// A change of a record.
type Change = fn(&mut SignedRecord);

fn id(program: &Program) -> [u8; 32] {
    ProgramIds::of(&program.card).program_id
}

fn fr(program: &Program) -> FrBytes {
    ProgramIds::of(&program.card).program_fr.into()
}

/// Fraud, found in the bundle itself and by a challenge that is made from what replay finds.
fn fraud(program: &Program, bundle: &Bundle, index: usize) -> (Fraud, PlaceName, Suspicion) {
    let expected = expected_of(program);
    let outcome = replay(&expected, program, bundle).expect("the program is fine").outcome;
    let ReplayOutcome::Differs(found) = outcome else { panic!("{outcome:?}") };
    assert_eq!((found.index, found.needs_proof()), (index, None));
    let (place, suspicion) = (found.place.name(), diagnose(&found).suspicion);
    let challenge = Challenge::without_proof(bundle, &found).expect("needs no proof");
    let Verdict::Fraud(alone) = settle(&expected, bundle, &[]) else { panic!("not found in the bundle") };
    let Verdict::Fraud(shown) = settle(&expected, bundle, &[Submission::Challenge(&challenge)]) else {
        panic!("not shown by the challenge")
    };
    assert_eq!(alone, shown);
    (shown, place, suspicion)
}

/// A cheat in the Revise record itself: its kind, and what it is called exactly.
fn in_revise(change: impl FnOnce(&mut SignedRecord)) -> (FraudKind, PlaceName, Suspicion, Inconsistency) {
    let (fraud, place, suspicion) = fraud(&PROGRAM, &before(&cheated(change)), REVISE);
    let Basis::Recomputation(found) = fraud.basis else { panic!("{:?}", fraud.basis) };
    assert_eq!((fraud.culprit.role(), fraud.sequence), ("agent", REVISE as u64));
    (fraud.kind, place, suspicion, found)
}

/// A cheat in what the header alone shows.
fn in_words(change: impl FnOnce(&mut SignedRecord), error: ChainError) {
    let found = Inconsistency::Chain(Box::new(error));
    let chain = (FraudKind::ChainBroken, PlaceName::Chain, Suspicion::HistoryRewritten, found);
    assert_eq!(in_revise(change), chain);
}

/// A cheat that takes both programs to see.
fn in_migration(change: impl FnOnce(&mut SignedRecord), kind: FraudKind, error: RevisionError) {
    let found = Inconsistency::Revision(Box::new(error));
    assert_eq!(in_revise(change), (kind, PlaceName::Revision, Suspicion::RevisionAltered, found));
}

fn reset(record: &mut SignedRecord) {
    let position = record.body.state_after.registers[1];
    assert_eq!(position, 0, "bought one and sold one");
    record.body.state_after.registers[0] = 0;
    record.header.state_after = digest::state(&record.body.state_after).into();
}

fn rewound(record: &mut SignedRecord) {
    record.body.state_after.time -= 1;
    record.header.state_after = digest::state(&record.body.state_after).into();
}

fn moved(record: &mut SignedRecord) {
    let to = &mut record.body.revision.as_mut().expect("there").to;
    to.domain.chain_id += 1;
    let ids = ProgramIds::of(to);
    (record.header.execution, record.header.observations) = (ids.program_id, ids.program_fr.into());
}

/// Both programs are one.
fn to_itself(record: &mut SignedRecord) {
    let revision = record.body.revision.as_mut().expect("there");
    revision.to = revision.from.clone();
    let migration = Migration::between(&revision.from, &revision.to);
    let ids = ProgramIds::of(&revision.to);
    let state = migration.state(&revision.from, &revision.to, &record.body.state_before, REVISED_AT);
    (record.header.execution, record.header.observations) = (ids.program_id, ids.program_fr.into());
    record.header.evidence = candor_verifier::trace::revision::registers_digest(&migration.registers);
    record.header.state_after = digest::state(&state).into();
    record.body.state_after = state;
}

const OTHER: FrBytes = FrBytes([7; 32]);

#[test]
fn each_cheat_in_a_revise_record_has_its_name() {
    in_words(|record| record.header.executed = 1, ChainError::RevisionActs);
    in_words(|record| record.header.transaction[3] ^= 1, ChainError::RevisionActs);
    in_words(|record| record.header.verdict |= 16 << 8, ChainError::RevisionActs);
    in_words(to_itself, ChainError::RevisionToItself { program_id: id(&PROGRAM) });
    let early = u128::from(REVISED_AT) - 1;
    let error = ChainError::ActivationBackwards { time: REVISED_AT, activation: early };
    in_words(|record| record.header.requested = early, error);
    in_words(|record| record.header.requested = 1 << 62, ChainError::ActivationTooLarge { got: 1 << 62 });

    let (expected, got) = (fr(&NEW).0, OTHER.0);
    let error = RevisionError::ProgramDigest { expected, got };
    in_migration(|record| record.header.observations = OTHER, FraudKind::VersionSkew, error);
    in_migration(moved, FraudKind::VersionSkew, RevisionError::Domain);
    let expected = Migration::between(&PROGRAM.card, &NEW.card).registers;
    let error = RevisionError::Registers { expected };
    in_migration(|record| record.header.evidence = OTHER, FraudKind::StateBroken, error);
    let error = RevisionError::StateTime { expected: REVISED_AT, got: REVISED_AT - 1 };
    in_migration(rewound, FraudKind::StateBroken, error);
    // The last trade is forgotten, so that the new program may trade at once: the state is not carried over.
    let last_trade = revised_run()[REVISE].body.state_before.registers[0];
    assert!(last_trade > 0);
    let error = RevisionError::Register { register: "last_trade".into(), expected: last_trade, got: 0 };
    in_migration(reset, FraudKind::StateBroken, error);
}

/// acc is over the words of a Revise record too, and over the old program's digest.
#[test]
fn accumulator_of_a_revise_record_is_checked() {
    let mut run = cheated(|_| ());
    run[REVISE].header.acc.0[31] ^= 1;
    sign_again(&mut run[REVISE]);
    let (fraud, place, suspicion) = fraud(&PROGRAM, &before(&run), REVISE);
    assert_eq!((fraud.kind, place), (FraudKind::ChainBroken, PlaceName::Acc));
    assert_eq!(suspicion, Suspicion::HistoryRewritten);
}

/// The next program decides at once, though it was to decide later.
#[test]
fn deciding_before_the_activation_is_chain_broken() {
    let early = ACTIVATION - 1;
    let run = cheated_after(|record| {
        record.header.time = early;
        record.body.observation.time = early;
    });
    let (fraud, place, suspicion) = fraud(&NEW, &after(&run), 0);
    assert_eq!(
        (fraud.kind, place, suspicion),
        (FraudKind::ChainBroken, PlaceName::Chain, Suspicion::HistoryRewritten)
    );
    let error = ChainError::BeforeActivation { activation: ACTIVATION, got: early };
    assert_eq!(fraud.basis, Basis::Recomputation(Inconsistency::Chain(Box::new(error))));
}

/// The next program begins with another state than the Revise record left it.
#[test]
fn state_that_is_not_carried_over_is_broken() {
    let run = cheated_after(|record| {
        record.body.state_before.registers[0] = 0;
        record.header.state_before = digest::state(&record.body.state_before).into();
    });
    let (fraud, place, _) = fraud(&NEW, &after(&run), 0);
    assert_eq!((fraud.kind, place), (FraudKind::StateBroken, PlaceName::State));
    let (expected, got) = (run[REVISE].header.state_after.0, run[REVISE + 1].header.state_before.0);
    let error = ChainError::StateMismatch { expected, got };
    assert_eq!(fraud.basis, Basis::Recomputation(Inconsistency::Chain(Box::new(error))));
}

/// The next record's accumulator is over the digest that the Revise record signs, not the old program's.
#[test]
fn accumulator_over_the_old_program_s_digest_is_chain_broken() {
    let mut run = cheated_after(|_| ());
    let mut words = run[REVISE].header.clone();
    words.observations = fr(&PROGRAM);
    let old = Link::after(&Chain::of(&PROGRAM.card), &words);
    run[REVISE + 1].header.acc = old.next_acc(&run[REVISE + 1].header);
    sign_again(&mut run[REVISE + 1]);
    let (fraud, place, _) = fraud(&NEW, &after(&run), 0);
    assert_eq!((fraud.kind, place), (FraudKind::ChainBroken, PlaceName::Acc));
}

fn mismatch(expected: &Program, got: &Program) -> Basis {
    let error = ChainError::ProgramMismatch { expected: id(expected), got: id(got) };
    Basis::Recomputation(Inconsistency::Chain(Box::new(error)))
}

/// The program changes and no Revise record says so: seen with either program's card.
#[test]
fn program_switched_without_a_revise_record_is_version_skew() {
    let run = revised_run();
    let mut record = run[REVISE + 1].clone();
    let previous = &run[REVISE - 1];
    record.header.sequence = previous.header.sequence + 1;
    record.header.previous_record = previous.record_hash(&PROGRAM.card.domain);
    record.header.state_before = previous.header.state_after;
    sign_again(&mut record);
    let mut old = before(&run);
    old.records[REVISE] = record.clone();
    let (fraud_old, ..) = fraud(&PROGRAM, &old, REVISE);
    let start = Start::After(previous.signed_header());
    let new = Bundle { card: NEW.card.clone(), start, records: vec![record] };
    let (fraud_new, ..) = fraud(&NEW, &new, 0);
    for found in [fraud_old, fraud_new] {
        assert_eq!((found.kind, found.basis), (FraudKind::VersionSkew, mismatch(&PROGRAM, &NEW)));
    }
}

/// The Revise record leads to one program, and another one decides.
#[test]
fn revise_record_to_another_program_is_version_skew() {
    let mut run = cheated(|record| {
        record.body.revision.as_mut().expect("there").to = THIRD.card.clone();
        (record.header.execution, record.header.observations) = (id(&THIRD), fr(&THIRD));
    });
    assert!(
        matches!(settle(&expected(), &before(&run), &[]), Verdict::Undecided { .. }),
        "in order by itself"
    );
    let mut next = revised_run()[REVISE + 1].clone();
    next.header.previous_record = run[REVISE].record_hash(&PROGRAM.card.domain);
    next.header.acc = Link::after(&Chain::of(&NEW.card), &run[REVISE].header).next_acc(&next.header);
    sign_again(&mut next);
    run.push(next);
    let (found, ..) = fraud(&NEW, &after(&run), 0);
    assert_eq!((found.kind, found.basis), (FraudKind::VersionSkew, mismatch(&THIRD, &NEW)));
    // By the card of the program that was named it is missing, not fraud: a record of a third program.
    let third = Bundle { card: THIRD.card.clone(), ..after(&run) };
    let verdict = settle(&expected_of(&THIRD), &third, &[]);
    let Verdict::Fraud(found) = verdict else { panic!("{verdict}") };
    assert_eq!(found.basis, mismatch(&THIRD, &NEW));
}

/// The old program goes on after the Revise record, or beside it.
#[test]
fn old_program_after_the_revise_record_is_fraud() {
    let run = revised_run();
    let beside = old_program_s_next();
    let mut stale = beside.clone();
    stale.header.sequence += 1;
    stale.header.previous_record = run[REVISE].record_hash(&PROGRAM.card.domain);
    sign_again(&mut stale);
    let mut bundle = before(&run);
    bundle.records.push(stale);
    let (found, ..) = fraud(&PROGRAM, &bundle, REVISE + 1);
    assert_eq!((found.kind, found.basis), (FraudKind::VersionSkew, mismatch(&NEW, &PROGRAM)));
    // At the Revise record's place: two signed records.
    let challenge = Challenge::equivocation(run[REVISE].signed_header(), beside.signed_header());
    let verdict = settle(&expected(), &before(&run), &[Submission::Challenge(&challenge)]);
    let Verdict::Fraud(found) = verdict else { panic!("{verdict}") };
    assert_eq!((found.kind, found.sequence), (FraudKind::Equivocation, REVISE as u64));
}

fn undecided(program: &Program, bundle: &Bundle) -> Vec<Missing> {
    match settle(&expected_of(program), bundle, &[]) {
        Verdict::Undecided { missing } => missing,
        verdict => panic!("{verdict}"),
    }
}

/// What a Revise record's body does not show is missing, never fraud.
#[test]
fn body_that_does_not_open_is_missing() {
    let missing = |change: Change| {
        let mut bundle = before(&revised_run());
        change(&mut bundle.records[REVISE]);
        undecided(&PROGRAM, &bundle)
    };
    let parts: [(Change, RevisionPart); 6] = [
        (|record| record.body.revision = None, RevisionPart::Body),
        (|record| record.body.observation.time += 1, RevisionPart::Time),
        (|record| record.body.revision.as_mut().expect("there").from.name.push('x'), RevisionPart::From),
        (|record| record.body.revision.as_mut().expect("there").to.name.push('x'), RevisionPart::To),
        (|record| record.body.state_before.registers[0] += 1, RevisionPart::StateBefore),
        (|record| record.body.state_after.registers[0] += 1, RevisionPart::StateAfter),
    ];
    for (change, part) in parts {
        let source = Box::new(RevisionError::Unopened { part });
        assert_eq!(missing(change), [Missing::Revision { sequence: REVISE as u64, source }], "{part}");
    }
    let malformed = missing(|record| record.body.revision.as_mut().expect("there").to.features.clear());
    assert!(
        matches!(&malformed[..], [Missing::Revision { sequence: 5, source }] if matches!(**source, RevisionError::Card { .. })),
        "{malformed:?}"
    );
}

/// A record of the next program in a bundle of the one before needs that program's card.
#[test]
fn record_of_the_next_program_is_missing_its_card() {
    let run = revised_run();
    let mut bundle = before(&run);
    bundle.records.push(run[REVISE + 1].clone());
    let next = Missing::NextProgram { sequence: REVISE as u64 + 1, program_id: id(&NEW) };
    assert_eq!(undecided(&PROGRAM, &bundle), [next]);
    // Evidence about that record, in a dispute of the old program: the same.
    let previous = Start::After(run[REVISE].signed_header());
    let challenge =
        Challenge { evidence: Evidence::Inconsistent { record: run[REVISE + 1].clone(), previous } };
    let verdict = settle(&expected(), &bundle, &[Submission::Challenge(&challenge)]);
    assert!(matches!(verdict, Verdict::Undecided { .. }), "{verdict}");
}

/// No proof covers a Revise record, and none begins after one that leads elsewhere.
#[test]
fn proof_over_a_revise_record_is_refused_with_both_programs() {
    let run = revised_run();
    let (_, proof) = &*HONEST;
    let mut covering = proof.clone();
    covering.segments[0].decisions = REVISE as u32 + 1;
    let error = verify(&expected(), &before(&run), &covering).expect_err("a Revise record");
    let (from, to) = (id(&PROGRAM), id(&NEW));
    assert_eq!(error, VerifyError::Revision { sequence: REVISE as u64, from, to });
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let next = |run: &[SignedRecord], program: &Program| {
        let bundle = Bundle { card: program.card.clone(), ..after(run) };
        let mut proof =
            ProofFile { program_id: id(program), first_sequence: REVISE as u64 + 1, ..proof.clone() };
        let decisions = bundle.records.len() as u32;
        (proof.segments[0].decisions, proof.segments[0].batch_log2) = (decisions, decisions.ilog2() as u8);
        match verify(&expected_of(program), &bundle, &proof).expect_err("refused") {
            VerifyError::Bundle { source } => *source,
            error => panic!("{error}"),
        }
    };
    let (expected, got) = (id(&THIRD), id(&NEW));
    assert_eq!(next(&run, &THIRD), BundleError::StartProgram { expected, got });
    let mut other = cheated(|record| record.header.observations = OTHER);
    other.push(run[REVISE + 1].clone());
    let (expected, got) = (fr(&NEW).0, OTHER.0);
    assert_eq!(next(&other, &NEW), BundleError::StartRevision { expected, got });
}

/// What an attack changes in the Revise record, or in the record after it.
enum Attack {
    Revise(Change),
    Next(Change),
    OldDigest,
}

const ATTACKS: &[(Rule, Attack)] = &[
    (Rule::Acts, Attack::Revise(|record| record.header.executed = 1)),
    (Rule::Itself, Attack::Revise(to_itself)),
    (Rule::Backwards, Attack::Revise(|record| record.header.requested = u128::from(REVISED_AT) - 1)),
    (Rule::Bound, Attack::Revise(|record| record.header.requested = 1 << 62)),
    (Rule::Digest, Attack::Revise(|record| record.header.observations = OTHER)),
    (Rule::Domain, Attack::Revise(moved)),
    (Rule::Registers, Attack::Revise(|record| record.header.evidence = OTHER)),
    (Rule::StateTime, Attack::Revise(rewound)),
    (Rule::Values, Attack::Revise(reset)),
    (Rule::Program, Attack::Next(|record| record.header.program_id = id(&THIRD))),
    (Rule::Activation, Attack::Next(|record| record.header.time = ACTIVATION - 1)),
    (Rule::Carried, Attack::Next(|record| record.header.state_before = OTHER)),
    (Rule::Acc, Attack::OldDigest),
];

/// Each attack passes where its rule alone is left out, is refused by all rules together, and by the verifier.
#[test]
fn each_rule_that_is_left_out_lets_an_attack_through() {
    let honest = revised_run();
    assert!(in_order(&honest[REVISE], honest.get(REVISE + 1), None));
    for (rule, attack) in ATTACKS {
        let run = match attack {
            Attack::Revise(change) => cheated(change),
            Attack::Next(change) => cheated_after(change),
            Attack::OldDigest => {
                let mut run = cheated_after(|_| ());
                let mut words = run[REVISE].header.clone();
                words.observations = fr(&PROGRAM);
                let old = Link::after(&Chain::of(&PROGRAM.card), &words);
                run[REVISE + 1].header.acc = old.next_acc(&run[REVISE + 1].header);
                sign_again(&mut run[REVISE + 1]);
                run
            }
        };
        let next = run.get(REVISE + 1);
        assert!(in_order(&run[REVISE], next, Some(*rule)), "{rule:?} left out");
        assert!(!in_order(&run[REVISE], next, None), "{rule:?} kept");
        let (program, bundle) = match attack {
            Attack::Revise(_) => (&*PROGRAM, before(&run)),
            Attack::Next(_) | Attack::OldDigest => (&*NEW, after(&run)),
        };
        // A third program's record is seen with the card of the program that was named, or its own.
        let verdict = settle(&expected_of(program), &bundle, &[]);
        assert_eq!(verdict.name(), "fraud", "{rule:?} in the verifier: {verdict}");
    }
    assert_eq!(key().address(), expected().agent);
}

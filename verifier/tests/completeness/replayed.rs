//! Replay agrees with what is honest, and says why it cannot begin.

use crate::agent::cheat::{Cheat, other_program, substituted};
use crate::agent::{HONEST, PROGRAM, expected, expected_of};
use candor_verifier::program::interval::ProgramError;
use candor_verifier::{
    AssumptionName, ErrorKind, Missing, PlaceName, ReplayError, ReplayOutcome, ReplayReport, replay, verify,
};

#[test]
fn honest_runs_agree() {
    let (bundle, _) = &*HONEST;
    let report = replay(&expected(), &PROGRAM, bundle).expect("replayed");
    assert_eq!((report.records, report.agreed, &report.outcome), (5, 5, &ReplayOutcome::Agrees));
    // What verify lists beside what the proof itself rests on.
    let (_, proof) = &*HONEST;
    let verified = verify(&expected(), bundle, proof).expect("honest").assumptions;
    let of_proof = [
        AssumptionName::DevelopmentSetup,
        AssumptionName::Curve,
        AssumptionName::FiatShamir,
        AssumptionName::StatisticalSoundness,
    ];
    let rest: Vec<_> = verified.into_iter().filter(|one| !of_proof.contains(&one.name())).collect();
    assert_eq!(report.assumptions, rest);
}

#[test]
fn replay_says_how_many_records_agree() {
    let report = replay(&expected(), &PROGRAM, &Cheat::named("execution leaf").bundle()).expect("replayed");
    assert_eq!((report.records, report.agreed), (5, 3));
    let rests_on: Vec<AssumptionName> = report.assumptions.iter().map(|one| one.name()).collect();
    assert_eq!(rests_on, [AssumptionName::Hashes, AssumptionName::Signatures]);
    let ReplayOutcome::Differs(found) = report.outcome else { panic!("differs") };
    assert!(
        found.to_string().starts_with("record 3 differs at operator: operator 1 (affine) gives tensor 2"),
        "{found}"
    );
}

#[test]
fn program_not_well_formed() {
    let (bundle, _) = &*HONEST;
    let mut program = PROGRAM.clone();
    program.weights.operators.pop();
    let error = replay(&expected(), &program, bundle).expect_err("no program");
    let source = Box::new(ProgramError::WeightOperators { expected: 3, got: 2 });
    assert_eq!((error.kind(), error), (ErrorKind::Malformed, ReplayError::Program { source }));
}

#[test]
fn another_program() {
    let (bundle, _) = &*HONEST;
    let (program, records) = other_program();
    let error = replay(&expected(), &program, bundle).expect_err("another program");
    let (ours, theirs) = (expected().program_id, expected_of(&program).program_id);
    assert_eq!(error, ReplayError::OtherProgram { expected: ours, got: theirs });
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let mut theirs_bundle = bundle.clone();
    (theirs_bundle.card, theirs_bundle.records) = (program.card, records);
    let report = replay(&expected(), &PROGRAM, &theirs_bundle).expect("replayed");
    let outcome = ReplayOutcome::Undecided(Missing::OtherProgram { expected: ours, got: theirs });
    assert_eq!(report, ReplayReport { records: 5, agreed: 0, outcome, assumptions: Vec::new() });
}

/// Replay trusts the weights it is given: with wrong ones it suspects the honest agent, whom a proof then clears.
#[test]
fn wrong_weights_accuse_wrongly_and_the_proof_clears() {
    let (bundle, proof) = &*HONEST;
    let report = replay(&expected(), &substituted(0), bundle).expect("replayed");
    let ReplayOutcome::Differs(found) = report.outcome else { panic!("differs") };
    assert_eq!(found.place.name(), PlaceName::Operator);
    candor_verifier::verify(&expected(), bundle, proof).expect("honest");
}

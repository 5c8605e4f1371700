//! Every way to cheat, played to the end: replay finds the place, the challenge is built, the dispute settled.

use crate::agent::cheat::{CHEATS, Cheat, other_program, second_record};
use crate::agent::{PAYOUT, PROGRAM, bundle, expected, expected_of, prover, run, sign_again};
use candor_verifier::program::class::TensorId;
use candor_verifier::trace::{Bundle, Chain, ChainError, Link, SignedRecord, Start};
use candor_verifier::{
    Basis, Challenge, Culprit, Difference, Fraud, FraudKind, Inconsistency, Missing, PlaceName,
    ReplayOutcome, Submission, Suspicion, Verdict, diagnose, replay, settle,
};

/// Cheat, place that replay names, tensor that must be proven, suspicion, and kind of fraud.
type Case = (&'static str, PlaceName, Option<u16>, Suspicion, FraudKind);

const CASES: &[Case] = &[
    ("output", PlaceName::Operator, Some(3), Suspicion::OutputWrong, FraudKind::WrongOutput),
    (
        "model, first layer",
        PlaceName::Operator,
        Some(1),
        Suspicion::ModelSubstituted,
        FraudKind::ModelSubstituted,
    ),
    (
        "model, second layer",
        PlaceName::Operator,
        Some(2),
        Suspicion::ModelSubstituted,
        FraudKind::ModelSubstituted,
    ),
    ("model, last layer", PlaceName::Operator, Some(3), Suspicion::OutputWrong, FraudKind::WrongOutput),
    ("execution leaf", PlaceName::Operator, Some(2), Suspicion::ExecutionEdited, FraudKind::ModelSubstituted),
    ("input leaf", PlaceName::Features, None, Suspicion::InputSwapped, FraudKind::InputMismatch),
    ("observation", PlaceName::Features, None, Suspicion::InputSwapped, FraudKind::InputMismatch),
    ("feature count", PlaceName::Features, None, Suspicion::InputSwapped, FraudKind::InputMismatch),
    (
        "invalid observation",
        PlaceName::Observation,
        None,
        Suspicion::ObservationInvalid,
        FraudKind::InvalidObservation,
    ),
    payload_case("unsigned payload"),
    payload_case("forged payload"),
    payload_case("altered payload"),
    payload_case("payload of another plugin"),
    payload_case("stale payload"),
    payload_case("payload of a later time"),
    evidence_case("invented statement"),
    evidence_case("forged credential"),
    evidence_case("replayed credential"),
    evidence_case("widened mandate"),
    evidence_case("altered statement"),
    evidence_case("fewer credentials"),
    ("action", PlaceName::Head, None, Suspicion::ActionAltered, FraudKind::WrongOutput),
    ("policy verdict", PlaceName::Policy, None, Suspicion::VerdictAltered, FraudKind::PolicyViolated),
    ("executed action", PlaceName::Execution, None, Suspicion::PolicyBypassed, FraudKind::PolicyViolated),
    ("state", PlaceName::State, None, Suspicion::StateAltered, FraudKind::StateBroken),
    ("state before", PlaceName::State, None, Suspicion::StateAltered, FraudKind::StateBroken),
    (
        "transaction",
        PlaceName::Transaction,
        None,
        Suspicion::TransactionAltered,
        FraudKind::TransactionMismatch,
    ),
    ("acc", PlaceName::Acc, None, Suspicion::HistoryRewritten, FraudKind::ChainBroken),
    ("previous record", PlaceName::Chain, None, Suspicion::HistoryRewritten, FraudKind::ChainBroken),
    ("time", PlaceName::Chain, None, Suspicion::HistoryRewritten, FraudKind::ChainBroken),
    ("gap", PlaceName::Chain, None, Suspicion::HistoryRewritten, FraudKind::ChainBroken),
    ("genesis", PlaceName::Chain, None, Suspicion::HistoryRewritten, FraudKind::ChainBroken),
];

/// A payload that its plugin did not sign like this.
const fn payload_case(name: &'static str) -> Case {
    (name, PlaceName::Observation, None, Suspicion::ObservationInvalid, FraudKind::InvalidObservation)
}

/// A statement that nobody whom its slot names has signed for the agent.
const fn evidence_case(name: &'static str) -> Case {
    (name, PlaceName::Evidence, None, Suspicion::ObservationInvalid, FraudKind::InvalidObservation)
}

fn difference(bundle: &Bundle) -> Difference {
    match replay(&expected(), &PROGRAM, bundle).expect("replayed").outcome {
        ReplayOutcome::Differs(difference) => difference,
        outcome => panic!("{outcome:?}"),
    }
}

fn challenge(bundle: &Bundle, difference: &Difference) -> Challenge {
    match difference.needs_proof() {
        None => Challenge::without_proof(bundle, difference).expect("needs no proof"),
        Some(tensor) => {
            assert_eq!(Challenge::without_proof(bundle, difference), None);
            let record = bundle.records[difference.index].clone();
            let (proof, values) = prover(&PROGRAM).prove_tensor(&record, tensor, PAYOUT).expect("proven");
            Challenge::proven(record, tensor, values, proof)
        }
    }
}

fn fraud(bundle: &Bundle, submissions: &[Submission<'_>]) -> Fraud {
    match settle(&expected(), bundle, submissions) {
        Verdict::Fraud(fraud) => fraud,
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn every_cheat_has_a_case() {
    let named: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    for Cheat { name, .. } in CHEATS {
        assert_eq!(named.iter().filter(|case| *case == name).count(), 1, "{name}");
    }
    assert_eq!(CASES.len(), CHEATS.len());
}

#[test]
fn every_cheat_is_found_challenged_and_settled() {
    for &(name, place, tensor, suspicion, kind) in CASES {
        let cheat = Cheat::named(name);
        let bundle = cheat.bundle();
        let found = difference(&bundle);
        assert_eq!((found.index, found.place.name()), (cheat.at, place), "{name}: {found}");
        assert_eq!(found.needs_proof(), tensor.map(TensorId), "{name}");
        assert_eq!(diagnose(&found).suspicion, suspicion, "{name}");
        let challenge = challenge(&bundle, &found);
        let challenge = Challenge::from_bytes(&challenge.to_bytes()).expect("round trip");
        assert_eq!(challenge.sequence(), found.sequence, "{name}");
        let fraud = fraud(&bundle, &[Submission::Challenge(&challenge)]);
        assert_eq!((fraud.kind, fraud.sequence), (kind, found.sequence), "{name}: {fraud}");
        assert_eq!(fraud.culprit, Culprit::Agent(expected().agent), "{name}");
        assert_eq!(fraud.payout, tensor.map(|_| PAYOUT), "{name}");
        assert_eq!(matches!(fraud.basis, Basis::Proof { .. }), tensor.is_some(), "{name}");
    }
}

/// What needs no proof is found in the bundle itself; what needs one is not, and is undecided.
#[test]
fn without_a_challenge_only_recomputable_fraud_is_found() {
    for &(name, _, tensor, _, kind) in CASES {
        let bundle = Cheat::named(name).bundle();
        match (settle(&expected(), &bundle, &[]), tensor) {
            (Verdict::Fraud(fraud), None) => assert_eq!(fraud.kind, kind, "{name}"),
            (Verdict::Undecided { missing }, Some(_)) => assert_eq!(missing, [Missing::Submission], "{name}"),
            (verdict, _) => panic!("{name}: {verdict:?}"),
        }
    }
}

#[test]
fn replay_names_the_output_that_differs() {
    let bundle = Cheat::named("output").bundle();
    let candor_verifier::Place::Operator(found) = difference(&bundle).place else { panic!("operator") };
    let value = found.value.expect("outputs are recorded");
    assert_eq!((value.index, value.expected, value.recorded), (0, Some(0), Some(300)));
    assert_eq!((found.kind, found.differing, found.tensors), ("affine", vec![TensorId(3)], 4));
}

/// Outputs that the agent did not sign are not shown as what it recorded; the leaf that it signed still differs.
#[test]
fn replay_shows_no_outputs_that_were_not_signed() {
    let mut bundle = Cheat::named("output").bundle();
    bundle.records[0].body.outputs[0] += 1;
    let candor_verifier::Place::Operator(found) = difference(&bundle).place else { panic!("operator") };
    assert_eq!((found.tensor, found.value), (TensorId(3), None));
}

#[test]
fn equivocation_is_settled_by_two_signatures() {
    let bundle = bundle(run());
    let second = second_record(2);
    let first = bundle.records[2].signed_header();
    let challenge = Challenge::equivocation(first.clone(), second.signed_header());
    let fraud = fraud(&bundle, &[Submission::Challenge(&challenge)]);
    assert_eq!((fraud.kind, fraud.sequence), (FraudKind::Equivocation, 2));
    let domain = &PROGRAM.card.domain;
    let Basis::Signatures(found) = fraud.basis else { panic!("{:?}", fraud.basis) };
    assert_eq!((found.first, found.second), (first.record_hash(domain), second.record_hash(domain)));
}

#[test]
fn equivocation_inside_a_bundle_is_found() {
    let mut records = run();
    records.insert(3, second_record(2));
    let bundle = bundle(records);
    let found = difference(&bundle);
    assert_eq!((found.index, found.place.name()), (3, PlaceName::Equivocation));
    assert_eq!(diagnose(&found).suspicion, Suspicion::HistoryRewritten);
    let challenge = challenge(&bundle, &found);
    let fraud = fraud(&bundle, &[Submission::Challenge(&challenge)]);
    assert_eq!((fraud.kind, fraud.sequence), (FraudKind::Equivocation, 2));
}

/// A record that continues a fork of the chain: its previous record is not the one that the agent signed before.
#[test]
fn fork_is_chain_broken() {
    let mut records = run();
    records[2] = second_record(2);
    let found = difference(&bundle(records));
    assert_eq!((found.index, found.place.name()), (3, PlaceName::Chain));
}

fn continue_with(previous: &SignedRecord, record: &mut SignedRecord, chain: &Chain) {
    record.header.sequence = previous.header.sequence + 1;
    record.header.previous_record = previous.record_hash(&chain.domain);
    record.header.state_before = previous.header.state_after;
    record.header.acc = Link::after(chain, &previous.header).next_acc(&record.header);
    sign_again(record);
}

/// From either side: with the old program expected, and with the new one.
#[test]
fn record_that_continues_another_program_is_version_skew() {
    let (program, other) = other_program();
    let mut record = other[2].clone();
    let records = run();
    continue_with(&records[1], &mut record, &Chain::of(&program.card));
    let old = Bundle { records: vec![records[1].clone(), record.clone()], ..bundle(Vec::new()) };
    let old = Bundle { start: Start::After(records[0].signed_header()), ..old };
    let found = difference(&old);
    assert_eq!((found.index, found.place.name()), (1, PlaceName::Chain));
    assert_eq!(fraud(&old, &[]).kind, FraudKind::VersionSkew);

    let new = Bundle {
        card: program.card.clone(),
        start: Start::After(records[1].signed_header()),
        records: vec![record],
    };
    let Verdict::Fraud(fraud) = settle(&expected_of(&program), &new, &[]) else { panic!("version skew") };
    assert_eq!(fraud.kind, FraudKind::VersionSkew);
    let (expected, got) = (expected().program_id, expected_of(&program).program_id);
    let mismatch = ChainError::ProgramMismatch { expected, got };
    assert_eq!(fraud.basis, Basis::Recomputation(Inconsistency::Chain(Box::new(mismatch))));
}

//! What is expected, what the proof names and whom it pays: each changed alone is refused.

use crate::agent::cheat::other_program;
use crate::agent::{
    HONEST, PROGRAM, committed, expected, expected_of, other_key, prove, run_of, uncommitted,
};
use candor_verifier::circuits::native::ArgumentError;
use candor_verifier::program::class::TensorId;
use candor_verifier::trace::{Bundle, Purpose, Start};
use candor_verifier::{AssumptionName, ErrorKind, Expected, ProofFile, VerifyError, verify};

fn refused(expected: &Expected, change: impl FnOnce(&mut Bundle, &mut ProofFile)) -> VerifyError {
    let (mut bundle, mut proof) = HONEST.clone();
    change(&mut bundle, &mut proof);
    verify(expected, &bundle, &proof).expect_err("must be refused")
}

#[test]
fn each_expected_id_counts() {
    type Change = (fn(&mut Expected), fn(&VerifyError) -> bool);
    let changes: [Change; 5] = [
        (|e| e.program_id[31] ^= 1, |e| matches!(e, VerifyError::Program { .. })),
        (|e| e.agent[0] ^= 1, |e| matches!(e, VerifyError::Agent { .. })),
        (|e| e.domain.chain_id += 1, |e| matches!(e, VerifyError::Domain { .. })),
        (|e| e.domain.verifying_contract[0] ^= 1, |e| matches!(e, VerifyError::Domain { .. })),
        (
            |e| e.allow_development_setup = false,
            |e| *e == VerifyError::Refused { assumption: AssumptionName::DevelopmentSetup },
        ),
    ];
    for (number, (change, right)) in changes.into_iter().enumerate() {
        let mut expected = expected();
        change(&mut expected);
        let error = refused(&expected, |_, _| ());
        assert!(right(&error), "{number}: {error}");
    }
}

#[test]
fn development_is_refused_unless_asked_for() {
    let Expected { program_id, agent, domain, .. } = expected();
    let error = refused(&Expected::new(program_id, agent, domain), |_, _| ());
    assert_eq!(error.kind(), ErrorKind::RefusedAssumption);
}

/// Every assumption that an honest verdict lists can be refused, and the others cannot matter.
#[test]
fn every_listed_assumption_can_be_refused_by_name() {
    let (bundle, proof) = &*HONEST;
    let later = Bundle {
        start: Start::After(bundle.records[0].signed_header()),
        records: bundle.records[1..].to_vec(),
        ..bundle.clone()
    };
    let later_proof = prove(&PROGRAM, &later);
    for (bundle, proof) in [(bundle, proof), (&later, &later_proof)] {
        let accepted = verify(&expected(), bundle, proof).expect("honest");
        let listed: Vec<AssumptionName> = accepted.assumptions.iter().map(|listed| listed.name()).collect();
        for name in AssumptionName::ALL {
            let refusing = Expected { refused: vec![name], ..expected() };
            let verdict = verify(&refusing, bundle, proof);
            if listed.contains(&name) {
                assert_eq!(verdict, Err(VerifyError::Refused { assumption: name }));
            } else {
                assert_eq!(verdict, Ok(accepted.clone()));
            }
        }
    }
}

fn pairing(error: &VerifyError) -> bool {
    matches!(error, VerifyError::Argument { source: ArgumentError::Rejected(_), .. })
}

/// Nothing that the proof's header says can be exchanged; what it does not say is in the argument's statement.
#[test]
fn each_field_of_the_proof_counts() {
    type Change = (fn(&mut ProofFile), fn(&VerifyError) -> bool);
    let changes: [Change; 12] = [
        (|p| p.program_id[0] ^= 1, |e| matches!(e, VerifyError::ProofProgram { .. })),
        (|p| p.development_setup = false, |e| *e == VerifyError::ProofSetup { expected: true, got: false }),
        (|p| p.purpose = Purpose::Challenge, |e| matches!(e, VerifyError::ProofPurpose { .. })),
        (|p| p.payout[19] ^= 1, pairing),
        (|p| p.first_sequence = 1, |e| *e == VerifyError::ProofStart { expected: 0, got: 1 }),
        (|p| p.revealed = TensorId(2), |e| matches!(e, VerifyError::ProofTensor { .. })),
        (|p| p.segments.clear(), |e| *e == VerifyError::ProofCoverage { expected: 5, got: 0 }),
        (
            |p| p.segments.push(p.segments[0].clone()),
            |e| *e == VerifyError::ProofCoverage { expected: 5, got: 10 },
        ),
        (|p| p.segments[0].decisions = 6, |e| *e == VerifyError::ProofCoverage { expected: 5, got: 6 }),
        (|p| p.segments[0].decisions = 0, |e| matches!(e, VerifyError::SegmentShape { .. })),
        (|p| p.segments[0].batch_log2 = 4, |e| matches!(e, VerifyError::SegmentShape { .. })),
        (
            |p| p.segments[0].batch_log2 = 9,
            |e| *e == VerifyError::BatchTooLarge { segment: 0, limit: 8, got: 9 },
        ),
    ];
    for (number, (change, right)) in changes.into_iter().enumerate() {
        let error = refused(&expected(), |_, proof| change(proof));
        assert!(right(&error), "{number}: {error}");
        let kind = match error {
            VerifyError::BatchTooLarge { .. } => ErrorKind::Limit,
            VerifyError::SegmentShape { .. } => ErrorKind::Malformed,
            _ => ErrorKind::Rejected,
        };
        assert_eq!(error.kind(), kind, "{number}");
    }
}

#[test]
fn argument_cut_off_or_extended_is_malformed() {
    let cut = refused(&expected(), |_, proof| {
        proof.segments[0].argument.pop();
    });
    assert!(matches!(cut, VerifyError::Argument { source: ArgumentError::Truncated { .. }, .. }));
    let extended = refused(&expected(), |_, proof| proof.segments[0].argument.push(0));
    assert!(matches!(extended, VerifyError::Argument { source: ArgumentError::Trailing { extra: 1 }, .. }));
    assert_eq!((cut.kind(), extended.kind()), (ErrorKind::Malformed, ErrorKind::Malformed));
}

/// Another path of the same agent and program, of the same length.
#[test]
fn proof_of_another_path_is_refused() {
    let (_, proof) = &*HONEST;
    let mut records = crate::agent::run();
    records.truncate(4);
    records.push(crate::agent::cheat::second_record(4));
    let other = crate::agent::bundle(records);
    let error = verify(&expected(), &other, proof).expect_err("another path");
    assert!(pairing(&error), "{error}");
    verify(&expected(), &other, &prove(&PROGRAM, &other)).expect("its own proof is accepted");
}

#[test]
fn proof_of_another_program_is_refused() {
    let (program, records) = other_program();
    let other = Bundle { card: program.card.clone(), start: Start::Genesis, records };
    let mut proof = prove(&program, &other);
    let expected = expected_of(&program);
    verify(&expected, &other, &proof).expect("its own program");
    proof.program_id = crate::agent::expected().program_id;
    let (bundle, _) = &*HONEST;
    let error = verify(&crate::agent::expected(), bundle, &proof).expect_err("of another program");
    assert!(pairing(&error), "{error}");
}

/// One weight differs: other commitments, another model_id, another program.
#[test]
fn other_weights_are_another_program() {
    let mut other = uncommitted(PROGRAM.card.setup.clone());
    other.weights.operators[1].dense[0][5] += 1;
    let other = committed(other);
    let bundle = Bundle { card: other.card.clone(), start: Start::Genesis, records: run_of(&other) };
    let proof = prove(&other, &bundle);
    let error = verify(&expected(), &bundle, &proof).expect_err("another program");
    assert!(matches!(error, VerifyError::Program { .. }), "{error}");
}

/// Two proofs of halves do not pass for one of the whole in another order, and cover the whole in the right one.
#[test]
fn segments_are_bound_to_their_records() {
    let (bundle, _) = &*HONEST;
    let part =
        |range: std::ops::Range<usize>| Bundle { records: bundle.records[range].to_vec(), ..bundle.clone() };
    let (first, second) = (prove(&PROGRAM, &part(0..2)), prove(&PROGRAM, &part(2..4)));
    let whole = part(0..4);
    let mut proof = first.clone();
    proof.segments.extend(second.segments.clone());
    verify(&expected(), &whole, &proof).expect("both, in order");
    proof.segments.swap(0, 1);
    let error = verify(&expected(), &whole, &proof).expect_err("swapped");
    assert!(pairing(&error), "{error}");
    let twice = ProofFile { segments: [first.segments.clone(), first.segments].concat(), ..second };
    let error = verify(&expected(), &whole, &ProofFile { first_sequence: 0, ..twice }).expect_err("repeated");
    assert!(matches!(error, VerifyError::Argument { segment: 1, sequence: 2, .. }), "{error}");
}

#[test]
fn agent_of_the_records_is_the_expected_one() {
    let mut expected = expected();
    expected.agent = other_key().address();
    let error = refused(&expected, |_, _| ());
    assert!(matches!(error, VerifyError::Agent { .. }), "{error}");
}

//! What is expected, what the proof names and whom it pays: each changed alone is refused.

use crate::agent::cheat::{Cheat, other_program};
use crate::agent::{
    HONEST, PAYOUT, PROGRAM, REFERENCE, committed, expected, expected_of, licensor, other_key, prove, run_of,
    uncommitted,
};
use ark_ff::{BigInteger, PrimeField};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_verifier::circuits::native::ArgumentError;
use candor_verifier::program::card::{SetupSource, SignerKey};
use candor_verifier::program::class::TensorId;
use candor_verifier::program::digest::setup_digest;
use candor_verifier::program::encoding::FrBytes;
use candor_verifier::trace::{Bundle, Header, Purpose, Start};
use candor_verifier::{
    Assumption, AssumptionName, ErrorKind, Expected, FieldWord, OtherSetup, ProofFile, ReplayError,
    ReplayOutcome, VerifyError, replay, verify,
};

fn refused(expected: &Expected, change: impl FnOnce(&mut Bundle, &mut ProofFile)) -> VerifyError {
    let (mut bundle, mut proof) = HONEST.clone();
    change(&mut bundle, &mut proof);
    verify(expected, &bundle, &proof).expect_err("must be refused")
}

#[test]
fn each_expected_id_counts() {
    type Change = (fn(&mut Expected), fn(&VerifyError) -> bool);
    let changes: [Change; 6] = [
        (|e| e.program_id[31] ^= 1, |e| matches!(e, VerifyError::Program { .. })),
        (|e| e.agent[0] ^= 1, |e| matches!(e, VerifyError::Agent { .. })),
        (|e| e.domain.chain_id += 1, |e| matches!(e, VerifyError::Domain { .. })),
        (|e| e.domain.verifying_contract[0] ^= 1, |e| matches!(e, VerifyError::Domain { .. })),
        (|e| e.setup_digest = Some([7; 32]), |e| matches!(e, VerifyError::SetupPin(_))),
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

/// Whoever knows tau can write any ceremony into a card: unless the reader pins the string, that is refused by its name.
#[test]
fn a_ceremony_that_is_only_declared_is_refused_unless_asked_for() {
    // the author makes tau, and writes what he likes in front of its powers
    let own = REFERENCE.to_bytes();
    let claimed = [&own[..10], &[1], &[0xab; 32], &own[11..]].concat();
    let claimed = ReferenceString::from_bytes(&claimed).expect("well formed");
    assert_eq!(claimed.card().source, SetupSource::PowersOfTau { file_hash: [0xab; 32] });
    let mut program = uncommitted(claimed.card().clone());
    program.card.weight_rows = commit_program(&claimed, &program.card, &program.weights).expect("committed");
    let bundle = Bundle { card: program.card.clone(), start: Start::Genesis, records: run_of(&program) };
    let prover = Prover::new(&program, &claimed).expect("his own string");
    let proof = prover.prove_path(&bundle, PAYOUT, &mut |_, _| {}).expect("proven");
    let mut expected = expected_of(&program);
    expected.allow_development_setup = false;
    let refused = verify(&expected, &bundle, &proof);
    assert_eq!(refused, Err(VerifyError::Refused { assumption: AssumptionName::DeclaredSetup }));
    // the defect put back in: a reader that takes the card's word
    expected.allow_declared_ceremony = true;
    let believed = verify(&expected, &bundle, &proof).expect("declared");
    assert!(believed.to_string().contains("DECLARED, not pinned"), "{believed}");
    expected.allow_declared_ceremony = false;
    let own = setup_digest(&program.card.setup);
    expected.setup_digest = Some(own);
    let pinned = verify(&expected, &bundle, &proof).expect("pinned");
    let names: Vec<AssumptionName> = pinned.assumptions.iter().map(|assumption| assumption.name()).collect();
    assert!(
        names.contains(&AssumptionName::CeremonySetup) && !names.contains(&AssumptionName::DeclaredSetup)
    );
    // the digest of what the ceremony really made is another one
    expected.setup_digest = Some(setup_digest(&PROGRAM.card.setup));
    let other = verify(&expected, &bundle, &proof).expect_err("another string");
    let setup = OtherSetup { expected: setup_digest(&PROGRAM.card.setup), got: own };
    assert_eq!((other.kind(), &other), (ErrorKind::Rejected, &VerifyError::SetupPin(setup)));
}

/// threats.md 21: a word plus the modulus, in a bundle that was assembled in memory.
#[test]
fn every_word_of_a_header_has_one_encoding() {
    type Pick = fn(&mut Header) -> &mut FrBytes;
    let words: [(FieldWord, Pick); 5] = [
        (FieldWord::StateBefore, |header| &mut header.state_before),
        (FieldWord::Observations, |header| &mut header.observations),
        (FieldWord::Evidence, |header| &mut header.evidence),
        (FieldWord::StateAfter, |header| &mut header.state_after),
        (FieldWord::Acc, |header| &mut header.acc),
    ];
    let (bundle, _) = &*HONEST;
    let later = Bundle {
        start: Start::After(bundle.records[0].signed_header()),
        records: bundle.records[1..].to_vec(),
        ..bundle.clone()
    };
    let proof = prove(&PROGRAM, &later);
    for (word, pick) in words {
        for sequence in [0, 1, 3] {
            let mut other = later.clone();
            let header = match (&mut other.start, sequence) {
                (Start::After(previous), 0) => &mut previous.header,
                _ => &mut other.records[sequence as usize - 1].header,
            };
            let value = pick(header);
            let Some(again) = plus_modulus(value) else { continue };
            assert_eq!(again.to_fr(), value.to_fr());
            *value = again;
            let refused = verify(&expected(), &other, &proof).expect_err("two encodings");
            assert_eq!(refused, VerifyError::Scalar { sequence, word });
            assert_eq!(refused.kind(), ErrorKind::Malformed);
        }
    }
}

/// The big-endian sum of a value and the scalar field's modulus, if it has 256 bits.
fn plus_modulus(value: &FrBytes) -> Option<FrBytes> {
    let (mut sum, mut carry) = (value.0, 0u16);
    for (to, from) in sum.iter_mut().zip(ark_bn254::Fr::MODULUS.to_bytes_be()).rev() {
        carry += u16::from(*to) + u16::from(from);
        *to = carry as u8;
        carry >>= 8;
    }
    (carry == 0).then_some(FrBytes(sum))
}

/// The honest bundle, and its records after the first, each with its proof.
fn honest_bundles() -> [(Bundle, ProofFile); 2] {
    let (bundle, proof) = &*HONEST;
    let later = Bundle {
        start: Start::After(bundle.records[0].signed_header()),
        records: bundle.records[1..].to_vec(),
        ..bundle.clone()
    };
    let later_proof = prove(&PROGRAM, &later);
    [(bundle.clone(), proof.clone()), (later, later_proof)]
}

/// Every assumption that an honest verdict or replay lists can be refused, and the others cannot matter.
#[test]
fn every_listed_assumption_can_be_refused_by_name() {
    for (bundle, proof) in honest_bundles() {
        let accepted = verify(&expected(), &bundle, &proof).expect("honest");
        let replayed = replay(&expected(), &PROGRAM, &bundle).expect("replayed");
        let names = |listed: &[Assumption]| listed.iter().map(Assumption::name).collect::<Vec<_>>();
        let (listed, listed_by_replay) = (names(&accepted.assumptions), names(&replayed.assumptions));
        for name in AssumptionName::ALL {
            let refusing = Expected { refused: vec![name], ..expected() };
            let verdict = verify(&refusing, &bundle, &proof);
            if listed.contains(&name) {
                assert_eq!(verdict, Err(VerifyError::Refused { assumption: name }));
            } else {
                assert_eq!(verdict, Ok(accepted.clone()));
            }
            let again = replay(&refusing, &PROGRAM, &bundle);
            if listed_by_replay.contains(&name) {
                let error = again.expect_err("refused");
                let kind = ErrorKind::RefusedAssumption;
                assert_eq!((error.kind(), error), (kind, ReplayError::Refused { assumption: name }));
            } else {
                assert_eq!(again, Ok(replayed.clone()));
            }
        }
    }
}

/// Whoever vouches for evidence or observations can be refused by their key, and nobody else is meant.
#[test]
fn every_listed_signer_can_be_refused() {
    for (bundle, proof) in honest_bundles() {
        let accepted = verify(&expected(), &bundle, &proof).expect("honest");
        let signers: Vec<(AssumptionName, SignerKey)> = accepted
            .assumptions
            .iter()
            .filter_map(|listed| Some((listed.name(), listed.signer()?)))
            .collect();
        // The attester of the licence, and the owner whose allowance was handed on.
        let of_evidence = signers.iter().filter(|(name, _)| *name == AssumptionName::SignedEvidence);
        assert_eq!(of_evidence.count(), 2, "{signers:?}");
        for (assumption, signer) in signers {
            let refusing = Expected { refused_signers: vec![signer], ..expected() };
            let error = verify(&refusing, &bundle, &proof).expect_err("refused");
            let kind = ErrorKind::RefusedAssumption;
            assert_eq!((error.kind(), error), (kind, VerifyError::RefusedSigner { assumption, signer }));
            let error = replay(&refusing, &PROGRAM, &bundle).expect_err("refused");
            assert_eq!((error.kind(), error), (kind, ReplayError::RefusedSigner { assumption, signer }));
        }
        let other = SignerKey::Secp256k1 { address: [9; 20] };
        let refusing = Expected { refused_signers: vec![other], ..expected() };
        assert_eq!(verify(&refusing, &bundle, &proof), Ok(accepted));
    }
}

/// A difference rests on hashes and signatures alone: a refused attester does not hide it.
#[test]
fn what_a_difference_does_not_rest_on_does_not_hide_it() {
    let bundle = Cheat::named("execution leaf").bundle();
    let every = AssumptionName::ALL.into_iter();
    let rest = every.filter(|name| ![AssumptionName::Hashes, AssumptionName::Signatures].contains(name));
    let signers = licensor().public();
    let refusing = Expected { refused: rest.collect(), refused_signers: vec![signers], ..expected() };
    let report = replay(&refusing, &PROGRAM, &bundle).expect("replayed");
    assert!(matches!(report.outcome, ReplayOutcome::Differs(_)), "{report:?}");
    for name in [AssumptionName::Hashes, AssumptionName::Signatures] {
        let refusing = Expected { refused: vec![name], ..expected() };
        let error = replay(&refusing, &PROGRAM, &bundle).expect_err("refused");
        assert_eq!(error, ReplayError::Refused { assumption: name });
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

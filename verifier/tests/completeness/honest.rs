//! Honest bundles verify, settle and say what they rest on.

use crate::agent::{HONEST, PAYOUT, PROGRAM, bundle, continue_run, expected, key, prove, run};
use candor_verifier::program::card::{Card, SetupSource};
use candor_verifier::program::digest::setup_digest;
use candor_verifier::program::policy::Outcome;
use candor_verifier::trace::{Bundle, Selection, Start};
use candor_verifier::{
    Accepted, Assumption, AssumptionName, Challenge, Evidence, ProofFile, Submission, Verdict, settle,
    verify, verify_bytes,
};

#[test]
fn an_honest_run_is_accepted() {
    let (bundle, proof) = &*HONEST;
    let accepted = verify(&expected(), bundle, proof).expect("honest");
    assert_eq!((accepted.program_id, accepted.agent), (expected().program_id, key().address()));
    assert_eq!((accepted.first_sequence, accepted.payout), (0, PAYOUT));
    assert_eq!(accepted.record_hashes, bundle.record_hashes());
    assert_eq!(accepted.acc_after, bundle.records[4].header.acc);
    let outcomes: Vec<(Outcome, bool)> = accepted
        .decisions
        .iter()
        .map(|decision| (decision.verdict.outcome, decision.transaction.is_some()))
        .collect();
    let (abstained, denied, done) =
        ((Outcome::Abstained, false), (Outcome::Denied, false), (Outcome::Permitted, true));
    assert_eq!(outcomes, [abstained, done, denied, abstained, done]);
    assert_eq!(settle(&expected(), bundle, &[Submission::Proof(proof)]), Verdict::Honest(accepted));
}

/// From the files' bytes alone: the program with its weights is nowhere any more.
#[test]
fn verify_needs_no_program() {
    let (bundle, proof, expected) = {
        let program = PROGRAM.clone();
        let mut records = Vec::new();
        continue_run(&program, &mut records, 3);
        let bundle = Bundle { card: program.card.clone(), start: Start::Genesis, records };
        (bundle.to_bytes(), prove(&program, &bundle).to_bytes(), expected())
    };
    verify_bytes(&expected, &bundle, &proof).expect("bundle, proof and ids suffice");
}

/// Any selection of consecutive records, from one on.
#[test]
fn every_part_of_a_run_is_accepted() {
    let records = run();
    for first in 0..5 {
        for last in first..5 {
            let selection = Selection::Range { first, last };
            let part = Bundle::select(PROGRAM.card.clone(), &records, selection).expect("selected");
            let accepted = verify(&expected(), &part, &prove(&PROGRAM, &part)).expect("honest");
            assert_eq!((accepted.first_sequence, accepted.decisions.len() as u64), (first, last - first + 1));
            let past = accepted.assumptions.iter().any(|it| it.name() == AssumptionName::UncheckedPast);
            assert_eq!(past, first > 0);
            let before =
                if first == 0 { accepted.acc_before } else { records[first as usize - 1].header.acc };
            assert_eq!(
                (accepted.acc_before, accepted.acc_after),
                (before, records[last as usize].header.acc)
            );
        }
    }
}

/// More than one segment: 19 records are 16 and 3.
#[test]
fn long_paths_take_several_segments() {
    use crate::agent::{START, Want, observation, salts};
    let mut recorder =
        candor_verifier::trace::Recorder::resume(PROGRAM.clone(), key(), None).expect("genesis");
    let record =
        |n| recorder.record(observation(START + 7 * n, Want::Sell), salts(n)).expect("recorded").record;
    let bundle = bundle((0..19).map(record).collect());
    let proof = prove(&PROGRAM, &bundle);
    let sizes: Vec<(u32, u8)> = proof.segments.iter().map(|part| (part.decisions, part.batch_log2)).collect();
    assert_eq!(sizes, [(16, 4), (3, 2)]);
    verify(&expected(), &bundle, &proof).expect("honest");
}

fn listed(accepted: &Accepted) -> Vec<&'static str> {
    accepted.assumptions.iter().map(|assumption| assumption.name().as_str()).collect()
}

#[test]
fn assumptions_are_listed() {
    let (bundle, proof) = &*HONEST;
    let accepted = verify(&expected(), bundle, proof).expect("honest");
    let names = [
        "development-setup",
        "bn254",
        "fiat-shamir",
        "hashes",
        "signatures",
        "declared-observations",
        "signed-observations",
        "signed-evidence",
        "signed-evidence",
        "unwitnessed-time",
        "statistical-soundness",
    ];
    assert_eq!(listed(&accepted), names);
    let bits = accepted.assumptions.iter().find_map(|assumption| match assumption {
        Assumption::StatisticalSoundness { bits } => Some(*bits),
        _ => None,
    });
    assert!(bits.is_some_and(|bits| bits > 200), "{bits:?}");
    let report = accepted.to_string();
    for name in names {
        assert!(report.contains(&format!("\n  {name}: ")), "{name} is in {report}");
    }
}

/// A ceremony is named by its file either way; only a pinned string is believed to be of it.
#[test]
fn ceremonies_are_named_by_their_file() {
    let mut card: Card = PROGRAM.card.clone();
    card.setup.source = SetupSource::PowersOfTau { file_hash: [0xab; 32] };
    let mut expected = expected();
    let declared = Assumption::setup(&expected, &card);
    assert_eq!(declared.name(), AssumptionName::DeclaredSetup);
    assert!(declared.to_string().contains("DECLARED, not pinned"), "{declared}");
    expected.setup_digest = Some(setup_digest(&card.setup));
    let pinned = Assumption::setup(&expected, &card);
    assert_eq!(pinned.name(), AssumptionName::CeremonySetup);
    for setup in [declared, pinned] {
        assert!(setup.to_string().contains(&"ab".repeat(32)), "{setup}");
    }
}

#[test]
fn assumption_names_are_stable() {
    for name in AssumptionName::ALL {
        assert_eq!(name.as_str().parse(), Ok(name));
    }
    let error = "moon-phase".parse::<AssumptionName>().expect_err("unknown");
    assert_eq!(error.got, "moon-phase");
    assert!(error.to_string().contains("development-setup"), "{error}");
}

/// Evidence that shows nothing does not keep an honest path from being honest.
#[test]
fn futile_challenges_change_nothing() {
    let (bundle, proof) = &*HONEST;
    let record = bundle.records[1].clone();
    let previous = Start::After(bundle.records[0].signed_header());
    let challenge = Challenge { evidence: Evidence::Inconsistent { record, previous } };
    let submissions = [Submission::Challenge(&challenge), Submission::Proof(proof)];
    assert!(matches!(settle(&expected(), bundle, &submissions), Verdict::Honest(_)));
}

#[test]
fn files_round_trip() {
    let (bundle, proof) = &*HONEST;
    assert_eq!(ProofFile::from_bytes(&proof.to_bytes()).as_ref(), Ok(proof));
    assert_eq!(Bundle::from_bytes(&bundle.to_bytes()).as_ref(), Ok(bundle));
    let challenge =
        Challenge::proven(bundle.records[0].clone(), bundle.card.class.output(), vec![1], proof.clone());
    assert_eq!(Challenge::from_bytes(&challenge.to_bytes()), Ok(challenge));
}

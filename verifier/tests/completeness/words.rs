//! What people and other programs read: verdicts in words, and names that stay.

use crate::agent::cheat::{Cheat, second_record};
use crate::agent::{HONEST, PAYOUT, PROGRAM, expected, prover};
use candor_verifier::program::class::TensorId;
use candor_verifier::{Challenge, Expected, ReplayOutcome, Submission, Verdict, diagnose, replay, settle};

#[test]
fn verdicts_in_words() {
    let (honest, proof) = &*HONEST;
    let verdict = settle(&expected(), honest, &[Submission::Proof(proof)]);
    assert_eq!(verdict.name(), "honest");
    assert!(verdict.to_string().starts_with("honest: records 0 to 4 of agent 0x"), "{verdict}");

    let verdict = settle(&expected(), honest, &[]);
    assert_eq!(verdict.name(), "undecided");
    let text = "undecided; missing:\n  a proof, or evidence of fraud: nothing that decides was submitted";
    assert_eq!(verdict.to_string(), text);

    let cheated = Cheat::named("output").bundle();
    let record = cheated.records[0].clone();
    let (proof, values) = prover(&PROGRAM).prove_tensor(&record, TensorId(3), PAYOUT).expect("proven");
    let challenge = Challenge::proven(record, TensorId(3), values, proof);
    let verdict = settle(&expected(), &cheated, &[Submission::Challenge(&challenge)]);
    let text = verdict.to_string();
    assert_eq!(verdict.name(), "fraud");
    assert!(text.starts_with("fraud: wrong-output by agent 0x"), "{text}");
    for part in
        ["in record 0", "proven: the values of tensor 3", &"bb".repeat(20), "development-setup", "bits"]
    {
        assert!(text.contains(part), "{part} is in {text}");
    }

    let two = Challenge::equivocation(honest.records[2].signed_header(), second_record(2).signed_header());
    let text = settle(&expected(), honest, &[Submission::Challenge(&two)]).to_string();
    assert!(text.contains("signed twice: record hashes 0x"), "{text}");
}

#[test]
fn diagnoses_in_words() {
    let bundle = Cheat::named("model, first layer").bundle();
    let ReplayOutcome::Differs(found) = replay(&expected(), &PROGRAM, &bundle).expect("replayed").outcome
    else {
        panic!("differs")
    };
    let text = diagnose(&found).to_string();
    assert!(
        text.starts_with("looks like model-substituted; not decided:\n  whether weights were exchanged"),
        "{text}"
    );
}

/// Without leave, the verdict of honesty is undecided, and the reason names the assumption.
#[test]
fn refusals_in_words() {
    let (honest, proof) = &*HONEST;
    let strict = Expected { allow_development_setup: false, ..expected() };
    let verdict = settle(&strict, honest, &[Submission::Proof(proof)]);
    assert!(matches!(&verdict, Verdict::Undecided { .. }));
    assert!(verdict.to_string().contains("rests on `development-setup`, which is refused"), "{verdict}");
}

//! A change of program that is in order: nothing is wrong on either side of it, and each side is proven by itself.

use crate::agent::revised::{ACTIVATION, NEW, REVISE, after, before, revised_run};
use crate::agent::{PROGRAM, expected, expected_of, prove};
use candor_verifier::trace::{Bundle, Start};
use candor_verifier::{Missing, ReplayOutcome, Submission, Verdict, replay, settle, verify};

#[test]
fn replay_and_settle_agree_with_both_sides_of_a_revision() {
    let run = revised_run();
    for (program, bundle) in [(&*PROGRAM, before(&run)), (&*NEW, after(&run))] {
        let expected = expected_of(program);
        let report = replay(&expected, program, &bundle).expect("the program is fine");
        assert!(matches!(report.outcome, ReplayOutcome::Agrees), "{:?}", report.outcome);
        assert_eq!(report.agreed, bundle.records.len());
        let Verdict::Undecided { missing } = settle(&expected, &bundle, &[]) else {
            panic!("nothing submitted")
        };
        assert_eq!(missing, [Missing::Submission]);
    }
    // The new rules decide: 50 seconds after the last trade the old ones would have denied.
    assert!(run[REVISE + 1].header.executed != 0);
    assert_eq!(run[REVISE + 1].header.time, ACTIVATION);
}

#[test]
fn each_side_is_proven_with_its_program_and_they_join() {
    let run = revised_run();
    let mut old = before(&run);
    old.records.truncate(REVISE);
    let new = after(&run);
    let (old_proof, new_proof) = (prove(&PROGRAM, &old), prove(&NEW, &new));
    let first = verify(&expected(), &old, &old_proof).expect("honest");
    let second = verify(&expected_of(&NEW), &new, &new_proof).expect("honest");
    // What the Revise record signs joins them: it continues the one, and the other begins with its acc.
    let revise = &run[REVISE].header;
    assert_eq!(Some(&revise.previous_record), first.record_hashes.last());
    assert_eq!((second.first_sequence, second.acc_before), (revise.sequence + 1, revise.acc));
    let submissions = [Submission::Proof(&new_proof)];
    assert_eq!(settle(&expected_of(&NEW), &new, &submissions).name(), "honest");
    // A start without the Revise record is no start of the new program.
    let skipped = Bundle { start: Start::After(run[REVISE - 1].signed_header()), ..new };
    assert_ne!(settle(&expected_of(&NEW), &skipped, &submissions).name(), "honest");
}

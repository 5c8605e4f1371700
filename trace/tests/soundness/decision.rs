use crate::agent::{program, run};
use candor_program::decision::DecisionError;
use candor_program::{digest, state::State};
use candor_trace::{DecisionMismatch, SignedRecord, check_decision};

fn expect(change: impl FnOnce(&mut SignedRecord)) -> DecisionMismatch {
    let mut record = run().remove(4);
    change(&mut record);
    check_decision(&program().card, &record).unwrap_err()
}

#[test]
fn each_word_that_does_not_follow_is_named() {
    let honest = run().remove(4).header;
    let (requested, verdict, executed) = (honest.requested, honest.verdict, honest.executed);
    assert_eq!(
        expect(|record| record.header.requested = 5),
        DecisionMismatch::Requested { expected: requested, got: 5 }
    );
    let DecisionMismatch::Verdict { expected, got: 5, policy, stated } =
        expect(|record| record.header.verdict = 5)
    else {
        panic!("verdict")
    };
    assert_eq!((expected, policy.outcome, policy.rule.as_deref()), (verdict, "permitted", Some("trade")));
    assert_eq!((stated.outcome, stated.rule), ("unknown", None));
    let DecisionMismatch::Executed { expected, got: 5, policy } = expect(|record| record.header.executed = 5)
    else {
        panic!("executed")
    };
    assert_eq!((expected, policy.reason.as_str()), (executed, "allowed"));
    let no_transaction = digest::no_transaction();
    assert_eq!(
        expect(|record| record.header.transaction = no_transaction),
        DecisionMismatch::Transaction { expected: honest.transaction, got: no_transaction }
    );
}

/// A state that was kept back although an action was executed, committed truly and opened truly.
#[test]
fn a_state_that_does_not_follow_is_named() {
    let honest = run().remove(4).header;
    let before = honest.state_before;
    let mismatch = expect(|record| {
        record.body.state_after = record.body.state_before.clone();
        record.header.state_after = before;
    });
    let text = mismatch.to_string();
    assert!(text.ends_with("register `last_trade` is 1700000010, it becomes 1700000070"), "{text}");
    let DecisionMismatch::StateAfter { expected, got, register } = mismatch else { panic!("{text}") };
    assert_eq!((expected, got), (honest.state_after.0, before.0));
    let named = register.expect("the body opens the state");
    assert_eq!((named.name.as_str(), named.expected), ("last_trade", 1_700_000_070));
    let closed = expect(|record| record.header.state_after = before);
    assert!(matches!(closed, DecisionMismatch::StateAfter { register: None, .. }), "nothing opens it");
}

#[test]
fn an_action_against_the_policy_is_named() {
    // Record 2 was denied as too soon; here its agent claims that it was permitted and acts.
    let (mut record, permitted) = (run().remove(2), run().remove(1).header);
    record.header.verdict = permitted.verdict;
    let expected = run().remove(2).header.verdict;
    let mismatch = check_decision(&program().card, &record).unwrap_err();
    let text = mismatch.to_string();
    assert!(text.contains("permitted by rule `trade` (reason 16, allowed)"), "{text}");
    assert!(text.ends_with("denied by rule `too-soon` (reason 17, minimum-interval)"), "{text}");
    let DecisionMismatch::Verdict { expected: policy, got, .. } = mismatch else { panic!("{text}") };
    assert_eq!((policy, got), (expected, permitted.verdict));
}

#[test]
fn a_body_that_leads_to_no_decision_is_named() {
    let no_decision = |source| DecisionMismatch::NoDecision { source };
    assert_eq!(
        expect(|record| record.body.outputs.truncate(2)),
        no_decision(DecisionError::OutputCount { expected: 3, got: 2 })
    );
    assert_eq!(
        expect(|record| record.body.state_before = State { time: 0, registers: vec![] }),
        no_decision(DecisionError::RegisterCount { expected: 3, got: 0 })
    );
    assert_eq!(
        expect(|record| record.header.time = 1 << 62),
        no_decision(DecisionError::Time { got: 1 << 62 })
    );
}

use crate::agent::{START, Want, key, observation, other_key, program, recorder, run, salts, sign_again};
use candor_program::decision::DecisionError;
use candor_program::evaluate::ExecuteError;
use candor_program::observation::ObservationError;
use candor_trace::{RecordError, Recorder, SEQUENCE_BOUND, SignatureError, SignedRecord, TIME_BOUND};

fn resume(change: impl FnOnce(&mut SignedRecord)) -> RecordError {
    let mut last = run().remove(6);
    change(&mut last);
    Recorder::resume(program(), key(), Some(&last)).unwrap_err()
}

#[test]
fn a_log_of_another_program_or_agent_is_not_continued() {
    let last = run().remove(6);
    let mut other = program();
    other.card.agent_version = "1.0.1".into();
    let got = last.header.program_id;
    let expected = Recorder::resume(other.clone(), key(), None).unwrap().chain().ids.program_id;
    let result = Recorder::resume(other, key(), Some(&last)).unwrap_err();
    assert_eq!(result, RecordError::OtherProgram { expected, got });
    let result = Recorder::resume(program(), other_key(), Some(&last)).unwrap_err();
    let (expected, got) = (other_key().address(), key().address());
    assert_eq!(result, RecordError::OtherAgent { expected, got });
}

#[test]
fn a_last_record_that_was_changed_is_not_continued() {
    let error = resume(|last| last.signature.0[64] = 0);
    let source = SignatureError::RecoveryByte { got: 0 };
    assert_eq!(error, RecordError::LastSignature { source });
    let error = resume(|last| last.header.time += 1);
    assert!(matches!(error, RecordError::LastSignature { source: SignatureError::WrongSigner { .. } }));
    assert_eq!(resume(|last| last.body.state_after.registers[1] = 0), RecordError::LastState);
    // The digest fills registers up with zeros: it is right, their number is not.
    assert_eq!(resume(|last| last.body.state_after.registers.push(0)), RecordError::LastState);
}

/// After each refusal the next record is the one that would have come anyway.
#[test]
fn refused_observations_change_nothing() {
    let honest = run();
    let mut recorder = Recorder::resume(program(), key(), Some(&honest[3])).unwrap();
    let next = &honest[4];
    let good = next.body.observation.clone();
    let refuse = |recorder: &mut Recorder, change: &dyn Fn(&mut candor_program::observation::Observation)| {
        let mut bad = good.clone();
        change(&mut bad);
        recorder.record(bad, salts(4)).unwrap_err()
    };
    let previous = honest[3].header.time;
    assert_eq!(
        refuse(&mut recorder, &|bad| bad.time = previous - 1),
        RecordError::TimeBackwards { previous, got: previous - 1 }
    );
    for got in [TIME_BOUND, u64::MAX] {
        assert_eq!(refuse(&mut recorder, &|bad| bad.time = got), RecordError::TimeTooLarge { got });
    }
    let error =
        refuse(&mut recorder, &|bad| bad.payloads[0] = br#"{"sell": 100.1, "hold": 0, "buy": 0}"#.to_vec());
    assert!(
        matches!(&error, RecordError::Observation { source } if matches!(**source, ObservationError::OutOfRange { .. })),
        "{error:?}"
    );
    let error = refuse(&mut recorder, &|bad| bad.payloads.truncate(1));
    assert!(
        matches!(&error, RecordError::Observation { source } if matches!(**source, ObservationError::PayloadCount { .. })),
        "{error:?}"
    );
    assert_eq!(recorder.record(good, salts(4)).unwrap().record, *next);
}

#[test]
fn a_full_chain_takes_no_more_records() {
    let mut last = run().remove(6);
    last.header.sequence = SEQUENCE_BOUND - 2;
    sign_again(&mut last);
    let mut recorder = Recorder::resume(program(), key(), Some(&last)).unwrap();
    let time = last.header.time;
    let record = recorder.record(observation(time, Want::Hold), salts(0)).unwrap().record;
    assert_eq!(record.header.sequence, SEQUENCE_BOUND - 1);
    let error = recorder.record(observation(time, Want::Hold), salts(1)).unwrap_err();
    assert_eq!(error, RecordError::ChainFull { got: SEQUENCE_BOUND });
}

/// A program that nobody validated gives errors, not wrong records.
#[test]
fn an_unvalidated_program_is_an_error() {
    let mut program = program();
    program.weights.operators.pop();
    let mut recorder = Recorder::resume(program, key(), None).unwrap();
    let error = recorder.record(observation(START, Want::Buy), salts(0)).unwrap_err();
    let source = ExecuteError::WeightOperators { expected: 2, got: 1 };
    assert_eq!(error, RecordError::Execute { source });

    let mut program = crate::agent::program();
    let candor_program::head::Head::ArgMax { actions, .. } = &mut program.card.head;
    actions.pop();
    let mut recorder = Recorder::resume(program, key(), None).unwrap();
    let error = recorder.record(observation(START, Want::Buy), salts(0)).unwrap_err();
    let source = DecisionError::OutputCount { expected: 2, got: 3 };
    assert_eq!(error, RecordError::Decision { source });
}

#[test]
fn time_of_the_first_record_may_be_zero() {
    let record = recorder().record(observation(0, Want::Hold), salts(0)).unwrap().record;
    assert_eq!(record.header.time, 0);
}

use crate::agent::{START, Want, key, observation, program, push, recorder, run, salts};
use candor_trace::{Recorder, Salts};

/// Stopping and resuming anywhere gives the same records, byte for byte.
#[test]
fn a_resumed_recorder_continues_where_the_last_record_ends() {
    let whole = run();
    for cut in 0..whole.len() {
        let last = cut.checked_sub(1).map(|last| &whole[last]);
        let mut resumed = Recorder::resume(program(), key(), last).unwrap();
        assert_eq!(resumed.sequence(), cut as u64);
        let next = &whole[cut];
        let observation = next.body.observation.clone();
        assert_eq!(resumed.record(observation, salts(cut as u64)).unwrap().record, *next);
    }
}

#[test]
fn the_record_states_what_was_seen_and_done() {
    let mut recorder = recorder();
    let observation = observation(START, Want::Buy);
    let recorded = recorder.record(observation.clone(), Salts { observations: 1, evidence: 2 }).unwrap();
    let (record, decision) = (recorded.record, recorded.decision);
    assert_eq!(record.body.observation, observation);
    assert_eq!(record.body.features, [30, 1, 31]);
    assert_eq!(record.body.outputs, [30, 1, 31]);
    assert_eq!(record.body.state_before.registers, [0, 0, 0]);
    assert_eq!(record.body.state_after.registers, [START as i64, 1, 1]);
    assert_eq!((record.body.observations_salt, record.body.evidence_salt), (1, 2));
    assert_eq!(record.body.leaves.len(), 3);
    assert_eq!(record.header.requested, decision.requested.word());
    assert_eq!(decision.transaction.unwrap().calldata.len(), 4 + 3 * 32);
    assert_eq!(recorder.state().registers, [START as i64, 1, 1]);
    assert_eq!((recorder.agent(), recorder.sequence()), (key().address(), 1));
    assert_eq!(recorder.link().sequence(), 1);
    assert_eq!(recorder.card().name, recorder.program().card.name);
}

#[test]
fn several_records_in_one_second_are_allowed() {
    let (mut recorder, mut run) = (recorder(), Vec::new());
    for _ in 0..3 {
        push(&mut recorder, &mut run, START, Want::Hold);
    }
    assert_eq!(run[2].header.sequence, 2);
}

#[test]
fn equal_observations_have_unequal_digests_under_other_salts() {
    let digest = |number| {
        let recorded = recorder().record(observation(START, Want::Hold), salts(number)).unwrap();
        (recorded.record.header.observations, recorded.record.header.evidence)
    };
    assert_ne!(digest(0), digest(1));
}

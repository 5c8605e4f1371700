use crate::agent::{START, Want, key, other_key, program, push, recorder, run, sign_again};
use candor_trace::{
    Chain, ChainError, Header, Link, Recorder, SEQUENCE_BOUND, SignedRecord, TIME_BOUND, check_link,
    equivocation,
};

fn chain() -> Chain {
    Chain::of(&program().card)
}

/// The first error of a run of headers, and where it is.
fn walk(records: &[&SignedRecord]) -> Option<(usize, ChainError)> {
    let chain = chain();
    let mut link = Link::genesis(&chain, key().address());
    for (index, record) in records.iter().enumerate() {
        if let Err(error) = check_link(&link, &record.header) {
            return Some((index, error));
        }
        link = Link::after(&chain, &record.header);
    }
    None
}

#[test]
fn a_missing_record_is_a_gap() {
    let run = run();
    for missing in 0..run.len() - 1 {
        let rest: Vec<_> = run.iter().filter(|r| r.header.sequence != missing as u64).collect();
        let (expected, got) = (missing as u64, missing as u64 + 1);
        assert_eq!(walk(&rest), Some((missing, ChainError::SequenceGap { expected, got })));
    }
}

#[test]
fn reordered_and_repeated_records_are_gaps() {
    let run = run();
    let reordered = [&run[0], &run[2], &run[1]];
    assert_eq!(walk(&reordered), Some((1, ChainError::SequenceGap { expected: 1, got: 2 })));
    let repeated = [&run[0], &run[1], &run[1]];
    assert_eq!(walk(&repeated), Some((2, ChainError::SequenceGap { expected: 2, got: 1 })));
}

/// Another record 1 under the same record 2: the fork shows at record 2, and as equivocation at record 1.
#[test]
fn a_fork_is_found() {
    let run = run();
    let mut branch = vec![run[0].clone()];
    let mut recorder = Recorder::resume(program(), key(), Some(&run[0])).unwrap();
    push(&mut recorder, &mut branch, START + 11, Want::Sell);
    let found = walk(&[&run[0], &branch[1], &run[2]]);
    assert!(matches!(found, Some((2, ChainError::PreviousRecordMismatch { .. }))), "{found:?}");

    let domain = program().card.domain;
    let (first, second) = (run[1].signed_header(), branch[1].signed_header());
    let evidence = equivocation(&first, &second, &domain).unwrap();
    assert_eq!((evidence.agent, evidence.sequence), (key().address(), 1));
    assert_eq!(evidence.first, first.record_hash(&domain));
    assert_eq!(evidence.second, second.record_hash(&domain));
}

#[test]
fn equivocation_needs_two_signatures_of_one_agent_for_one_place() {
    let (chain, run) = (chain(), run());
    let domain = chain.domain;
    let honest = run[1].signed_header();
    let changed = |change: fn(&mut Header), signed: bool| {
        let mut record = run[1].clone();
        change(&mut record.header);
        if signed {
            sign_again(&mut record);
        }
        record.signed_header()
    };
    let time: fn(&mut Header) = |header| header.time += 1;
    assert!(equivocation(&honest, &changed(time, true), &domain).is_some());
    assert!(equivocation(&changed(time, true), &honest, &domain).is_some());
    // Anybody can write a header; only a signed one is evidence.
    assert_eq!(equivocation(&honest, &changed(time, false), &domain), None);
    assert_eq!(equivocation(&changed(time, false), &honest, &domain), None);
    assert_eq!(equivocation(&honest, &changed(|header| header.sequence += 1, true), &domain), None);
    assert_eq!(equivocation(&honest, &changed(|header| header.program_id[0] ^= 1, true), &domain), None);
    let mut stranger = changed(time, true);
    stranger.header.agent = other_key().address();
    stranger.signature = other_key().sign(&stranger.record_hash(&domain));
    assert_eq!(equivocation(&honest, &stranger, &domain), None);
    // Signed for another chain.
    let elsewhere = candor_program::card::Domain { chain_id: domain.chain_id + 1, ..domain };
    assert_eq!(equivocation(&honest, &changed(time, true), &elsewhere), None);
}

#[test]
fn another_program_and_another_agent_do_not_continue_a_chain() {
    let (chain, run) = (chain(), run());
    let mut other_program = chain.clone();
    other_program.ids.program_id[0] ^= 1;
    let result = check_link(&Link::genesis(&other_program, key().address()), &run[0].header);
    let (expected, got) = (other_program.ids.program_id, chain.ids.program_id);
    assert_eq!(result, Err(ChainError::ProgramMismatch { expected, got }));
    let (expected, got) = (other_key().address(), key().address());
    let result = check_link(&Link::genesis(&chain, expected), &run[0].header);
    assert_eq!(result, Err(ChainError::AgentMismatch { expected, got }));
}

#[test]
fn time_may_stand_still_but_not_go_back() {
    let (chain, run) = (chain(), run());
    let mut previous = run[1].header.clone();
    let link = |previous: &Header| Link::after(&chain, previous);
    let mut next = run[2].header.clone();
    for (time, expected) in [
        (next.time, Ok(())),
        (next.time + 1, Err(ChainError::TimeBackwards { previous: next.time + 1, got: next.time })),
    ] {
        previous.time = time;
        next.previous_record = link(&previous).previous_record();
        assert_eq!(check_link(&link(&previous), &next), expected);
    }
}

#[test]
fn the_initial_state_is_the_cards() {
    let (chain, run) = (chain(), run());
    let mut other = chain.clone();
    other.initial_state = run[1].header.state_after;
    let result = check_link(&Link::genesis(&other, key().address()), &run[0].header);
    let (expected, got) = (other.initial_state.0, chain.initial_state.0);
    assert_eq!(result, Err(ChainError::StateMismatch { expected, got }));
}

#[test]
fn acc_reaches_back_to_the_genesis() {
    let (chain, run) = (chain(), run());
    let mut other = chain.clone();
    other.ids.program_fr += candor_program::Fr::from(1);
    let result = check_link(&Link::genesis(&other, key().address()), &run[0].header);
    assert!(matches!(result, Err(ChainError::AccMismatch { .. })), "{result:?}");
}

/// The header that follows `previous` at a place, with everything but the place as in the run.
fn follow(previous: &Header, sequence: u64, time: u64) -> Result<(), ChainError> {
    let link = Link::after(&chain(), previous);
    let mut next = run().remove(2).header;
    (next.sequence, next.time) = (sequence, time);
    next.previous_record = link.previous_record();
    next.acc = link.next_acc(&next);
    check_link(&link, &next)
}

#[test]
fn sequence_and_time_stay_below_their_bound() {
    let (sequence, time) = (SEQUENCE_BOUND, TIME_BOUND);
    let mut previous = run().remove(1).header;
    previous.sequence = sequence - 2;
    assert_eq!(follow(&previous, sequence - 1, time - 1), Ok(()));
    assert_eq!(follow(&previous, sequence - 1, time), Err(ChainError::TimeTooLarge { got: time }));
    assert_eq!(follow(&previous, sequence - 1, u64::MAX), Err(ChainError::TimeTooLarge { got: u64::MAX }));
    previous.sequence = sequence - 1;
    assert_eq!(follow(&previous, sequence, time - 1), Err(ChainError::SequenceTooLarge { got: sequence }));
    previous.sequence = u64::MAX;
    let result = follow(&previous, u64::MAX, time - 1);
    assert_eq!(result, Err(ChainError::SequenceTooLarge { got: u64::MAX }));
}

#[test]
fn a_chain_of_another_agent_begins_elsewhere() {
    let mine = recorder();
    let theirs = Recorder::resume(program(), other_key(), None).unwrap();
    assert_ne!(mine.link().previous_record(), theirs.link().previous_record());
    assert_ne!(mine.link().acc(), theirs.link().acc());
}

use crate::agent::{key, program, run};
use candor_trace::{Chain, Link, check_body, check_decision, check_link, equivocation};

#[test]
fn every_record_of_an_honest_run_passes_every_check() {
    let program = program();
    let chain = Chain::of(&program.card);
    let mut link = Link::genesis(&chain, key().address());
    for (sequence, record) in run().iter().enumerate() {
        assert_eq!(link.sequence(), sequence as u64);
        record.check_signature(&chain.domain).unwrap();
        check_link(&link, &record.header).unwrap();
        check_body(&program.card, record).unwrap();
        let decision = check_decision(&program.card, record).unwrap();
        assert_eq!(decision.executed.is_some(), record.header.acted());
        link = Link::after(&chain, &record.header);
        assert_eq!(link.acc(), record.header.acc);
        assert_eq!(link.previous_record(), record.record_hash(&chain.domain));
    }
}

#[test]
fn actions_abstentions_and_denials_are_recorded_alike() {
    let acted: Vec<bool> = run().iter().map(|record| record.header.acted()).collect();
    assert_eq!(acted, [false, true, false, false, true, false, true]);
    let outcomes: Vec<u64> = run().iter().map(|record| record.header.verdict & 0xff).collect();
    assert_eq!(outcomes, [0, 1, 2, 0, 1, 0, 1]);
}

#[test]
fn honest_records_are_no_equivocation() {
    let (domain, run) = (program().card.domain, run());
    for a in &run {
        for b in &run {
            assert_eq!(equivocation(&a.signed_header(), &b.signed_header(), &domain), None);
        }
    }
}

use crate::agent::{program, run};
use candor_trace::{Bundle, Chain, Link, Selection, Start, check_link};

#[test]
fn a_bundle_survives_encoding_and_its_records_follow_its_start() {
    let (card, run) = (program().card, run());
    let chain = Chain::of(&card);
    for sequence in [1, 4, 6] {
        let bundle = Bundle::select(card.clone(), &run, Selection::Transaction { sequence }).unwrap();
        let decoded = Bundle::from_bytes(&bundle.to_bytes()).unwrap();
        assert_eq!(decoded, bundle);
        let mut link = decoded.start_link(&chain).unwrap();
        for record in &decoded.records {
            check_link(&link, &record.header).unwrap();
            link = Link::after(&chain, &record.header);
        }
        assert_eq!(decoded.record_hashes().last(), Some(&link.previous_record()));
        assert_eq!(decoded.agent(), Some(run[0].header.agent));
    }
}

#[test]
fn only_a_bundle_with_the_first_record_starts_at_genesis() {
    let (card, run) = (program().card, run());
    let first = Bundle::select(card.clone(), &run, Selection::Record { sequence: 0 }).unwrap();
    assert_eq!(first.start, Start::Genesis);
    let second = Bundle::select(card, &run, Selection::Record { sequence: 1 }).unwrap();
    assert_eq!(second.start, Start::After(run[0].signed_header()));
}

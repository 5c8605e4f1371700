use candor_program::card::Domain;
use candor_trace::{Purpose, context_digest};

/// Everything that the context binds, changed alone, is another context.
#[test]
fn every_part_of_the_context_counts() {
    let domain = Domain { chain_id: 5, verifying_contract: [6; 20] };
    let (agent, payout) = ([7; 20], [8; 20]);
    let hashes = [[9; 32], [10; 32]];
    let reordered = [[10; 32], [9; 32]];
    let honest = context_digest(Purpose::Path, &domain, &agent, &payout, &hashes);
    let other_chain = Domain { chain_id: 6, ..domain };
    let other_contract = Domain { verifying_contract: [7; 20], ..domain };
    let others = [
        context_digest(Purpose::Challenge, &domain, &agent, &payout, &hashes),
        context_digest(Purpose::Path, &other_chain, &agent, &payout, &hashes),
        context_digest(Purpose::Path, &other_contract, &agent, &payout, &hashes),
        context_digest(Purpose::Path, &domain, &payout, &agent, &hashes),
        context_digest(Purpose::Path, &domain, &[0; 20], &payout, &hashes),
        context_digest(Purpose::Path, &domain, &agent, &[0; 20], &hashes),
        context_digest(Purpose::Path, &domain, &agent, &payout, &reordered),
        context_digest(Purpose::Path, &domain, &agent, &payout, &hashes[..1]),
        context_digest(Purpose::Path, &domain, &agent, &payout, &[]),
    ];
    for (index, other) in others.iter().enumerate() {
        assert_ne!(*other, honest, "change {index}");
        assert_eq!(others.iter().filter(|another| *another == other).count(), 1, "change {index}");
    }
}

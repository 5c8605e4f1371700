use candor_program::card::Domain;
use candor_program::encoding::{fr_from_bytes_mod, keccak256};
use candor_trace::{Purpose, context_digest, domain_separator};

/// The preimage, written out by hand from docs/spec/disputes.md.
#[test]
fn the_digest_is_the_specified_one() {
    let domain = Domain { chain_id: 5, verifying_contract: [6; 20] };
    let mut preimage = b"candor/context/v1".to_vec();
    preimage.push(1);
    preimage.extend(domain_separator(&domain));
    preimage.extend([7; 20]);
    preimage.extend([8; 20]);
    preimage.extend([0, 0, 0, 2]);
    preimage.extend([9; 32]);
    preimage.extend([10; 32]);
    let hashes = [[9; 32], [10; 32]];
    assert_eq!(
        context_digest(Purpose::Challenge, &domain, &[7; 20], &[8; 20], &hashes),
        fr_from_bytes_mod(&keccak256(&[&preimage]))
    );
}

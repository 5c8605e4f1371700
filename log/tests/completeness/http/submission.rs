//! What an agent signs for one log, checked against an independent EIP-712 encoding.

use candor_log::http::{SUBMISSION_TYPE, SubmissionClaim, SubmissionMessage};
use candor_program::card::Domain;
use candor_program::encoding::keccak256;
use candor_trace::AgentKey;

/// One 32-byte word after another, as docs/spec/log.md writes them.
fn by_hand(
    origin: &str,
    chain_id: u8,
    contract: [u8; 20],
    record: [u8; 32],
    sequence: u8,
    body: [u8; 32],
) -> [u8; 32] {
    let word = |value: u8| {
        let mut word = [0; 32];
        word[31] = value;
        word
    };
    let mut address = [0; 32];
    address[12..].copy_from_slice(&contract);
    let domain_type =
        keccak256(&[b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"]);
    let domain = [domain_type, keccak256(&[b"Candor"]), keccak256(&[b"1"]), word(chain_id), address].concat();
    let message = [
        keccak256(&[SUBMISSION_TYPE.as_bytes()]),
        keccak256(&[origin.as_bytes()]),
        record,
        word(sequence),
        body,
    ]
    .concat();
    keccak256(&[&[0x19, 0x01], &keccak256(&[&domain]), &keccak256(&[&message])])
}

fn message(domain: &Domain, sequence: u64) -> SubmissionMessage<'_> {
    let (record_hash, body_hash) = ([1; 32], [2; 32]);
    SubmissionMessage { log: "example.org/log", domain, record_hash, sequence, body_hash }
}

#[test]
fn the_digest_is_the_one_of_the_specification() {
    let domain = Domain { chain_id: 31, verifying_contract: [0xcc; 20] };
    let message = message(&domain, 7);
    assert_eq!(message.digest(), by_hand("example.org/log", 31, [0xcc; 20], [1; 32], 7, [2; 32]));
}

#[test]
fn a_claim_travels_in_headers() {
    let domain = Domain { chain_id: 31, verifying_contract: [0xcc; 20] };
    let key = AgentKey::from_bytes(&[5; 32]).unwrap();
    for sequence in [0, 1, u64::MAX] {
        let claim = SubmissionClaim::sign(&key, [3; 32], &message(&domain, sequence));
        let headers = claim.headers();
        let get =
            |name: &str| headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
        let read = SubmissionClaim::from_headers(get).unwrap();
        assert_eq!(read, claim);
        assert_eq!(read.check_signature("example.org/log", &domain), Ok(()));
    }
}

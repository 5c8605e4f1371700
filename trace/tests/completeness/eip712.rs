//! The header's hash is the one that any EIP-712 implementation computes.

// The macro's structs are named and documented by it.
#![allow(missing_docs)]

use crate::agent::{program, run};
use alloy_sol_types::private::{Address, B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};
use candor_program::card::Domain;
use candor_trace::{Header, domain_separator};

sol! {
    struct Record {
        bytes32 programId;
        address agent;
        uint256 sequence;
        uint256 time;
        bytes32 previousRecord;
        uint256 stateBefore;
        uint256 observations;
        uint256 evidence;
        uint256 requestedAction;
        uint256 verdict;
        uint256 executedAction;
        uint256 stateAfter;
        bytes32 transaction;
        bytes32 execution;
        uint256 acc;
    }
}

fn independent(header: &Header) -> Record {
    Record {
        programId: B256::from(header.program_id),
        agent: Address::from(header.agent),
        sequence: U256::from(header.sequence),
        time: U256::from(header.time),
        previousRecord: B256::from(header.previous_record),
        stateBefore: U256::from_be_bytes(header.state_before.0),
        observations: U256::from_be_bytes(header.observations.0),
        evidence: U256::from_be_bytes(header.evidence.0),
        requestedAction: U256::from(header.requested),
        verdict: U256::from(header.verdict),
        executedAction: U256::from(header.executed),
        stateAfter: U256::from_be_bytes(header.state_after.0),
        transaction: B256::from(header.transaction),
        execution: B256::from(header.execution),
        acc: U256::from_be_bytes(header.acc.0),
    }
}

fn independent_domain(domain: &Domain) -> Eip712Domain {
    Eip712Domain::new(
        Some("Candor".into()),
        Some("1".into()),
        Some(U256::from(domain.chain_id)),
        Some(Address::from(domain.verifying_contract)),
        None,
    )
}

#[test]
fn hashes_equal_those_of_an_independent_implementation() {
    let domain = program().card.domain;
    for record in run() {
        let theirs = independent(&record.header);
        assert_eq!(record.header.struct_hash(), theirs.eip712_hash_struct().0);
        assert_eq!(record.record_hash(&domain), theirs.eip712_signing_hash(&independent_domain(&domain)).0);
    }
}

#[test]
fn extreme_words_and_domains_hash_alike() {
    let mut header = run().remove(1).header;
    (header.sequence, header.time) = (u64::MAX, u64::MAX);
    (header.requested, header.verdict, header.executed) = (u128::MAX, u64::MAX, u128::MAX);
    for domain in [
        Domain { chain_id: 0, verifying_contract: [0; 20] },
        Domain { chain_id: u64::MAX, verifying_contract: [0xff; 20] },
    ] {
        let theirs = independent_domain(&domain);
        assert_eq!(domain_separator(&domain), theirs.separator().0);
        assert_eq!(header.record_hash(&domain), independent(&header).eip712_signing_hash(&theirs).0);
    }
}

#[test]
fn the_type_string_is_the_independent_one() {
    assert_eq!(candor_trace::header::RECORD_TYPE, Record::eip712_root_type());
}

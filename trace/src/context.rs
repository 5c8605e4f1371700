//! The context of a proof: what it is for, for whom, and about which records.

pub use candor_program::purpose::Purpose;

use crate::header::domain_separator;
use candor_program::Fr;
use candor_program::card::Domain;
use candor_program::encoding::{fr_from_bytes_mod, keccak256};

/// Binds a proof to its purpose, the records' domain and agent, the payout address, and the records themselves.
#[must_use]
pub fn context_digest(
    purpose: Purpose,
    domain: &Domain,
    agent: &[u8; 20],
    payout: &[u8; 20],
    record_hashes: &[[u8; 32]],
) -> Fr {
    // A bundle holds at most MAX_BUNDLE_RECORDS; u64 as u32 would only wrap beyond 2^32 hashes (128 GiB).
    let count = (record_hashes.len() as u32).to_be_bytes();
    let separator = domain_separator(domain);
    let hashes = record_hashes.concat();
    fr_from_bytes_mod(&keccak256(&[
        b"candor/context/v1",
        &[purpose as u8],
        &separator,
        agent,
        payout,
        &count,
        &hashes,
    ]))
}

//! What must be accepted. Verdicts on real files are the matter of `js/test.mjs`, which compares them with native ones.

use candor_program::card::Domain;
use candor_trace::MAX_BUNDLE_BYTES;
use candor_verifier::AssumptionName;
use candor_wasm::{Buffers, Expectation, Handle, MAX_BUFFER_BYTES};

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;

#[test]
fn an_expectation_names_ids_a_domain_and_what_is_agreed_to() {
    let card = agent::program().card;
    let (program, agent) = ("0x".to_owned() + &"ab".repeat(32), "0x".to_owned() + &"cd".repeat(20));
    let ids = format!("\"programId\":\"{program}\",\"agent\":\"{agent}\"");
    let of = |json: String| Expectation::from_json(json.as_bytes()).unwrap().of(&card);
    let plain = of(format!("{{{ids}}}"));
    assert_eq!((plain.program_id, plain.agent), ([0xab; 32], [0xcd; 20]));
    // The card's, which the program id commits to.
    assert_eq!(plain.domain, card.domain);
    assert!(!plain.allow_development_setup && plain.refused.is_empty());
    let pins =
        format!("\"setupDigest\":\"{program}\",\"sealKeys\":[\"{program}\"],\"allowDeclaredCeremony\":true");
    let domain = format!("\"chainId\":{},\"verifyingContract\":\"{agent}\"", u64::MAX);
    let full = of(format!(
        "{{{ids},{domain},\"allowDevelopmentSetup\":true,{pins},\"refuse\":[\"bn254\",\"hashes\"]}}"
    ));
    assert_eq!(full.domain, Domain { chain_id: u64::MAX, verifying_contract: [0xcd; 20] });
    assert!(full.allow_development_setup && full.allow_declared_ceremony && !plain.allow_declared_ceremony);
    assert_eq!((full.setup_digest, plain.setup_digest), (Some([0xab; 32]), None));
    assert_eq!((full.seal_keys, plain.seal_keys), (vec![[0xab; 32]], vec![]));
    assert_eq!(full.refused, [AssumptionName::Curve, AssumptionName::Hashes]);
}

#[test]
fn buffers_hold_what_was_written_until_they_are_freed() {
    let mut buffers = Buffers::new();
    let [first, second] = [3, 0].map(|length| buffers.allocate(length).unwrap());
    buffers.get_mut(first).unwrap().copy_from_slice(b"abc");
    assert_eq!((buffers.get(first), buffers.get(second)), (Some(&b"abc"[..]), Some(&[][..])));
    assert!(buffers.free(first));
    assert_eq!(buffers.get(first), None);
    let third = buffers.lend(b"report".to_vec()).unwrap();
    assert_ne!(third, first);
    assert_eq!(buffers.get(third), Some(&b"report"[..]));
    assert!(![first, second, third].contains(&Handle(0)));
}

#[test]
fn the_longest_file_fits_into_a_buffer() {
    assert_eq!(u64::from(MAX_BUFFER_BYTES), MAX_BUNDLE_BYTES);
}

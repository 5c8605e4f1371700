//! What attesters and grantors sign is what any EIP-712 implementation hashes; what they signed is recorded and accepted.

// The macro's structs are named and documented by it.
#![allow(missing_docs)]

use crate::agent::evidence::{
    ALLOWANCE, EPOCH, JURISDICTION, allowance, attested, chain, credentials, ed25519, epoch,
    evidence_program, granted, holder, jurisdiction, keys, limit, record_at, recorder_with, registry,
    standing,
};
use crate::agent::{START, key};
use alloy_sol_types::private::B256;
use alloy_sol_types::{Eip712Domain, SolStruct};
use candor_program::encoding::keccak256;
use candor_program::evidence::{Defect, Direction, Statement};
use candor_program::policy::PolicyVerdict;
use candor_trace::evidence::{
    ATTESTATION_TYPE, Attestation, Credential, Limit, MANDATE_TYPE, MAX_LIMITS, MAX_LINKS, Mandate,
    check_chain, credential_json, credentials_from_json, credentials_json, direction_name, key_from_text,
};
use candor_trace::{Recorder, check_body, check_decision};

mod theirs {
    alloy_sol_types::sol! {
        struct Attestation {
            string attester;
            string slot;
            bytes32 subject;
            int64 value;
            uint8 decimals;
            string meaning;
            bytes32 program;
            uint64 issued;
            uint64 expires;
        }
    }
}

fn domain() -> Eip712Domain {
    Eip712Domain::new(Some("Candor evidence".into()), Some("1".into()), None, None, None)
}

#[test]
fn attestations_are_those_of_an_independent_implementation() {
    assert_eq!(ATTESTATION_TYPE, theirs::Attestation::eip712_root_type());
    let odd = Attestation {
        value: i64::MIN,
        meaning: "\u{e9}\u{1f600}".into(),
        program: [3; 32],
        decimals: 18,
        ..standing()
    };
    for ours in [jurisdiction(), standing(), Attestation { value: -1, ..jurisdiction() }, odd] {
        let independent = theirs::Attestation {
            attester: ours.attester.to_string(),
            slot: ours.slot.clone(),
            subject: B256::from(ours.subject),
            value: ours.value,
            decimals: ours.decimals,
            meaning: ours.meaning.clone(),
            program: B256::from(ours.program),
            issued: ours.issued,
            expires: ours.expires,
        };
        assert_eq!(ours.message()[2..34], *domain().separator());
        assert_eq!(ours.message()[34..], *independent.eip712_hash_struct());
        assert_eq!(keccak256(&[&ours.message()]), independent.eip712_signing_hash(&domain()).0);
    }
}

mod their_mandate {
    alloy_sol_types::sol! {
        struct Limit {
            string name;
            string direction;
            int64 value;
            uint8 decimals;
        }
        struct Mandate {
            string grantor;
            string grantee;
            bytes32 parent;
            Limit[] limits;
            uint64 issued;
            uint64 expires;
        }
    }
}

#[test]
fn mandates_are_those_of_an_independent_implementation() {
    assert_eq!(MANDATE_TYPE, their_mandate::Mandate::eip712_encode_type());
    let most = (0..MAX_LIMITS).map(|number| limit(&format!("limit-{number:02}"), -5)).collect();
    let least = Limit { direction: Direction::AtLeast, ..limit("reserve", i64::MAX) };
    for limits in [vec![], vec![limit("daily", 1)], vec![limit("daily", 1), least], most] {
        for ours in chain(&[ed25519(0x60)], &[limits.clone(), limits.clone()]) {
            let their_limit = |limit: &Limit| their_mandate::Limit {
                name: limit.name.clone(),
                direction: direction_name(limit.direction).into(),
                value: limit.value,
                decimals: limit.decimals,
            };
            let independent = their_mandate::Mandate {
                grantor: ours.grantor.to_string(),
                grantee: ours.grantee.to_string(),
                parent: B256::from(ours.parent),
                limits: ours.limits.iter().map(their_limit).collect(),
                issued: ours.issued,
                expires: ours.expires,
            };
            assert_eq!(keccak256(&[&ours.message()]), independent.eip712_signing_hash(&domain()).0);
            assert_eq!(ours.id(), keccak256(&[&ours.message()]));
        }
    }
}

#[test]
fn keys_are_read_as_they_are_written() {
    for key in keys() {
        assert_eq!(key_from_text(&key.public().to_string()), Ok(key.public()));
    }
}

#[test]
fn files_are_read_as_they_are_written() {
    let all = credentials();
    let text = credentials_json(&all).to_string();
    assert_eq!(credentials_from_json(&text), Ok(all.clone()));
    for credential in all {
        let text = format!("\n {:#} \n", credential_json(&credential));
        assert_eq!(credentials_from_json(&text), Ok(vec![credential]));
    }
    assert_eq!(credentials_from_json("[]"), Ok(vec![]));
}

/// Two mandates: the value is the narrowest, the beginning the first's, the end the last's.
#[test]
fn a_chain_states_its_narrowest_limit_from_its_first_issue_to_its_last_expiry() {
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    let stated = Statement { value: 200, issued: START, expires: START + 863_999 };
    assert_eq!(allowance().statement(slot, &holder()), Ok(stated));
    // A limit that is left out further down stays as it was; another one does not matter.
    let limits = [vec![limit("daily", 250), limit("weekly", 9)], vec![], vec![limit("weekly", 3)]];
    let handed_on = granted(chain(&[ed25519(0x60), ed25519(0x62)], &limits));
    let stated = Statement { value: 250, issued: START, expires: START + 863_998 };
    assert_eq!(handed_on.statement(slot, &holder()), Ok(stated));
}

/// Eight mandates of sixteen limits.
#[test]
fn the_longest_chain_is_a_chain() {
    let between: Vec<_> = keys().into_iter().skip(4).take(MAX_LINKS - 1).collect();
    let limits = |link: i64| {
        (0..MAX_LIMITS as i64)
            .map(|number| limit(&format!("limit-{number:02}"), 100 - link))
            .collect::<Vec<_>>()
    };
    let all: Vec<Vec<Limit>> = (0..MAX_LINKS as i64).map(limits).collect();
    let Credential::Mandates(chain) = granted(chain(&between, &all)) else { panic!("mandates") };
    let granted = check_chain(&chain).unwrap();
    assert_eq!((granted.limits.len(), granted.limit("limit-15").unwrap().value), (16, 93));
    assert_eq!((granted.issued, granted.complete), (START, START + 7));
}

/// A record with evidence, and the same without.
#[test]
fn a_statement_is_used_while_it_counts_and_only_then() {
    let program = evidence_program();
    let mut recorder = recorder_with(credentials());
    let may = |recorder: &mut Recorder, time: u64| {
        let record = record_at(recorder, time);
        check_body(&program.card, &record).unwrap();
        let decision = check_decision(&program.card, &record).unwrap();
        (decision.executed.is_some(), decision.verdict, record)
    };
    // One second before: absent, which no rule can look at.
    let (acts, verdict, record) = may(&mut recorder, START - 1);
    let missing = PolicyVerdict { rule: Some(0), ..PolicyVerdict::COULD_NOT_EVALUATE };
    assert_eq!((acts, verdict), (false, missing));
    assert_eq!(record.body.credentials, vec![None; 4]);
    assert_eq!(recorder.wallet().lapsed(&program.card, START - 1), [0, 1, 2]);
    // The first attestation counts from its issue, the mandates from the second's issue.
    let (acts, _, record) = may(&mut recorder, START);
    assert!(!acts && record.body.credentials[JURISDICTION].is_some());
    assert_eq!(record.body.credentials[ALLOWANCE], None);
    let (acts, _, record) = may(&mut recorder, START + 1);
    assert!(acts && record.body.credentials[ALLOWANCE].is_some());
    assert!(recorder.wallet().lapsed(&program.card, START + 1).is_empty());
    assert!(may(&mut recorder, START + 863_998).0);
    // The mandates expire a second before the attestation.
    let (acts, verdict, record) = may(&mut recorder, START + 863_999);
    assert_eq!((acts, verdict), (false, missing));
    assert!(record.body.credentials[JURISDICTION].is_some() && record.body.credentials[ALLOWANCE].is_none());
    let record = may(&mut recorder, START + 864_000).2;
    assert_eq!(record.body.credentials, vec![None; 4]);
}

#[test]
fn what_was_issued_before_the_time_of_revocation_is_revoked() {
    let program = evidence_program();
    for (time, revoked) in [(START, false), (START + 1, true)] {
        let mut all = credentials();
        all.push(attested(epoch(time), &registry()));
        let mut recorder = recorder_with(all);
        let record = record_at(&mut recorder, START + 60);
        check_body(&program.card, &record).unwrap();
        assert!(record.body.credentials[EPOCH].is_some());
        let standings = record.body.evidence.standings(&program.card.evidence, START + 60);
        let expected = revoked.then_some(Defect::Revoked);
        // The agent's part of the chain was issued later: it falls with the owner's.
        assert_eq!(standings[JURISDICTION].defect, expected);
        assert_eq!(standings[ALLOWANCE].defect, expected);
        assert_eq!(check_decision(&program.card, &record).unwrap().executed.is_some(), !revoked);
    }
}

/// A move from one jurisdiction to another: nothing else changes.
#[test]
fn of_several_the_one_issued_last_is_presented() {
    let program = evidence_program();
    let us = Attestation { value: 2, meaning: "US".into(), issued: START + 100, ..jurisdiction() };
    let mut all = credentials();
    all.insert(0, attested(us, &registry()));
    let mut recorder = recorder_with(all);
    for (time, value) in [(START + 99, 1), (START + 100, 2)] {
        let record = record_at(&mut recorder, time);
        check_body(&program.card, &record).unwrap();
        assert_eq!(record.body.evidence.0[JURISDICTION].unwrap().value, value);
        assert_eq!(check_decision(&program.card, &record).unwrap().executed.is_some(), value == 1);
    }
}

/// What a program alone may use, it may.
#[test]
fn an_attestation_for_this_program_holds() {
    let slot = &evidence_program().card.evidence[JURISDICTION];
    let only = Attestation { program: holder().program_id, ..jurisdiction() };
    assert!(attested(only, &registry()).statement(slot, &holder()).is_ok());
    assert_eq!(holder().subject()[12..], key().address());
    let direct: Vec<Mandate> = chain(&[], &[vec![limit("daily", 7)]]);
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    assert_eq!(granted(direct).statement(slot, &holder()).unwrap().value, 7);
}

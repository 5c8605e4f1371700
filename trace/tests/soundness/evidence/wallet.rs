//! What holds for no slot is not used, and is named.

use crate::agent::evidence::{
    ALLOWANCE, JURISDICTION, allowance, attested, chain, credentials, evidence_program, granted,
    jurisdiction, limit, owner, record_at, recorder_with, registry, signed_by, standing,
};
use crate::agent::{START, key};
use candor_trace::evidence::{
    Attestation, AttestationError, Credential, CredentialError, MandateError, Unusable,
};
use candor_trace::{Recorder, check_body, check_decision};

fn unusable(credentials: Vec<Credential>) -> Vec<Unusable> {
    Recorder::resume(evidence_program(), key(), None).unwrap().present(credentials)
}

#[test]
fn what_does_not_hold_is_named_with_the_slot_it_was_meant_for() {
    let mut all = credentials();
    let (expected, got) = (registry().public(), owner().public());
    all.push(attested(jurisdiction(), &owner()));
    all.push(granted(chain(&[], &[vec![limit("orders", 1)]])));
    let unusable = unusable(all);
    assert_eq!(unusable.len(), 2);
    let attester = AttestationError::Attester { expected, got };
    assert_eq!(unusable[0], Unusable { index: 3, defects: vec![("jurisdiction".into(), attester.into())] });
    // Meant for no slot that can be told: all are named.
    assert_eq!((unusable[1].index, unusable[1].defects.len()), (4, 4));
    let none = MandateError::NoLimit { name: "daily".into() };
    assert_eq!(unusable[1].defects[ALLOWANCE], ("allowance".into(), none.into()));
}

/// A forged jurisdiction beside an honest allowance: the slot stays empty, and the agent is denied.
#[test]
fn a_forged_credential_is_never_presented() {
    let card = evidence_program().card;
    let forged = Credential::Attestation(signed_by(jurisdiction(), &owner()));
    let mut recorder = Recorder::resume(evidence_program(), key(), None).unwrap();
    let unusable = recorder.present(vec![forged, allowance()]);
    assert!(
        matches!(&unusable[..], [Unusable { index: 0, defects }] if matches!(
            &defects[..],
            [(_, CredentialError::Attestation(AttestationError::Signature(_)))]
        )),
        "{unusable:?}"
    );
    let record = record_at(&mut recorder, START + 60);
    assert_eq!(record.body.credentials[JURISDICTION], None);
    assert!(record.body.credentials[ALLOWANCE].is_some());
    check_body(&card, &record).unwrap();
    assert_eq!(check_decision(&card, &record).unwrap().executed, None);
}

/// New credentials replace the old ones.
#[test]
fn what_is_no_longer_presented_is_not_used() {
    let mut recorder = recorder_with(credentials());
    assert!(record_at(&mut recorder, START + 60).body.credentials[JURISDICTION].is_some());
    assert_eq!(recorder.present(vec![allowance()]), []);
    assert_eq!(record_at(&mut recorder, START + 61).body.credentials[JURISDICTION], None);
}

/// One credential may serve several slots only where it is meant for them: a slot's name is signed.
#[test]
fn a_credential_serves_its_own_slot_alone() {
    let mut recorder = recorder_with(credentials());
    let record = record_at(&mut recorder, START + 60);
    let present: Vec<bool> = record.body.credentials.iter().map(Option::is_some).collect();
    assert_eq!(present, [true, true, true, false]);
    let swapped = Attestation { slot: "standing".into(), ..jurisdiction() };
    assert_eq!(unusable(vec![attested(swapped, &registry())]).len(), 1);
    assert_eq!(unusable(vec![attested(standing(), &registry())]).len(), 1);
}

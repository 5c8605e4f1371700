//! What a cheating agent puts into a record, binds and signs; and what somebody else puts beside an honest header.

use crate::agent::evidence::{
    ALLOWANCE, EPOCH, JURISDICTION, STANDING, allowance, attested, bind_again, chain, credentials, epoch,
    evidence_program, granted, holder, jurisdiction, limit, owner, record_at, recorder_with, registry,
};
use crate::agent::{START, other_key};
use candor_program::evidence::Statement;
use candor_program::limits;
use candor_trace::evidence::{
    Attestation, AttestationError, Credential, CredentialError, Kind, MandateError,
};
use candor_trace::{
    BodyError, EvidenceError, SignedRecord, check_body, check_credentials, check_decision, check_openings,
};

fn record() -> SignedRecord {
    record_at(&mut recorder_with(credentials()), START + 60)
}

/// The agent changed its evidence, and signed that.
fn cheated(change: impl FnOnce(&mut SignedRecord)) -> EvidenceError {
    let (card, mut record) = (evidence_program().card, record());
    change(&mut record);
    bind_again(&mut record);
    record.check_signature(&card.domain).unwrap();
    match check_body(&card, &record).unwrap_err() {
        BodyError::Evidence { source } => *source,
        error => panic!("{error:?}"),
    }
}

fn put(record: &mut SignedRecord, slot: usize, credential: Credential, value: i64) {
    record.body.credentials[slot] = Some(credential);
    let stated = Statement { value, issued: START, expires: START + 864_000 };
    record.body.evidence.0[slot] = Some(stated);
}

fn name(slot: &str) -> String {
    slot.into()
}

#[test]
fn statements_and_credentials_belong_together() {
    assert_eq!(
        cheated(|record| record.body.credentials[JURISDICTION] = None),
        EvidenceError::Unsupported { slot: name("jurisdiction") }
    );
    assert_eq!(
        cheated(|record| record.body.evidence.0[ALLOWANCE] = None),
        EvidenceError::Unstated { slot: name("allowance") }
    );
    // A statement from nowhere.
    let invented = Statement { value: 7, issued: START, expires: START + 9 };
    assert_eq!(
        cheated(|record| record.body.evidence.0[EPOCH] = Some(invented)),
        EvidenceError::Unsupported { slot: name("epoch") }
    );
    let honest = record().body.evidence.0[ALLOWANCE].unwrap();
    let changes: [fn(&mut Statement); 3] =
        [|stated| stated.value += 1, |stated| stated.issued -= 1, |stated| stated.expires += 1];
    for change in changes {
        let mut got = honest;
        change(&mut got);
        assert_eq!(
            cheated(|record| record.body.evidence.0[ALLOWANCE] = Some(got)),
            EvidenceError::Statement { slot: name("allowance"), decimals: 2, expected: honest, got }
        );
    }
    let count = |statements, credentials| EvidenceError::Count { expected: 4, statements, credentials };
    assert_eq!(cheated(|record| drop(record.body.credentials.pop())), count(4, 3));
    assert_eq!(cheated(|record| record.body.credentials.push(None)), count(4, 5));
    // The number of statements is not bound: a body with another opens nothing.
    let (card, mut record) = (evidence_program().card, record());
    record.body.evidence.0.pop();
    assert_eq!(check_body(&card, &record), Err(BodyError::EvidenceMismatch));
    let counted = check_credentials(&card, &record.header, &record.body);
    assert_eq!(counted, Err(count(3, 4)));
}

#[test]
fn a_credential_that_does_not_hold_is_named_with_its_slot() {
    let credential = |slot: &str, source: CredentialError| EvidenceError::Credential {
        slot: slot.into(),
        source: Box::new(source),
    };
    // Another slot's, another subject's, another attester's.
    let kind = CredentialError::Kind { expected: Kind::Mandates, got: Kind::Attestation };
    let attested_here = || attested(jurisdiction(), &registry());
    assert_eq!(cheated(|record| put(record, ALLOWANCE, attested_here(), 1)), credential("allowance", kind));
    let slot = AttestationError::Slot { got: name("jurisdiction") };
    assert_eq!(
        cheated(|record| put(record, STANDING, attested_here(), 1)),
        credential("standing", slot.into())
    );
    let (expected, got) = (registry().public(), owner().public());
    assert_eq!(
        cheated(|record| put(record, JURISDICTION, attested(jurisdiction(), &owner()), 1)),
        credential("jurisdiction", AttestationError::Attester { expected, got }.into())
    );
    let mut subject = [0; 32];
    subject[12..].copy_from_slice(&other_key().address());
    let theirs = Attestation { subject, ..jurisdiction() };
    let (expected, got) = (holder().subject(), subject);
    assert_eq!(
        cheated(|record| put(record, JURISDICTION, attested(theirs, &registry()), 1)),
        credential("jurisdiction", AttestationError::Subject { expected, got }.into())
    );
    // A widened mandate, and one completed after the record.
    let wide = granted(chain(&[], &[vec![limit("orders", 1)]]));
    let none = MandateError::NoLimit { name: name("daily") };
    assert_eq!(cheated(|record| put(record, ALLOWANCE, wide, 9_000)), credential("allowance", none.into()));
    let mut late = chain(&[], &[vec![limit("daily", 9_000)]]);
    late[0].issued = START + 61;
    let later = MandateError::Later { time: START + 60, issued: START + 61 };
    assert_eq!(
        cheated(|record| put(record, ALLOWANCE, granted(late), 9_000)),
        credential("allowance", later.into())
    );
}

/// An expired or revoked statement that was truly signed is no invalid evidence: the policy does not count it.
#[test]
fn an_expired_or_revoked_statement_is_judged_by_the_policy() {
    let card = evidence_program().card;
    let mut record = record();
    let expired = Attestation { issued: START - 10, expires: START + 60, ..jurisdiction() };
    record.body.credentials[JURISDICTION] = Some(attested(expired.clone(), &registry()));
    let Attestation { value, issued, expires, .. } = expired;
    record.body.evidence.0[JURISDICTION] = Some(Statement { value, issued, expires });
    bind_again(&mut record);
    assert_eq!(check_body(&card, &record), Ok(()));
    assert!(check_decision(&card, &record).is_err(), "the agent acted on it");
    let mut record = self::record();
    let revoking = epoch(START + 5);
    record.body.evidence.0[EPOCH] =
        Some(Statement { value: revoking.value, issued: revoking.issued, expires: revoking.expires });
    record.body.credentials[EPOCH] = Some(attested(revoking, &registry()));
    bind_again(&mut record);
    assert_eq!(check_body(&card, &record), Ok(()));
    assert!(check_decision(&card, &record).is_err(), "the agent acted though it was revoked");
}

/// Whoever passes a body on can spoil it, but then it is not the one that the agent signed: nothing that falls back on it.
#[test]
fn a_body_that_somebody_else_spoiled_opens_nothing() {
    let card = evidence_program().card;
    let honest = record();
    assert_eq!(check_body(&card, &honest), Ok(()));
    assert_eq!(check_openings(&honest.header, &honest.body), Ok(()));
    let changes: [fn(&mut SignedRecord); 5] = [
        |record| record.body.credentials[JURISDICTION] = None,
        |record| record.body.credentials.clear(),
        |record| record.body.credentials.push(None),
        |record| match &mut record.body.credentials[JURISDICTION] {
            Some(Credential::Attestation(signed)) => signed.signature[1] ^= 1,
            other => panic!("{other:?}"),
        },
        |record| record.body.credentials[STANDING] = Some(allowance()),
    ];
    for change in changes {
        let mut record = honest.clone();
        change(&mut record);
        assert_eq!(check_body(&card, &record), Err(BodyError::EvidenceMismatch));
        assert_eq!(check_openings(&record.header, &record.body), Err(BodyError::EvidenceMismatch));
    }
}

/// More than any program has is refused before it is hashed; a time beyond 62 bits opens nothing.
#[test]
fn openings_are_bounded() {
    let honest = record();
    for (count, opens) in [(limits::EVIDENCE, true), (limits::EVIDENCE + 1, false)] {
        let mut record = honest.clone();
        record.body.credentials.resize(count, None);
        bind_again(&mut record);
        let expected = if opens { Ok(()) } else { Err(BodyError::EvidenceMismatch) };
        assert_eq!(check_openings(&record.header, &record.body), expected);
        let mut record = honest.clone();
        record.body.evidence.0.resize(count, None);
        bind_again(&mut record);
        assert_eq!(check_openings(&record.header, &record.body), expected);
    }
    for (time, opens) in [(limits::TIME - 1, true), (limits::TIME, false)] {
        let mut record = honest.clone();
        let stated = Statement { value: 1, issued: 0, expires: time };
        record.body.evidence.0[EPOCH] = Some(stated);
        bind_again(&mut record);
        let expected = if opens { Ok(()) } else { Err(BodyError::EvidenceMismatch) };
        assert_eq!(check_openings(&record.header, &record.body), expected);
    }
}

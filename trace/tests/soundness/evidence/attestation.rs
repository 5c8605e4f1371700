use crate::agent::evidence::{
    ALLOWANCE, JURISDICTION, STANDING, allowance, attested, bank, evidence_program, holder, jurisdiction,
    owner, registry, signed_by, standing,
};
use crate::agent::{START, other_key};
use candor_program::limits;
use candor_trace::evidence::{
    Attestation, AttestationError, Credential, CredentialError, Holder, Kind, TextDefect,
};
use candor_trace::signer::SignerError;

fn defect(slot: usize, credential: &Credential) -> CredentialError {
    let slots = evidence_program().card.evidence;
    credential.statement(&slots[slot], &holder()).unwrap_err()
}

/// The registry itself signed what was changed.
fn changed(change: impl FnOnce(&mut Attestation)) -> AttestationError {
    let mut attestation = jurisdiction();
    change(&mut attestation);
    match defect(JURISDICTION, &attested(attestation, &registry())) {
        CredentialError::Attestation(defect) => defect,
        defect => panic!("{defect:?}"),
    }
}

#[test]
fn what_the_attester_signed_for_something_else_does_not_hold() {
    assert_eq!(
        changed(|signed| signed.slot = "standing".into()),
        AttestationError::Slot { got: "standing".into() }
    );
    let (expected, got) = (holder().subject(), [9; 32]);
    assert_eq!(changed(|signed| signed.subject = got), AttestationError::Subject { expected, got });
    // The agent's address on the wrong side of the word.
    let mut left = [0; 32];
    left[..20].copy_from_slice(&holder().agent);
    assert_eq!(changed(|signed| signed.subject = left), AttestationError::Subject { expected, got: left });
    assert_eq!(changed(|signed| signed.decimals = 2), AttestationError::Decimals { expected: 0, got: 2 });
    let expected = holder().program_id;
    assert_eq!(
        changed(|signed| signed.program = [5; 32]),
        AttestationError::Program { expected, got: [5; 32] }
    );
}

/// Another program may call 2 "DE": what was signed about one is of no use in the other.
#[test]
fn a_value_has_the_meaning_that_was_signed() {
    let meaning = |value, expected: &str, got: &str| AttestationError::Meaning {
        value,
        decimals: 0,
        expected: expected.into(),
        got: got.into(),
    };
    assert_eq!(changed(|signed| signed.value = 2), meaning(2, "US", "DE"));
    assert_eq!(changed(|signed| signed.meaning = String::new()), meaning(1, "DE", ""));
    assert_eq!(changed(|signed| signed.value = 3), meaning(3, "", "DE"));
}

/// Replayed: what was said about another agent, and what was said about this one by another.
#[test]
fn another_agent_cannot_use_it() {
    let slot = &evidence_program().card.evidence[JURISDICTION];
    let other = Holder { agent: other_key().address(), ..holder() };
    let (expected, got) = (other.subject(), holder().subject());
    assert_eq!(
        attested(jurisdiction(), &registry()).statement(slot, &other),
        Err(AttestationError::Subject { expected, got }.into())
    );
    // About a principal, any agent of the program may.
    let slot = &evidence_program().card.evidence[STANDING];
    assert!(attested(standing(), &bank()).statement(slot, &other).is_ok());
}

#[test]
fn another_attester_or_signature_does_not_hold() {
    let (expected, got) = (registry().public(), owner().public());
    let by_another = attested(jurisdiction(), &owner());
    let error = AttestationError::Attester { expected, got };
    assert_eq!(defect(JURISDICTION, &by_another), error.into());
    // Signed by another, in the registry's name; and one bit of everything that is signed.
    let forged = |signed| defect(JURISDICTION, &Credential::Attestation(signed));
    let is_forgery = |defect: &CredentialError| {
        matches!(
            defect,
            CredentialError::Attestation(AttestationError::Signature(
                SignerError::OtherSigner { .. } | SignerError::Malformed(_)
            ))
        )
    };
    assert!(is_forgery(&forged(signed_by(jurisdiction(), &owner()))));
    let honest = jurisdiction().sign(&registry());
    let changes: [fn(&mut Attestation); 4] = [
        |signed| (signed.value, signed.meaning) = (2, "US".into()),
        |signed| signed.issued -= 1,
        |signed| signed.expires += 1,
        |signed| signed.program = holder().program_id,
    ];
    for change in changes {
        let mut signed = honest.clone();
        change(&mut signed.attestation);
        assert!(is_forgery(&forged(signed)));
    }
    for byte in 0..65 {
        let mut signed = honest.clone();
        signed.signature[byte] ^= 1;
        assert!(is_forgery(&forged(signed)), "byte {byte}");
    }
    let mut short = honest;
    short.signature.pop();
    let error = SignerError::Length { expected: 65, got: 64 };
    assert_eq!(forged(short), AttestationError::Signature(error).into());
    // Ed25519.
    let mut signed = standing().sign(&bank());
    signed.attestation.expires += 1;
    let got = defect(STANDING, &Credential::Attestation(signed));
    assert!(matches!(
        got,
        CredentialError::Attestation(AttestationError::Signature(SignerError::NotSigned { .. }))
    ));
}

#[test]
fn the_other_kind_of_credential_does_not_hold() {
    let (attestation, mandates) = (Kind::Attestation, Kind::Mandates);
    let kind = |expected, got| CredentialError::Kind { expected, got };
    assert_eq!(defect(JURISDICTION, &allowance()), kind(attestation, mandates));
    let attested = attested(jurisdiction(), &registry());
    assert_eq!(defect(ALLOWANCE, &attested), kind(mandates, attestation));
}

#[test]
fn times_and_texts_are_bounded() {
    let last = limits::TIME - 1;
    let sign = |change: &dyn Fn(&mut Attestation)| {
        let mut attestation = jurisdiction();
        change(&mut attestation);
        attestation.sign(&registry()).check()
    };
    assert_eq!(sign(&|signed| (signed.issued, signed.expires) = (last, last)), Ok(()));
    let (issued, expires) = (START, last + 1);
    assert_eq!(sign(&|signed| signed.expires = expires), Err(AttestationError::Time { issued, expires }));
    let (issued, expires) = (last + 1, 5);
    assert_eq!(
        sign(&|signed| (signed.issued, signed.expires) = (issued, expires)),
        Err(AttestationError::Time { issued, expires })
    );
    let text = |field, defect| Err(AttestationError::Text { field, defect });
    assert_eq!(sign(&|signed| signed.slot = "s".repeat(128)), Ok(()));
    let long = TextDefect::TooLong { limit: 128, got: 129 };
    assert_eq!(sign(&|signed| signed.slot = "s".repeat(129)), text("slot", long));
    assert_eq!(sign(&|signed| signed.slot.clear()), text("slot", TextDefect::Empty));
    assert_eq!(sign(&|signed| signed.meaning = "m".repeat(128)), Ok(()));
    assert_eq!(sign(&|signed| signed.meaning = "m".repeat(129)), text("meaning", long));
    let control = TextDefect::ControlCharacter;
    assert_eq!(sign(&|signed| signed.meaning = "D\nE".into()), text("meaning", control));
}

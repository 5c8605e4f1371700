//! Every rule for attestations left out: something passes then that must not, and that the library refuses by that rule.

use crate::agent::attestation_model::{self, OF_ATTESTATIONS, OF_RECORDS, OF_STANDING, Rule};
use crate::agent::evidence::{
    EPOCH, JURISDICTION, STANDING, attested, bank, bind_again, ed25519, evidence_program, holder,
    jurisdiction, owner, record_at, recorder_with, registry, signed_by, standing,
};
use crate::agent::{START, other_key};
use candor_program::evidence::{Defect, Evidence, Slot, Statement};
use candor_program::limits;
use candor_trace::evidence::{
    Attestation, AttestationError, Credential, CredentialError, Holder, SignedAttestation,
};
use candor_trace::{BodyError, EvidenceError, SignedRecord, check_body};
use proptest::prelude::*;

/// The agent's address as a subject.
fn subject_of(agent: [u8; 20]) -> [u8; 32] {
    Holder { agent, ..holder() }.subject()
}

/// An attestation that only the rule of this name keeps out of the slot `jurisdiction`.
fn against(rule: Rule) -> SignedAttestation {
    let mut attestation = jurisdiction();
    match rule {
        Rule::Attester => return attestation.sign(&owner()),
        // The agent gives itself another year, in the registry's name.
        Rule::Signature => {
            attestation.expires += 31_536_000;
            return signed_by(attestation, &owner());
        }
        Rule::Slot => attestation.slot = "standing".into(),
        Rule::Subject => attestation.subject = subject_of(other_key().address()),
        Rule::Decimals => attestation.decimals = 2,
        Rule::Meaning => attestation.value = 2,
        Rule::Program => attestation.program = [5; 32],
        Rule::Time => attestation.expires = limits::TIME,
        other => panic!("{other:?} is not about an attestation"),
    }
    attestation.sign(&registry())
}

/// The rule that an error is for.
fn rule_of(error: &CredentialError) -> Option<Rule> {
    let CredentialError::Attestation(error) = error else { return None };
    Some(match error {
        AttestationError::Attester { .. } => Rule::Attester,
        AttestationError::Signature(_) => Rule::Signature,
        AttestationError::Slot { .. } => Rule::Slot,
        AttestationError::Subject { .. } => Rule::Subject,
        AttestationError::Decimals { .. } => Rule::Decimals,
        AttestationError::Meaning { .. } => Rule::Meaning,
        AttestationError::Program { .. } => Rule::Program,
        AttestationError::Time { .. } => Rule::Time,
        // Texts of a slot's name and a value's name are those of a valid card: nothing else gets so far.
        AttestationError::Text { .. } => return None,
    })
}

#[test]
fn without_any_one_rule_an_attestation_passes_that_must_not() {
    let slot = &evidence_program().card.evidence[JURISDICTION];
    for rule in OF_ATTESTATIONS {
        let signed = against(rule);
        let model = |without| attestation_model::statement(&signed, slot, &holder(), without);
        assert_eq!(model(None), None, "{rule:?}");
        assert!(model(Some(rule)).is_some(), "{rule:?}");
        let error = Credential::Attestation(signed.clone()).statement(slot, &holder()).unwrap_err();
        assert_eq!(rule_of(&error), Some(rule), "{error}");
    }
}

/// The slots, the last without its default; what is stated in the first and the last; the time.
fn standing_against(rule: Rule) -> (Option<Statement>, Option<Statement>, u64, Defect) {
    let stated = |value, issued, expires| Some(Statement { value, issued, expires });
    let valid = stated(1, START, START + 100);
    let revoking = |time: u64| stated(time as i64, START - 1, START + 1_000);
    match rule {
        Rule::NotYet => (valid, revoking(0), START - 1, Defect::NotYet),
        Rule::Expired => (valid, revoking(0), START + 100, Defect::Expired),
        Rule::Revoked => (valid, revoking(START + 1), START + 50, Defect::Revoked),
        Rule::Revocation => (valid, None, START + 50, Defect::Revoked),
        other => panic!("{other:?} is not about a standing"),
    }
}

#[test]
fn without_any_one_rule_a_statement_counts_that_must_not() {
    let mut slots = evidence_program().card.evidence;
    slots[EPOCH].default = None;
    for rule in OF_STANDING {
        let (stated, revoking, time, defect) = standing_against(rule);
        let statements = [stated, None, None, revoking];
        let model = |without| attestation_model::value(&slots, &statements, JURISDICTION, time, without);
        assert_eq!((model(None), model(Some(rule))), (None, Some(1)), "{rule:?}");
        let standing = Evidence(statements.to_vec()).standings(&slots, time)[JURISDICTION];
        assert_eq!(
            (standing.value, standing.issued, standing.defect),
            (None, None, Some(defect)),
            "{rule:?}"
        );
    }
}

fn attestations_only() -> SignedRecord {
    let credentials = vec![attested(jurisdiction(), &registry()), attested(standing(), &bank())];
    record_at(&mut recorder_with(credentials), START + 60)
}

/// A record that the agent binds and signs, and that only the rule of this name refuses.
fn record_against(rule: Rule) -> SignedRecord {
    let mut record = attestations_only();
    let invented = Statement { value: 7, issued: START, expires: START + 9 };
    let body = &mut record.body;
    let stated = body.evidence.0[JURISDICTION].as_mut().unwrap();
    match rule {
        Rule::Count => drop(body.credentials.pop()),
        Rule::Supported => body.evidence.0[EPOCH] = Some(invented),
        Rule::Stated => body.evidence.0[STANDING] = None,
        Rule::Value => stated.value = 2,
        Rule::Begin => stated.issued -= 1,
        Rule::End => stated.expires += 1,
        other => panic!("{other:?} is not about a record"),
    }
    bind_again(&mut record);
    record
}

#[test]
fn without_any_one_rule_a_record_passes_that_must_not() {
    let card = evidence_program().card;
    let in_order = |record: &SignedRecord, without| {
        let (header, body) = (&record.header, &record.body);
        let holder = Holder { agent: header.agent, program_id: header.program_id, time: header.time };
        attestation_model::is_in_order(&card.evidence, &body.evidence.0, &body.credentials, &holder, without)
    };
    let honest = attestations_only();
    assert_eq!((in_order(&honest, None), check_body(&card, &honest)), (true, Ok(())));
    for rule in OF_RECORDS {
        let record = record_against(rule);
        record.check_signature(&card.domain).unwrap();
        assert!(!in_order(&record, None) && in_order(&record, Some(rule)), "{rule:?}");
        let Err(BodyError::Evidence { source }) = check_body(&card, &record) else {
            panic!("{rule:?} accepted")
        };
        let found = match *source {
            EvidenceError::Count { .. } => vec![Rule::Count],
            EvidenceError::Unsupported { .. } => vec![Rule::Supported],
            EvidenceError::Unstated { .. } => vec![Rule::Stated],
            EvidenceError::Statement { .. } => vec![Rule::Value, Rule::Begin, Rule::End],
            EvidenceError::Credential { .. } => vec![],
        };
        assert!(found.contains(&rule), "{rule:?}: {source}");
    }
}

/// One of a few values of every field, by number: the first is the honest one.
#[derive(Clone, Copy, Debug)]
struct Choices {
    slot: usize,
    key: usize,
    signer: usize,
    fields: [usize; 7],
}

fn arb_choices() -> impl Strategy<Value = Choices> {
    let mostly_first = || prop_oneof![9 => Just(0_usize), 1 => 1_usize..4];
    let fields = prop::array::uniform7(mostly_first());
    (0_usize..2, mostly_first(), mostly_first(), fields).prop_map(|(slot, key, signer, fields)| Choices {
        slot,
        key,
        signer,
        fields,
    })
}

fn built(choices: &Choices) -> (usize, SignedAttestation) {
    let slot = [JURISDICTION, STANDING][choices.slot];
    let honest = if slot == JURISDICTION { jurisdiction() } else { standing() };
    let [name, subject, value, decimals, meaning, program, time] = choices.fields;
    let of = |honest: &str, others: [&str; 3], choice: usize| {
        [honest, others[0], others[1], others[2]][choice].to_owned()
    };
    let own = if slot == JURISDICTION { registry() } else { bank() };
    let keys = [own, owner(), ed25519(0x61), registry()];
    let attestation = Attestation {
        attester: keys[choices.key].public(),
        slot: of(&honest.slot, ["standing", "allowance", ""], name),
        subject: [honest.subject, [9; 32], [0; 32], subject_of(other_key().address())][subject],
        value: [honest.value, 2, 3, -1][value],
        decimals: [honest.decimals, 1, 18, 255][decimals],
        meaning: of(&honest.meaning, ["US", "", "DE "], meaning),
        program: [honest.program, holder().program_id, [5; 32], [255; 32]][program],
        issued: [START, limits::TIME - 1, limits::TIME, 0][time],
        expires: [honest.expires, limits::TIME - 1, 5, u64::MAX][time],
    };
    // Mostly signed by whom it names.
    (slot, signed_by(attestation, &keys[if choices.signer == 0 { choices.key } else { choices.signer }]))
}

fn agree(choices: &Choices) -> bool {
    let (slot, signed) = built(choices);
    let slots: Vec<Slot> = evidence_program().card.evidence;
    let model = attestation_model::statement(&signed, &slots[slot], &holder(), None);
    assert_eq!(Credential::Attestation(signed).statement(&slots[slot], &holder()).ok(), model, "{choices:?}");
    model.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_attestations_hold_where_the_model_says_so(choices in arb_choices()) {
        agree(&choices);
    }
}

/// The generator makes both.
#[test]
fn random_attestations_hold_and_do_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let holding = (0..300).filter(|_| agree(&arb_choices().new_tree(&mut runner).unwrap().current())).count();
    assert!((60..240).contains(&holding), "{holding} of 300 hold");
}

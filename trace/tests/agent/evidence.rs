//! The agent with four evidence slots: a jurisdiction, a principal's standing, an allowance under mandates, and the time
//! before which the first and the third are revoked. It trades in jurisdiction 1 with an allowance of at least 1.00.

use super::{START, Want, key, observation, program, salts, sign_again};
use candor_program::Program;
use candor_program::card::SignerKey;
use candor_program::digest;
use candor_program::evidence::{Authority, Direction, Slot, Subject, ValueName};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule, Table};
use candor_trace::evidence::{
    Attestation, Credential, Holder, Limit, Mandate, SignedAttestation, SignedMandate, blinding,
};
use candor_trace::{AgentKey, Chain, Ed25519Key, Recorder, SecretKey, SignedRecord};

/// Slots, by index.
pub(crate) const JURISDICTION: usize = 0;
/// A fixed principal's.
pub(crate) const STANDING: usize = 1;
/// The mandates'.
pub(crate) const ALLOWANCE: usize = 2;
/// The one that revokes.
pub(crate) const EPOCH: usize = 3;
/// The principal of the second and the fourth slot.
pub(crate) const PRINCIPAL: [u8; 32] = [9; 32];

/// A secp256k1 key.
pub(crate) fn secp(seed: u8) -> SecretKey {
    SecretKey::Secp256k1(AgentKey::from_bytes(&[seed; 32]).expect("in range"))
}

/// An Ed25519 key.
pub(crate) fn ed25519(seed: u8) -> SecretKey {
    SecretKey::Ed25519(Ed25519Key::from_bytes(&[seed; 32]))
}

/// Who attests jurisdictions and revocations.
pub(crate) fn registry() -> SecretKey {
    secp(0x51)
}

/// Who attests standings.
pub(crate) fn bank() -> SecretKey {
    ed25519(0x52)
}

/// Whose allowance it is.
pub(crate) fn owner() -> SecretKey {
    secp(0x53)
}

/// The agent's key, as one that is granted something.
pub(crate) fn agent() -> SecretKey {
    SecretKey::Secp256k1(key())
}

fn slot(name: &str, authority: Authority, subject: Subject) -> Slot {
    Slot {
        name: name.into(),
        authority,
        subject,
        decimals: 0,
        default: None,
        revoked_by: None,
        values: Vec::new(),
    }
}

/// The program.
pub(crate) fn evidence_program() -> Program {
    let mut program = program();
    let attester = |key: SecretKey| Authority::Attester { key: key.public() };
    let mandate =
        Authority::Mandate { owner: owner().public(), limit: "daily".into(), direction: Direction::AtMost };
    let principal = Subject::Principal { id: PRINCIPAL };
    let named = |value, name: &str| ValueName { value, name: name.into() };
    program.card.evidence = vec![
        Slot {
            revoked_by: Some(3),
            values: vec![named(1, "DE"), named(2, "US")],
            ..slot("jurisdiction", attester(registry()), Subject::Agent)
        },
        slot("standing", attester(bank()), principal),
        Slot { decimals: 2, revoked_by: Some(3), ..slot("allowance", mandate, Subject::Agent) },
        Slot { default: Some(0), ..slot("epoch", attester(registry()), principal) },
    ];
    program.card.class.evidence_size = 4;
    let predicate =
        |fact, comparison, value| Predicate { fact, comparison, operand: Operand::Constant(value) };
    program.card.policy = Table {
        predicates: vec![
            predicate(Fact::Evidence(0), Comparison::Equal, 1),
            predicate(Fact::Evidence(2), Comparison::GreaterOrEqual, 100),
        ],
        rules: vec![Rule { name: "trade".into(), effect: Effect::Permit, all_of: 3, none_of: 0, reason: 16 }],
        reasons: vec![ReasonText { code: 16, name: "allowed".into(), remedy: String::new() }],
    };
    program.validate().expect("the test's program is valid");
    program
}

/// The agent, deciding one day after the start.
pub(crate) fn holder() -> Holder {
    let program_id = Chain::of(&evidence_program().card).ids.program_id;
    Holder { agent: key().address(), program_id, time: START + 86_400 }
}

/// What the registry says about the agent, for ten days.
pub(crate) fn jurisdiction() -> Attestation {
    Attestation {
        attester: registry().public(),
        slot: "jurisdiction".into(),
        subject: holder().subject(),
        value: 1,
        decimals: 0,
        meaning: "DE".into(),
        program: [0; 32],
        issued: START,
        expires: START + 864_000,
    }
}

/// What the bank says about the principal.
pub(crate) fn standing() -> Attestation {
    let (attester, slot) = (bank().public(), "standing".to_owned());
    Attestation { attester, slot, subject: PRINCIPAL, meaning: String::new(), ..jurisdiction() }
}

/// What was issued before this time is revoked.
pub(crate) fn epoch(time: u64) -> Attestation {
    let (slot, value) = ("epoch".to_owned(), time as i64);
    Attestation { slot, value, subject: PRINCIPAL, meaning: String::new(), ..jurisdiction() }
}

/// A credential of an attestation.
pub(crate) fn attested(attestation: Attestation, key: &SecretKey) -> Credential {
    Credential::Attestation(attestation.sign(key))
}

/// A limit of the tests' mandates: at most, with two decimals.
pub(crate) fn limit(name: &str, value: i64) -> Limit {
    Limit { name: name.into(), direction: Direction::AtMost, value, decimals: 2 }
}

/// A chain of mandates from the owner over these keys to the agent, each a day long less than the one before, each with the
/// limits given for it.
pub(crate) fn chain(between: &[SecretKey], limits: &[Vec<Limit>]) -> Vec<Mandate> {
    let mut grantors: Vec<SignerKey> = vec![owner().public()];
    grantors.extend(between.iter().map(SecretKey::public));
    let grantees: Vec<SignerKey> = grantors.iter().skip(1).copied().chain([agent().public()]).collect();
    let mut parent = [0; 32];
    let mut chain = Vec::new();
    for (link, (grantor, grantee)) in grantors.into_iter().zip(grantees).enumerate() {
        let limits = limits.get(link).cloned().unwrap_or_default();
        let (issued, expires) = (START + link as u64, START + 864_000 - link as u64);
        let mandate = Mandate { grantor, grantee, parent, limits, issued, expires };
        parent = mandate.id();
        chain.push(mandate);
    }
    chain
}

/// The keys that a test knows.
pub(crate) fn keys() -> Vec<SecretKey> {
    let mut keys = vec![registry(), bank(), owner(), agent()];
    keys.extend(
        (0..10).map(|number| if number % 2 == 0 { ed25519(0x60 + number) } else { secp(0x60 + number) }),
    );
    keys
}

/// A mandate signed by its grantor.
pub(crate) fn signed(mandate: Mandate) -> SignedMandate {
    let keys = keys();
    let grantor = keys.iter().find(|key| key.public() == mandate.grantor).expect("a key of the tests");
    mandate.sign(grantor)
}

/// A credential of mandates, every one signed by its grantor.
pub(crate) fn granted(chain: Vec<Mandate>) -> Credential {
    Credential::Mandates(chain.into_iter().map(signed).collect())
}

/// An allowance of 2.50, handed on to the agent as 2.00.
pub(crate) fn allowance() -> Credential {
    granted(chain(&[ed25519(0x60)], &[vec![limit("daily", 250)], vec![limit("daily", 200)]]))
}

/// Everything that the agent needs.
pub(crate) fn credentials() -> Vec<Credential> {
    vec![attested(jurisdiction(), &registry()), attested(standing(), &bank()), allowance()]
}

/// A recorder with these credentials, all of which hold.
pub(crate) fn recorder_with(credentials: Vec<Credential>) -> Recorder {
    let mut recorder = Recorder::resume(evidence_program(), key(), None).expect("genesis");
    assert_eq!(recorder.present(credentials), []);
    recorder
}

/// A record of this time by an agent that wants to buy.
pub(crate) fn record_at(recorder: &mut Recorder, time: u64) -> SignedRecord {
    let salts = salts(recorder.sequence());
    recorder.record(observation(time, Want::Buy), salts).expect("recorded").record
}

/// What a cheating agent does after it changed the evidence of a body: the header binds it, and is signed.
pub(crate) fn bind_again(record: &mut SignedRecord) {
    let body = &record.body;
    let salt = blinding(body.evidence_salt, &body.credentials);
    record.header.evidence = digest::evidence(salt, &body.evidence).into();
    let domain = evidence_program().card.domain;
    assert_eq!(domain, program().card.domain);
    sign_again(record);
}

/// An attestation's signature by another key than it names.
pub(crate) fn signed_by(attestation: Attestation, key: &SecretKey) -> SignedAttestation {
    let signature = key.sign(&attestation.message());
    SignedAttestation { attestation, signature }
}

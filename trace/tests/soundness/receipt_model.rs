//! The rules for receipts of decisions once more, each of which can be left out: to show what it is for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_program::Card;
use candor_program::card::SignerKey;
use candor_trace::receipt::{DecisionPredicate, DsseEnvelope};
use candor_trace::{Chain, Entry, check_signed};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A rule of docs/spec/receipt.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// The payload is signed as an in-toto statement.
    PayloadType,
    /// The key signed it.
    Signed,
    /// The statement is of version 1.
    StatementType,
    /// It is about a decision.
    PredicateType,
    /// It is about one thing.
    OneSubject,
    /// The agent signed the entry.
    Entry,
    /// The subject's digest is the entry's.
    Digest,
    /// The subject's name is the record's.
    Name,
    /// The entry is of the card's program.
    Program,
    /// It is of the card's domain.
    Domain,
    /// This field says what the entry says.
    Field(&'static str),
}

/// Fields of the predicate that follow from the entry or the card.
pub(crate) const FIELDS: [&str; 14] = [
    "recordHash",
    "programId",
    "agent",
    "chainId",
    "verifyingContract",
    "sequence",
    "time",
    "requested",
    "verdict",
    "reasonCode",
    "reason",
    "remedy",
    "executed",
    "transaction",
];

/// All of them.
pub(crate) fn rules() -> impl Iterator<Item = Rule> {
    let others = [
        Rule::PayloadType,
        Rule::Signed,
        Rule::StatementType,
        Rule::PredicateType,
        Rule::OneSubject,
        Rule::Entry,
        Rule::Digest,
        Rule::Name,
        Rule::Program,
        Rule::Domain,
    ];
    others.into_iter().chain(FIELDS.map(Rule::Field))
}

/// Whether a receipt is accepted.
pub(crate) fn accepts(envelope: &DsseEnvelope, key: &SignerKey, card: &Card, without: Option<Rule>) -> bool {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let (kind, payload) = (&envelope.payload_type, &envelope.payload);
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    let message = [head.as_bytes(), payload].concat();
    let by_key = envelope.signatures.iter().any(|line| check_signed(key, &message, &line.signature).is_ok());
    let statement: Value = serde_json::from_slice(payload).expect("JSON");
    let predicate = &statement["predicate"];
    let entry = STANDARD.decode(predicate["entry"].as_str().expect("text")).expect("base64");
    let subjects = statement["subject"].as_array().expect("a list");
    let digest = hex::encode(Sha256::digest(&entry));
    let entry = Entry::from_bytes(&entry).expect("an entry");
    let header = &entry.signed.header;
    let name = format!("record {} of 0x{}", header.sequence, hex::encode(header.agent));
    let of_entry = serde_json::to_value(DecisionPredicate::of(&entry, Some(card))).expect("JSON");
    kept(Rule::PayloadType, kind == "application/vnd.in-toto+json")
        && kept(Rule::Signed, by_key)
        && kept(Rule::StatementType, statement["_type"] == "https://in-toto.io/Statement/v1")
        && kept(
            Rule::PredicateType,
            statement["predicateType"] == "https://example.invalid/candor/decision/v1",
        )
        && kept(Rule::OneSubject, subjects.len() == 1)
        && kept(Rule::Entry, entry.check_signature().is_ok())
        && kept(Rule::Digest, subjects[0]["digest"]["sha256"] == digest.as_str())
        && kept(Rule::Name, subjects[0]["name"] == name.as_str())
        && kept(Rule::Program, header.program_id == Chain::of(card).ids.program_id)
        && kept(Rule::Domain, entry.domain == card.domain)
        && FIELDS.into_iter().all(|field| kept(Rule::Field(field), predicate[field] == of_entry[field]))
}

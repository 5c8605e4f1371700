//! The receipt of one decision, allowed or denied.

use super::dsse::DsseEnvelope;
use super::error::ReceiptError;
use super::statement::{Statement, Subject};
use crate::chain::Chain;
use crate::entry::Entry;
use crate::record::SignedRecord;
use crate::signer::SecretKey;
use crate::view::VerdictView;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_program::Card;
use candor_program::card::SignerKey;
use candor_program::digest::transaction_word;
use serde::{Deserialize, Serialize};

/// Predicate type of a decision.
pub const DECISION_TYPE: &str = "https://example.invalid/candor/decision/v1";

/// What a statement says about one decision. Every field follows from the entry, names from the card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionPredicate {
    /// The log entry (domain, signed header, body hash) in base64.
    pub entry: String,
    /// Record hash.
    pub record_hash: String,
    /// Program that decided.
    pub program_id: String,
    /// Agent that signed.
    pub agent: String,
    /// Chain id of the record's domain.
    pub chain_id: u64,
    /// Verifying contract of the record's domain.
    pub verifying_contract: String,
    /// Number of the record.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// What the model asked for.
    pub requested: PredicateAction,
    /// `permitted`, `denied`, `abstained`, or `unknown`.
    pub verdict: String,
    /// Code of the reason.
    pub reason_code: u16,
    /// Name of the reason, by the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What would change the verdict, by the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What was done; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<PredicateAction>,
    /// Action commitment of the transaction; absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
}

/// An action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PredicateAction {
    /// The header's word, which holds code and amount.
    pub word: String,
    /// Name, by the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Amount, in decimal digits.
    pub amount: String,
}

/// A receipt that was accepted. Made by nothing but a successful check.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DecisionReceipt {
    /// The signed entry.
    pub entry: Entry,
    /// What is said of it.
    pub predicate: DecisionPredicate,
    /// Whether the names were compared with the card.
    pub names_checked: bool,
}

impl DecisionPredicate {
    /// What follows from an entry, and from the card where it is at hand.
    #[must_use]
    pub fn of(entry: &Entry, card: Option<&Card>) -> Self {
        let (header, domain) = (&entry.signed.header, &entry.domain);
        let verdict = card.map(|card| VerdictView::of(header.verdict, card));
        let none = transaction_word(domain, &header.agent, header.sequence, None);
        Self {
            entry: STANDARD.encode(entry.to_bytes()),
            record_hash: hex_string(&entry.record_hash()),
            program_id: hex_string(&header.program_id),
            agent: hex_string(&header.agent),
            chain_id: domain.chain_id,
            verifying_contract: hex_string(&domain.verifying_contract),
            sequence: header.sequence,
            time: header.time,
            requested: PredicateAction::of(header.requested, card),
            verdict: VerdictView::outcome_of(header.verdict).to_owned(),
            reason_code: (header.verdict >> 8) as u16,
            reason: verdict.as_ref().map(|verdict| verdict.reason.clone()),
            remedy: verdict.and_then(|verdict| verdict.remedy),
            executed: header.acted().then(|| PredicateAction::of(header.executed, card)),
            transaction: (header.transaction != none).then(|| hex_string(&header.transaction)),
        }
    }
    /// The receipt of a record.
    #[must_use]
    pub fn sign(record: &SignedRecord, card: &Card, key: &SecretKey) -> DsseEnvelope {
        let entry = Entry::of(record, &card.domain);
        Statement::about(subject(&entry), super::DECISION_TYPE, Self::of(&entry, Some(card))).sign(key)
    }
    /// The first field that differs.
    fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("entry", self.entry == other.entry),
            ("recordHash", self.record_hash == other.record_hash),
            ("programId", self.program_id == other.program_id),
            ("agent", self.agent == other.agent),
            ("chainId", self.chain_id == other.chain_id),
            ("verifyingContract", self.verifying_contract == other.verifying_contract),
            ("sequence", self.sequence == other.sequence),
            ("time", self.time == other.time),
            ("requested", self.requested == other.requested),
            ("verdict", self.verdict == other.verdict),
            ("reasonCode", self.reason_code == other.reason_code),
            ("reason", self.reason == other.reason),
            ("remedy", self.remedy == other.remedy),
            ("executed", self.executed == other.executed),
            ("transaction", self.transaction == other.transaction),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
    }
    /// Without what only a card can tell.
    fn without_names(&self) -> Self {
        let bare = |action: &PredicateAction| PredicateAction { name: None, ..action.clone() };
        Self {
            requested: bare(&self.requested),
            executed: self.executed.as_ref().map(bare),
            reason: None,
            remedy: None,
            ..self.clone()
        }
    }
}

impl PredicateAction {
    fn of(word: u128, card: Option<&Card>) -> Self {
        let code = (word >> 64).checked_sub(1).and_then(|code| usize::try_from(code).ok());
        let action = card.zip(code).and_then(|(card, code)| card.head.actions().get(code));
        // The low half is the amount plus 2^63: flipping its top bit is subtracting 2^63 modulo 2^64.
        let amount = (word as u64 ^ (1 << 63)) as i64;
        Self {
            word: format!("{word:#x}"),
            name: action.map(|action| action.name.clone()),
            amount: amount.to_string(),
        }
    }
}

impl DecisionReceipt {
    /// The key signed a statement about a decision, and everything in it is what the agent signed in its record.
    ///
    /// Whose key it is does not matter for that: the agent's own signature is inside. With a card the names are compared
    /// too, and the record is of its program.
    /// Owes: that the record is in a log, continues its chain, and is honest.
    pub fn verify(
        envelope: &DsseEnvelope,
        key: &SignerKey,
        card: Option<&Card>,
    ) -> Result<Self, ReceiptError> {
        let statement = Statement::<DecisionPredicate>::verify(envelope, key, DECISION_TYPE)?;
        let predicate = statement.predicate;
        let bytes = STANDARD.decode(&predicate.entry).map_err(|_| ReceiptError::Base64 { field: "entry" })?;
        let entry = Entry::from_bytes(&bytes).map_err(|source| ReceiptError::Entry { source })?;
        entry.check_signature().map_err(|source| ReceiptError::Signature { source })?;
        check_subject(&statement.subject, &subject(&entry))?;
        let derived = match card {
            Some(card) => {
                check_card(&entry, card)?;
                DecisionPredicate::of(&entry, Some(card))
            }
            None => DecisionPredicate::of(&entry, None),
        };
        let said = if card.is_some() { predicate.clone() } else { predicate.without_names() };
        match derived.first_difference(&said) {
            Some(field) => Err(ReceiptError::Field { field }),
            None => Ok(Self { entry, predicate, names_checked: card.is_some() }),
        }
    }
}

/// The one subject is this.
pub(super) fn check_subject(subjects: &[Subject], expected: &Subject) -> Result<(), ReceiptError> {
    let [subject] = subjects else { return Err(ReceiptError::SubjectCount { got: subjects.len() }) };
    if subject.digest != expected.digest {
        let (expected, got) =
            (expected.digest.sha256.clone(), subject.digest.sha256.chars().take(64).collect());
        return Err(ReceiptError::SubjectDigest { expected, got });
    }
    if subject.name == expected.name {
        Ok(())
    } else {
        Err(ReceiptError::SubjectName { expected: expected.name.clone() })
    }
}

fn check_card(entry: &Entry, card: &Card) -> Result<(), ReceiptError> {
    let (expected, got) = (Chain::of(card).ids.program_id, entry.signed.header.program_id);
    if expected != got {
        return Err(ReceiptError::OtherProgram { expected, got });
    }
    if card.domain == entry.domain { Ok(()) } else { Err(ReceiptError::OtherDomain) }
}

/// The entry: what a log's tree has as a leaf, so that any tool can hash it.
fn subject(entry: &Entry) -> Subject {
    let header = &entry.signed.header;
    let name = format!("record {} of {}", header.sequence, hex_string(&header.agent));
    Subject::of(name, &entry.to_bytes())
}

fn hex_string(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

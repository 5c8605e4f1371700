//! Views for people: the same values with names and hexadecimal strings, ready for any serde format.

use crate::bundle::{Bundle, Start};
use crate::chain::Chain;
use crate::evidence::credential_json;
use crate::header::Header;
use crate::record::{Body, SignedHeader, SignedRecord};
use crate::revision::check_revision;
use candor_program::Card;
use candor_program::card::Domain;
use candor_program::decimal::format_decimal;
use candor_program::evidence::{Defect, Slot, Standing};
use candor_program::migration::RegisterChange;
use candor_program::scale::Scales;
use candor_program::state::{Register, State};
use serde::Serialize;
use std::fmt;

fn hex_string(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of Header")]
pub struct HeaderView {
    pub program_id: String,
    pub agent: String,
    pub sequence: u64,
    pub time: u64,
    pub previous_record: String,
    pub state_before: String,
    pub observations: String,
    pub evidence: String,
    pub requested_action: String,
    pub verdict: String,
    pub executed_action: String,
    pub state_after: String,
    pub transaction: String,
    pub execution: String,
    pub acc: String,
}

impl From<&Header> for HeaderView {
    fn from(header: &Header) -> Self {
        Self {
            program_id: hex_string(&header.program_id),
            agent: hex_string(&header.agent),
            sequence: header.sequence,
            time: header.time,
            previous_record: hex_string(&header.previous_record),
            state_before: hex_string(&header.state_before.0),
            observations: hex_string(&header.observations.0),
            evidence: hex_string(&header.evidence.0),
            requested_action: format!("{:#x}", header.requested),
            verdict: format!("{:#x}", header.verdict),
            executed_action: format!("{:#x}", header.executed),
            state_after: hex_string(&header.state_after.0),
            transaction: hex_string(&header.transaction),
            execution: hex_string(&header.execution),
            acc: hex_string(&header.acc.0),
        }
    }
}

/// A header with its hash and signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHeaderView {
    /// Record hash.
    pub record_hash: String,
    /// Header.
    pub header: HeaderView,
    /// Signature.
    pub signature: String,
}

impl SignedHeaderView {
    /// The view; nothing is checked.
    #[must_use]
    pub fn of(signed: &SignedHeader, domain: &Domain) -> Self {
        Self {
            record_hash: hex_string(&signed.record_hash(domain)),
            header: (&signed.header).into(),
            signature: hex_string(&signed.signature.0),
        }
    }
}

/// An action word, read by the program's head.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionView {
    /// Code; `None` if the word is no action.
    pub code: Option<u16>,
    /// Name; `None` if the head has no such action.
    pub name: Option<String>,
    /// Amount, as a decimal.
    pub amount: String,
}

impl ActionView {
    /// Reads a word of docs/spec/digests.md; `None` for 0, which executes nothing.
    #[must_use]
    pub fn of(word: u128, card: &Card) -> Option<Self> {
        if word == 0 {
            return None;
        }
        let code = (word >> 64).checked_sub(1).and_then(|code| u16::try_from(code).ok());
        // The low half is the amount plus 2^63: flipping its top bit is subtracting 2^63 modulo 2^64.
        let amount = (word as u64 ^ (1 << 63)) as i64;
        let action = code.and_then(|code| card.head.actions().get(usize::from(code)));
        let amount = format_decimal(amount, card.amount_decimals);
        Some(Self { code, name: action.map(|action| action.name.clone()), amount })
    }
}

/// A verdict word, read by the program's policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictView {
    /// `abstained`, `permitted`, `denied`, `revised`, or `unknown`.
    pub outcome: &'static str,
    /// Reason code.
    pub reason_code: u16,
    /// Name of the reason.
    pub reason: String,
    /// What would change it.
    pub remedy: Option<String>,
    /// Name of the deciding rule.
    pub rule: Option<String>,
}

impl VerdictView {
    /// The outcome in a word, which needs no policy to be read.
    #[must_use]
    pub fn outcome_of(word: u64) -> &'static str {
        match word & 0xff {
            0 => "abstained",
            1 => "permitted",
            2 => "denied",
            3 => "revised",
            _ => "unknown",
        }
    }
    /// Reads a word of docs/spec/digests.md.
    #[must_use]
    pub fn of(word: u64, card: &Card) -> Self {
        let outcome = Self::outcome_of(word);
        let reason_code = (word >> 8) as u16;
        let rule = (word >> 24).checked_sub(1).and_then(|rule| usize::try_from(rule).ok());
        Self {
            outcome,
            reason_code,
            reason: card.policy.reason_name(reason_code).to_owned(),
            remedy: card.policy.remedy(reason_code).map(str::to_owned),
            rule: rule.and_then(|rule| card.policy.rules.get(rule)).map(|rule| rule.name.clone()),
        }
    }
}

impl fmt::Display for VerdictView {
    /// `denied by rule interval (reason 16, too-soon)`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.outcome)?;
        if let Some(rule) = &self.rule {
            write!(out, " by rule `{rule}`")?;
        }
        write!(out, " (reason {}, {})", self.reason_code, self.reason)
    }
}

/// A body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BodyView {
    /// Unix seconds.
    pub time: u64,
    /// Payloads in the order of the plugins: text where they are UTF-8, otherwise hexadecimal.
    pub payloads: Vec<String>,
    /// Salt of the observations digest.
    pub observations_salt: String,
    /// Salt of the evidence digest.
    pub evidence_salt: String,
    /// Features, offset by their minimum.
    pub features: Vec<u16>,
    /// Output of the last operator.
    pub outputs: Vec<i32>,
    /// Registers before.
    pub state_before: Vec<i64>,
    /// Registers after.
    pub state_after: Vec<i64>,
    /// Digests of all tensors.
    pub leaves: Vec<String>,
}

impl From<&Body> for BodyView {
    fn from(body: &Body) -> Self {
        let text = |payload: &Vec<u8>| match std::str::from_utf8(payload) {
            Ok(text) => text.to_owned(),
            Err(_) => hex_string(payload),
        };
        Self {
            time: body.observation.time,
            payloads: body.observation.payloads.iter().map(text).collect(),
            observations_salt: format!("{:#034x}", body.observations_salt),
            evidence_salt: format!("{:#034x}", body.evidence_salt),
            features: body.features.clone(),
            outputs: body.outputs.clone(),
            state_before: body.state_before.registers.clone(),
            state_after: body.state_after.registers.clone(),
            leaves: body.leaves.iter().map(|leaf| hex_string(leaf)).collect(),
        }
    }
}

/// What a record makes of a register.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterView {
    /// Name.
    pub name: String,
    /// Before, as a decimal; `None` where the body has no such register.
    pub before: Option<String>,
    /// After, as a decimal; `None` where the body has no such register.
    pub after: Option<String>,
}

impl RegisterView {
    /// One view a register of the card; none of a Revise record, whose registers are those of two programs. Nothing is
    /// checked.
    #[must_use]
    pub fn of(record: &SignedRecord, card: &Card) -> Vec<Self> {
        if record.header.revises() {
            return Vec::new();
        }
        let (body, scales) = (&record.body, Scales::of(card));
        let view = |(index, register): (usize, &Register)| {
            let shown = |state: &State| {
                state.registers.get(index).map(|value| format_decimal(*value, scales.register(index)))
            };
            let (before, after) = (shown(&body.state_before), shown(&body.state_after));
            Self { name: register.name.clone(), before, after }
        };
        card.registers.iter().enumerate().map(view).collect()
    }
}

/// What an evidence slot of a record holds. No signature is checked.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    /// Name of the slot.
    pub slot: String,
    /// Value that the policy saw, as a decimal: the statement's, or the slot's default; `None`: missing.
    pub value: Option<String>,
    /// What the value is called.
    pub meaning: Option<String>,
    /// `valid`, `absent`, `not yet`, `expired` or `revoked`, at the record's time.
    pub standing: &'static str,
    /// Unix seconds from which the statement counts.
    pub issued: Option<u64>,
    /// Unix seconds from which it no longer counts.
    pub expires: Option<u64>,
    /// What it follows from.
    pub credential: Option<serde_json::Value>,
}

impl EvidenceView {
    /// One view a slot; nothing is checked.
    #[must_use]
    pub fn of(record: &SignedRecord, card: &Card) -> Vec<Self> {
        let (body, time) = (&record.body, record.header.time);
        let standings = body.evidence.standings(&card.evidence, time);
        let view = |(index, (slot, standing)): (usize, (&Slot, Standing))| {
            let statement = body.evidence.0.get(index).copied().flatten();
            let named =
                standing.value.and_then(|value| slot.values.iter().find(|named| named.value == value));
            Self {
                slot: slot.name.clone(),
                value: standing.value.map(|value| format_decimal(value, slot.decimals)),
                meaning: named.map(|named| named.name.clone()),
                standing: match standing.defect {
                    None => "valid",
                    Some(Defect::Absent) => "absent",
                    Some(Defect::NotYet) => "not yet",
                    Some(Defect::Expired) => "expired",
                    Some(Defect::Revoked) => "revoked",
                },
                issued: statement.map(|statement| statement.issued),
                expires: statement.map(|statement| statement.expires),
                credential: body.credentials.get(index).and_then(Option::as_ref).map(credential_json),
            }
        };
        card.evidence.iter().zip(standings).enumerate().map(view).collect()
    }
}

/// A record. Nothing in it is checked.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// Header, hash, signature.
    #[serde(flatten)]
    pub signed_header: SignedHeaderView,
    /// What the model asked for.
    pub requested: Option<ActionView>,
    /// What the policy said.
    pub policy: VerdictView,
    /// What was done.
    pub executed: Option<ActionView>,
    /// What the registers become.
    pub registers: Vec<RegisterView>,
    /// What the evidence slots hold.
    pub evidence: Vec<EvidenceView>,
    /// Of a Revise record: what it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<RevisionView>,
    /// Body.
    pub body: BodyView,
}

/// What a Revise record changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionView {
    /// Id of the program until then.
    pub from: String,
    /// Id of the program that decides next.
    pub to: String,
    /// Earliest time of its first record, in decimal digits.
    pub activation: String,
    /// What becomes of every register; `None` where the body is not in order.
    pub registers: Option<Vec<FateView>>,
}

/// What becomes of a register.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FateView {
    /// Name.
    pub name: String,
    /// `kept`, `restarted`, `added` or `dropped`.
    pub fate: &'static str,
}

impl RevisionView {
    /// What the header says, and of the registers what follows from the body if that is in order; `None` for a decision.
    #[must_use]
    pub fn of(record: &SignedRecord) -> Option<Self> {
        let words = record.header.revision()?;
        let fate = |register: RegisterChange| FateView { name: register.name, fate: register.fate.as_str() };
        let migration = check_revision(&record.header, &record.body).ok();
        Some(Self {
            from: hex_string(&words.from),
            to: hex_string(&words.to),
            activation: words.activation.to_string(),
            registers: migration.map(|migration| migration.registers.into_iter().map(fate).collect()),
        })
    }
}

impl RecordView {
    /// The view; nothing is checked.
    #[must_use]
    pub fn of(record: &SignedRecord, card: &Card) -> Self {
        Self {
            signed_header: SignedHeaderView::of(&record.signed_header(), &card.domain),
            // A Revise record asks for nothing: the word is its activation.
            requested: (!record.header.revises())
                .then(|| ActionView::of(record.header.requested, card))
                .flatten(),
            policy: VerdictView::of(record.header.verdict, card),
            executed: ActionView::of(record.header.executed, card),
            registers: RegisterView::of(record, card),
            evidence: EvidenceView::of(record, card),
            revision: RevisionView::of(record),
            body: (&record.body).into(),
        }
    }
}

/// A bundle. Nothing in it is checked.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleView {
    /// Name of the agent.
    pub name: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Id of the card's program.
    pub program_id: String,
    /// Chain id of the domain.
    pub chain_id: u64,
    /// Verifying contract of the domain.
    pub verifying_contract: String,
    /// The record before the first; `None`: the first is the agent's first.
    pub after: Option<SignedHeaderView>,
    /// Records.
    pub records: Vec<RecordView>,
}

impl BundleView {
    /// The view; nothing is checked.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        let card = &bundle.card;
        Self {
            name: card.name.clone(),
            agent_version: card.agent_version.clone(),
            program_id: hex_string(&Chain::of(card).ids.program_id),
            chain_id: card.domain.chain_id,
            verifying_contract: hex_string(&card.domain.verifying_contract),
            after: match &bundle.start {
                Start::Genesis => None,
                Start::After(previous) => Some(SignedHeaderView::of(previous, &card.domain)),
            },
            records: bundle.records.iter().map(|record| RecordView::of(record, card)).collect(),
        }
    }
}

//! The rules for attestations once more, each of which can be left out: to show what it is for.

use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Slot, Statement, Subject};
use candor_program::limits;
use candor_trace::check_signed;
use candor_trace::evidence::{Credential, Holder, SignedAttestation};

/// A rule of docs/spec/evidence.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// By the slot's attester.
    Attester,
    /// Signed by whom it names.
    Signature,
    /// For the slot of this name.
    Slot,
    /// About the slot's subject.
    Subject,
    /// Counted as the slot counts.
    Decimals,
    /// The value is called what the program calls it.
    Meaning,
    /// For this program, or for any.
    Program,
    /// Both times below 2^62.
    Time,
    /// From when on it counts.
    NotYet,
    /// Until when.
    Expired,
    /// Not issued before the time of revocation.
    Revoked,
    /// The time of revocation is known.
    Revocation,
    /// The record has one statement and one credential a slot.
    Count,
    /// A statement has a credential.
    Supported,
    /// A credential has a statement.
    Stated,
    /// The statement's value is the credential's.
    Value,
    /// The statement begins when the credential does.
    Begin,
    /// The statement ends when the credential does.
    End,
}

/// Rules about one attestation for one slot.
pub(crate) const OF_ATTESTATIONS: [Rule; 8] = [
    Rule::Attester,
    Rule::Signature,
    Rule::Slot,
    Rule::Subject,
    Rule::Decimals,
    Rule::Meaning,
    Rule::Program,
    Rule::Time,
];

/// Rules about when a statement counts.
pub(crate) const OF_STANDING: [Rule; 4] = [Rule::NotYet, Rule::Expired, Rule::Revoked, Rule::Revocation];

/// Rules about what a record carries.
pub(crate) const OF_RECORDS: [Rule; 6] =
    [Rule::Count, Rule::Supported, Rule::Stated, Rule::Value, Rule::Begin, Rule::End];

fn attester(slot: &Slot) -> SignerKey {
    match slot.authority {
        Authority::Attester { key } => key,
        Authority::Mandate { .. } => panic!("the model knows attestations alone"),
    }
}

/// What an attestation states for a slot; `None`: it does not hold there.
pub(crate) fn statement(
    signed: &SignedAttestation,
    slot: &Slot,
    holder: &Holder,
    without: Option<Rule>,
) -> Option<Statement> {
    let SignedAttestation { attestation, signature } = signed;
    let subject = match slot.subject {
        Subject::Principal { id } => id,
        Subject::Agent => {
            let mut word = [0; 32];
            word[12..].copy_from_slice(&holder.agent);
            word
        }
    };
    let called: Vec<&str> = slot
        .values
        .iter()
        .filter(|named| named.value == attestation.value)
        .map(|named| named.name.as_str())
        .collect();
    let holds = [
        (Rule::Attester, attestation.attester == attester(slot)),
        (Rule::Signature, check_signed(&attestation.attester, &attestation.message(), signature).is_ok()),
        (Rule::Slot, attestation.slot == slot.name),
        (Rule::Subject, attestation.subject == subject),
        (Rule::Decimals, attestation.decimals == slot.decimals),
        (Rule::Meaning, called.first().copied().unwrap_or("") == attestation.meaning),
        (Rule::Program, [[0; 32], holder.program_id].contains(&attestation.program)),
        (Rule::Time, attestation.issued.max(attestation.expires) < limits::TIME),
    ];
    let passes = holds.into_iter().all(|(rule, holds)| holds || without == Some(rule));
    passes.then_some(Statement {
        value: attestation.value,
        issued: attestation.issued,
        expires: attestation.expires,
    })
}

/// The value that a slot's statement gives at a time, before any default; `None`: none counts.
pub(crate) fn value(
    slots: &[Slot],
    statements: &[Option<Statement>],
    slot: usize,
    time: u64,
    without: Option<Rule>,
) -> Option<i64> {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let current = |statement: &Statement| {
        kept(Rule::NotYet, time >= statement.issued) && kept(Rule::Expired, time < statement.expires)
    };
    let found = statements[slot].filter(current)?;
    let Some(by) = slots[slot].revoked_by.map(usize::from) else { return Some(found.value) };
    let revocation = statements[by].filter(current).map(|statement| statement.value).or(slots[by].default);
    let stands = match revocation {
        Some(time) => kept(Rule::Revoked, i128::from(found.issued) >= i128::from(time)),
        None => kept(Rule::Revocation, false),
    };
    stands.then_some(found.value)
}

/// Whether what a record carries is in order; every credential is an attestation.
pub(crate) fn is_in_order(
    slots: &[Slot],
    statements: &[Option<Statement>],
    credentials: &[Option<Credential>],
    holder: &Holder,
    without: Option<Rule>,
) -> bool {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let counted = statements.len() == slots.len() && credentials.len() == slots.len();
    let of_slot = |(index, slot): (usize, &Slot)| {
        let statement = statements.get(index).copied().flatten();
        match (statement, credentials.get(index).and_then(Option::as_ref)) {
            (None, None) => true,
            (Some(_), None) => kept(Rule::Supported, false),
            (None, Some(_)) => kept(Rule::Stated, false),
            (Some(got), Some(Credential::Attestation(signed))) => self::statement(signed, slot, holder, None)
                .is_some_and(|stated| {
                    kept(Rule::Value, got.value == stated.value)
                        && kept(Rule::Begin, got.issued == stated.issued)
                        && kept(Rule::End, got.expires == stated.expires)
                }),
            (Some(_), Some(Credential::Mandates(_))) => panic!("the model knows attestations alone"),
        }
    };
    kept(Rule::Count, counted) && slots.iter().enumerate().all(of_slot)
}

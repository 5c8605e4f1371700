//! Every digest of programs and records. Source: docs/spec/digests.md.

use crate::Fr;
use crate::card::{Card, Domain, SetupCard};
use crate::class::Class;
use crate::state::State;
use crate::transaction::Transaction;

/// Identities of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProgramIds {
    /// Class, setup and weights.
    pub model_id: [u8; 32],
    /// Everything that a seal reads as data.
    pub program_fr: Fr,
    /// The whole program.
    pub program_id: [u8; 32],
    /// The class.
    pub class_digest: [u8; 32],
}

impl ProgramIds {
    /// The identities of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        let _ = card;
        todo!()
    }
}

/// What the acc of a record covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccInput {
    /// Acc of the previous record.
    pub previous: Fr,
    /// Sequence number.
    pub sequence: u64,
    /// Unix seconds.
    pub time: u64,
    /// Program.
    pub program_fr: Fr,
    /// Observations digest.
    pub observations: Fr,
    /// Evidence digest.
    pub evidence: Fr,
    /// State digest before.
    pub state_before: Fr,
    /// Word of the requested action.
    pub requested: u128,
    /// Word of the verdict.
    pub verdict: u64,
    /// Word of the executed action.
    pub executed: u128,
    /// State digest after.
    pub state_after: Fr,
}

/// Digest of a class.
#[must_use]
pub fn class_digest(class: &Class) -> [u8; 32] {
    let _ = class;
    todo!()
}
/// Digest of a reference string's card.
#[must_use]
pub fn setup_digest(setup: &SetupCard) -> [u8; 32] {
    let _ = setup;
    todo!()
}
/// Digest of names, texts and plugins.
#[must_use]
pub fn manifest_digest(card: &Card) -> [u8; 32] {
    let _ = card;
    todo!()
}
/// Digest of everything that a seal reads as data.
#[must_use]
pub fn program_fr(card: &Card) -> Fr {
    let _ = card;
    todo!()
}
/// Digest of features and payloads.
#[must_use]
pub fn observations(salt: u128, features: &[u16], payload_digests: &[[u8; 32]]) -> Fr {
    let _ = (salt, features, payload_digests);
    todo!()
}
/// Digest of the (empty) evidence.
#[must_use]
pub fn evidence(salt: u128) -> Fr {
    let _ = salt;
    todo!()
}
/// Digest of a state.
#[must_use]
pub fn state(state: &State) -> Fr {
    let _ = state;
    todo!()
}
/// Acc before the first record.
#[must_use]
pub fn acc_genesis(program_fr: Fr, agent: &[u8; 20]) -> Fr {
    let _ = (program_fr, agent);
    todo!()
}
/// Acc of a record.
#[must_use]
pub fn acc(input: &AccInput) -> Fr {
    let _ = input;
    todo!()
}
/// What the first record names as the previous one.
#[must_use]
pub fn genesis_record(program_id: &[u8; 32], agent: &[u8; 20]) -> [u8; 32] {
    let _ = (program_id, agent);
    todo!()
}
/// Word of a record without a transaction.
#[must_use]
pub fn no_transaction() -> [u8; 32] {
    todo!()
}
/// Word of a record's transaction.
#[must_use]
pub fn transaction_word(
    domain: &Domain,
    agent: &[u8; 20],
    sequence: u64,
    transaction: Option<&Transaction>,
) -> [u8; 32] {
    let _ = (domain, agent, sequence, transaction);
    todo!()
}

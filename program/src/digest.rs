//! Every digest of programs and records. Source: docs/spec/digests.md.

pub mod fields;
mod program;

pub use program::{ProgramIds, class_digest, manifest_digest, model_id, program_fr, setup_digest};

use crate::Fr;
use crate::arith::Arith;
use crate::card::Domain;
use crate::encoding::{fr_from_i64, keccak256, pack_u16, power_of_two};
use crate::evidence::Evidence;
use crate::limits;
use crate::poseidon;
use crate::state::State;
use crate::transaction::Transaction;
use fields::StatementFields;

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

/// [`AccInput`] in any algebra.
#[derive(Clone, Debug)]
pub struct AccElements<F> {
    /// Acc of the previous record.
    pub previous: F,
    /// Sequence number.
    pub sequence: F,
    /// Unix seconds.
    pub time: F,
    /// Program.
    pub program_fr: F,
    /// Observations digest.
    pub observations: F,
    /// Evidence digest.
    pub evidence: F,
    /// State digest before.
    pub state_before: F,
    /// Word of the requested action.
    pub requested: F,
    /// Word of the verdict.
    pub verdict: F,
    /// Word of the executed action.
    pub executed: F,
    /// State digest after.
    pub state_after: F,
}

/// Digest of features and payloads.
#[must_use]
pub fn observations(salt: u128, features: &[u16], payload_digests: &[[u8; 32]]) -> Fr {
    let payloads: Vec<&[u8]> = payload_digests.iter().map(<[u8; 32]>::as_slice).collect();
    let payloads = keccak256(&payloads);
    let (high, low) = payloads.split_at(16);
    let feed = feed(salt, features.len(), [integer(high), integer(low)]);
    let mut padded = features.to_vec();
    padded.resize(features.len().next_power_of_two(), 0);
    observed(feed, pack_u16(&padded))
}

/// Digest of what surrounds the features: salt, their number, and the payloads' digest in halves. A seal takes it as it is.
#[must_use]
pub fn feed(salt: u128, features: usize, payloads: [Fr; 2]) -> Fr {
    let [high, low] = payloads;
    poseidon::hash("cd.feed", &[Fr::from(salt), Fr::from(features as u64), high, low])
}

/// Digest of the observations from the feed's digest and the packed features.
pub fn observed<F: Arith>(feed: F, packed_features: Vec<F>) -> F {
    let inputs: Vec<F> = [feed].into_iter().chain(packed_features).collect();
    poseidon::hash("cd.obs", &inputs)
}

/// Digest of the evidence, filled up with absent statements to the size of the class.
#[must_use]
pub fn evidence(salt: u128, evidence: &Evidence) -> Fr {
    let mut entries = evidence.0.clone();
    entries.resize(evidence_size(entries.len()), None);
    let fields: Vec<StatementFields<Fr>> = entries.into_iter().map(StatementFields::of).collect();
    evidence_digest(Fr::from(salt), &fields)
}

/// Digest of salt and statements. Shapes: as many as the class has.
///
/// Owes (a seal): every field of a statement within its width.
pub fn evidence_digest<F: Arith>(salt: F, statements: &[StatementFields<F>]) -> F {
    let list: Vec<F> = [salt].into_iter().chain(statements.iter().map(StatementFields::element)).collect();
    poseidon::hash("cd.evid", &list)
}

/// Capacity of so many evidence slots: 0, 4 or 16.
#[must_use]
pub fn evidence_size(slots: usize) -> usize {
    match slots {
        0 => 0,
        1..=4 => 4,
        _ => limits::EVIDENCE.max(slots),
    }
}

/// Digest of a state, its registers filled up with zeros to the size of the class.
#[must_use]
pub fn state(state: &State) -> Fr {
    let mut registers: Vec<Fr> = state.registers.iter().map(|value| fr_from_i64(*value)).collect();
    registers.resize(state_size(registers.len()), Fr::from(0_u64));
    state_digest(&Fr::from(state.time), &registers)
}

/// Digest of the last record's time and the registers, three to an element. Shapes: as many registers as the class has.
///
/// Owes (a seal): that the time has 64 bits, and that registers are signed 64-bit values.
pub fn state_digest<F: Arith>(time: &F, registers: &[F]) -> F {
    let lifted = registers.iter().map(|register| register.offset(power_of_two(63)));
    let lanes: Vec<F> = [time.clone()].into_iter().chain(lifted).collect();
    poseidon::hash("cd.state", &fields::pack(&lanes, (3, 64)))
}

/// Capacity of a state of so many registers: 4 or 16.
#[must_use]
pub fn state_size(registers: usize) -> usize {
    if registers <= 4 { 4 } else { limits::REGISTERS.max(registers) }
}

/// Acc before the first record.
#[must_use]
pub fn acc_genesis(program_fr: Fr, agent: &[u8; 20]) -> Fr {
    let (high, low) = agent.split_at(4);
    let two_to_128 = Fr::from(u128::MAX) + Fr::from(1_u64);
    poseidon::hash("cd.acc0", &[program_fr, integer(high) * two_to_128 + integer(low)])
}

/// Acc of a record.
#[must_use]
pub fn acc(input: &AccInput) -> Fr {
    let elements = AccElements {
        previous: input.previous,
        sequence: Fr::from(input.sequence),
        time: Fr::from(input.time),
        program_fr: input.program_fr,
        observations: input.observations,
        evidence: input.evidence,
        state_before: input.state_before,
        requested: Fr::from(input.requested),
        verdict: Fr::from(input.verdict),
        executed: Fr::from(input.executed),
        state_after: input.state_after,
    };
    elements.digest()
}

impl<F: Arith> AccElements<F> {
    /// The next acc.
    ///
    /// Owes (a seal): that sequence and verdict are below 2^64, time and requested below 2^128.
    pub fn digest(&self) -> F {
        let joined = |low: &F, high: &F| low.plus(&high.scale(power_of_two(64)));
        let list = [
            self.previous.clone(),
            joined(&self.sequence, &self.time),
            self.program_fr.clone(),
            self.observations.clone(),
            self.evidence.clone(),
            self.state_before.clone(),
            joined(&self.verdict, &self.requested),
            self.executed.clone(),
            self.state_after.clone(),
        ];
        poseidon::hash("cd.acc", &list)
    }
}

/// What the first record names as the previous one.
#[must_use]
pub fn genesis_record(program_id: &[u8; 32], agent: &[u8; 20]) -> [u8; 32] {
    keccak256(&[b"candor/genesis/v1", program_id, agent])
}

/// Word of a record without a transaction.
#[must_use]
pub fn no_transaction() -> [u8; 32] {
    keccak256(&[b"candor/no-transaction/v1"])
}

/// Word of a record's transaction: the action commitment of draft ERC-8354.
#[must_use]
pub fn transaction_word(
    domain: &Domain,
    agent: &[u8; 20],
    sequence: u64,
    transaction: Option<&Transaction>,
) -> [u8; 32] {
    let Some(transaction) = transaction else { return no_transaction() };
    keccak256(&[
        &word(&domain.chain_id.to_be_bytes()),
        &keccak256(&[b"candor/v1"]),
        &word(agent),
        &word(&transaction.to),
        &word(&transaction.value.to_be_bytes()),
        &keccak256(&[&transaction.calldata]),
        &word(&sequence.to_be_bytes()),
    ])
}

/// An ABI word: the big-endian bytes, filled with zeros on the left.
fn word(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    for (to, from) in word.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    word
}

/// The integer of at most 16 big-endian bytes.
fn integer(bytes: &[u8]) -> Fr {
    Fr::from(bytes.iter().fold(0_u128, |value, byte| (value << 8) | u128::from(*byte)))
}

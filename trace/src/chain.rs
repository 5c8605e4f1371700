//! The chain: what a record must continue, and two records that cannot both be true.

use crate::header::{Header, SEQUENCE_BOUND, TIME_BOUND};
use crate::record::SignedHeader;
use crate::revision::{REVISED, RevisionWords};
use candor_program::card::{Card, Domain};
use candor_program::digest::{self, AccInput, ProgramIds};
use candor_program::encoding::FrBytes;
use candor_program::state::State;
use thiserror::Error;

/// What the links of a program's records depend on, computed once from its card.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Ids of the program.
    pub ids: ProgramIds,
    /// EIP-712 domain of the records.
    pub domain: Domain,
    /// Digest of the initial registers.
    pub initial_state: FrBytes,
}

impl Chain {
    /// Hashes the card.
    ///
    /// Owes: [`Card::validate`].
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self {
            ids: ProgramIds::of(card),
            domain: card.domain,
            initial_state: digest::state(&State::initial(&card.registers)).into(),
        }
    }
}

/// What the next record must continue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    program_id: [u8; 32],
    program_fr: FrBytes,
    agent: [u8; 20],
    sequence: u64,
    time: u64,
    activation: u64,
    previous_record: [u8; 32],
    state: FrBytes,
    acc: FrBytes,
}

impl Link {
    /// Before an agent's first record.
    #[must_use]
    pub fn genesis(chain: &Chain, agent: [u8; 20]) -> Self {
        Self {
            program_id: chain.ids.program_id,
            program_fr: chain.ids.program_fr.into(),
            agent,
            sequence: 0,
            time: 0,
            activation: 0,
            previous_record: digest::genesis_record(&chain.ids.program_id, &agent),
            state: chain.initial_state,
            acc: digest::acc_genesis(chain.ids.program_fr, &agent).into(),
        }
    }
    /// After a record of the chain's program; after a Revise record, whatever its program, what that one says comes next.
    ///
    /// Owes: that `previous` names that program, is signed, and itself continues what came before; after a Revise record,
    /// that it revises to the program that is expected next, and is in order ([`crate::check_revision`]).
    #[must_use]
    pub fn after(chain: &Chain, previous: &Header) -> Self {
        let record_hash = previous.record_hash(&chain.domain);
        Self::following(chain.ids.program_id, chain.ids.program_fr.into(), previous, record_hash)
    }
    /// Before an agent's first record, for who knows the program's digests but not its card.
    #[must_use]
    pub fn first(program_id: [u8; 32], program_fr: FrBytes, initial_state: FrBytes, agent: [u8; 20]) -> Self {
        Self {
            program_id,
            program_fr,
            agent,
            sequence: 0,
            time: 0,
            activation: 0,
            previous_record: digest::genesis_record(&program_id, &agent),
            state: initial_state,
            acc: digest::acc_genesis(program_fr.to_fr(), &agent).into(),
        }
    }
    /// After a record whose hash is known.
    ///
    /// Owes: [`check_link`] of the header at this link, and that `record_hash` is the header's.
    #[must_use]
    pub fn next(&self, header: &Header, record_hash: [u8; 32]) -> Self {
        Self { agent: self.agent, ..Self::following(self.program_id, self.program_fr, header, record_hash) }
    }
    /// A Revise record says itself which program comes next, and from when on.
    fn following(
        program_id: [u8; 32],
        program_fr: FrBytes,
        previous: &Header,
        previous_record: [u8; 32],
    ) -> Self {
        let revised = previous.revision();
        // One that is too late to be a time lets no record follow.
        let activation = |activation: u128| u64::try_from(activation).unwrap_or(u64::MAX);
        Self {
            program_id: revised.map_or(program_id, |revised| revised.to),
            program_fr: revised.map_or(program_fr, |revised| revised.program_fr),
            agent: previous.agent,
            sequence: previous.sequence.saturating_add(1),
            time: previous.time,
            activation: revised.map_or(0, |revised| activation(revised.activation)),
            previous_record,
            state: previous.state_after,
            acc: previous.acc,
        }
    }
    /// Program of the chain.
    #[must_use]
    pub fn program_id(&self) -> [u8; 32] {
        self.program_id
    }
    /// Agent of the chain.
    #[must_use]
    pub fn agent(&self) -> [u8; 20] {
        self.agent
    }
    /// Sequence number of the next record.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
    /// Earliest time of the next record.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }
    /// After a Revise record, the time from which on the new program decides; 0 otherwise.
    #[must_use]
    pub fn activation(&self) -> u64 {
        self.activation
    }
    /// Record hash (or genesis digest) that the next record names.
    #[must_use]
    pub fn previous_record(&self) -> [u8; 32] {
        self.previous_record
    }
    /// Digest of the state before the next record.
    #[must_use]
    pub fn state(&self) -> FrBytes {
        self.state
    }
    /// Accumulator before the next record.
    #[must_use]
    pub fn acc(&self) -> FrBytes {
        self.acc
    }
    /// Accumulator of a record that follows this link, from the other words of its header.
    #[must_use]
    pub fn next_acc(&self, header: &Header) -> FrBytes {
        digest::acc(&AccInput {
            previous: self.acc.to_fr(),
            sequence: header.sequence,
            time: header.time,
            program_fr: self.program_fr.to_fr(),
            observations: header.observations.to_fr(),
            evidence: header.evidence.to_fr(),
            state_before: header.state_before.to_fr(),
            requested: header.requested,
            verdict: header.verdict,
            executed: header.executed,
            state_after: header.state_after.to_fr(),
        })
        .into()
    }
}

/// Why a record does not continue the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ChainError {
    /// Record of another program.
    #[error("program id 0x{}, the chain is of program 0x{}", hex::encode(.got), hex::encode(.expected))]
    ProgramMismatch {
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// Record of another agent.
    #[error("agent 0x{}, the chain is of agent 0x{}", hex::encode(.got), hex::encode(.expected))]
    AgentMismatch {
        /// Expected.
        expected: [u8; 20],
        /// Found.
        got: [u8; 20],
    },
    /// Sequence number at or above the bound.
    #[error("sequence number {got} is not below 2^62 - 1")]
    SequenceTooLarge {
        /// Found.
        got: u64,
    },
    /// A record is missing, repeated or out of order.
    #[error("sequence number {got} where {expected} continues the chain")]
    SequenceGap {
        /// Expected.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// The record continues another record than the one before it: a fork.
    #[error("names previous record 0x{}, the previous record is 0x{}", hex::encode(.got), hex::encode(.expected))]
    PreviousRecordMismatch {
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// Time at or above the bound.
    #[error("time {got} is not below 2^62")]
    TimeTooLarge {
        /// Found.
        got: u64,
    },
    /// Earlier than the record before.
    #[error("time {got} is before the previous record's {previous}")]
    TimeBackwards {
        /// Time of the record before.
        previous: u64,
        /// Found.
        got: u64,
    },
    /// Earlier than the activation that the Revise record before it names.
    #[error("time {got} is before {activation}, from when on the revised program decides")]
    BeforeActivation {
        /// Activation.
        activation: u64,
        /// Found.
        got: u64,
    },
    /// The state before is not the state after the record before.
    #[error("state before is 0x{}, the chain's state is 0x{}", hex::encode(.got), hex::encode(.expected))]
    StateMismatch {
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// A Revise record that also says something about an action: reason, rule, executed action or transaction.
    #[error("a Revise record that states a verdict, an action or a transaction as well")]
    RevisionActs,
    /// A Revise record that changes nothing.
    #[error("a Revise record from program 0x{} to itself", hex::encode(.program_id))]
    RevisionToItself {
        /// The program.
        program_id: [u8; 32],
    },
    /// A Revise record that takes effect before it is made.
    #[error("a Revise record of time {time} with an activation at {activation}, before it")]
    ActivationBackwards {
        /// Its time.
        time: u64,
        /// Its activation.
        activation: u128,
    },
    /// A Revise record whose activation is at or above the bound.
    #[error("a Revise record with an activation at {got}, which is not below 2^62")]
    ActivationTooLarge {
        /// Found.
        got: u128,
    },
    /// The accumulator does not follow from the header's words.
    #[error("acc is 0x{}, the header's words give 0x{}", hex::encode(.got), hex::encode(.expected))]
    AccMismatch {
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
}

/// The header continues the chain at this link, by the rules of docs/spec/record.md.
///
/// Errors: the first of the rules that is broken, in the order of [`ChainError`]'s variants.
/// Owes: the signature, and everything that the header says about its decision.
pub fn check_link(previous: &Link, header: &Header) -> Result<(), ChainError> {
    if header.program_id != previous.program_id {
        return Err(ChainError::ProgramMismatch { expected: previous.program_id, got: header.program_id });
    }
    if header.agent != previous.agent {
        return Err(ChainError::AgentMismatch { expected: previous.agent, got: header.agent });
    }
    if header.sequence >= SEQUENCE_BOUND {
        return Err(ChainError::SequenceTooLarge { got: header.sequence });
    }
    if header.sequence != previous.sequence {
        return Err(ChainError::SequenceGap { expected: previous.sequence, got: header.sequence });
    }
    if header.previous_record != previous.previous_record {
        return Err(ChainError::PreviousRecordMismatch {
            expected: previous.previous_record,
            got: header.previous_record,
        });
    }
    if header.time >= TIME_BOUND {
        return Err(ChainError::TimeTooLarge { got: header.time });
    }
    if header.time < previous.time {
        return Err(ChainError::TimeBackwards { previous: previous.time, got: header.time });
    }
    if header.time < previous.activation {
        return Err(ChainError::BeforeActivation { activation: previous.activation, got: header.time });
    }
    if header.state_before != previous.state {
        return Err(ChainError::StateMismatch { expected: previous.state.0, got: header.state_before.0 });
    }
    if let Some(revision) = header.revision() {
        check_revision_words(header, &revision)?;
    }
    let expected = previous.next_acc(header);
    if header.acc != expected {
        return Err(ChainError::AccMismatch { expected: expected.0, got: header.acc.0 });
    }
    Ok(())
}

/// What the words of a Revise record's header show by themselves.
fn check_revision_words(header: &Header, revision: &RevisionWords) -> Result<(), ChainError> {
    if header.verdict != REVISED || header.executed != 0 || header.transaction != digest::no_transaction() {
        return Err(ChainError::RevisionActs);
    }
    if revision.from == revision.to {
        return Err(ChainError::RevisionToItself { program_id: revision.to });
    }
    if revision.activation < u128::from(header.time) {
        return Err(ChainError::ActivationBackwards { time: header.time, activation: revision.activation });
    }
    if revision.activation >= u128::from(TIME_BOUND) {
        return Err(ChainError::ActivationTooLarge { got: revision.activation });
    }
    Ok(())
}

/// Two different records that one agent signed for one place of its chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equivocation {
    /// Culprit.
    pub agent: [u8; 20],
    /// Sequence number that was used twice.
    pub sequence: u64,
    /// Record hash of the first header.
    pub first: [u8; 32],
    /// Record hash of the second header.
    pub second: [u8; 32],
}

/// `Some` only if one agent signed both headers for one program and sequence number, and they differ.
///
/// Two signatures of one header are no equivocation: the record hash is the identity, not the signature.
#[must_use]
pub fn equivocation(first: &SignedHeader, second: &SignedHeader, domain: &Domain) -> Option<Equivocation> {
    let (a, b) = (&first.header, &second.header);
    if (a.agent, a.program_id, a.sequence) != (b.agent, b.program_id, b.sequence) {
        return None;
    }
    let (hash_a, hash_b) = (a.record_hash(domain), b.record_hash(domain));
    if hash_a == hash_b {
        return None;
    }
    first.check_signature(domain).ok()?;
    second.check_signature(domain).ok()?;
    Some(Equivocation { agent: a.agent, sequence: a.sequence, first: hash_a, second: hash_b })
}

//! Revise: the record that puts another program in place of the one that decided until then. Source: docs/spec/record.md.

use crate::chain::{Chain, Link};
use crate::consistency::opens_state;
use crate::header::{Header, TIME_BOUND};
use crate::record::{Body, SignedRecord};
use crate::recorder::{RecordError, continued};
use crate::signature::AgentKey;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::Card;
use candor_program::Fr;
use candor_program::digest::{self, ProgramIds};
use candor_program::encoding::{FrBytes, encode, keccak256};
use candor_program::evidence::Evidence;
use candor_program::interval::ProgramError;
use candor_program::migration::{Migration, RegisterChange};
use candor_program::observation::Observation;
use candor_program::poseidon;
use candor_program::state::State;
use std::fmt;
use thiserror::Error;

/// Verdict word of a Revise record: outcome 3, no reason and no rule.
pub const REVISED: u64 = 3;

/// What the body of a Revise record has in place of a decision: both programs, so that it can be judged by itself.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Revision {
    /// The program that decided until then.
    pub from: Card,
    /// The program that decides from the activation on.
    pub to: Card,
}

/// What a Revise record's own header says: no body is needed to read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RevisionWords {
    /// Id of the program that decided until then.
    pub from: [u8; 32],
    /// Id of the program that decides next.
    pub to: [u8; 32],
    /// Its Poseidon digest.
    pub program_fr: FrBytes,
    /// Earliest time of its first record; not below 2^62 only in a header that [`crate::check_link`] refuses.
    pub activation: u128,
}

impl Header {
    /// Whether it is a Revise record's: the outcome in its verdict word says so.
    #[must_use]
    pub fn revises(&self) -> bool {
        self.verdict & 0xff == REVISED
    }
    /// What a Revise record's words say; `None` for a decision's.
    #[must_use]
    pub fn revision(&self) -> Option<RevisionWords> {
        self.revises().then_some(RevisionWords {
            from: self.program_id,
            to: self.execution,
            program_fr: self.observations,
            activation: self.requested,
        })
    }
}

/// A part of a Revise record's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum RevisionPart {
    /// The two programs are not there at all, or something is there that belongs to a decision.
    Body,
    /// The program that decided until then.
    From,
    /// The program that decides next.
    To,
    /// The state before.
    StateBefore,
    /// The state after.
    StateAfter,
    /// Its time.
    Time,
}

impl fmt::Display for RevisionPart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Body => "both programs, and nothing of a decision",
            Self::From => "the program that decided until then",
            Self::To => "the program that decides next",
            Self::StateBefore => "the state before",
            Self::StateAfter => "the state after",
            Self::Time => "the time",
        })
    }
}

/// Why a Revise record is not in order.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RevisionError {
    /// A decision's record.
    #[error("it is no Revise record")]
    NoRevision,
    /// The body does not open what the header signed: says nothing about the signer.
    #[error("the body of the Revise record does not open its header: {part}")]
    Unopened {
        /// What stays closed.
        part: RevisionPart,
    },
    /// A program in the body is malformed: it says nothing about the signer either, who signed only a hash.
    #[error("a program in the body of the Revise record: {source}")]
    Card {
        /// Why.
        source: Box<ProgramError>,
    },
    /// The signed Poseidon digest is not the new program's.
    #[error("signed digest of the new program 0x{}, it is 0x{}", hex::encode(.got), hex::encode(.expected))]
    ProgramDigest {
        /// Of the program.
        expected: [u8; 32],
        /// Signed.
        got: [u8; 32],
    },
    /// The new program's records are of another chain or contract.
    #[error("the new program's records are of another EIP-712 domain: a chain keeps its domain")]
    Domain,
    /// The signed list says otherwise what becomes of the registers.
    #[error("the signed list of registers is not that of the two programs: {}", listed(.expected))]
    Registers {
        /// What becomes of them.
        expected: Vec<RegisterChange>,
    },
    /// The state's time is not the record's.
    #[error("the state after is of time {got}, the record of {expected}")]
    StateTime {
        /// The record's.
        expected: u64,
        /// Signed.
        got: u64,
    },
    /// A register does not have the value that it is left with.
    #[error("register `{register}` is {got} after the revision, it is left with {expected}")]
    Register {
        /// Its name.
        register: String,
        /// By both programs and the state before.
        expected: i64,
        /// Signed.
        got: i64,
    },
}

impl RevisionError {
    /// Whether its signer contradicted himself; otherwise what would show it is missing.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        match self {
            Self::NoRevision | Self::Unopened { .. } | Self::Card { .. } => false,
            Self::ProgramDigest { .. }
            | Self::Domain
            | Self::Registers { .. }
            | Self::StateTime { .. }
            | Self::Register { .. } => true,
        }
    }
}

/// `name kept, name dropped`.
#[must_use]
pub fn listed(registers: &[RegisterChange]) -> String {
    let one = |register: &RegisterChange| format!("{} {}", register.name, register.fate);
    let all: Vec<String> = registers.iter().map(one).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Evidence word of a Revise record: it binds what becomes of every register.
#[must_use]
pub fn registers_digest(registers: &[RegisterChange]) -> FrBytes {
    let hash = keccak256(&[&encode(&registers.to_vec())]);
    let (high, low) = hash.split_at(16);
    let half = |bytes: &[u8]| Fr::from(bytes.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte)));
    poseidon::hash("cd.rev", &[half(high), half(low)]).into()
}

/// The body is the one that a Revise record's header binds, and the state after follows from both programs and the state
/// before; returns what became of the registers.
///
/// Owes: the signature, and [`crate::check_link`], which judges all that the header alone shows.
pub fn check_revision(header: &Header, body: &Body) -> Result<Migration, RevisionError> {
    let words = header.revision().ok_or(RevisionError::NoRevision)?;
    let unopened = |part| RevisionError::Unopened { part };
    let revision = body.revision.as_deref().ok_or(unopened(RevisionPart::Body))?;
    if !carries_no_decision(body) {
        return Err(unopened(RevisionPart::Body));
    }
    if body.observation.time != header.time {
        return Err(unopened(RevisionPart::Time));
    }
    let ids = |card: &Card| {
        card.validate().map_err(|source| RevisionError::Card { source: Box::new(source) })?;
        Ok(ProgramIds::of(card))
    };
    let (from, to) = (ids(&revision.from)?, ids(&revision.to)?);
    if from.program_id != words.from {
        return Err(unopened(RevisionPart::From));
    }
    if to.program_id != words.to {
        return Err(unopened(RevisionPart::To));
    }
    if !opens_state(&revision.from, &body.state_before, header.state_before) {
        return Err(unopened(RevisionPart::StateBefore));
    }
    if !opens_state(&revision.to, &body.state_after, header.state_after) {
        return Err(unopened(RevisionPart::StateAfter));
    }
    judge(header, body, revision, to.program_fr.into())
}

/// What the header says against what follows from the opened body.
fn judge(
    header: &Header,
    body: &Body,
    revision: &Revision,
    program_fr: FrBytes,
) -> Result<Migration, RevisionError> {
    if program_fr != header.observations {
        return Err(RevisionError::ProgramDigest { expected: program_fr.0, got: header.observations.0 });
    }
    if revision.from.domain != revision.to.domain {
        return Err(RevisionError::Domain);
    }
    let migration = Migration::between(&revision.from, &revision.to);
    if registers_digest(&migration.registers) != header.evidence {
        return Err(RevisionError::Registers { expected: migration.registers });
    }
    let expected = migration.state(&revision.from, &revision.to, &body.state_before, header.time);
    let got = &body.state_after;
    if expected.time != got.time {
        return Err(RevisionError::StateTime { expected: expected.time, got: got.time });
    }
    for (register, (expected, got)) in
        revision.to.registers.iter().zip(expected.registers.iter().zip(&got.registers))
    {
        if expected != got {
            let register = register.name.clone();
            return Err(RevisionError::Register { register, expected: *expected, got: *got });
        }
    }
    Ok(migration)
}

fn carries_no_decision(body: &Body) -> bool {
    body.observation.payloads.is_empty()
        && (body.observations_salt, body.evidence_salt) == (0, 0)
        && body.evidence.0.is_empty()
        && body.credentials.is_empty()
        && body.features.is_empty()
        && body.outputs.is_empty()
        && body.leaves.is_empty()
}

/// When a revision is made, and from when on the new program decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RevisionTimes {
    /// Time of the record, Unix seconds.
    pub time: u64,
    /// Earliest time of the new program's first record; not before `time`.
    pub activation: u64,
}

/// Signs that from the activation on another program decides. `last` is the chain's last record.
///
/// Owes: making the record durable before anything is decided by the new program.
pub fn revise(
    revision: Revision,
    key: &AgentKey,
    last: Option<&SignedRecord>,
    times: RevisionTimes,
) -> Result<SignedRecord, RecordError> {
    let (from, to) = (&revision.from, &revision.to);
    for card in [from, to] {
        card.validate().map_err(|source| RecordError::Card { source: Box::new(source) })?;
    }
    let (chain, next) = (Chain::of(from), Chain::of(to));
    if from.domain != to.domain {
        return Err(RecordError::OtherDomain);
    }
    let (link, state) = continued(from, &chain, key, last)?;
    link.check_place(times.time)?;
    if chain.ids.program_id == next.ids.program_id {
        return Err(RecordError::SameProgram { program_id: next.ids.program_id });
    }
    let RevisionTimes { time, activation } = times;
    if activation >= TIME_BOUND {
        return Err(RecordError::TimeTooLarge { got: activation });
    }
    if activation < time {
        return Err(RecordError::ActivationBackwards { time, activation });
    }
    let migration = Migration::between(from, to);
    let state_after = migration.state(from, to, &state, time);
    let mut header = Header {
        program_id: link.program_id(),
        agent: key.address(),
        sequence: link.sequence(),
        time,
        previous_record: link.previous_record(),
        state_before: link.state(),
        observations: next.ids.program_fr.into(),
        evidence: registers_digest(&migration.registers),
        requested: activation.into(),
        verdict: REVISED,
        executed: 0,
        state_after: digest::state(&state_after).into(),
        transaction: digest::no_transaction(),
        execution: next.ids.program_id,
        acc: FrBytes([0; 32]),
    };
    header.acc = link.next_acc(&header);
    let signature = key.sign(&header.record_hash(&chain.domain));
    Ok(SignedRecord { header, signature, body: Body::of_revision(time, state, state_after, revision) })
}

impl Body {
    /// The body of a Revise record.
    #[must_use]
    pub fn of_revision(time: u64, before: State, after: State, revision: Revision) -> Self {
        Self {
            observation: Observation { time, payloads: Vec::new() },
            observations_salt: 0,
            evidence_salt: 0,
            evidence: Evidence::default(),
            credentials: Vec::new(),
            features: Vec::new(),
            outputs: Vec::new(),
            state_before: before,
            state_after: after,
            leaves: Vec::new(),
            revision: Some(Box::new(revision)),
        }
    }
}

impl Link {
    /// Nothing forbids a record at this place and time.
    pub(crate) fn check_place(&self, time: u64) -> Result<(), RecordError> {
        let sequence = self.sequence();
        if sequence >= crate::header::SEQUENCE_BOUND {
            return Err(RecordError::ChainFull { got: sequence });
        }
        if time >= TIME_BOUND {
            return Err(RecordError::TimeTooLarge { got: time });
        }
        if time < self.time() {
            return Err(RecordError::TimeBackwards { previous: self.time(), got: time });
        }
        if time < self.activation() {
            return Err(RecordError::BeforeActivation { activation: self.activation(), got: time });
        }
        Ok(())
    }
}

//! The recorder: from an observation to a signed record that continues the agent's chain.

use crate::chain::{Chain, Link};
use crate::consistency::{DecisionWords, opens_state};
use crate::evidence::{Credential, Presented, Unusable, Wallet, blinding};
use crate::header::Header;
use crate::payload::{PayloadError, check_payloads};
use crate::record::{Body, SignedRecord};
use crate::revision::{RevisionError, check_revision};
use crate::signature::{AgentKey, SignatureError};
use candor_program::decision::{Decision, DecisionError, DecisionInput, decide};
use candor_program::digest;
use candor_program::encoding::FrBytes;
use candor_program::evaluate::{Evaluator, ExecuteError};
use candor_program::execution;
use candor_program::interval::ProgramError;
use candor_program::observation::{Observation, ObservationError};
use candor_program::plan::Plan;
use candor_program::state::State;
use candor_program::{Card, Program};
use thiserror::Error;

/// Salts of one record: 128 random bits each, never used twice.
#[derive(Clone, Copy)]
pub struct Salts {
    /// For the observations digest.
    pub observations: u128,
    /// For the evidence digest.
    pub evidence: u128,
}

/// A record and the decision that it states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// To be made durable before anybody acts on the decision.
    pub record: SignedRecord,
    /// What the agent is to do.
    pub decision: Decision,
}

/// Why no record was made, or no recorder.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RecordError {
    /// The last record is of another program.
    #[error(
        "the last record is of program 0x{}, this is program 0x{}: use the program that the log was written with, or start a new log",
        hex::encode(.got), hex::encode(.expected)
    )]
    OtherProgram {
        /// This program.
        expected: [u8; 32],
        /// Program of the last record.
        got: [u8; 32],
    },
    /// The last record is of another agent.
    #[error(
        "the last record is of agent 0x{}, this is the key of 0x{}: use the key that the log was written with, or start a new log",
        hex::encode(.got), hex::encode(.expected)
    )]
    OtherAgent {
        /// Agent of the key.
        expected: [u8; 20],
        /// Agent of the last record.
        got: [u8; 20],
    },
    /// The last record is not validly signed.
    #[error("the last record's signature: {source}")]
    LastSignature {
        /// Why.
        source: SignatureError,
    },
    /// The last record revises this program to another.
    #[error(
        "the last record revises program 0x{} to program 0x{}: use that one",
        hex::encode(.from), hex::encode(.to)
    )]
    Revised {
        /// This program.
        from: [u8; 32],
        /// The program that decides now.
        to: [u8; 32],
    },
    /// The last record is a Revise record that is not in order.
    #[error("the last record: {source}")]
    LastRevision {
        /// Why.
        source: Box<RevisionError>,
    },
    /// A program of a revision is malformed.
    #[error("program of the revision: {source}")]
    Card {
        /// Why.
        source: Box<ProgramError>,
    },
    /// A revision to the program that decides already.
    #[error("program 0x{} decides already: there is nothing to revise", hex::encode(.program_id))]
    SameProgram {
        /// The program.
        program_id: [u8; 32],
    },
    /// A revision to a program of another chain or contract.
    #[error(
        "the new program's records are of another EIP-712 domain: a chain keeps its domain, so start a new log"
    )]
    OtherDomain,
    /// A revision that would take effect before it is made.
    #[error("the activation {activation} is before the revision's own time {time}")]
    ActivationBackwards {
        /// Time of the revision.
        time: u64,
        /// Activation.
        activation: u64,
    },
    /// Earlier than the revised program may decide.
    #[error("the time {got} is before {activation}, from when on the revised program decides")]
    BeforeActivation {
        /// Activation.
        activation: u64,
        /// Time of the observation.
        got: u64,
    },
    /// The registers of the last record are not those that it signed, or not the program's.
    #[error("the last record's registers are not the program's, or do not open its signed state digest")]
    LastState,
    /// The observation does not give features.
    #[error("observation: {source}")]
    Observation {
        /// Why.
        source: Box<ObservationError>,
    },
    /// A plugin that declares a key did not sign what it is said to have reported.
    #[error("observation: {source}")]
    Payload {
        /// Why.
        source: Box<PayloadError>,
    },
    /// Earlier than the last record.
    #[error("the observation's time {got} is before the last record's {previous}")]
    TimeBackwards {
        /// Time of the last record.
        previous: u64,
        /// Time of the observation.
        got: u64,
    },
    /// Time at or above the bound.
    #[error("the observation's time {got} is not below 2^62")]
    TimeTooLarge {
        /// Time of the observation.
        got: u64,
    },
    /// No sequence number is left.
    #[error("sequence number {got} is not below 2^62 - 1: this chain is full")]
    ChainFull {
        /// The number that the next record would have.
        got: u64,
    },
    /// The model could not be run.
    #[error("model: {source}")]
    Execute {
        /// Why.
        #[from]
        source: ExecuteError,
    },
    /// No decision follows.
    #[error("decision: {source}")]
    Decision {
        /// Why.
        #[from]
        source: DecisionError,
    },
}

/// Makes the records of one agent and program, one after the other.
#[derive(Debug)]
pub struct Recorder {
    program: Program,
    plan: Plan,
    chain: Chain,
    key: AgentKey,
    link: Link,
    state: State,
    wallet: Wallet,
}

impl Recorder {
    /// A recorder that continues after the last record, or begins a chain.
    ///
    /// Owes: [`Program::validate`], and that `last` really is the last record that was ever released: continuing an
    /// older one is equivocation.
    pub fn resume(program: Program, key: AgentKey, last: Option<&SignedRecord>) -> Result<Self, RecordError> {
        let chain = Chain::of(&program.card);
        let (link, state) = continued(&program.card, &chain, &key, last)?;
        let plan = Plan::new(&program.card);
        Ok(Self { program, plan, chain, key, link, state, wallet: Wallet::default() })
    }
    /// From now on records carry those of these credentials that hold, each while it is within its time. The others are
    /// returned, and never used.
    #[must_use]
    pub fn present(&mut self, credentials: Vec<Credential>) -> Vec<Unusable> {
        let (agent, program_id) = (self.key.address(), self.link.program_id());
        let (wallet, unusable) = Wallet::of(&self.program.card, agent, program_id, credentials);
        self.wallet = wallet;
        unusable
    }
    /// The credentials at hand.
    #[must_use]
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }
    /// Decides on an observation and signs what was decided. After an error nothing has changed.
    ///
    /// Owes: making the record durable before anyone sees it or acts on the decision. Who drops a record that was
    /// seen, and records again from an older one, has equivocated.
    pub fn record(&mut self, observation: Observation, salts: Salts) -> Result<Recorded, RecordError> {
        let sequence = self.link.sequence();
        self.link.check_place(observation.time)?;
        let card = &self.program.card;
        let (time, agent) = (observation.time, self.key.address());
        let features = observation
            .features(card)
            .map_err(|source| RecordError::Observation { source: source.into() })?;
        check_payloads(card, &observation)
            .map_err(|source| RecordError::Payload { source: source.into() })?;
        let execution = Evaluator::planned(&self.program, &self.plan).execute(&features)?;
        let leaves = execution::leaves(&execution);
        let outputs = execution.tensors.into_iter().next_back().unwrap_or_default();
        let Presented { evidence, credentials } = self.wallet.at(card, time);
        let decision = decide(&DecisionInput {
            card,
            features: &features,
            outputs: &outputs,
            state: &self.state,
            evidence: &evidence,
            time,
            sequence,
        })?;
        let words = DecisionWords::of(card, &agent, sequence, &decision);
        let payloads = observation.payload_digests();
        let mut header = Header {
            program_id: self.link.program_id(),
            agent,
            sequence,
            time,
            previous_record: self.link.previous_record(),
            state_before: self.link.state(),
            observations: digest::observations(salts.observations, &features, &payloads).into(),
            evidence: digest::evidence(blinding(salts.evidence, &credentials), &evidence).into(),
            requested: words.requested,
            verdict: words.verdict,
            executed: words.executed,
            state_after: words.state_after,
            transaction: words.transaction,
            execution: execution::root(&leaves),
            acc: FrBytes([0; 32]),
        };
        header.acc = self.link.next_acc(&header);
        let body = Body {
            observation,
            observations_salt: salts.observations,
            evidence_salt: salts.evidence,
            evidence,
            credentials,
            features,
            outputs,
            state_before: std::mem::replace(&mut self.state, decision.state_after.clone()),
            state_after: decision.state_after.clone(),
            leaves,
            revision: None,
        };
        let signature = self.key.sign(&header.record_hash(&self.chain.domain));
        self.link = Link::after(&self.chain, &header);
        Ok(Recorded { record: SignedRecord { header, signature, body }, decision })
    }
    /// The program that decides.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }
    /// Its card.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.program.card
    }
    /// Its ids and domain.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }
    /// What the next record continues.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }
    /// Address of the agent's key.
    #[must_use]
    pub fn agent(&self) -> [u8; 20] {
        self.key.address()
    }
    /// Sequence number of the next record.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.link.sequence()
    }
    /// Registers before the next record.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// What the next record of a program continues, and its registers.
pub(crate) fn continued(
    card: &Card,
    chain: &Chain,
    key: &AgentKey,
    last: Option<&SignedRecord>,
) -> Result<(Link, State), RecordError> {
    let Some(last) = last else {
        return Ok((Link::genesis(chain, key.address()), State::initial(&card.registers)));
    };
    check_last(card, chain, key, last)?;
    Ok((Link::after(chain, &last.header), last.body.state_after.clone()))
}

fn check_last(card: &Card, chain: &Chain, key: &AgentKey, last: &SignedRecord) -> Result<(), RecordError> {
    let (expected, header) = (chain.ids.program_id, &last.header);
    match header.revision() {
        Some(revision) if revision.to != expected && revision.from == expected => {
            return Err(RecordError::Revised { from: expected, to: revision.to });
        }
        Some(revision) if revision.to != expected => {
            return Err(RecordError::OtherProgram { expected, got: revision.to });
        }
        None if header.program_id != expected => {
            return Err(RecordError::OtherProgram { expected, got: header.program_id });
        }
        _ => {}
    }
    let (expected, got) = (key.address(), header.agent);
    if expected != got {
        return Err(RecordError::OtherAgent { expected, got });
    }
    last.check_signature(&chain.domain).map_err(|source| RecordError::LastSignature { source })?;
    if header.revises() {
        let checked = check_revision(header, &last.body);
        return checked.map(drop).map_err(|source| RecordError::LastRevision { source: Box::new(source) });
    }
    if !opens_state(card, &last.body.state_after, header.state_after) {
        return Err(RecordError::LastState);
    }
    Ok(())
}

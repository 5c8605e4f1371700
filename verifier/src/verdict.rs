//! Honest, fraud, or undecided.

use crate::assumption::{Assumption, AssumptionName};
use crate::error::VerifyError;
use crate::inconsistency::Inconsistency;
use crate::publication::{PublicationError, Witnessed};
use crate::verify::Accepted;
use candor_program::card::Domain;
use candor_program::class::TensorId;
use candor_program::interval::ProgramError;
use candor_trace::{Equivocation, RevisionError, SignatureError};
use std::fmt;
use thiserror::Error;

/// What a dispute comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Every record of the bundle verified.
    Honest(Accepted),
    /// The agent signed something that cannot be.
    Fraud(Fraud),
    /// Neither is shown.
    Undecided {
        /// What would be needed.
        missing: Vec<Missing>,
    },
}

/// A decided fraud. Made only by [`settle()`](crate::settle()).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Fraud {
    /// What kind.
    pub kind: FraudKind,
    /// Whose it is.
    pub culprit: Culprit,
    /// The record.
    pub sequence: u64,
    /// What decided.
    pub basis: Basis,
    /// Who is paid. Only a proof binds an address: evidence without one could be copied.
    pub payout: Option<[u8; 20]>,
    /// What the verdict rests on.
    pub assumptions: Vec<Assumption>,
}

/// Whose a fraud is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Culprit {
    /// The agent that signed, by its address.
    Agent([u8; 20]),
    /// The log of this name.
    Log(String),
    /// One of the two: which, nothing that was submitted tells.
    AgentOrLog {
        /// Address of the agent.
        agent: [u8; 20],
        /// Name of the log.
        log: String,
    },
}

/// What decided that it is fraud.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Basis {
    /// Signed words contradict each other, or what they open to.
    Recomputation(Inconsistency),
    /// A proof of the true values of a tensor.
    Proof {
        /// The tensor.
        tensor: TensorId,
        /// Digest of the true values.
        proven: [u8; 32],
        /// Digest that the agent signed.
        recorded: [u8; 32],
    },
    /// Two signatures.
    Signatures(Equivocation),
    /// A record's place in a log, and the times of its witnesses.
    Witnesses(Witnessed),
}

/// Kinds of fraud. Unlogged actions are not decided by this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum FraudKind {
    /// The outputs are not the model's, or the requested action is not what they ask for.
    WrongOutput,
    /// A value before the outputs is not the committed model's: what was recorded is a run of something else.
    ModelSubstituted,
    /// A record continues one of another program.
    VersionSkew,
    /// Features that the signed payloads do not give, or a model run on other features.
    InputMismatch,
    /// A verdict that the policy does not give, or an action that it does not allow.
    PolicyViolated,
    /// A state that does not follow.
    StateBroken,
    /// Gap, fork, order, time or accumulator.
    ChainBroken,
    /// Two records for one sequence number.
    Equivocation,
    /// A transaction that the decision does not make.
    TransactionMismatch,
    /// Payloads that are no observation of the program, or that a plugin which declares a key did not sign; statements that
    /// nobody whom their slot names has signed for the agent.
    InvalidObservation,
    /// A record that witnesses saw before the time that it states.
    DatedAhead,
    /// A record that was not public when it should have been.
    LateRecord,
}

impl FraudKind {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongOutput => "wrong-output",
            Self::ModelSubstituted => "model-substituted",
            Self::VersionSkew => "version-skew",
            Self::InputMismatch => "input-mismatch",
            Self::PolicyViolated => "policy-violated",
            Self::StateBroken => "state-broken",
            Self::ChainBroken => "chain-broken",
            Self::Equivocation => "equivocation",
            Self::TransactionMismatch => "transaction-mismatch",
            Self::InvalidObservation => "invalid-observation",
            Self::DatedAhead => "dated-ahead",
            Self::LateRecord => "late-record",
        }
    }
}

/// A word of a header that a body does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Unopened {
    /// Time.
    Time,
    /// Observations digest.
    Observations,
    /// Evidence digest.
    Evidence,
    /// State before.
    StateBefore,
    /// State after.
    StateAfter,
    /// Execution root.
    Execution,
    /// Last execution leaf.
    Outputs,
}

impl fmt::Display for Unopened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Time => "time",
            Self::Observations => "observations digest (salt, features, payloads)",
            Self::Evidence => "evidence digest (salt, credentials, statements)",
            Self::StateBefore => "state before (registers)",
            Self::StateAfter => "state after (registers)",
            Self::Execution => "execution root (leaves)",
            Self::Outputs => "last execution leaf (outputs)",
        })
    }
}

/// What keeps a dispute undecided. None of it is anybody's guilt.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Missing {
    /// Nothing to decide on, or too much.
    #[error("a bundle of {got} records; 1 to {limit} are examined")]
    RecordCount {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A well-formed card.
    #[error("a well-formed card: {source}")]
    Card {
        /// Why it is none.
        source: Box<ProgramError>,
    },
    /// Records of the expected program.
    #[error("this is program 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    OtherProgram {
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// Records of the expected domain.
    #[error("this is chain {} and contract 0x{}, expected are chain {} and contract 0x{}", .got.chain_id,
        hex::encode(.got.verifying_contract), .expected.chain_id, hex::encode(.expected.verifying_contract))]
    OtherDomain {
        /// Expected.
        expected: Domain,
        /// Found.
        got: Domain,
    },
    /// A record of the expected agent.
    #[error("record {sequence} names agent 0x{}, expected is 0x{}", hex::encode(.got), hex::encode(.expected))]
    OtherAgent {
        /// Record.
        sequence: u64,
        /// Expected.
        expected: [u8; 20],
        /// Found.
        got: [u8; 20],
    },
    /// The agent's signature.
    #[error("record {sequence} is not signed by the agent: {source}")]
    Signature {
        /// Record.
        sequence: u64,
        /// Why.
        source: SignatureError,
    },
    /// The body that the header binds.
    #[error("record {sequence}: the body does not open the header's {word}")]
    Body {
        /// Record.
        sequence: u64,
        /// Word that stays closed.
        word: Unopened,
    },
    /// A Revise record's body: both programs and both states.
    #[error("record {sequence}, a Revise record, is unchecked: {source}")]
    Revision {
        /// Record.
        sequence: u64,
        /// What is missing.
        source: Box<RevisionError>,
    },
    /// The program to which an earlier record revised.
    #[error(
        "record {sequence} is of program 0x{}, to which a Revise record before it leads: take it, and those after it, with that program",
        hex::encode(.program_id)
    )]
    NextProgram {
        /// Record.
        sequence: u64,
        /// Its program.
        program_id: [u8; 32],
    },
    /// The record before.
    #[error("the record before record {sequence}")]
    PreviousRecord {
        /// Record.
        sequence: u64,
    },
    /// Records in between.
    #[error("what lies between record {previous} and record {got}: they do not follow each other")]
    NotConsecutive {
        /// Record that is said to come before.
        previous: u64,
        /// Record.
        got: u64,
    },
    /// A proof that the bundle was honest: none was accepted.
    #[error("an accepted proof of the path: {source}")]
    AcceptedProof {
        /// Why this one is not.
        source: Box<VerifyError>,
    },
    /// A proof of true values: this one was not accepted.
    #[error("an accepted proof of the challenge about record {sequence}: {source}")]
    AcceptedChallenge {
        /// Record.
        sequence: u64,
        /// Why this one is not.
        source: Box<VerifyError>,
    },
    /// Any submission.
    #[error("a proof, or evidence of fraud: nothing that decides was submitted")]
    Submission,
    /// Evidence about a record of this dispute.
    #[error("evidence about a record of this bundle: the challenge is about record {sequence} outside it")]
    ForeignChallenge {
        /// Record that the challenge is about.
        sequence: u64,
    },
    /// Evidence that shows something.
    #[error("evidence: the challenge shows nothing wrong with record {sequence}")]
    NothingWrong {
        /// Record that the challenge is about.
        sequence: u64,
    },
    /// What would show when the record was public.
    #[error("evidence of when record {sequence} was public: {source}")]
    Publication {
        /// Record.
        sequence: u64,
        /// Why this shows nothing.
        source: Box<PublicationError>,
    },
    /// A promise of the log that the reader names.
    #[error("a promise of the log: {source}")]
    Promise {
        /// Why this is none.
        source: Box<PublicationError>,
    },
    /// An assumption that the verdict would rest on is refused.
    #[error("a verdict that does not rest on `{assumption}`, which is refused")]
    RefusedAssumption {
        /// Its name.
        assumption: AssumptionName,
    },
    /// Accepted proofs say both: what they rest on is broken.
    #[error(
        "trust: proofs of honesty and of fraud about record {sequence} are both accepted, so an assumption is broken"
    )]
    Contradiction {
        /// Record.
        sequence: u64,
    },
}

impl Verdict {
    /// `honest`, `fraud` or `undecided`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Honest(_) => "honest",
            Self::Fraud(_) => "fraud",
            Self::Undecided { .. } => "undecided",
        }
    }
}

impl Culprit {
    /// `agent`, `log`, or `agent-or-log`.
    #[must_use]
    pub fn role(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Log(_) => "log",
            Self::AgentOrLog { .. } => "agent-or-log",
        }
    }

    /// The agent's address in hexadecimal, the log's name, or both.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Agent(agent) => format!("0x{}", hex::encode(agent)),
            Self::Log(log) => log.clone(),
            Self::AgentOrLog { agent, log } => format!("0x{} or {log}", hex::encode(agent)),
        }
    }
}

impl fmt::Display for Culprit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(_) => write!(out, "agent {}", self.name()),
            Self::Log(log) => write!(out, "log {log}"),
            Self::AgentOrLog { agent, log } => write!(out, "agent 0x{} or log {log}", hex::encode(agent)),
        }
    }
}

impl fmt::Display for FraudKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recomputation(found) => write!(out, "recomputed: {found}"),
            Self::Proof { tensor: TensorId(tensor), proven, recorded } => write!(
                out,
                "proven: the values of tensor {tensor} have digest 0x{}, the agent signed 0x{}",
                hex::encode(proven),
                hex::encode(recorded)
            ),
            Self::Signatures(found) => {
                let (first, second) = (hex::encode(found.first), hex::encode(found.second));
                write!(out, "signed twice: record hashes 0x{first} and 0x{second}")
            }
            Self::Witnesses(found) => found.fmt(out),
        }
    }
}

impl fmt::Display for Verdict {
    /// The verdict, what decided it, and what it rests on: one line each.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Honest(accepted) => accepted.fmt(out),
            Self::Fraud(fraud) => fraud.fmt(out),
            Self::Undecided { missing } => {
                write!(out, "undecided; missing:")?;
                missing.iter().try_for_each(|missing| write!(out, "\n  {missing}"))
            }
        }
    }
}

impl fmt::Display for Fraud {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, culprit, sequence, basis, payout, assumptions } = self;
        write!(out, "fraud: {kind} by {culprit} in record {sequence}")?;
        write!(out, "\n  {basis}")?;
        if let Some(payout) = payout {
            write!(out, "\n  payable to 0x{}", hex::encode(payout))?;
        }
        write_assumptions(out, assumptions)
    }
}

/// What a verdict rests on, one line each.
pub(crate) fn write_assumptions(out: &mut fmt::Formatter<'_>, assumptions: &[Assumption]) -> fmt::Result {
    write!(out, "\nrests on:")?;
    assumptions.iter().try_for_each(|assumption| write!(out, "\n  {assumption}"))
}

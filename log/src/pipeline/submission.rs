//! What is handed in, and what comes back.

use crate::pipeline::error::PipelineError;
use candor_program::card::Domain;
use candor_program::encoding::{DecodeError, encode, keccak256};
use candor_trace::tlog::Hash;
use candor_trace::{BodyError, ChainError, Entry, SignatureError, SignedHeader, SignedRecord};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// A record handed in for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submission {
    /// EIP-712 domain of the signature.
    pub domain: Domain,
    /// Header and signature.
    pub signed: SignedHeader,
    /// Keccak-256 of the body.
    pub body_hash: [u8; 32],
    /// Borsh encoding of the body; `None` if it is withheld.
    pub body: Option<Vec<u8>>,
}

impl Submission {
    /// A record with its body.
    #[must_use]
    pub fn of(record: &SignedRecord, domain: &Domain) -> Self {
        let body = encode(&record.body);
        let body_hash = keccak256(&[&body]);
        Self { domain: *domain, signed: record.signed_header(), body_hash, body: Some(body) }
    }
    /// The same without the body.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body = None;
        self
    }
}

/// A record that is durable in the log, at this index for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sequenced {
    /// Index of the entry.
    pub index: u64,
    /// Whether the record was in the log before.
    pub duplicate: bool,
    /// Hash of the entry as a leaf of the tree.
    pub leaf: Hash,
}

/// Why a record is not accepted.
#[derive(Clone, Debug, Error)]
pub enum SubmitError {
    /// Nobody registered the agent.
    #[error("agent 0x{} is not registered in this log", hex::encode(.agent))]
    UnknownAgent {
        /// Agent of the header.
        agent: [u8; 20],
    },
    /// The agent is registered, with other programs.
    #[error(
        "agent 0x{} is not registered for program 0x{}: after a change of model, policy or plugins register the new program",
        hex::encode(.agent), hex::encode(.program_id)
    )]
    UnknownProgram {
        /// Agent of the header.
        agent: [u8; 20],
        /// Program of the header.
        program_id: [u8; 32],
    },
    /// For another chain or contract than the agent is registered for.
    #[error("the record's domain is {got:?}, the agent is registered for {expected:?}")]
    DomainMismatch {
        /// Registered.
        expected: Domain,
        /// Found.
        got: Domain,
    },
    /// The body is too long.
    #[error("the body has {got} bytes; at most {limit} are accepted")]
    BodyTooLarge {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// The body does not have the hash that goes with it.
    #[error("the body's hash is 0x{}, 0x{} was named", hex::encode(.got), hex::encode(.expected))]
    BodyHashMismatch {
        /// Named.
        expected: [u8; 32],
        /// Of the body.
        got: [u8; 32],
    },
    /// The agent did not sign this header.
    #[error("signature: {source}")]
    Signature {
        /// Why.
        source: SignatureError,
    },
    /// The body cannot be decoded.
    #[error("malformed body: {source}")]
    BodyMalformed {
        /// Why.
        source: DecodeError,
    },
    /// The body is not the one that the header binds.
    #[error("body: {source}")]
    Body {
        /// Why.
        source: Box<BodyError>,
    },
    /// The record does not continue its agent's chain.
    #[error("chain: {source}")]
    Chain {
        /// Which rule.
        source: ChainError,
    },
    /// A Revise record to a program that the agent is registered for with other values.
    #[error(
        "the Revise record leads to program 0x{} with another digest or domain than agent 0x{} is registered for",
        hex::encode(.program_id), hex::encode(.agent)
    )]
    RevisedOtherwise {
        /// Agent.
        agent: [u8; 20],
        /// Program to which it leads.
        program_id: [u8; 32],
    },
    /// A Revise record to a program of which the agent has a chain already.
    #[error(
        "agent 0x{} has another chain of program 0x{} already: a program belongs to one chain of an agent",
        hex::encode(.agent), hex::encode(.program_id)
    )]
    OtherChain {
        /// Agent.
        agent: [u8; 20],
        /// Program to which it leads.
        program_id: [u8; 32],
    },
    /// The agent signed two records for one place of its chain.
    #[error(
        "agent 0x{} signed two records with sequence number {sequence}: 0x{} is in the log{}",
        hex::encode(.agent), hex::encode(.first), kept(.evidence.as_deref())
    )]
    Equivocation {
        /// Agent.
        agent: [u8; 20],
        /// Sequence number.
        sequence: u64,
        /// Record hash of the record that the log has.
        first: [u8; 32],
        /// Record hash of the record that was handed in.
        second: [u8; 32],
        /// File with both signed headers; `None` if the agent has as many as are kept.
        evidence: Option<String>,
    },
    /// A record for a place of the chain whose record was settled and is pruned.
    #[error(
        "the record with sequence number {sequence} was settled and is pruned: the log cannot tell any more whether this one is the same"
    )]
    Settled {
        /// Sequence number.
        sequence: u64,
    },
    /// Too much waits to be sequenced: try again.
    #[error("{records} records of {bytes} bytes wait to be sequenced: try again later")]
    QueueFull {
        /// Records that wait.
        records: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// Too much waits to be integrated: try again.
    #[error("{entries} entries wait to be integrated, at most {limit} may: try again later")]
    Backlog {
        /// Limit.
        limit: usize,
        /// Entries that wait.
        entries: u64,
    },
    /// The log cannot go on.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

fn kept(evidence: Option<&str>) -> String {
    match evidence {
        Some(name) => format!("; both are kept as {name}"),
        None => "; as many cases as are kept for one agent are kept already".to_owned(),
    }
}

/// Nothing that these locks guard is left half-done by a panic.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Notice = Box<dyn FnOnce(Result<Sequenced, PipelineError>) + Send>;

/// An accepted record on its way to the disk.
pub(crate) struct Ticket {
    pub(crate) entry: Entry,
    /// The entry's file.
    pub(crate) bytes: Vec<u8>,
    pub(crate) record_hash: [u8; 32],
    pub(crate) leaf: Hash,
    outcome: Mutex<Outcome>,
    ready: Condvar,
}

enum Outcome {
    Waiting(Vec<Notice>),
    Known(Result<u64, PipelineError>),
}

impl Ticket {
    pub(crate) fn new(entry: Entry, bytes: Vec<u8>, record_hash: [u8; 32], leaf: Hash) -> Self {
        let outcome = Mutex::new(Outcome::Waiting(Vec::new()));
        Self { entry, bytes, record_hash, leaf, outcome, ready: Condvar::new() }
    }
    /// A record that was durable before the log was opened.
    pub(crate) fn durable(
        entry: Entry,
        bytes: Vec<u8>,
        record_hash: [u8; 32],
        leaf: Hash,
        index: u64,
    ) -> Self {
        let outcome = Mutex::new(Outcome::Known(Ok(index)));
        Self { entry, bytes, record_hash, leaf, outcome, ready: Condvar::new() }
    }
    /// Tells everybody who waits; the first outcome stays.
    pub(crate) fn settle(&self, result: Result<u64, PipelineError>) {
        let mut outcome = hold(&self.outcome);
        if let Outcome::Waiting(notices) = &mut *outcome {
            let notices = std::mem::take(notices);
            *outcome = Outcome::Known(result.clone());
            self.ready.notify_all();
            drop(outcome);
            for notice in notices {
                let result = result.clone().map(|index| self.sequenced(index, false));
                // A caller that panics must not keep the others from being told.
                let _ = catch_unwind(AssertUnwindSafe(|| notice(result)));
            }
        }
    }
    fn sequenced(&self, index: u64, duplicate: bool) -> Sequenced {
        Sequenced { index, duplicate, leaf: self.leaf }
    }
}

/// A record that was accepted and is not durable yet, as far as the caller knows.
pub struct Pending(State);

enum State {
    Durable(Sequenced),
    Waiting { ticket: Arc<Ticket>, duplicate: bool },
}

impl Pending {
    pub(crate) fn durable(sequenced: Sequenced) -> Self {
        Self(State::Durable(sequenced))
    }
    pub(crate) fn waiting(ticket: Arc<Ticket>, duplicate: bool) -> Self {
        Self(State::Waiting { ticket, duplicate })
    }
    /// Returns once the record is durable.
    ///
    /// Errors: the log was poisoned or shut down first. The record may or may not be in it when it is opened again;
    /// handing it in again says.
    pub fn wait(self) -> Result<Sequenced, PipelineError> {
        let (ticket, duplicate) = match self.0 {
            State::Durable(sequenced) => return Ok(sequenced),
            State::Waiting { ticket, duplicate } => (ticket, duplicate),
        };
        let mut outcome = hold(&ticket.outcome);
        loop {
            if let Outcome::Known(result) = &*outcome {
                return result.clone().map(|index| ticket.sequenced(index, duplicate));
            }
            outcome = ticket.ready.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
    /// Calls back once, with what [`Pending::wait`] would return, from this thread or the log's.
    ///
    /// Owes: a notice that returns quickly: all records behind it wait for it.
    pub fn notify(self, notice: impl FnOnce(Result<Sequenced, PipelineError>) + Send + 'static) {
        let (ticket, duplicate) = match self.0 {
            State::Durable(sequenced) => return notice(Ok(sequenced)),
            State::Waiting { ticket, duplicate } => (ticket, duplicate),
        };
        let mut outcome = hold(&ticket.outcome);
        match &mut *outcome {
            Outcome::Waiting(notices) => notices.push(Box::new(move |result| {
                notice(result.map(|sequenced| Sequenced { duplicate, ..sequenced }));
            })),
            Outcome::Known(result) => {
                let result = result.clone().map(|index| ticket.sequenced(index, duplicate));
                drop(outcome);
                notice(result);
            }
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Durable(sequenced) => write!(formatter, "Pending({sequenced:?})"),
            State::Waiting { ticket, .. } => {
                write!(formatter, "Pending(record 0x{})", hex::encode(ticket.record_hash))
            }
        }
    }
}

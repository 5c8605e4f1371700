//! When a record was public: its place in a log, and the times for which witnesses vouch. Source: docs/spec/disputes.md.

use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::card::Domain;
use candor_trace::tlog::{
    CheckpointRejected, Hash, PromiseError, ProofError, ProofFileError, ProofRejected, QuorumPolicy,
    SignedCheckpoint, SignedPromise, TlogProof, verify_consistency,
};
use candor_trace::{Entry, SignedHeader};
use std::fmt;
use thiserror::Error;

/// Whose word about times counts for the reader, and how long things may take. There is no default.
///
/// Units: seconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publication {
    /// The log's key, its witnesses, and how many of them are believed together: at least one.
    pub policy: QuorumPolicy,
    /// From a record's time until the log has it.
    pub delivery_seconds: u64,
    /// From then until witnesses have cosigned a checkpoint with it.
    pub publication_seconds: u64,
    /// How far a record's time may be ahead of the witnesses' clocks.
    pub clock_seconds: u64,
}

/// A record's entry in a log, with its proof. Nothing in it is trusted.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PublishedRecord {
    /// The record without its body.
    pub signed: SignedHeader,
    /// [`candor_trace::body_hash`] of its body.
    pub body: [u8; 32],
    /// Bytes of a `.tlog-proof` file.
    pub proof: Vec<u8>,
}

/// A record's entry, and an earlier checkpoint of the log without it. Nothing in it is trusted.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct LateRecord {
    /// The entry.
    pub published: PublishedRecord,
    /// Bytes of the earlier checkpoint, with its cosignatures.
    pub earlier: Vec<u8>,
    /// That the proof's checkpoint continues it.
    pub consistency: Vec<Hash>,
}

/// Why evidence says nothing about when a record was public.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PublicationError {
    /// The reader did not say whose word counts.
    #[error("the reader names no log, no witnesses and no bounds, so no time counts but the agent's")]
    NotNamed,
    /// The reader believes the log alone.
    #[error("the reader's policy needs no witness, and nobody else has a clock")]
    NoWitness,
    /// The proof is malformed.
    #[error("proof of the entry: {source}")]
    Proof {
        /// Why.
        source: ProofFileError,
    },
    /// The entry is not shown to be in the log.
    #[error("the entry is not shown to be in the log: {source}")]
    NotIncluded {
        /// Why.
        source: Box<ProofRejected>,
    },
    /// The earlier checkpoint is not accepted.
    #[error("the earlier checkpoint: {source}")]
    Earlier {
        /// Why.
        source: Box<CheckpointRejected>,
    },
    /// The two checkpoints are not shown to be of one tree.
    #[error("the earlier checkpoint is not shown to be of the same tree: {source}")]
    Inconsistent {
        /// Why.
        source: ProofError,
    },
    /// The earlier checkpoint has the record.
    #[error("the earlier checkpoint has {size} entries, and the record is entry {index} of them")]
    AlreadyIncluded {
        /// Entries.
        size: u64,
        /// The record's.
        index: u64,
    },
    /// The bounds were not over.
    #[error("witnesses saw the log without the record until {until}, and it could be public until {limit}")]
    InTime {
        /// Latest time for which enough witnesses vouch.
        until: u64,
        /// Last moment at which it was not late.
        limit: u64,
    },
    /// It is shown to have been public in time.
    #[error("witnesses saw the record in the log by {seen}, and it could be public until {limit}")]
    Defended {
        /// When enough witnesses had seen it.
        seen: u64,
        /// Last moment at which it was not late.
        limit: u64,
    },
    /// The log has it twice, so its place does not say when it came.
    #[error("the log has the record at {first} and at {second}: its place does not say when it came")]
    Twice {
        /// One index.
        first: u64,
        /// The other.
        second: u64,
    },
    /// The record's time is not ahead.
    #[error(
        "the record's time is {time}, and witnesses had seen it by {seen}: no more than {clock} seconds ahead"
    )]
    NotAhead {
        /// The record's time.
        time: u64,
        /// When enough witnesses had seen it.
        seen: u64,
        /// By how much it may be ahead.
        clock: u64,
    },
    /// The promise is none of the log.
    #[error("the promise: {source}")]
    Promise {
        /// Why.
        source: PromiseError,
    },
}

/// What witnesses' times show about a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witnessed {
    /// Name of the log.
    pub log: String,
    /// The witnesses whose times decided.
    pub witnesses: Vec<String>,
    /// Time that the record states. Units: Unix seconds.
    pub record_time: u64,
    /// Index of its entry.
    pub index: u64,
    /// What is wrong with it.
    pub fault: TimeFault,
}

/// What is wrong with a record's time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeFault {
    /// Enough witnesses saw it before the time that it states, by more than the reader allows.
    Ahead {
        /// When they had seen it. Units: Unix seconds.
        seen: u64,
    },
    /// It was not public when all bounds were over.
    Late {
        /// Until when witnesses saw the log without it. Units: Unix seconds.
        until: u64,
        /// Entries that the log had then.
        size: u64,
        /// Last moment at which it was not late. Units: Unix seconds.
        limit: u64,
        /// When the log promised it, if that was within the time for delivery. Units: Unix seconds.
        promised: Option<u64>,
    },
}

/// A record that is shown to be in the log.
pub(crate) struct Place {
    index: u64,
    record_hash: [u8; 32],
    checkpoint: SignedCheckpoint,
}

impl Publication {
    /// How many witnesses are believed together.
    fn quorum(&self) -> Result<usize, PublicationError> {
        match self.policy.needed() {
            0 => Err(PublicationError::NoWitness),
            needed => Ok(needed),
        }
    }

    /// The last moment at which a record of this time is not late.
    fn limit(&self, time: u64) -> u64 {
        self.delivered(time).saturating_add(self.publication_seconds)
    }

    /// The last moment at which the log may get a record of this time.
    fn delivered(&self, time: u64) -> u64 {
        time.saturating_add(self.delivery_seconds)
    }

    /// The record is in the log, under a checkpoint that enough witnesses cosigned.
    ///
    /// Owes: the record's signature.
    pub(crate) fn place(
        &self,
        published: &PublishedRecord,
        domain: &Domain,
    ) -> Result<Place, PublicationError> {
        self.quorum()?;
        let proof =
            TlogProof::parse(&published.proof).map_err(|source| PublicationError::Proof { source })?;
        let entry = Entry { domain: *domain, signed: published.signed.clone(), body: published.body };
        let checkpoint = proof
            .verify(&entry.leaf_hash(), &self.policy)
            .map_err(|source| PublicationError::NotIncluded { source: Box::new(source) })?;
        Ok(Place { index: proof.index, record_hash: entry.record_hash(), checkpoint })
    }

    /// The record states a time after that by which witnesses had seen it.
    pub(crate) fn ahead(
        &self,
        published: &PublishedRecord,
        domain: &Domain,
    ) -> Result<Witnessed, PublicationError> {
        let place = self.place(published, domain)?;
        let (seen, time) = (self.seen(&place)?, published.signed.header.time);
        if time <= seen.saturating_add(self.clock_seconds) {
            return Err(PublicationError::NotAhead { time, seen, clock: self.clock_seconds });
        }
        let fault = TimeFault::Ahead { seen };
        let early = place.checkpoint.cosigned().iter().filter(|by| by.earliest <= seen);
        let witnesses = early.map(|by| by.name.clone()).collect();
        Ok(self.witnessed(&place, time, witnesses, fault))
    }

    /// The record was not public when all bounds were over, and nothing that is submitted shows otherwise.
    ///
    /// Owes: the signatures of the record and of `defences`, which are of the same domain.
    pub(crate) fn late(
        &self,
        late: &LateRecord,
        domain: &Domain,
        defences: &[&PublishedRecord],
        promises: &[SignedPromise],
    ) -> Result<Witnessed, PublicationError> {
        let (needed, place) = (self.quorum()?, self.place(&late.published, domain)?);
        let earlier = self
            .policy
            .check_bytes(&late.earlier)
            .map_err(|source| PublicationError::Earlier { source: Box::new(source) })?;
        let (old, new) = (earlier.checkpoint(), place.checkpoint.checkpoint());
        verify_consistency(old.size(), old.root(), new.size(), new.root(), &late.consistency)
            .map_err(|source| PublicationError::Inconsistent { source })?;
        let (index, size) = (place.index, old.size());
        if index < size {
            return Err(PublicationError::AlreadyIncluded { size, index });
        }
        let time = late.published.signed.header.time;
        let until = earlier.newest_until(needed).ok_or(PublicationError::NoWitness)?;
        let limit = self.limit(time);
        if until <= limit {
            return Err(PublicationError::InTime { until, limit });
        }
        for defence in defences {
            self.defend(&place, defence, domain, limit)?;
        }
        let delivered = self.delivered(time);
        let promised = promises.iter().map(SignedPromise::promise).filter(|promise| {
            (promise.record_hash, promise.agent) == (place.record_hash, late.published.signed.header.agent)
                && promise.time <= delivered
        });
        let promised = promised.map(|promise| promise.time).min();
        let fault = TimeFault::Late { until, size, limit, promised };
        let last = earlier.cosigned().iter().filter(|by| by.time >= until);
        let witnesses = last.map(|by| by.name.clone()).collect();
        Ok(self.witnessed(&place, time, witnesses, fault))
    }

    /// A defence that shows nothing, or is of another record, changes nothing.
    fn defend(
        &self,
        place: &Place,
        defence: &PublishedRecord,
        domain: &Domain,
        limit: u64,
    ) -> Result<(), PublicationError> {
        let Ok(shown) = self.place(defence, domain) else { return Ok(()) };
        if shown.record_hash != place.record_hash {
            return Ok(());
        }
        if shown.index != place.index {
            let (first, second) = (shown.index.min(place.index), shown.index.max(place.index));
            return Err(PublicationError::Twice { first, second });
        }
        let seen = self.seen(&shown)?;
        if seen <= limit { Err(PublicationError::Defended { seen, limit }) } else { Ok(()) }
    }

    /// When enough witnesses had seen the record.
    fn seen(&self, place: &Place) -> Result<u64, PublicationError> {
        place.checkpoint.seen_by(self.quorum()?).ok_or(PublicationError::NoWitness)
    }

    fn witnessed(&self, place: &Place, time: u64, witnesses: Vec<String>, fault: TimeFault) -> Witnessed {
        let log = self.policy.log().name().to_owned();
        Witnessed { log, witnesses, record_time: time, index: place.index, fault }
    }
}

impl fmt::Display for Witnessed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, witnesses, record_time, index, fault } = self;
        let witnesses = witnesses.join(", ");
        match fault {
            TimeFault::Ahead { seen } => write!(
                out,
                "witnessed: {witnesses} had seen entry {index} of log {log} by {seen}, and it states time {record_time}"
            ),
            TimeFault::Late { until, size, limit, promised } => {
                write!(
                    out,
                    "witnessed: until {until} {witnesses} saw log {log} with {size} entries; the record of time {record_time}, to be public by {limit}, is entry {index}"
                )?;
                match promised {
                    Some(time) => write!(out, "; the log promised it at {time}"),
                    None => out.write_str("; without a promise of the log nobody can tell who held it back"),
                }
            }
        }
    }
}

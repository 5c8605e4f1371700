//! Delivering an agent's own log to a log of many agents, in order: the outbox.
//!
//! The agent's [`crate::FileLog`] is the outbox: a record is durable there before anybody else sees it. Beside it lies a mark, up to
//! where the log has acknowledged. A mark that is lost or behind costs repeated deliveries, which change nothing; a log
//! that was put back says what it expects, and is delivered to again from there. An outbox that was put back together with
//! its mark is found out by asking the log where the chain is ([`Delivery::check_head`]), before anything is handed in.

use crate::disk::Disk;
use crate::error::LogError;
use crate::http::answer::RecordState;
use crate::http::client::{ClientError, LogClient};
use crate::http::head::{ChainHead, ChainName};
use crate::http::promises::{Promises, PromisesError};
use crate::http::whole_file;
use crate::read::FileLogReader;
use crate::storage::LogFile;
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use candor_trace::{AgentKey, SignedRecord};
use std::io;
use thiserror::Error;

/// First eight bytes of a mark.
const MAGIC: [u8; 8] = *b"CANDORDM";
const MAX_MARK_BYTES: u64 = 1 << 10;
/// After so many acknowledgements the mark is moved: what a crash costs in repetitions.
const MARK_EVERY: u64 = 64;
/// How often the log may ask for earlier records in one delivery. Acknowledgements in between do not count: a log that lies
/// gives them too.
const MAX_REWINDS: u32 = 2;

/// Why records were not delivered.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// The log said no, or nothing.
    #[error("record {sequence}: {source}")]
    Client {
        /// Which record.
        sequence: u64,
        /// Why.
        source: ClientError,
    },
    /// The outbox cannot be read.
    #[error(transparent)]
    Outbox(#[from] LogError),
    /// The mark cannot be read or written.
    #[error("could not read or write {place}: {source}")]
    Io {
        /// The file.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The mark is not what was written.
    #[error(
        "{place} is damaged ({source}): remove it, and everything is delivered again, which changes nothing"
    )]
    Malformed {
        /// The file.
        place: String,
        /// Why.
        source: DecodeError,
    },
    /// The log has acknowledged records that this outbox does not have.
    #[error(
        "{delivered} records of this agent were delivered, and this outbox has {records} or others: it is an older copy. \
         Going on would sign two records for one place. Restore the newer outbox"
    )]
    OlderOutbox {
        /// Acknowledged.
        delivered: u64,
        /// In the outbox.
        records: u64,
    },
    /// The log has more of this chain than the outbox.
    #[error(
        "the log has {log_records} records of this agent, the newest {}{}; this outbox has {records}, the newest {}: it is an \
         older copy, or another copy of the agent went on. Going on would sign two records for one place. Restore the newer \
         outbox; if it is lost, this key must not sign for this program again",
        hash(.log_newest.as_ref()), unsigned(.signed), hash(.newest.as_ref())
    )]
    LogKnowsMore {
        /// Records at the log.
        log_records: u64,
        /// Record hash of the log's newest.
        log_newest: Option<[u8; 32]>,
        /// Whether the log showed the agent's signature of it.
        signed: bool,
        /// Records in the outbox.
        records: u64,
        /// Record hash of the newest in the outbox.
        newest: Option<[u8; 32]>,
    },
    /// The log has another record at a place than the outbox.
    #[error(
        "record {sequence} of this agent is {} at the log{} and {} in this outbox: two copies of the agent recorded, or an older \
         copy was continued. Nothing more is signed; find out which is right before going on",
        hash(.log_hash.as_ref()), unsigned(.signed), hash(Some(.own_hash))
    )]
    OtherHistory {
        /// The log's newest record.
        sequence: u64,
        /// Its record hash.
        log_hash: Option<[u8; 32]>,
        /// Whether the log showed the agent's signature of it.
        signed: bool,
        /// Record hash of the one in the outbox.
        own_hash: [u8; 32],
    },
    /// The log did not say where the chain is.
    #[error("the log was asked how far this agent's chain has come: {source}")]
    Head {
        /// Why.
        source: ClientError,
    },
    /// A promise of the log could not be kept beside the record, or contradicts an earlier one.
    #[error(transparent)]
    Promises(#[from] PromisesError),
    /// The log asks for records again and again.
    #[error("the log asks for record {expected} again and again")]
    Restless {
        /// What it asked for last.
        expected: u64,
    },
}

impl DeliveryError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Client { source, .. } | Self::Head { source } if source.is_temporary())
    }
    /// When to come again, if the log said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Client { source, .. } | Self::Head { source } => source.retry_after(),
            _ => None,
        }
    }
}

fn hash(hash: Option<&[u8; 32]>) -> String {
    hash.map_or_else(|| "none".to_owned(), |hash| format!("0x{}", hex::encode(hash)))
}

fn unsigned(signed: &bool) -> &'static str {
    if *signed { "" } else { " (the log's word: that record is pruned)" }
}

/// Up to where a log has acknowledged an outbox.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
struct Mark {
    /// Verifier key of the log.
    log: String,
    /// Records below this were acknowledged.
    delivered: u64,
    /// Record hash of the last of them.
    last: Option<[u8; 32]>,
}

/// Delivers one outbox to one log.
pub struct Delivery<D: Disk> {
    client: LogClient,
    key: AgentKey,
    chain: ChainName,
    disk: D,
    mark: Mark,
    promises: Promises<D>,
    /// What the file says.
    durable: u64,
    wait: RecordState,
    /// The log's end of the chain was compared with the outbox.
    checked: bool,
}

impl<D: Disk> Delivery<D> {
    /// Goes on where the mark in the outbox's folder stands.
    ///
    /// Errors: an outbox that does not have what the mark says was delivered from it.
    pub fn open<F: LogFile>(
        client: LogClient,
        key: AgentKey,
        chain: ChainName,
        disk: D,
        outbox: &FileLogReader<F>,
    ) -> Result<Self, DeliveryError> {
        let name = mark_name(&client);
        let place = || format!("{}/{name}", disk.location().display());
        let bytes = whole_file::read(&disk, &name, MAX_MARK_BYTES)
            .map_err(|source| DeliveryError::Io { place: place(), source })?;
        let log = client.key().to_string();
        let mark = match bytes {
            None => Mark { log, delivered: 0, last: None },
            Some(bytes) => {
                let mark: Mark = decode_file(&MAGIC, MAX_MARK_BYTES, &bytes)
                    .map_err(|source| DeliveryError::Malformed { place: place(), source })?;
                // Two keys may share an id, though nobody has ever seen it: then it is another log's mark.
                if mark.log == log { mark } else { Mark { log, delivered: 0, last: None } }
            }
        };
        if let Some(last) = mark.delivered.checked_sub(1) {
            let records = outbox.len();
            let older = DeliveryError::OlderOutbox { delivered: mark.delivered, records };
            if last >= records || Some(outbox.get(last)?.record_hash(&chain.domain)) != mark.last {
                return Err(older);
            }
        }
        let durable = mark.delivered;
        let promises = Promises::open(&disk, client.key(), key.address())?;
        Ok(Self {
            client,
            key,
            chain,
            disk,
            mark,
            promises,
            durable,
            wait: RecordState::Sequenced,
            checked: false,
        })
    }
    /// How far the log must have come with a record before it counts as delivered.
    #[must_use]
    pub fn waiting_for(mut self, state: RecordState) -> Self {
        self.wait = state;
        self
    }
    /// Number of records that were delivered, from the first.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.mark.delivered
    }
    /// The client.
    #[must_use]
    pub fn client(&self) -> &LogClient {
        &self.client
    }
    /// Address of the agent.
    #[must_use]
    pub fn agent(&self) -> [u8; 20] {
        self.key.address()
    }
    /// Asks the log how far the chain has come, by the newest program of the outbox of which the log has something; by the
    /// program that is named where the outbox is empty. Whoever else appends to the outbox, read it again after this answer:
    /// [`Delivery::check_head`].
    pub fn ask_head<F: LogFile>(
        &self,
        outbox: &FileLogReader<F>,
    ) -> Result<Option<ChainHead>, DeliveryError> {
        let mut chain = self.chain;
        let mut end = outbox.len();
        if let Some(last) = end.checked_sub(1) {
            let header = outbox.get(last)?.header;
            chain.program_id = header.revision().map_or(header.program_id, |revision| revision.to);
        }
        loop {
            let head = self.client.chain_head(&self.key.address(), &chain);
            let head = head.map_err(|source| DeliveryError::Head { source })?;
            if head.as_ref().is_some_and(|head| head.records > 0) {
                return Ok(head);
            }
            // The Revise record that leads to that program has not come to the log: it may have the program before.
            let Some((sequence, from)) = revise_before(outbox, end, &chain.program_id)? else {
                return Ok(head);
            };
            (end, chain.program_id) = (sequence, from);
        }
    }
    /// The outbox has all that the log has of the chain: going on from it signs no second record for any place.
    ///
    /// Errors: it is an older copy, or another history.
    /// Owes: what the log has not seen, and what it does not say, is not known here.
    pub fn check_head<F: LogFile>(
        &mut self,
        head: Option<&ChainHead>,
        outbox: &FileLogReader<F>,
    ) -> Result<(), DeliveryError> {
        let last = head.and_then(|head| Some((head, head.records.checked_sub(1)?)));
        if let Some((head, sequence)) = last {
            let own = |sequence| -> Result<[u8; 32], DeliveryError> {
                Ok(outbox.get(sequence)?.record_hash(&self.chain.domain))
            };
            let records = outbox.len();
            if head.records > records {
                return Err(DeliveryError::LogKnowsMore {
                    log_records: head.records,
                    log_newest: head.record_hash,
                    signed: head.signed,
                    records,
                    newest: records.checked_sub(1).map(own).transpose()?,
                });
            }
            let own_hash = own(sequence)?;
            if Some(own_hash) != head.record_hash {
                let (log_hash, signed) = (head.record_hash, head.signed);
                return Err(DeliveryError::OtherHistory { sequence, log_hash, signed, own_hash });
            }
        }
        self.checked = true;
        Ok(())
    }
    /// Whether the log's end of the chain was compared with the outbox.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.checked
    }
    /// Delivers everything that the outbox has, in order; first of all asks the log how far the chain has come, if nobody
    /// did ([`Delivery::check_head`]).
    ///
    /// Errors: the first record that was not acknowledged; what came before it was.
    pub fn deliver<F: LogFile>(&mut self, outbox: &FileLogReader<F>) -> Result<(), DeliveryError> {
        self.deliver_until(outbox, |_| false)
    }
    /// [`Delivery::deliver`] until `stop` says so, which is asked with the number of delivered records after each.
    pub fn deliver_until<F: LogFile>(
        &mut self,
        outbox: &FileLogReader<F>,
        mut stop: impl FnMut(u64) -> bool,
    ) -> Result<(), DeliveryError> {
        if !self.checked && self.mark.delivered < outbox.len() {
            let head = self.ask_head(outbox)?;
            self.check_head(head.as_ref(), outbox)?;
        }
        let mut rewinds = 0;
        let delivered = loop {
            if self.mark.delivered >= outbox.len() || stop(self.mark.delivered) {
                break Ok(());
            }
            let record = match outbox.get(self.mark.delivered) {
                Ok(record) => record,
                Err(error) => break Err(error.into()),
            };
            match self.deliver_record(&record) {
                Ok(()) => {}
                Err(error) => match rewound(&error, self.mark.delivered) {
                    Some(expected) if rewinds < MAX_REWINDS => {
                        rewinds += 1;
                        let last = expected.checked_sub(1).map(|last| outbox.get(last)).transpose()?;
                        self.mark.last = last.map(|record| record.record_hash(&self.chain.domain));
                        self.mark.delivered = expected;
                    }
                    Some(expected) => break Err(DeliveryError::Restless { expected }),
                    None => break Err(error),
                },
            }
        };
        let written = self.write_mark();
        delivered.and(written)
    }
    /// Delivers the record that follows those that were delivered.
    ///
    /// Owes: that it is that record, and durable in the outbox; [`Delivery::write_mark`].
    pub fn deliver_record(&mut self, record: &SignedRecord) -> Result<(), DeliveryError> {
        let sequence = record.header.sequence;
        let acknowledged = self
            .client
            .submit(&self.key, &self.chain.domain, record, self.wait)
            .map_err(|source| DeliveryError::Client { sequence, source })?;
        self.promises.keep(&self.disk, &acknowledged.promise)?;
        self.mark.delivered = sequence.saturating_add(1);
        self.mark.last = Some(record.record_hash(&self.chain.domain));
        if self.mark.delivered.saturating_sub(self.durable) >= MARK_EVERY {
            self.write_mark()?;
        }
        Ok(())
    }
    /// Makes the mark durable.
    pub fn write_mark(&mut self) -> Result<(), DeliveryError> {
        if self.durable == self.mark.delivered {
            return Ok(());
        }
        // A record below the mark is not delivered again, and its promise would not come again.
        self.promises.sync()?;
        let name = mark_name(&self.client);
        whole_file::replace(&self.disk, &name, &encode_file(&MAGIC, &self.mark)).map_err(|source| {
            DeliveryError::Io { place: format!("{}/{name}", self.disk.location().display()), source }
        })?;
        self.durable = self.mark.delivered;
        Ok(())
    }
}

/// The last Revise record before `end` that leads to a program, and the program before it. A chain that begins with the program
/// has none that matters: a log that has nothing of its first program has nothing of the chain.
fn revise_before<F: LogFile>(
    outbox: &FileLogReader<F>,
    end: u64,
    program_id: &[u8; 32],
) -> Result<Option<(u64, [u8; 32])>, LogError> {
    if end == 0 || outbox.get(0)?.header.program_id == *program_id {
        return Ok(None);
    }
    for sequence in (0..end).rev() {
        let header = outbox.get(sequence)?.header;
        if header.revision().is_some_and(|revision| revision.to == *program_id) {
            return Ok(Some((sequence, header.program_id)));
        }
    }
    Ok(None)
}

fn mark_name(client: &LogClient) -> String {
    format!("delivered.{}", client.key().id())
}

/// The earlier record that the log asks for.
fn rewound(error: &DeliveryError, delivered: u64) -> Option<u64> {
    match error {
        DeliveryError::Client { source, .. } => {
            source.expected_sequence().filter(|&expected| expected < delivered)
        }
        _ => None,
    }
}

//! The log's promises, kept beside the records that they are about. Source: docs/spec/log.md, "Promises".
//!
//! One slot for each sequence number, so that the same promise again changes nothing, and a torn write spoils one slot that
//! the log fills again when the record is delivered again.

use crate::disk::Disk;
use crate::http::whole_file;
use crate::storage::{Access, LogFile};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_program::encoding::{DecodeError, decode_file, encode_file};
use candor_trace::tlog::{Hash, PROMISE_SIGNATURE_BYTES, Promise, SignedPromise, VerifierKey};
use std::io;
use thiserror::Error;

/// First eight bytes of the file.
const MAGIC: [u8; 8] = *b"CANDORPR";
/// What stands before the slots: length, head, zeros.
const HEADER_BYTES: u64 = 1024;
/// Index, time, program id, leaf, record hash, signature.
const SLOT_BYTES: usize = 8 + 8 + 32 + 32 + 32 + PROMISE_SIGNATURE_BYTES;

/// Why a promise could not be kept.
#[derive(Debug, Error)]
pub enum PromisesError {
    /// The file system refused.
    #[error("could not read or write {place}: {source}")]
    Io {
        /// The file.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The file's head is not what was written.
    #[error("{place} is damaged ({source}): move it away; what is delivered from then on is kept anew")]
    Malformed {
        /// The file.
        place: String,
        /// Why.
        source: DecodeError,
    },
    /// The file is of another log or agent.
    #[error(
        "{place} keeps the promises to another agent, or of another log: each needs an outbox of its own"
    )]
    OtherAgent {
        /// The file.
        place: String,
    },
    /// The log promised something else for the same record before.
    #[error(
        "the log promised index {} for record {} before and promises index {} now: both are signed, and kept in {place}",
        .first.index, .first.sequence, .second.index
    )]
    Contradiction {
        /// The file with both.
        place: String,
        /// Kept.
        first: Box<Promise>,
        /// Now.
        second: Box<Promise>,
    },
}

/// Whose promises to whom are kept.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
struct Head {
    log: String,
    agent: [u8; 20],
}

/// A file of promises in an outbox.
pub struct Promises<D: Disk> {
    log: VerifierKey,
    head: Head,
    name: String,
    place: String,
    file: Option<D::File>,
    /// Written and not synced.
    dirty: bool,
}

impl<D: Disk> Promises<D> {
    /// The file of this log's promises to an agent, whatever its programs; nothing is made before there is one.
    pub fn open(disk: &D, log: &VerifierKey, agent: [u8; 20]) -> Result<Self, PromisesError> {
        let name = file_name(log);
        let place = format!("{}/{name}", disk.location().display());
        let head = Head { log: log.to_string(), agent };
        let failed = |source| PromisesError::Io { place: place.clone(), source };
        let file = disk.open(&name, Access::Write).map_err(&failed)?;
        if let Some(file) = &file {
            let found = read_head(file, &place)?;
            if found != head {
                return Err(PromisesError::OtherAgent { place });
            }
            // Whoever made it may have died before its name was durable, and the mark of what was delivered relies on it.
            disk.sync_folder("").map_err(failed)?;
        }
        Ok(Self { log: log.clone(), head, name, place, file, dirty: false })
    }
    /// Keeps a promise; the earliest one about a record stays.
    ///
    /// Errors: an earlier one says something else: both are kept in a file of their own.
    /// Owes: that it is about this agent's record; [`Promises::sync`].
    pub fn keep(&mut self, disk: &D, signed: &SignedPromise) -> Result<(), PromisesError> {
        let promise = *signed.promise();
        if let Some(before) = self.get(promise.sequence)? {
            let same = |one: &Promise| (one.index, one.leaf, one.record_hash);
            if same(before.promise()) == same(&promise) {
                return Ok(());
            }
            let name = format!("{}.contradiction.{}", self.name, promise.sequence);
            let notes = [before, *signed].map(|one| one.to_note(&self.log).to_bytes()).concat();
            whole_file::replace(disk, &name, &notes).map_err(self.failed())?;
            let place = format!("{}/{name}", disk.location().display());
            let (first, second) = (Box::new(*before.promise()), Box::new(promise));
            return Err(PromisesError::Contradiction { place, first, second });
        }
        let slot = [
            &promise.index.to_le_bytes()[..],
            &promise.time.to_le_bytes(),
            &promise.program_id,
            &promise.leaf.0,
            &promise.record_hash,
            signed.signature(),
        ]
        .concat();
        let failed = self.failed();
        if self.file.is_none() {
            let head = encode_file(&MAGIC, &self.head);
            let mut bytes = [&(head.len() as u32).to_le_bytes()[..], &head].concat();
            // The key's text is shorter than a third of that.
            bytes.resize(HEADER_BYTES as usize, 0);
            whole_file::replace(disk, &self.name, &bytes).map_err(&failed)?;
            self.file = disk.open(&self.name, Access::Write).map_err(&failed)?;
        }
        if let Some(file) = &mut self.file {
            file.write_at(offset(promise.sequence), &slot).map_err(&failed)?;
            self.dirty = true;
        }
        Ok(())
    }
    /// Returns once everything kept is durable.
    pub fn sync(&mut self) -> Result<(), PromisesError> {
        let failed = self.failed();
        if let Some(file) = self.file.as_mut().filter(|_| self.dirty) {
            file.sync().map_err(failed)?;
            self.dirty = false;
        }
        Ok(())
    }
    fn failed(&self) -> impl Fn(io::Error) -> PromisesError + use<D> {
        let place = self.place.clone();
        move |source| PromisesError::Io { place: place.clone(), source }
    }
    /// The promise about a record; `None` if there is none, or none that the log's key signed.
    pub fn get(&self, sequence: u64) -> Result<Option<SignedPromise>, PromisesError> {
        let Some(file) = &self.file else { return Ok(None) };
        let mut slot = [0; SLOT_BYTES];
        match file.read_exact_at(offset(sequence), &mut slot) {
            Ok(()) => Ok(self.decode(sequence, &slot)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(source) => Err(PromisesError::Io { place: self.place.clone(), source }),
        }
    }
    fn decode(&self, sequence: u64, slot: &[u8; SLOT_BYTES]) -> Option<SignedPromise> {
        let (index, rest) = slot.split_first_chunk::<8>()?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let (program_id, rest) = rest.split_first_chunk::<32>()?;
        let (leaf, rest) = rest.split_first_chunk::<32>()?;
        let (record_hash, rest) = rest.split_first_chunk::<32>()?;
        let signature = rest.first_chunk::<PROMISE_SIGNATURE_BYTES>()?;
        let promise = Promise {
            agent: self.head.agent,
            program_id: *program_id,
            sequence,
            record_hash: *record_hash,
            leaf: Hash(*leaf),
            index: u64::from_le_bytes(*index),
            time: u64::from_le_bytes(*time),
        };
        SignedPromise::check(promise, *signature, &self.log).ok()
    }
    /// Sequence numbers below this may have a promise.
    pub fn end(&self) -> Result<u64, PromisesError> {
        let Some(file) = &self.file else { return Ok(0) };
        let len = file.len().map_err(self.failed())?;
        Ok(len.saturating_sub(HEADER_BYTES) / SLOT_BYTES as u64)
    }
}

/// What a log promised in an outbox, whoever the agent is; `None` if it promised nothing.
pub fn read_promises<D: Disk>(disk: &D, log: &VerifierKey) -> Result<Option<Promises<D>>, PromisesError> {
    let name = file_name(log);
    let place = format!("{}/{name}", disk.location().display());
    let opened = disk.open(&name, Access::Read);
    let opened = opened.map_err(|source| PromisesError::Io { place: place.clone(), source })?;
    let Some(file) = opened else { return Ok(None) };
    let head = read_head(&file, &place)?;
    if head.log != log.to_string() {
        return Err(PromisesError::OtherAgent { place });
    }
    Ok(Some(Promises { log: log.clone(), head, name, place, file: Some(file), dirty: false }))
}

fn file_name(log: &VerifierKey) -> String {
    format!("promises.{}", log.id())
}

fn offset(sequence: u64) -> u64 {
    HEADER_BYTES.saturating_add(sequence.saturating_mul(SLOT_BYTES as u64))
}

fn read_head(file: &impl LogFile, place: &str) -> Result<Head, PromisesError> {
    let mut bytes = vec![0; HEADER_BYTES as usize];
    let failed = |source| PromisesError::Io { place: place.to_owned(), source };
    file.read_exact_at(0, &mut bytes).map_err(failed)?;
    let (length, rest) = bytes.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    let head = rest.get(..u32::from_le_bytes(*length) as usize).unwrap_or_default();
    decode_file(&MAGIC, HEADER_BYTES, head)
        .map_err(|source| PromisesError::Malformed { place: place.to_owned(), source })
}

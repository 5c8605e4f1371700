//! The files of retention: policy, marks, pins. They are changed whether or not the log is open elsewhere.

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{
    CHECKPOINT, EVIDENCE, Files, MARKS, PINS, POLICY, PRIVATE, PUBLIC, PUBLIC_PINS, REGISTRATIONS,
    RETENTION_LOCK,
};
use crate::pipeline::open::Log;
use crate::pipeline::submission::hold;
use crate::pipeline::usage::all_files;
use crate::retention::{
    Mark, MarkError, Marks, Pin, PinError, Pins, PolicyError, PublishedPolicy, RetentionFileError,
    RetentionPolicy,
};
use crate::storage::Access;
use candor_trace::tlog::{Checkpoint, Note};
use std::path::PathBuf;
use thiserror::Error;

/// Why a file of retention was not read or changed, or nothing was pruned.
#[derive(Debug, Error)]
pub enum RetainError {
    /// The log could not be read or written, or is damaged.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A file of retention is not what it should be.
    #[error("log {}: {file}: {source}", .path.display())]
    File {
        /// The log's folder.
        path: PathBuf,
        /// Which file.
        file: String,
        /// Why.
        source: RetentionFileError,
    },
    /// The policy is none, or breaks a promise.
    #[error("retention policy: {0}")]
    Policy(#[from] PolicyError),
    /// The clock is not to be believed.
    #[error("nothing was pruned: {0}")]
    Mark(#[from] MarkError),
    /// A pin was not set or taken out.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// Without a published policy nothing may go.
    #[error("log {}: there is no retention policy, so everything is kept: publish one first", .path.display())]
    NoPolicy {
        /// The log's folder.
        path: PathBuf,
    },
    /// Somebody else is changing these files.
    #[error("log {}: another command is changing the retention files: try again", .path.display())]
    Busy {
        /// The log's folder.
        path: PathBuf,
    },
    /// What the pin is to keep is gone already.
    #[error(
        "the first records of this run are pruned already: sequence numbers from {first_kept} on are there"
    )]
    PinsPruned {
        /// First sequence number of the chain that is certainly there.
        first_kept: u64,
    },
}

/// The files of retention of one log; their lock is given back at the end.
pub(crate) struct Retained<'a, D: Disk> {
    files: &'a Files<D>,
    locked: bool,
}

impl<D: Disk> Drop for Retained<'_, D> {
    fn drop(&mut self) {
        if self.locked {
            self.files.disk().unlock(RETENTION_LOCK);
        }
    }
}

impl<'a, D: Disk> Retained<'a, D> {
    /// Without the lock, for looking only.
    pub(crate) fn look(files: &'a Files<D>) -> Result<Self, RetainError> {
        match files.open(REGISTRATIONS, Access::Read)? {
            Some(_) => Ok(Self { files, locked: false }),
            None => Err(PipelineError::NoLog { path: files.path() }.into()),
        }
    }
    pub(crate) fn lock(files: &'a Files<D>) -> Result<Self, RetainError> {
        let mut retained = Self::look(files)?;
        match files.disk().lock(RETENTION_LOCK) {
            Ok(true) => {
                retained.locked = true;
                files.settle_names(PRIVATE)?;
                files.settle_names(PUBLIC)?;
                Ok(retained)
            }
            Ok(false) => Err(RetainError::Busy { path: files.path() }),
            Err(source) => Err(files.failed(RETENTION_LOCK, Operation::Lock, source).into()),
        }
    }
    fn malformed(&self, file: &str) -> impl FnOnce(RetentionFileError) -> RetainError {
        let (path, file) = (self.files.path(), file.to_owned());
        move |source| RetainError::File { path, file, source }
    }
    fn read<T: Default>(
        &self,
        file: &str,
        decode: impl FnOnce(&[u8]) -> Result<T, RetentionFileError>,
    ) -> Result<T, RetainError> {
        match self.files.get(file)? {
            Some(bytes) => decode(&bytes).map_err(self.malformed(file)),
            None => Ok(T::default()),
        }
    }
    fn write(&self, file: &str, bytes: Result<Vec<u8>, RetentionFileError>) -> Result<(), RetainError> {
        Ok(self.files.replace(file, &bytes.map_err(self.malformed(file))?)?)
    }
    pub(crate) fn policy(&self) -> Result<PublishedPolicy, RetainError> {
        match self.files.get_public(POLICY)? {
            Some(bytes) => {
                PublishedPolicy::from_bytes(&bytes).map_err(self.malformed(&format!("{PUBLIC}/{POLICY}")))
            }
            None => Ok(PublishedPolicy::default()),
        }
    }
    /// Publishes a policy that keeps the promises of the one before.
    pub(crate) fn set_policy(&self, policy: &PublishedPolicy) -> Result<(), RetainError> {
        policy.check_follows(&self.policy()?)?;
        self.publish(POLICY, policy.to_bytes())
    }
    fn publish(&self, name: &str, bytes: Result<Vec<u8>, RetentionFileError>) -> Result<(), RetainError> {
        let bytes = bytes.map_err(self.malformed(&format!("{PUBLIC}/{name}")))?;
        Ok(self.files.replace_public(name, &bytes)?)
    }
    /// Everybody may read what is pinned, though not why.
    pub(crate) fn publish_pins(&self, pins: &Pins) -> Result<(), RetainError> {
        let bytes = pins.without_reasons().to_bytes().map_err(self.malformed(PINS))?;
        let there = self.files.get_public(PUBLIC_PINS)?;
        match there {
            None if pins.is_empty() => Ok(()),
            Some(there) if there == bytes => Ok(()),
            _ => self.publish(PUBLIC_PINS, Ok(bytes)),
        }
    }
    pub(crate) fn marks(&self) -> Result<Marks, RetainError> {
        self.read(MARKS, Marks::from_bytes)
    }
    pub(crate) fn pins(&self) -> Result<Pins, RetainError> {
        self.read(PINS, Pins::from_bytes)
    }
    /// Entries under the published checkpoint.
    pub(crate) fn published(&self) -> Result<u64, RetainError> {
        let bytes = self.files.get_public(CHECKPOINT)?;
        let note = bytes.and_then(|bytes| Note::parse(&bytes).ok());
        // A damaged one marks nothing; opening the log says what is wrong with it.
        let checkpoint = note.and_then(|note| Checkpoint::parse(note.text()).ok());
        Ok(checkpoint.map_or(0, |checkpoint| checkpoint.size()))
    }
    /// What the marks would be, if one were set now.
    pub(crate) fn marks_at(&self, now: u64, max_step_seconds: Option<u64>) -> Result<Marks, RetainError> {
        let mut marks = self.marks()?;
        let retention = self.policy()?.retention;
        let longest = retention.map_or(u64::MAX, |retention| retention.entries_seconds());
        marks.set(Mark { time: now, size: self.published()? }, max_step_seconds, longest)?;
        marks.see_evidence(&evidence_names(self.files)?, now);
        Ok(marks)
    }
    pub(crate) fn set_marks(&self, marks: &Marks) -> Result<(), RetainError> {
        self.write(MARKS, marks.to_bytes())
    }
}

/// Files of evidence, as `<agent>/<record hash>`.
pub(crate) fn evidence_names<D: Disk>(files: &Files<D>) -> Result<Vec<String>, PipelineError> {
    let all = all_files(files, EVIDENCE)?;
    let names = all.iter().filter_map(|name| name.strip_prefix(EVIDENCE)?.strip_prefix('/'));
    Ok(names.filter(|name| !name.ends_with(".new")).map(str::to_owned).collect())
}

/// The published policy; of a log that has none, the one that keeps everything.
pub fn policy<D: Disk>(disk: D) -> Result<PublishedPolicy, RetainError> {
    Retained::look(&Files::new(disk))?.policy()
}

/// Publishes how long everything is kept, durably. The first policy begins to promise, later ones only prolong.
pub fn set_retention<D: Disk>(disk: D, retention: RetentionPolicy) -> Result<PublishedPolicy, RetainError> {
    Retained::lock(&Files::new(disk))?.set_retention(retention)
}

/// Notes, durably, how many entries are published now: windows are counted from such marks. Often enough is once a
/// fraction of the shortest window, while the log runs.
pub fn mark<D: Disk>(disk: D, now: u64, max_step_seconds: Option<u64>) -> Result<Mark, RetainError> {
    Retained::lock(&Files::new(disk))?.mark(now, max_step_seconds)
}

/// All pins.
pub fn pins<D: Disk>(disk: D) -> Result<Vec<Pin>, RetainError> {
    Ok(Retained::look(&Files::new(disk))?.pins()?.iter().cloned().collect())
}

/// Keeps a run of records, with their bodies, until the pin is taken out. Durable on return, and published, also while the
/// log is open elsewhere.
pub fn pin<D: Disk>(disk: D, pin: Pin) -> Result<(), RetainError> {
    Retained::lock(&Files::new(disk))?.pin(pin)
}

/// Takes a pin out, durably; what it kept goes with the next pruning, if it is settled.
pub fn unpin<D: Disk>(disk: D, name: &str) -> Result<Pin, RetainError> {
    Retained::lock(&Files::new(disk))?.unpin(name)
}

impl<D: Disk> Retained<'_, D> {
    fn set_retention(&self, retention: RetentionPolicy) -> Result<PublishedPolicy, RetainError> {
        retention.validate()?;
        let policy = PublishedPolicy { retention: Some(retention), ..self.policy()? };
        self.set_policy(&policy)?;
        Ok(policy)
    }
    fn mark(&self, now: u64, max_step_seconds: Option<u64>) -> Result<Mark, RetainError> {
        self.set_marks(&self.marks_at(now, max_step_seconds)?)?;
        Ok(Mark { time: now, size: self.published()? })
    }
    fn pin(&self, pin: Pin) -> Result<(), RetainError> {
        let still = self.pins()?;
        let mut pins = still.clone();
        let records = pin.records;
        pins.add(pin)?;
        let heads = crate::pipeline::heads::Heads::read(self.files)?;
        let chain = heads.chains.iter().map(|head| &head.header);
        let first_kept = chain
            .filter(|header| header.agent == records.agent && header.program_id == records.program_id)
            .map(|header| header.sequence.saturating_add(1))
            .next()
            .unwrap_or(0);
        let kept = (records.first..first_kept.min(records.last.saturating_add(1)))
            .all(|sequence| still.keeps(&records.agent, &records.program_id, sequence));
        if !kept {
            return Err(RetainError::PinsPruned { first_kept });
        }
        self.write(PINS, pins.to_bytes())?;
        self.publish_pins(&pins)
    }
    fn unpin(&self, name: &str) -> Result<Pin, RetainError> {
        let mut pins = self.pins()?;
        let pin = pins.remove(name)?;
        // Published first: whatever is said to be pinned is kept.
        self.publish_pins(&pins)?;
        self.write(PINS, pins.to_bytes())?;
        Ok(pin)
    }
}

/// Retention of a log that is open. An error of the disk stops the log, as any other does.
impl<D: Disk> Log<D> {
    /// The published policy; of a log that has none, the one that keeps everything.
    pub fn policy(&self) -> Result<PublishedPolicy, RetainError> {
        Retained::look(&self.shared().files)?.policy()
    }
    /// Publishes how long everything is kept, as [`set_retention`] does.
    pub fn set_retention(&self, retention: RetentionPolicy) -> Result<PublishedPolicy, RetainError> {
        self.retaining(|retained| retained.set_retention(retention))
    }
    /// Notes how many entries are published now, as [`mark`] does.
    pub fn mark(&self, now: u64, max_step_seconds: Option<u64>) -> Result<Mark, RetainError> {
        self.retaining(|retained| retained.mark(now, max_step_seconds))
    }
    /// All pins.
    pub fn pins(&self) -> Result<Vec<Pin>, RetainError> {
        Ok(Retained::look(&self.shared().files)?.pins()?.iter().cloned().collect())
    }
    /// Keeps a run of records, as [`pin`] does.
    pub fn pin(&self, pin: Pin) -> Result<(), RetainError> {
        self.retaining(|retained| retained.pin(pin))
    }
    /// Takes a pin out, as [`unpin`] does.
    pub fn unpin(&self, name: &str) -> Result<Pin, RetainError> {
        self.retaining(|retained| retained.unpin(name))
    }
    fn retaining<T>(
        &self,
        change: impl FnOnce(&Retained<'_, D>) -> Result<T, RetainError>,
    ) -> Result<T, RetainError> {
        let shared = self.shared();
        let _one_at_a_time = hold(&shared.retaining);
        shared.progress.check()?;
        Retained::lock(&shared.files).and_then(|retained| change(&retained)).map_err(|error| match error {
            RetainError::Pipeline(error) => shared.stop(error).into(),
            other => other,
        })
    }
}

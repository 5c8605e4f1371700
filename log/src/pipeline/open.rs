//! A log of many agents: creating, opening, registering, waiting, shutting down.

use crate::disk::Disk;
use crate::error::Operation;
use crate::pipeline::chains::Chains;
use crate::pipeline::cosign::{Cosign, NoWitnesses};
use crate::pipeline::edge::Edge;
use crate::pipeline::error::PipelineError;
use crate::pipeline::files::{
    AGENTS, CHECKPOINT, Files, JOURNAL, PRIVATE, REGISTRATIONS, SIGNED, VERIFIER_KEY,
};
use crate::pipeline::index::Index;
use crate::pipeline::journal::{FRAMES_START, Journal, list_segments, segment_name};
use crate::pipeline::progress::{Closing, Progress, Sizes};
use crate::pipeline::publisher::Publisher;
use crate::pipeline::queue::Queue;
use crate::pipeline::recovery::{RecoveryReport, recover};
use crate::pipeline::registration::{RegisterError, Registration, agents_json, encode_registrations};
use crate::pipeline::settings::LogSettings;
use crate::pipeline::shared::{Shared, Tail};
use crate::pipeline::signers::Signers;
use crate::pipeline::submission::hold;
use crate::pipeline::tiles::Tiles;
use crate::pipeline::tombstones::{Told, Tombstones};
use crate::pipeline::{evidence, integrator, publisher, sequencer};
use crate::storage::Access;
use candor_trace::tlog::{Checkpoint, Hash, Note, NoteSigner, TILE_WIDTH, empty_root};
#[cfg(feature = "server")]
use candor_trace::{SignatureBytes, SignatureError};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// A log of many agents, open for writing by nobody else.
///
/// Dropping it stops it as a crash would, only that its threads have ended and its lock is free when drop returns; what is
/// queued is not sequenced. [`Log::shut_down`] finishes first.
pub struct Log<D: Disk> {
    shared: Arc<Shared<D>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How a log is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// How far it has come.
    pub sizes: Sizes,
    /// Records that wait to be sequenced.
    pub queued: usize,
    /// Checkpoints that did not get the cosignatures that the policy asks for, since the log was opened.
    pub quorum_misses: u64,
    /// Why it has stopped, if it has.
    pub stopped: Option<PipelineError>,
}

impl<D: Disk> Log<D> {
    /// Creates an empty log; on return it is durable and runs. Its origin is the key's name.
    pub fn create(disk: D, settings: LogSettings, signer: NoteSigner) -> Result<Self, PipelineError> {
        Self::create_with(disk, settings, signer, Box::new(NoWitnesses))
    }
    /// [`Log::create`] with somebody to ask for cosignatures.
    pub fn create_with(
        disk: D,
        settings: LogSettings,
        signer: NoteSigner,
        cosign: Box<dyn Cosign>,
    ) -> Result<Self, PipelineError> {
        check_settings(&settings, &signer)?;
        let files = Arc::new(Files::with_objects(disk, settings.objects.clone()));
        files
            .disk()
            .create_folder(JOURNAL)
            .map_err(|source| files.failed(JOURNAL, Operation::CreateDirectory, source))?;
        files.lock()?;
        refuse_if_used(&files)?;
        let journal = Journal::create(files.clone(), settings.segment_limit_bytes)?;
        let index = Index::create(&files, settings.index_cache_bytes)?;
        let origin = signer.verifier_key().name();
        let note = Checkpoint::new(origin, 0, empty_root()).and_then(|checkpoint| checkpoint.sign(&signer));
        // The key's name is a valid origin.
        let note = note.map_err(|_| PipelineError::OtherKey {
            expected: "a key whose name is an origin".to_owned(),
            got: signer.verifier_key().to_string(),
        })?;
        files.replace(SIGNED, &note.to_bytes())?;
        files.replace_public(VERIFIER_KEY, format!("{}\n", signer.verifier_key()).as_bytes())?;
        files.replace_public(AGENTS, agents_json(&[]).as_bytes())?;
        // What makes it a log.
        files.replace(REGISTRATIONS, &encode_registrations(Vec::new()))?;
        let start = Start {
            chains: Chains::default(),
            index,
            oldest: 0,
            told: Told::default(),
            tail: Tail::default(),
            journal,
            edge: Edge::empty(),
            signed: (0, empty_root()),
            published: None,
        };
        Ok(Self::start(files, settings, signer, cosign, start))
    }
    /// Opens a log and goes through it as far as the settings say; then it runs.
    ///
    /// Errors: [`PipelineError::Damaged`] names the file; nothing was changed then, and nothing is signed.
    pub fn open(
        disk: D,
        settings: LogSettings,
        signer: NoteSigner,
    ) -> Result<(Self, RecoveryReport), PipelineError> {
        Self::open_with(disk, settings, signer, Box::new(NoWitnesses))
    }
    /// [`Log::open`] with somebody to ask for cosignatures.
    pub fn open_with(
        disk: D,
        settings: LogSettings,
        signer: NoteSigner,
        cosign: Box<dyn Cosign>,
    ) -> Result<(Self, RecoveryReport), PipelineError> {
        check_settings(&settings, &signer)?;
        let files = Arc::new(Files::with_objects(disk, settings.objects.clone()));
        if files.open(REGISTRATIONS, Access::Read)?.is_none() {
            return Err(PipelineError::NoLog { path: files.path() });
        }
        files.lock()?;
        // Those of public names are made durable with the list of agents, below.
        files.settle_names(PRIVATE)?;
        let recovered = recover(&files, &settings, signer.verifier_key())?;
        let edge = Edge::load(&Tiles::new(&files), recovered.signed.0)?;
        let journal = Journal::resume(files.clone(), settings.segment_limit_bytes, &recovered.scanned)?;
        // The public list is made from the registrations; a crash may have left an older one.
        files.replace_public(AGENTS, agents_json(&recovered.chains.registrations()).as_bytes())?;
        let published = recovered.report.published.zip(recovered.published);
        let start = Start {
            chains: recovered.chains,
            index: recovered.index,
            oldest: recovered.oldest,
            told: recovered.told,
            tail: recovered.tail,
            journal,
            edge,
            signed: recovered.signed,
            published,
        };
        Ok((Self::start(files, settings, signer, cosign, start), recovered.report))
    }
    fn start(
        files: Arc<Files<D>>,
        settings: LogSettings,
        signer: NoteSigner,
        cosign: Box<dyn Cosign>,
        start: Start<D>,
    ) -> Self {
        let (size, root) = start.signed;
        let sizes = Sizes {
            sequenced: start.journal.size(),
            integrated: size,
            signed: size,
            published: start.published.as_ref().map(|(size, _)| *size),
        };
        let shared = Arc::new(Shared {
            files,
            queue: Queue::new(&settings),
            signers: Signers::new(settings.prepared_keys),
            settings,
            signer,
            cosign,
            chains: start.chains,
            tail: RwLock::new(start.tail),
            index: start.index,
            oldest: AtomicU64::new(start.oldest),
            tombstones: Tombstones::new(start.told),
            progress: Progress::new(sizes, root),
            published: RwLock::new(start.published.map(|(_, note)| Arc::new(note))),
            registering: Mutex::new(()),
            retaining: Mutex::new(()),
            ending: AtomicBool::new(false),
            keeping_evidence: Mutex::new(()),
        });
        // What a crash kept from being removed is looked for within the last full tile of level 1.
        let swept = sizes.published.unwrap_or(0) / (TILE_WIDTH * TILE_WIDTH) * (TILE_WIDTH * TILE_WIDTH);
        let publisher = Publisher { signed: start.signed, swept };
        let (journal, edge) = (start.journal, start.edge);
        let threads = vec![
            spawn(&shared, "sequencer", move |shared| sequencer::run(shared, journal)),
            spawn(&shared, "integrator", move |shared| integrator::run(shared, edge)),
            spawn(&shared, "publisher", move |shared| publisher::run(shared, publisher)),
        ];
        Self { shared, threads: Mutex::new(threads) }
    }
    pub(crate) fn shared(&self) -> &Shared<D> {
        &self.shared
    }
    /// The agent made this canonical signature of the hash. Faster than a recovery for agents of this log.
    #[cfg(feature = "server")]
    pub(crate) fn check_signature(
        &self,
        agent: &[u8; 20],
        hash: &[u8; 32],
        signature: &SignatureBytes,
    ) -> Result<(), SignatureError> {
        self.shared.signers.check(agent, hash, signature)
    }
    /// Where the log is.
    #[must_use]
    pub fn location(&self) -> &Path {
        self.shared.files.disk().location()
    }
    /// Where what everybody may read is kept.
    #[cfg(feature = "server")]
    pub(crate) fn public(&self) -> Arc<dyn crate::objects::Objects> {
        self.shared.files.shared_public()
    }
    /// Name of the log and of its key.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.shared.signer.verifier_key().name()
    }
    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &LogSettings {
        &self.shared.settings
    }
    /// Registers an agent with a program; durable on return. The same again changes nothing.
    pub fn register(&self, registration: Registration) -> Result<(), RegisterError> {
        self.register_all(vec![registration])
    }
    /// Registers several agents with one write; all of them or none.
    pub fn register_all(&self, registrations: Vec<Registration>) -> Result<(), RegisterError> {
        let shared = &*self.shared;
        shared.progress.check()?;
        let _one_at_a_time = hold(&shared.registering);
        let before = shared.chains.registrations();
        let limit = shared.settings.registration_limit;
        let mut new: Vec<Registration> = Vec::new();
        let mut places: HashMap<([u8; 20], [u8; 32]), usize> = HashMap::new();
        for registration in registrations {
            let (agent, program_id) = (registration.agent, registration.program_id);
            match places.get(&(agent, program_id)).and_then(|place| new.get(*place)) {
                Some(twice) if *twice != registration => {
                    return Err(RegisterError::Conflict { agent, program_id });
                }
                Some(_) => {}
                None if shared.chains.contains(&registration)? => {}
                None => {
                    places.insert((agent, program_id), new.len());
                    new.push(registration);
                }
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        if before.len() + new.len() > limit {
            return Err(RegisterError::TooMany { limit });
        }
        let all = [before, new.clone()].concat();
        let json = agents_json(&all);
        shared
            .files
            .replace(REGISTRATIONS, &encode_registrations(all))
            .and_then(|()| shared.files.replace_public(AGENTS, json.as_bytes()))
            .map_err(|error| shared.stop(error))?;
        new.into_iter().for_each(|registration| shared.chains.push(registration));
        Ok(())
    }
    /// All registrations, in order.
    #[must_use]
    pub fn registrations(&self) -> Vec<Registration> {
        self.shared.chains.registrations()
    }
    /// How many there are. What everybody may read is at least as new.
    #[cfg(feature = "server")]
    pub(crate) fn registration_count(&self) -> usize {
        self.shared.chains.count()
    }
    /// Files of evidence against an agent, by name.
    pub fn evidence(&self, agent: &[u8; 20]) -> Result<Vec<String>, PipelineError> {
        evidence::list(&self.shared.files, agent)
    }
    /// A file of evidence.
    pub fn read_evidence(&self, name: &str) -> Result<evidence::EquivocationEvidence, PipelineError> {
        let files = &self.shared.files;
        evidence::EquivocationEvidence::from_bytes(&files.require(name)?)
            .map_err(|error| files.damaged(name, crate::pipeline::FileDamage::Undecodable(error)))
    }
    /// How the log is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.shared.progress.read();
        let (sizes, quorum_misses) = (state.sizes, state.quorum_misses);
        let stopped = state.poison.clone();
        drop(state);
        Status { sizes, queued: self.shared.queue.len(), quorum_misses, stopped }
    }
    /// Waits until an entry is integrated; `false` if the time is over first.
    ///
    /// Errors: the log stopped or was shut down before.
    pub fn wait_integrated(&self, index: u64, timeout: Duration) -> Result<bool, PipelineError> {
        self.wait(timeout, |sizes| sizes.integrated > index)
    }
    /// Waits until an entry is published; `false` if the time is over first.
    ///
    /// Errors: the log stopped or was shut down before.
    pub fn wait_published(&self, index: u64, timeout: Duration) -> Result<bool, PipelineError> {
        self.wait(timeout, |sizes| sizes.published.is_some_and(|size| size > index))
    }
    fn wait(&self, timeout: Duration, reached: impl Fn(&Sizes) -> bool) -> Result<bool, PipelineError> {
        let outcome = self.shared.progress.wait_for(timeout, |state| match &state.poison {
            _ if reached(&state.sizes) => Some(Ok(true)),
            Some(poison) => Some(Err(poison.clone())),
            None if state.publisher_ended => Some(Err(PipelineError::ShuttingDown)),
            None => None,
        });
        outcome.unwrap_or(Ok(false))
    }
    /// Sequences what is queued, integrates and, if the policy can be satisfied, publishes it, and ends. What was published
    /// can still be read; nothing more is accepted. The lock is held until the log is dropped.
    ///
    /// Errors: why the log had stopped.
    pub fn shut_down(&self) -> Result<Sizes, PipelineError> {
        self.end_pruning();
        self.shared.progress.update(|state| state.closing = Closing::Drain);
        self.shared.queue.close();
        self.join();
        let state = self.shared.progress.read();
        match &state.poison {
            Some(poison) => Err(poison.clone()),
            None => Ok(state.sizes),
        }
    }
    /// A pruning under way ends where it is, with [`PipelineError::ShuttingDown`], and no other begins; the next process goes on
    /// with it.
    pub fn end_pruning(&self) {
        self.shared.ending.store(true, Ordering::SeqCst);
    }
    fn join(&self) {
        for thread in hold(&self.threads).drain(..) {
            // A panic was turned into an error where it happened.
            let _ = thread.join();
        }
    }
}

impl<D: Disk> Drop for Log<D> {
    fn drop(&mut self) {
        self.shared.progress.update(|state| {
            if state.closing == Closing::Open {
                state.closing = Closing::Abandon;
            }
        });
        self.shared.drop_queue(&PipelineError::ShuttingDown);
        self.join();
    }
}

/// What a log begins to run with.
struct Start<D: Disk> {
    chains: Chains,
    index: Index,
    oldest: u64,
    told: Told,
    tail: Tail,
    journal: Journal<D>,
    edge: Edge,
    signed: (u64, Hash),
    published: Option<(u64, Note)>,
}

fn spawn<D: Disk>(
    shared: &Arc<Shared<D>>,
    name: &'static str,
    body: impl FnOnce(&Shared<D>) + Send + 'static,
) -> JoinHandle<()> {
    let shared = shared.clone();
    std::thread::spawn(move || {
        let run = std::panic::AssertUnwindSafe(|| body(&shared));
        if std::panic::catch_unwind(run).is_err() {
            shared.stop(PipelineError::Panicked { thread: name });
            shared.progress.update(|state| {
                (state.sequencer_ended, state.integrator_ended, state.publisher_ended) = (true, true, true)
            });
        }
    })
}

fn check_settings(settings: &LogSettings, signer: &NoteSigner) -> Result<(), PipelineError> {
    settings.check()?;
    let key = signer.verifier_key();
    match &settings.policy {
        Some(policy) if policy.log() != key => {
            Err(PipelineError::OtherKey { expected: policy.log().to_string(), got: key.to_string() })
        }
        _ => Ok(()),
    }
}

/// Nothing of a log is in the folder, also not of one that lost its registrations.
fn refuse_if_used<D: Disk>(files: &Files<D>) -> Result<(), PipelineError> {
    let mut used =
        files.open(REGISTRATIONS, Access::Read)?.is_some() || files.get_public(CHECKPOINT)?.is_some();
    for segment in list_segments(files)? {
        let name = segment_name(segment);
        if let Some(file) = files.open(&name, Access::Read)? {
            used |= segment > 0 || files.len(&name, &file)? > FRAMES_START;
        }
    }
    if used { Err(PipelineError::AlreadyExists { path: files.path() }) } else { Ok(()) }
}

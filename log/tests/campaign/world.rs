//! What agents hand in, what they and everybody else were told, and what must be true of the log ever after.

use crate::agent::{Want, observation, program, salts};
use crate::disk::fault::Computer;
use candor_log::Disk;
use candor_log::pipeline::{
    Cosign, CosignRequest, EquivocationEvidence, Log, LogSettings, PipelineError, Registration, Submission,
    SubmitError,
};
use candor_trace::tlog::{
    BundleId, Checkpoint, Frontier, Hash, Note, NoteSigner, QuorumPolicy, ReadTiles, SignatureLine,
    TILE_WIDTH, TileHashes, TileId, bundle_entries, root,
};
use candor_trace::{AgentKey, Entry, Recorder, SignedRecord};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Name of the log.
pub(crate) const ORIGIN: &str = "log.example/campaign";
/// Longer than anything in memory takes.
const SOON: Duration = Duration::from_secs(20);

/// The log's key.
pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[0x5a; 32]).expect("a key")
}

/// Settings under which everything happens often: short segments, no pause between checkpoints.
pub(crate) fn settings() -> LogSettings {
    LogSettings {
        publish_interval: Duration::from_millis(1),
        segment_limit_bytes: 8192,
        group_limit_records: 4,
        index_cache_bytes: 1 << 20,
        policy: QuorumPolicy::new(signer().verifier_key().clone(), Vec::new(), 0).ok(),
        ..LogSettings::default()
    }
}

/// Every checkpoint that the log ever signed, as somebody outside has it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Remembered(Arc<Mutex<BTreeMap<u64, Hash>>>);

impl Remembered {
    /// Notes a checkpoint; an error if one of its size had another root.
    pub(crate) fn note(&self, checkpoint: &Checkpoint) -> Result<(), Violation> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.insert(checkpoint.size(), *checkpoint.root()) {
            Some(first) if first != *checkpoint.root() => {
                all.insert(checkpoint.size(), first);
                // The first stays, so that whoever looks later sees the fork too.
                Err(Violation::Fork { size: checkpoint.size() })
            }
            _ => Ok(()),
        }
    }
    pub(crate) fn all(&self) -> Vec<(u64, Hash)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(size, root)| (*size, *root)).collect()
    }
}

/// A witness that remembers everything and cosigns nothing: what it saw was signed, published or not.
struct Witness {
    remembered: Remembered,
    forked: Arc<Mutex<Option<Violation>>>,
    say: fn(&Checkpoint),
}

impl Cosign for Witness {
    fn cosign(&self, request: &CosignRequest<'_>) -> Vec<SignatureLine> {
        (self.say)(request.checkpoint);
        if let Err(fork) = self.remembered.note(request.checkpoint) {
            *self.forked.lock().unwrap_or_else(PoisonError::into_inner) = Some(fork);
        }
        Vec::new()
    }
}

/// What must not happen.
#[derive(Debug)]
#[expect(dead_code, reason = "shown when a test fails")]
pub(crate) enum Violation {
    /// The log cannot be opened.
    Unopenable(PipelineError),
    /// An acknowledged record is not there, or not at its index.
    Lost { record: usize, index: u64, found: Option<u64> },
    /// An acknowledged record's entry or body cannot be read.
    Unreadable { record: usize, error: String },
    /// Another entry than was acknowledged.
    Wrong { record: usize },
    /// The same record again has another index.
    Moved { record: usize, index: u64, again: u64 },
    /// An honest record is refused.
    Refused { record: usize, error: SubmitError },
    /// Two checkpoints of one size have different roots.
    Fork { size: u64 },
    /// The log is smaller than a checkpoint that it signed.
    Shrunk { size: u64, signed: u64 },
    /// The entries do not give the root that was signed.
    Root { size: u64 },
    /// The log stopped with nothing having failed.
    Stopped(PipelineError),
    /// What was to be published soon was not.
    Late,
    /// Evidence that was answered is gone.
    EvidenceLost,
    /// The files that a reader needs for the checkpoint that is there are not whole.
    Static { what: String },
}

/// One honest record.
pub(crate) struct Honest {
    pub(crate) submission: Submission,
    pub(crate) entry: Vec<u8>,
    pub(crate) record_hash: [u8; 32],
}

/// Several agents with their records, in an order in which each chain's records follow each other.
pub(crate) struct Agents {
    pub(crate) registrations: Vec<Registration>,
    pub(crate) records: Vec<Honest>,
    /// A record of the first agent that equivocates with its record 0.
    pub(crate) equivocating: Submission,
}

fn key(number: u8) -> AgentKey {
    AgentKey::from_bytes(&[0x31 + number; 32]).expect("in range")
}

/// So many agents with so many records each; every third record's body is withheld.
pub(crate) fn agents(agents: u8, records: u64) -> Agents {
    Agents::of(&signed_records(agents, records))
}

/// Records of so many agents, each of which has so many, in an order in which chains are handed in together.
pub(crate) fn signed_records(agents: u8, records: u64) -> Vec<SignedRecord> {
    let program = program();
    let mut made = Vec::new();
    let mut recorders: Vec<Recorder> = (0..agents)
        .map(|number| Recorder::resume(program.clone(), key(number), None).expect("genesis"))
        .collect();
    for number in 0..records {
        for recorder in &mut recorders {
            let want = [Want::Hold, Want::Buy, Want::Sell][(number % 3) as usize];
            let seen = observation(crate::agent::START + number * 10, want);
            made.push(recorder.record(seen, salts(number)).expect("recorded").record);
        }
    }
    made
}

impl Agents {
    /// The agents of records.
    pub(crate) fn of(records: &[SignedRecord]) -> Self {
        let card = program().card;
        let mut made = Self { registrations: Vec::new(), records: Vec::new(), equivocating: equivocating() };
        for (position, record) in records.iter().enumerate() {
            if record.header.sequence == 0 {
                made.registrations.push(Registration::of(&card, record.header.agent));
            }
            let mut submission = Submission::of(record, &card.domain);
            if position % 3 == 2 {
                submission = submission.without_body();
            }
            let entry = Entry::of(record, &card.domain);
            made.records.push(Honest {
                submission,
                entry: entry.to_bytes(),
                record_hash: entry.record_hash(),
            });
        }
        made
    }
}

fn equivocating() -> Submission {
    let program = program();
    let mut recorder = Recorder::resume(program.clone(), key(0), None).expect("genesis");
    let seen = observation(crate::agent::START + 1, Want::Sell);
    let record = recorder.record(seen, salts(99)).expect("recorded").record;
    Submission::of(&record, &program.card.domain)
}

/// What everybody was told.
#[derive(Clone, Default, Debug)]
pub(crate) struct Told {
    /// Whether the log's creation was reported.
    pub(crate) created: bool,
    /// Index of each acknowledged record, by its position among the agents' records.
    pub(crate) acknowledged: BTreeMap<usize, u64>,
    /// Names of evidence that was answered.
    pub(crate) evidence: Option<String>,
    pub(crate) remembered: Remembered,
    forked: Arc<Mutex<Option<Violation>>>,
}

impl Told {
    /// Opens the log, or creates it.
    pub(crate) fn open<D: Disk>(&mut self, disk: impl Fn() -> D) -> Result<Log<D>, PipelineError> {
        self.open_saying(disk, |_| {})
    }
    /// The same, and says what is signed before anybody else learns of it.
    pub(crate) fn open_saying<D: Disk>(
        &mut self,
        disk: impl Fn() -> D,
        say: fn(&Checkpoint),
    ) -> Result<Log<D>, PipelineError> {
        let (remembered, forked) = (self.remembered.clone(), self.forked.clone());
        let witness = || Witness { remembered: remembered.clone(), forked: forked.clone(), say };
        let log = match Log::open_with(disk(), settings(), signer(), Box::new(witness())) {
            Ok((log, _)) => log,
            Err(PipelineError::NoLog { .. }) if !self.created => {
                Log::create_with(disk(), settings(), signer(), Box::new(witness()))?
            }
            Err(error) => return Err(error),
        };
        self.created = true;
        Ok(log)
    }
    /// Hands in all records up to one, in small groups, those that were acknowledged again too; each group is published
    /// before the next. Stops at the first error.
    pub(crate) fn hand_in<D: Disk>(
        &mut self,
        disk: impl Fn() -> D,
        agents: &Agents,
        until: usize,
    ) -> Result<(), Stop> {
        let log = self.open(disk)?;
        for registration in &agents.registrations {
            log.register(registration.clone()).map_err(|_| Stop::Refused)?;
        }
        let records = agents.records.get(..until).unwrap_or(&agents.records);
        for (group, honest) in records.chunks(5).enumerate() {
            let first = group * 5;
            let mut waiting = Vec::new();
            for (position, honest) in (first..).zip(honest) {
                match log.submit(honest.submission.clone()) {
                    Ok(pending) => waiting.push((position, pending)),
                    Err(SubmitError::Pipeline(error)) => return Err(error.into()),
                    Err(error) => return Err(Violation::Refused { record: position, error }.into()),
                }
            }
            let mut last = None;
            for (position, pending) in waiting {
                let index = pending.wait()?.index;
                self.acknowledge(position, index)?;
                last = Some(index);
            }
            if group == 1 {
                self.equivocate(&log, agents)?;
            }
            if let Some(index) = last
                && !log.wait_published(index, SOON)?
            {
                return Err(Violation::Late.into());
            }
        }
        log.shut_down()?;
        Ok(())
    }
    fn acknowledge(&mut self, record: usize, index: u64) -> Result<(), Violation> {
        match self.acknowledged.insert(record, index) {
            Some(first) if first != index => Err(Violation::Moved { record, index: first, again: index }),
            _ => Ok(()),
        }
    }
    fn equivocate<D: Disk>(&mut self, log: &Log<D>, agents: &Agents) -> Result<(), Stop> {
        match log.submit(agents.equivocating.clone()) {
            Err(SubmitError::Equivocation { evidence: Some(name), .. }) => {
                self.evidence = Some(name);
                Ok(())
            }
            Err(SubmitError::Pipeline(error)) => Err(error.into()),
            Err(error) => Err(Violation::Refused { record: usize::MAX, error }.into()),
            Ok(_) => Err(Violation::Wrong { record: usize::MAX }.into()),
        }
    }
    /// Nothing fails now: the log opens, has everything that was acknowledged, goes on, and has forked nowhere.
    pub(crate) fn check<D: Disk>(&mut self, disk: impl Fn() -> D, agents: &Agents) -> Result<(), Violation> {
        let log = self.open(disk).map_err(Violation::Unopenable)?;
        self.check_acknowledged(&log, agents)?;
        for registration in &agents.registrations {
            log.register(registration.clone()).map_err(|_| Violation::Late)?;
        }
        // The same again, then what is missing.
        let mut waiting = Vec::new();
        for (record, honest) in agents.records.iter().enumerate() {
            let pending = log.submit(honest.submission.clone());
            waiting.push(pending.map_err(|error| Violation::Refused { record, error })?);
        }
        let mut last = 0;
        for (record, pending) in waiting.into_iter().enumerate() {
            let index = pending.wait().map_err(Violation::Stopped)?.index;
            self.acknowledge(record, index)?;
            last = last.max(index);
        }
        if !log.wait_published(last, SOON).map_err(Violation::Stopped)? {
            return Err(Violation::Late);
        }
        self.check_acknowledged(&log, agents)?;
        self.check_remembered(&log)?;
        log.shut_down().map_err(Violation::Stopped)?;
        let forked = self.forked.lock().unwrap_or_else(PoisonError::into_inner).take();
        forked.map_or(Ok(()), Err)
    }
    /// The same without handing anything in.
    pub(crate) fn check_some<D: Disk>(
        &mut self,
        disk: impl Fn() -> D,
        agents: &Agents,
    ) -> Result<(), Violation> {
        let log = self.open(disk).map_err(Violation::Unopenable)?;
        self.check_acknowledged(&log, agents)?;
        let size = log.status().sizes.sequenced;
        if size > 0 && !log.wait_published(size - 1, SOON).map_err(Violation::Stopped)? {
            return Err(Violation::Late);
        }
        self.check_remembered(&log)
    }
    fn check_acknowledged<D: Disk>(&self, log: &Log<D>, agents: &Agents) -> Result<(), Violation> {
        for (&record, &index) in &self.acknowledged {
            let honest = &agents.records[record];
            let unreadable =
                |error: PipelineError| Violation::Unreadable { record, error: error.to_string() };
            let found = log.find(&honest.record_hash).map_err(unreadable)?;
            if found != Some(index) {
                return Err(Violation::Lost { record, index, found });
            }
            if log.entry(index).map_err(unreadable)?.to_bytes() != honest.entry {
                return Err(Violation::Wrong { record });
            }
            if honest.submission.body.is_some()
                && log.body(&honest.submission.body_hash).map_err(unreadable)? != honest.submission.body
            {
                return Err(Violation::Unreadable { record, error: "its body is gone".into() });
            }
        }
        Ok(())
    }
    /// Every checkpoint that anybody ever saw is of this log's history.
    fn check_remembered<D: Disk>(&self, log: &Log<D>) -> Result<(), Violation> {
        let size = log.status().sizes.published.unwrap_or(0);
        let mut frontier = Frontier::new();
        let mut remembered = self.remembered.all().into_iter().peekable();
        loop {
            while let Some((_, root)) = remembered.next_if(|(size, _)| *size == frontier.size()) {
                if frontier.root() != root {
                    return Err(Violation::Root { size: frontier.size() });
                }
            }
            if frontier.size() == size {
                break;
            }
            let entry = log.entry(frontier.size()).map_err(Violation::Stopped)?;
            frontier.push_entry(&entry.to_bytes()).map_err(|_| Violation::Late)?;
        }
        match remembered.next() {
            Some((signed, _)) => Err(Violation::Shrunk { size, signed }),
            None => Ok(()),
        }
    }
    /// Whoever reads the files as they lie there, with nothing running, finds the tree of the checkpoint that is there,
    /// and it is one that was remembered or continues them.
    pub(crate) fn check_static(&self, computer: &Computer) -> Result<(), Violation> {
        if let Some(name) = &self.evidence
            && computer.read(name).is_none_or(|bytes| EquivocationEvidence::from_bytes(&bytes).is_err())
        {
            return Err(Violation::EvidenceLost);
        }
        let Some(bytes) = computer.read("public/checkpoint") else { return Ok(()) };
        let damaged = |what: &str| Violation::Static { what: what.to_owned() };
        let note = Note::parse(&bytes).map_err(|_| damaged("checkpoint"))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| damaged("checkpoint"))?;
        self.remembered.note(&checkpoint)?;
        let mut frontier = Frontier::new();
        for bundle in 0..checkpoint.size().div_ceil(TILE_WIDTH) {
            let id = BundleId::of_tree(bundle, checkpoint.size()).ok_or_else(|| damaged("size"))?;
            let partial = computer.read(&format!("public/{}", id.path()));
            let (id_read, bytes) = match partial {
                Some(bytes) => (id, bytes),
                None => {
                    let full = computer.read(&format!("public/{}", id.full().path()));
                    (id.full(), full.ok_or_else(|| damaged(&id.path()))?)
                }
            };
            let entries = bundle_entries(&id_read, &bytes).map_err(|_| damaged(&id.path()))?;
            for entry in entries.iter().take(usize::from(id.width())) {
                frontier.push_entry(entry).map_err(|_| damaged("size"))?;
            }
        }
        if frontier.root() != *checkpoint.root() {
            return Err(Violation::Root { size: checkpoint.size() });
        }
        let static_tiles = StaticTiles(computer);
        let tiles = TileHashes::new(&static_tiles, checkpoint.size());
        match root(&tiles, checkpoint.size()) {
            Ok(root) if root == *checkpoint.root() => Ok(()),
            _ => Err(damaged("tiles")),
        }
    }
}

/// Tiles as files.
struct StaticTiles<'a>(&'a Computer);

impl ReadTiles for StaticTiles<'_> {
    type Error = String;
    fn read_tile(&self, id: &TileId) -> Result<Vec<u8>, String> {
        let width = usize::from(id.width()) * 32;
        let read = |id: &TileId| self.0.read(&format!("public/{}", id.path()));
        let bytes = read(id).or_else(|| read(&id.full())).ok_or_else(|| id.path())?;
        bytes.get(..width).map(<[u8]>::to_vec).ok_or_else(|| id.path())
    }
}

/// Why handing in stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// As it must when the disk fails.
    Pipeline,
    /// A registration was not taken.
    Refused,
    /// As it must not.
    Violation(Violation),
}

impl From<PipelineError> for Stop {
    fn from(_: PipelineError) -> Self {
        Self::Pipeline
    }
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

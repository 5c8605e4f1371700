//! Agents that write to a log of many agents, and logs on a real disk.

#![allow(dead_code, reason = "each test tree uses its own part")]

pub(crate) mod damage;
pub(crate) mod gate;

use crate::agent;
use candor_log::FileSystem;
use candor_log::pipeline::{
    Log, LogSettings, PipelineError, RecoveryReport, Registration, Sequenced, Submission,
};
use candor_program::Program;
use candor_trace::tlog::{NoteSigner, QuorumPolicy};
use candor_trace::{AgentKey, Recorder, Revision, RevisionTimes, SignedRecord};
use std::path::Path;
use std::time::Duration;

/// Name of the tests' logs.
pub(crate) const ORIGIN: &str = "example.org/log";
/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// The log's key.
pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[7; 32]).expect("a name")
}

/// A policy that asks for the log's own signature only.
pub(crate) fn own_policy() -> QuorumPolicy {
    QuorumPolicy::new(signer().verifier_key().clone(), Vec::new(), 0).expect("a log's key")
}

/// Settings for tests: published soon.
pub(crate) fn settings() -> LogSettings {
    LogSettings { publish_interval: Duration::from_millis(5), ..LogSettings::default() }
}

/// Settings under which nothing is integrated or published until the log is shut down.
pub(crate) fn slow() -> LogSettings {
    LogSettings { publish_interval: Duration::from_secs(100_000), ..LogSettings::default() }
}

/// An agent with its program.
pub(crate) struct Agent {
    pub(crate) recorder: Recorder,
    pub(crate) registration: Registration,
    time: u64,
}

/// The key of an agent by number.
pub(crate) fn key(number: u8) -> AgentKey {
    AgentKey::from_bytes(&[number.wrapping_add(1).max(1); 32]).expect("in range")
}

/// The agents' program with another number in it: another program.
pub(crate) fn program(version: u8) -> Program {
    let mut program = agent::program();
    program.card.plugins[0].code_hash = [version; 32];
    program.validate().expect("valid");
    program
}

impl Agent {
    /// An agent at the beginning of its chain.
    pub(crate) fn new(number: u8) -> Self {
        Self::with_program(number, program(1))
    }
    /// An agent with some program.
    pub(crate) fn with_program(number: u8, program: Program) -> Self {
        let registration = Registration::of(&program.card, key(number).address());
        let recorder = Recorder::resume(program, key(number), None).expect("genesis");
        Self { recorder, registration, time: agent::START }
    }
    /// Its chain.
    #[cfg(feature = "client")]
    pub(crate) fn chain_name(&self) -> candor_log::http::ChainName {
        candor_log::http::ChainName {
            domain: self.registration.domain,
            program_id: self.registration.program_id,
        }
    }
    /// Its next record.
    pub(crate) fn record(&mut self) -> SignedRecord {
        self.time += 1;
        let observation = agent::observation(self.time, agent::Want::Hold);
        let salts = agent::salts(self.recorder.sequence());
        self.recorder.record(observation, salts).expect("recorded").record
    }
    /// What it records from here on differs from what it would have.
    pub(crate) fn skip_time(&mut self) {
        self.time += 1;
    }
    /// Its next records.
    pub(crate) fn records(&mut self, count: usize) -> Vec<SignedRecord> {
        (0..count).map(|_| self.record()).collect()
    }
    /// Its next record, as it is handed in.
    pub(crate) fn submission(&mut self) -> Submission {
        let record = self.record();
        self.submit(&record)
    }
    /// A record, as it is handed in.
    pub(crate) fn submit(&self, record: &SignedRecord) -> Submission {
        Submission::of(record, &self.registration.domain)
    }
}

/// The Revise record of an agent after its last record, and the agent as it goes on with the next program.
pub(crate) fn revised(number: u8, from: u8, to: u8, last: &SignedRecord) -> (SignedRecord, Agent) {
    let (from, to) = (program(from), program(to));
    let time = last.header.time;
    let revision = Revision { from: from.card, to: to.card.clone() };
    let times = RevisionTimes { time, activation: time + 1 };
    let record = candor_trace::revise(revision, &key(number), Some(last), times).expect("in order");
    let registration = Registration::of(&to.card, key(number).address());
    let recorder = Recorder::resume(to, key(number), Some(&record)).expect("continues");
    (record, Agent { recorder, registration, time })
}

/// A new log.
pub(crate) fn create(place: &Path, settings: LogSettings) -> Log<FileSystem> {
    Log::create(FileSystem::at(place), settings, signer()).expect("created")
}

/// A log that is there.
pub(crate) fn open(place: &Path, settings: LogSettings) -> (Log<FileSystem>, RecoveryReport) {
    Log::open(FileSystem::at(place), settings, signer()).expect("opened")
}

/// Why a log cannot be opened.
pub(crate) fn refused(place: &Path, settings: LogSettings) -> PipelineError {
    match Log::open(FileSystem::at(place), settings, signer()) {
        Ok((_, report)) => panic!("it opened: {report:?}"),
        Err(error) => error,
    }
}

/// Hands in the agent's next records and waits for each.
pub(crate) fn append(log: &Log<FileSystem>, agent: &mut Agent, count: usize) -> Vec<Sequenced> {
    let pending: Vec<_> = (0..count).map(|_| log.submit(agent.submission()).expect("accepted")).collect();
    pending.into_iter().map(|pending| pending.wait().expect("durable")).collect()
}

/// A log with so many records of one agent, shut down.
pub(crate) fn filled(place: &Path, settings: LogSettings, count: usize) -> Agent {
    let log = create(place, settings);
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).expect("registered");
    append(&log, &mut agent, count);
    log.shut_down().expect("shut down");
    agent
}

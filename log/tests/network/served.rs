//! A log that is served on this machine, and agents that hand in records over the network.

#![allow(dead_code, reason = "each test tree uses its own part")]

use crate::fleet::{Agent, key, signer};
use crate::network::{Answer, ManualClock, listener, request};
use candor_log::http::server::{
    AccessTokens, Clock, Rate, Rates, RunningLog, Scope, ServerSettings, SystemClock, serve_log,
};
use candor_log::http::witness::Asked;
use candor_log::http::{LogClient, Patience, SubmissionClaim, SubmissionMessage};
use candor_log::pipeline::{Log, LogSettings};
use candor_log::{Disk, FileSystem};
use candor_program::encoding::encode;
use candor_trace::SignedRecord;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const OPERATOR: &str = "operator-token-operator-token-00";
pub(crate) const READER: &str = "a-reader-of-bodies-a-reader-00000";
pub(crate) const PATIENCE: Patience =
    Patience { connect: Duration::from_secs(10), whole: Duration::from_secs(60) };

/// So much that no test meets a limit that it does not set.
pub(crate) const NO_LIMIT: Rate = Rate { per_second: 1_000_000, burst: 1_000_000 };

pub(crate) const NO_BYTE_LIMIT: Rate = Rate { per_second: 1_000_000_000, burst: u32::MAX };

pub(crate) fn generous() -> ServerSettings {
    let mut tokens = AccessTokens::default();
    tokens.accept(OPERATOR, Scope::Operator).unwrap();
    tokens.accept(READER, Scope::Bodies).unwrap();
    let rates = Rates { agent: NO_LIMIT, agent_bytes: NO_BYTE_LIMIT, total: NO_LIMIT, address: NO_LIMIT };
    ServerSettings { rates, tokens, ..ServerSettings::default() }
}

/// A clock that does not move: limits are then exact.
pub(crate) fn still() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at_seconds(1_700_000_000))
}

/// Serves a log that is open.
pub(crate) fn serve<D: Disk>(
    log: Log<D>,
    disk: D,
    clock: Arc<dyn Clock>,
    settings: ServerSettings,
) -> RunningLog<D> {
    serve_log(log, disk, clock, listener(), settings, Arc::new(Asked::default())).unwrap()
}

/// A new log with these agents, served.
pub(crate) fn start(
    place: &Path,
    agents: &[&Agent],
    log: LogSettings,
    server: ServerSettings,
) -> RunningLog<FileSystem> {
    let log = Log::create(FileSystem::at(place), log, signer()).unwrap();
    agents.iter().for_each(|agent| log.register(agent.registration.clone()).unwrap());
    serve(log, FileSystem::at(place), Arc::new(SystemClock), server)
}

/// A log that is there, served again.
pub(crate) fn restart(place: &Path, log: LogSettings, server: ServerSettings) -> RunningLog<FileSystem> {
    let (log, _) = Log::open(FileSystem::at(place), log, signer()).unwrap();
    serve(log, FileSystem::at(place), Arc::new(SystemClock), server)
}

pub(crate) fn client(url: &str) -> LogClient {
    LogClient::new(url, signer().verifier_key().clone(), PATIENCE).unwrap()
}

/// What an agent by number claims of a record.
pub(crate) fn claim(number: u8, agent: &Agent, record: &SignedRecord) -> SubmissionClaim {
    claim_for(signer().verifier_key().name(), number, agent, record)
}

/// The same for a log of another origin.
pub(crate) fn claim_for(origin: &str, number: u8, agent: &Agent, record: &SignedRecord) -> SubmissionClaim {
    let message = SubmissionMessage::of(origin, &agent.registration.domain, record);
    SubmissionClaim::sign(&key(number), record.header.program_id, &message)
}

/// Hands in what a claim is about, or something else.
pub(crate) fn post(address: SocketAddr, claim: &SubmissionClaim, body: &[u8]) -> Answer {
    request(address, "POST", "/candor/v1/records", &claim.headers(), body)
}

/// Hands in a record as its agent does.
pub(crate) fn submit(address: SocketAddr, number: u8, agent: &Agent, record: &SignedRecord) -> Answer {
    post(address, &claim(number, agent, record), &encode(record))
}

//! What the requests to a log's server share.

use crate::disk::Disk;
use crate::http::answer::Health;
use crate::http::server::access::{AccessTokens, Scope};
use crate::http::server::agent_list::AgentList;
use crate::http::server::clock::Clock;
use crate::http::server::connection::{ConnectionSettings, Open};
use crate::http::server::in_flight::InFlight;
use crate::http::server::limits::{Limits, Rates};
use crate::http::server::metrics::Metrics;
use crate::http::server::rate::Rate;
use crate::http::server::refusal::Refused;
use crate::http::witness::Asked;
use crate::objects::Objects;
use crate::pipeline::{Log, PipelineError, Registration, Sizes};
use axum::http::{HeaderMap, header};
use candor_program::card::Domain;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// How a log serves.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Connections.
    pub connections: ConnectionSettings,
    /// Time in which a whole record must arrive.
    pub body_timeout: Duration,
    /// Longest record: header, signature and body.
    pub max_record_bytes: usize,
    /// Records that are being received, in bytes, all together; one agent has an eighth of it at most.
    pub max_in_flight_bytes: usize,
    /// Longest that an answer waits for a record to be integrated or published.
    pub wait_timeout: Duration,
    /// Who may hand in how much.
    pub rates: Rates,
    /// How often what is left of the rates is written down: what a crash forgives.
    pub save_interval: Duration,
    /// Who may read bodies, register agents and prune.
    pub tokens: AccessTokens,
    /// When to mark and to prune without being asked. Default: never.
    pub prune: Option<PruneSchedule>,
}

/// When a served log is marked and pruned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PruneSchedule {
    /// Time between two prunings; the first is at once.
    pub every: Duration,
    /// Largest step of the clock since the last mark that is believed. Units: seconds.
    pub max_clock_step_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            connections: ConnectionSettings::default(),
            body_timeout: Duration::from_secs(15),
            max_record_bytes: (1 << 20) + 1024,
            max_in_flight_bytes: 128 << 20,
            wait_timeout: Duration::from_secs(30),
            rates: Rates {
                agent: Rate { per_second: 20, burst: 200 },
                agent_bytes: Rate { per_second: 256 << 10, burst: 64 << 20 },
                total: Rate { per_second: 10_000, burst: 20_000 },
                address: Rate { per_second: 20, burst: 200 },
            },
            save_interval: Duration::from_secs(1),
            tokens: AccessTokens::default(),
            prune: None,
        }
    }
}

/// How far the log has come, for those who wait.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) sizes: Sizes,
    pub(crate) stopped: Option<PipelineError>,
}

/// Domains by agent and program.
pub(crate) type Domains = HashMap<([u8; 20], [u8; 32]), Domain>;

/// What the requests share.
pub(crate) struct App<D: Disk> {
    pub(crate) log: Arc<Log<D>>,
    pub(crate) origin: String,
    pub(crate) public: Arc<dyn Objects>,
    pub(crate) domains: RwLock<Domains>,
    /// The list of agents as it is served.
    pub(crate) agents: AgentList,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: ServerSettings,
    pub(crate) metrics: Metrics,
    /// Records that are being received.
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) open: Arc<Open>,
    /// What became of asking witnesses.
    pub(crate) asked: Arc<Asked>,
}

impl<D: Disk> App<D> {
    /// The domain that an agent's records of a program are of.
    pub(crate) fn domain(&self, agent: &[u8; 20], program_id: &[u8; 32]) -> Option<Domain> {
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        domains.get(&(*agent, *program_id)).copied()
    }
    /// Submissions of an agent that was registered meanwhile are known from now on.
    pub(crate) fn add_domain(&self, registration: &Registration) {
        let mut domains = self.domains.write().unwrap_or_else(PoisonError::into_inner);
        domains.insert((registration.agent, registration.program_id), registration.domain);
    }
    /// An address within its limits asks with a token that allows this; a wrong token is charged to the address.
    pub(crate) fn check_caller(
        &self,
        address: IpAddr,
        headers: &HeaderMap,
        wanted: Scope,
    ) -> Result<(), Refused> {
        self.limits.check_address(address, self.clock.now())?;
        self.check_token(headers, wanted)
            .inspect_err(|_| self.limits.charge_address(address, self.clock.now()))
    }
    /// Whoever asks may do this.
    fn check_token(&self, headers: &HeaderMap, wanted: Scope) -> Result<(), Refused> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match self.settings.tokens.scope(authorization) {
            Some(scope) if scope == wanted || scope == Scope::Operator => Ok(()),
            scope => Err(Refused::token(scope.is_some())),
        }
    }
    /// How the log is.
    pub(crate) fn health(&self) -> Health {
        let status = self.log.status();
        Health {
            status: if status.stopped.is_some() { "stopped" } else { "ok" }.to_owned(),
            sequenced: status.sizes.sequenced,
            integrated: status.sizes.integrated,
            published: status.sizes.published.unwrap_or(0),
            queued: status.queued as u64,
        }
    }
}

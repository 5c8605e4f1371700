//! `candor log serve`: the log over HTTP, until SIGINT or SIGTERM.

use crate::arguments::Context;
use crate::command::log::open::{self, Opened};
use crate::command::log::retention::seconds;
use crate::events;
use crate::exit::{ExitClass, Failure};
use crate::log_keys;
use crate::output::{Report, count};
use crate::store;
use candor_log::FileSystem;
use candor_log::http::server::{
    AccessTokens, ConnectionSettings, PruneSchedule, Rate, Rates, Scope, ServeError, ServerSettings,
    SystemClock, serve_log,
};
use candor_log::pipeline::{LogSettings, OpenCheck};
use clap::Args;
use serde_json::json;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MAX_CHECKPOINT_BYTES: u64 = 1 << 16;

/// `candor log serve`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// The log's directory
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Where to listen. There is no TLS here: to be reached from elsewhere put a web server in front
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6962")]
    pub listen: SocketAddr,
    /// Records a second that one agent may hand in
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub agent_rate: u32,
    /// Records that one agent may hand in at once
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub agent_burst: u32,
    /// Bytes a second that one agent's records may have
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub agent_bytes_rate: u32,
    /// Bytes that one agent may hand in at once
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub agent_bytes_burst: u32,
    /// Records a second of all agents together
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub total_rate: u32,
    /// Refused or repeated requests a second of one address
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub address_rate: u32,
    /// Address of the web server in front: its requests count for whom it names last in X-Forwarded-For
    #[arg(long, value_name = "ADDRESS")]
    pub proxy: Option<IpAddr>,
    /// Milliseconds between two checkpoints
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub publish_interval: u64,
    /// Longest body of a record
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub max_body: usize,
    /// File with tokens that read bodies, one a line
    #[arg(long, value_name = "FILE")]
    pub body_tokens: Option<PathBuf>,
    /// A checkpoint of this log that somebody remembers: an older copy of the log is then refused. May be repeated
    #[arg(long, value_name = "FILE")]
    pub remember: Vec<PathBuf>,
    /// Mark and prune at once and then so often, such as 1d; the last published retention policy says what goes
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub prune_every: Option<u64>,
    /// Time that may have passed since the last mark before the clock is doubted and nothing is pruned
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "40d", requires = "prune_every")]
    pub clock_step: u64,
    /// Open without going through everything: only what is needed to go on is checked
    #[arg(long)]
    pub quick: bool,
}

impl Serve {
    /// Serves until it is asked to end.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Report, Failure> {
        events::print();
        // Before the long work, so that a taken port is said at once.
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            Failure::new(ExitClass::Unexpected, format!("could not listen: {error}"))
                .at(self.listen)
                .fix("choose another --listen, or stop what listens there")
        })?;
        let tokens = self.tokens()?;
        let Opened { log, report, asked, witnesses } = open::open(&self.directory, self.log_settings()?)?;
        let origin = log.origin().to_owned();
        let settings = self.server_settings(tokens);
        let disk = FileSystem::at(&self.directory);
        let served = serve_log(log, disk, Arc::new(SystemClock), listener, settings, asked)
            .map_err(|error| self.failure(&error))?;
        let url = served.url();
        let line = if context.output.json {
            json!({
                "url": url,
                "origin": origin,
                "entries": report.sequenced,
                "witnesses": witnesses.0,
                "quorum": witnesses.1,
            })
            .to_string()
        } else {
            let (all, needed) = witnesses;
            format!(
                "{origin} at {url}: {}, {needed} of {} must cosign. Ctrl-C ends it",
                count_entries(report.sequenced),
                count(all as u64, "witness").replace("witnesss", "witnesses"),
            )
        };
        let unheard =
            |error| Failure::new(ExitClass::Unexpected, format!("could not wait for a signal: {error}"));
        let signals = served.end_signals().map_err(unheard)?;
        context.output.line(&line)?;
        served.wait_for_end(signals).map_err(unheard)?;
        let sizes = served.stop().map_err(|error| self.failure(&error))?;
        let published = sizes.published.unwrap_or(0);
        let text = format!("ended: {}, {published} published", count_entries(sizes.sequenced));
        Ok(Report::accepted(text, json!({ "entries": sizes.sequenced, "published": published })))
    }
    fn log_settings(&self) -> Result<LogSettings, Failure> {
        let remembered: Result<Vec<Vec<u8>>, Failure> =
            self.remember.iter().map(|path| store::read(path, MAX_CHECKPOINT_BYTES)).collect();
        Ok(LogSettings {
            publish_interval: Duration::from_millis(self.publish_interval),
            max_body_bytes: self.max_body,
            open_check: if self.quick { OpenCheck::Edge } else { OpenCheck::Everything },
            remembered: remembered?,
            ..LogSettings::default()
        })
    }
    fn server_settings(&self, tokens: AccessTokens) -> ServerSettings {
        let rate = |per_second: u32, burst: u32| Rate { per_second, burst };
        let ten_seconds = |per_second: u32| rate(per_second, per_second.saturating_mul(10));
        ServerSettings {
            max_record_bytes: self.max_body.saturating_add(1024),
            rates: Rates {
                agent: rate(self.agent_rate, self.agent_burst),
                agent_bytes: rate(self.agent_bytes_rate, self.agent_bytes_burst),
                total: rate(self.total_rate, self.total_rate.saturating_mul(2)),
                address: ten_seconds(self.address_rate),
            },
            tokens,
            prune: self.prune_every.map(|every| PruneSchedule {
                every: Duration::from_secs(every.max(1)),
                max_clock_step_seconds: self.clock_step,
            }),
            connections: ConnectionSettings { proxy: self.proxy, ..ConnectionSettings::default() },
            ..ServerSettings::default()
        }
    }
    fn tokens(&self) -> Result<AccessTokens, Failure> {
        let mut tokens = AccessTokens::default();
        let operator = log_keys::operator_token(&self.directory);
        if operator.exists() {
            accept(&mut tokens, &log_keys::load_token(&operator)?, Scope::Operator, &operator)?;
        }
        if let Some(path) = &self.body_tokens {
            for token in log_keys::load_tokens(path)? {
                accept(&mut tokens, &token, Scope::Bodies, path)?;
            }
        }
        Ok(tokens)
    }
    fn failure(&self, error: &ServeError) -> Failure {
        match error {
            ServeError::Log(source) => open::failure(source, &self.directory),
            ServeError::Limits(_) => Failure::new(ExitClass::Malformed, error).at(self.directory.display()),
            ServeError::Listen(_) => Failure::new(ExitClass::Unexpected, error).at(self.listen),
        }
    }
}

fn accept(tokens: &mut AccessTokens, token: &str, scope: Scope, path: &Path) -> Result<(), Failure> {
    tokens.accept(token, scope).map_err(|got| {
        let least = candor_log::http::server::MIN_TOKEN_BYTES;
        Failure::usage(format!("an access token of {got} characters could be guessed; {least} are the least"))
            .at(path.display())
            .fix("use long random tokens: head -c 32 /dev/urandom | xxd -p -c 64")
    })
}

fn count_entries(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

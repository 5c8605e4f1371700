//! A log's server: routes, limits that are written down, and an end that loses nothing.

use crate::disk::Disk;
use crate::http::server::agent_list::AgentList;
use crate::http::server::agents;
use crate::http::server::app::{App, Progress, ServerSettings};
use crate::http::server::clock::Clock;
use crate::http::server::connection::Open;
use crate::http::server::host::{EndSignals, Running, host};
use crate::http::server::in_flight::InFlight;
use crate::http::server::limits::Limits;
use crate::http::server::limits_file::{self, LimitsFileError};
use crate::http::server::openapi::{self, ROUTES, Route};
use crate::http::server::refusal::Refused;
use crate::http::server::{head, pruning, read, submit};
use crate::http::witness::Asked;
use crate::pipeline::{Log, PipelineError, Sizes};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;

/// How often those who wait for a state are told how far the log has come.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(10);

/// Why a log is not served, or did not end well.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The network refused.
    #[error("could not listen: {0}")]
    Listen(#[from] io::Error),
    /// What was charged before is not known, or could not be written down.
    #[error(transparent)]
    Limits(#[from] LimitsFileError),
    /// The log had stopped.
    #[error(transparent)]
    Log(#[from] PipelineError),
}

/// A log that is served.
pub struct RunningLog<D: Disk> {
    running: Running,
    app: Arc<App<D>>,
    disk: Arc<D>,
}

/// Serves a log.
///
/// `disk` is the log's folder, opened a second time: for what is left of the limits. `asked` is
/// what the log's [`crate::http::witness::Witnesses`] count.
pub fn serve_log<D: Disk>(
    log: Log<D>,
    disk: D,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    settings: ServerSettings,
    asked: Arc<Asked>,
) -> Result<RunningLog<D>, ServeError> {
    let disk = Arc::new(disk);
    let charged = limits_file::read(&*disk)?;
    let status = log.status();
    let (teller, progress) = watch::channel(Progress { sizes: status.sizes, stopped: status.stopped });
    let domains: HashMap<_, _> =
        log.registrations().into_iter().map(|one| ((one.agent, one.program_id), one.domain)).collect();
    let open = Arc::new(Open::default());
    let app = Arc::new(App {
        origin: log.origin().to_owned(),
        public: log.public(),
        log: Arc::new(log),
        domains: RwLock::new(domains),
        agents: AgentList::default(),
        limits: Limits::new(settings.rates, charged),
        clock,
        metrics: Default::default(),
        in_flight: Arc::new(InFlight::new(settings.max_in_flight_bytes)),
        progress,
        open: Arc::clone(&open),
        asked,
        settings,
    });
    let running = host(listener, router(&app), app.settings.connections, open)?;
    running.spawn(tell(Arc::clone(&app), teller, running.stopped()));
    running.spawn(pruning::prune_now_and_then(Arc::clone(&app), running.stopped()));
    running.spawn(save(Arc::clone(&app), Arc::clone(&disk), running.stopped()));
    Ok(RunningLog { running, app, disk })
}

fn router<D: Disk>(app: &Arc<App<D>>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, handler::<D>(route));
    }
    let no_route = || async { Refused::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here") };
    let no_method = || async {
        Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this path does not answer this method")
    };
    router.fallback(no_route).method_not_allowed_fallback(no_method).with_state(Arc::clone(app))
}

fn handler<D: Disk>(route: &Route) -> MethodRouter<Arc<App<D>>> {
    use openapi::Operation::*;
    match route.operation {
        SubmitRecord => post(submit::submit::<D>),
        ReadBody => get(read::body::<D>),
        RegisterAgent => post(agents::register::<D>),
        ReadChainHead => get(head::read::<D>),
        ReadCheckpoint => get(read::checkpoint::<D>),
        ReadTile => get(read::tile::<D>),
        ReadVerifierKey => get(read::verifier_key::<D>),
        ReadPolicy => get(read::policy::<D>),
        ReadPins => get(read::pins::<D>),
        ReadTombstone => get(read::tombstone::<D>),
        Prune => post(pruning::prune::<D>),
        ReadAgents => get(read::agents::<D>),
        ReadHealth => get(read::health::<D>),
        ReadMetrics => get(read::metrics::<D>),
        ReadDescription => get(|| async { axum::Json(openapi::description()) }),
    }
}

/// Tells those who wait how far the log has come.
async fn tell<D: Disk>(app: Arc<App<D>>, teller: watch::Sender<Progress>, mut stop: watch::Receiver<bool>) {
    loop {
        let status = app.log.status();
        teller.send_if_modified(|progress| {
            let changed =
                progress.sizes != status.sizes || progress.stopped.is_some() != status.stopped.is_some();
            *progress = Progress { sizes: status.sizes, stopped: status.stopped };
            changed
        });
        if !pause(&mut stop, PROGRESS_INTERVAL).await && app.open.count() == 0 {
            return;
        }
        if *stop.borrow() {
            // Those who are still answered are told too.
            tokio::time::sleep(PROGRESS_INTERVAL).await;
        }
    }
}

/// Writes down what is left of the limits, now and then.
async fn save<D: Disk>(app: Arc<App<D>>, disk: Arc<D>, mut stop: watch::Receiver<bool>) {
    let mut written = None;
    while pause(&mut stop, app.settings.save_interval).await {
        let charged = app.limits.charged(app.clock.now());
        if written.as_ref() == Some(&charged) {
            continue;
        }
        let (disk, copy) = (Arc::clone(&disk), charged.clone());
        match tokio::task::spawn_blocking(move || limits_file::write(&*disk, &copy)).await {
            Ok(Ok(())) => written = Some(charged),
            Ok(Err(error)) => tracing::error!(%error, "what is left of the limits could not be written down"),
            Err(_) => return,
        }
    }
}

/// Waits; `false` if the server is to end.
pub(crate) async fn pause(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => false,
        () = tokio::time::sleep(time) => true,
    }
}

impl<D: Disk> RunningLog<D> {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }
    /// Where it is reached on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.running.url()
    }
    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log<D> {
        &self.app.log
    }
    /// From now on SIGINT and SIGTERM do not end this process at once. To be called before anybody is told that the server is there.
    pub fn end_signals(&self) -> io::Result<EndSignals> {
        self.running.end_signals()
    }
    /// Returns when this process is asked to end (SIGINT or SIGTERM), or the log has stopped by itself.
    pub fn wait_for_end(&self, signals: EndSignals) -> io::Result<()> {
        let mut progress = self.app.progress.clone();
        self.running.wait_for_end(signals, async move {
            // The teller lives as long as the server.
            let _ = progress.wait_for(|now| now.stopped.is_some()).await.map(|_| ());
        })
    }
    /// Takes nothing new, answers what was asked, writes the limits down, and sequences, integrates and publishes what was
    /// accepted.
    pub fn stop(self) -> Result<Sizes, ServeError> {
        let Self { running, app, disk } = self;
        app.log.end_pruning();
        running.stop();
        let written = limits_file::write(&*disk, &app.limits.charged(app.clock.now()));
        let sizes = match Arc::try_unwrap(app).map(|app| Arc::try_unwrap(app.log)) {
            Ok(Ok(log)) => log.shut_down()?,
            // A thread that did not end in time still holds it; dropping it stops the log as a crash would, and a
            // crash loses nothing that was acknowledged.
            Ok(Err(log)) => log.status().sizes,
            Err(app) => app.log.status().sizes,
        };
        written?;
        Ok(sizes)
    }
}

//! A server in threads of its own, until it is stopped.

use crate::http::server::connection::{ConnectionSettings, Open, serve};
use axum::Router;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A server that runs. Dropping it stops it at once; [`Running::stop`] lets it finish.
#[derive(Debug)]
pub struct Running {
    runtime: Runtime,
    serving: JoinHandle<()>,
    stop: watch::Sender<bool>,
    address: SocketAddr,
}

/// Serves on a listener.
pub(crate) fn host(
    listener: TcpListener,
    router: Router,
    settings: ConnectionSettings,
    open: Arc<Open>,
) -> io::Result<Running> {
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_multi_thread().enable_all().thread_name("candor-http").build()?;
    let (stop, stopped) = watch::channel(false);
    let listener = {
        let _entered = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let serving = runtime.spawn(serve(listener, router, settings, open, stopped));
    Ok(Running { runtime, serving, stop, address })
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Where it is reached on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
    /// Says when it is stopped.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
    /// Runs something beside it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(task));
    }
    /// From now on SIGINT and SIGTERM do not end this process at once. To be called before anybody is told that the server is there.
    pub fn end_signals(&self) -> io::Result<EndSignals> {
        let _entered = self.runtime.enter();
        EndSignals::new()
    }
    /// Returns when this process is asked to end (SIGINT or SIGTERM).
    pub fn wait_for_signal(&self, signals: EndSignals) -> io::Result<()> {
        self.runtime.block_on(signals.received())
    }
    /// [`Running::wait_for_signal`], or when something else has happened.
    pub(crate) fn wait_for_end(
        &self,
        signals: EndSignals,
        other: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.runtime.block_on(async {
            tokio::select! {
                asked = signals.received() => asked,
                () = other => Ok(()),
            }
        })
    }
    /// Takes no new connection, answers what was asked, and ends.
    pub fn stop(self) {
        // Nobody listens any more only if it has ended already.
        let _ = self.stop.send(true);
        // A panic there was printed there; what is left is to end.
        let _ = self.runtime.block_on(self.serving);
        self.runtime.shutdown_timeout(Duration::from_secs(10));
    }
}

/// What asks a process to end, once it is listened for.
#[derive(Debug)]
pub struct EndSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl EndSignals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
    async fn received(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }
}

#[cfg(not(unix))]
impl EndSignals {
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }
    async fn received(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

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
    /// Returns when this process is asked to end (SIGINT or SIGTERM).
    pub fn wait_for_signal(&self) -> io::Result<()> {
        self.runtime.block_on(asked_to_end())
    }
    /// [`Running::wait_for_signal`], or when something else has happened.
    pub(crate) fn wait_for_end(&self, other: impl Future<Output = ()>) -> io::Result<()> {
        self.runtime.block_on(async {
            tokio::select! {
                asked = asked_to_end() => asked,
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

#[cfg(unix)]
async fn asked_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

//! Connections: how many, how slow they may be, and how they end.

use crate::http::server::limits::Network;
use crate::http::server::patient::Patient;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What connections may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionSettings {
    /// Open at once; one more is told to come again and closed.
    pub max_connections: usize,
    /// Open at once from one address; of an IPv6 address its first 64 bits count. Not asked of the proxy.
    pub max_per_address: usize,
    /// A web server in front. Whatever comes over its connections counts for the address that it names last in
    /// `X-Forwarded-For`; from everybody else that header says nothing.
    pub proxy: Option<IpAddr>,
    /// From the first byte of a request, or from the end of the last answer, to the end of its headers.
    pub header_timeout: Duration,
    /// An answer of which the client takes nothing for so long is given up, and the connection is closed.
    pub write_timeout: Duration,
    /// A connection is closed after this time, once its request is answered; a client opens another.
    pub lifetime: Duration,
    /// What is still being answered when a connection or the server ends has this long.
    pub drain_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_per_address: 1024,
            proxy: None,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(15),
            lifetime: Duration::from_secs(600),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// Longest head of a request.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Who sent a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Whoever is at the other end of a connection, or whom the proxy there names.
    fn of(connected: IpAddr, headers: &HeaderMap, proxy: Option<IpAddr>) -> Self {
        let named = || {
            // What stands before the last is what the client itself sent.
            let value = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next()?.trim().parse().ok()
        };
        Self(is_proxy(connected, proxy).then(named).flatten().unwrap_or(connected))
    }
}

fn is_proxy(connected: IpAddr, proxy: Option<IpAddr>) -> bool {
    proxy.is_some_and(|proxy| proxy.to_canonical() == connected.to_canonical())
}

/// Open connections by address.
#[derive(Debug, Default)]
pub(crate) struct Open(Mutex<HashMap<Network, usize>>);

impl Open {
    fn hold(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Number of open connections.
    pub(crate) fn count(&self) -> usize {
        self.hold().values().sum()
    }
    fn admit(self: &Arc<Self>, address: IpAddr, settings: &ConnectionSettings) -> Option<Admitted> {
        let mut open = self.hold();
        let total: usize = open.values().sum();
        let network = Network::of(address);
        let of_network = open.get(&network).copied().unwrap_or(0);
        let most = if is_proxy(address, settings.proxy) { usize::MAX } else { settings.max_per_address };
        if total >= settings.max_connections || of_network >= most {
            return None;
        }
        open.insert(network, of_network + 1);
        Some(Admitted { open: Arc::clone(self), network })
    }
}

/// A connection's place.
struct Admitted {
    open: Arc<Open>,
    network: Network,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.open.hold();
        if let Some(count) = open.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// Serves until `stop` says so, then lets what is being answered finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ConnectionSettings,
    open: Arc<Open>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            // What has ended is forgotten as it ends.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match open.admit(peer.ip(), &settings) {
                Some(place) => {
                    let connection = connection(stream, peer, router.clone(), settings, stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                // Whether it arrives or not: the connection ends here.
                None => drop(stream.try_write(FULL)),
            },
            // Out of file descriptors, or the peer is gone already: neither is ours to repair.
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(settings.drain_timeout, finished).await.is_err() {
        tracing::warn!(open = connections.len(), "connections that did not end in time are closed");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    settings: ConnectionSettings,
    mut stop: watch::Receiver<bool>,
) {
    // A small answer is not to wait for a larger one.
    let _ = stream.set_nodelay(true);
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let peer = Peer::of(peer.ip(), request.headers(), settings.proxy);
        request.extensions_mut().insert(peer);
        inner.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(Patient::new(stream, settings.write_timeout)), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            return;
        }
        _ = stop.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(settings.lifetime) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Dropped, and so closed, whatever it does.
    let _ = tokio::time::timeout(settings.drain_timeout, connection).await;
}

//! A witness's server: `POST /add-checkpoint`. Source: C2SP tlog-witness.

use crate::disk::Disk;
use crate::http::server::clock::Clock;
use crate::http::server::connection::{ConnectionSettings, Open, Peer};
use crate::http::server::host::{Running, host};
use crate::http::server::limits::{Charged, Limits, Rates, seconds};
use crate::http::server::rate::Rate;
use crate::http::server::request_body;
use crate::http::witness::{MAX_REQUEST_BYTES, Refused, Witness};
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// How a witness serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WitnessSettings {
    /// Connections.
    pub connections: ConnectionSettings,
    /// Time in which the whole request must arrive.
    pub body_timeout: Duration,
    /// Requests of one address that are not answered by a cosignature.
    pub refused: Rate,
}

impl Default for WitnessSettings {
    fn default() -> Self {
        Self {
            connections: ConnectionSettings::default(),
            body_timeout: Duration::from_secs(10),
            refused: Rate { per_second: 20, burst: 200 },
        }
    }
}

struct App<D> {
    witness: Arc<Witness<D>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    body_timeout: Duration,
}

/// Serves a witness.
pub fn serve_witness<D: Disk>(
    witness: Arc<Witness<D>>,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    settings: WitnessSettings,
) -> io::Result<Running> {
    let rate = settings.refused;
    let limits =
        Limits::new(Rates { agent: rate, agent_bytes: rate, total: rate, address: rate }, Charged::NONE);
    let app = Arc::new(App { witness, clock, limits, body_timeout: settings.body_timeout });
    let router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint::<D>))
        .route("/witness.vkey", get(verifier_key::<D>))
        .route("/health", get(|| async { "ok\n" }))
        .with_state(app);
    host(listener, router, settings.connections, Arc::new(Open::default()))
}

async fn verifier_key<D: Disk>(State(app): State<Arc<App<D>>>) -> String {
    format!("{}\n", app.witness.verifier_key())
}

async fn add_checkpoint<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(exhausted) = app.limits.check_address(address, app.clock.now()) {
        let retry_after = seconds(&exhausted.retry_after()).to_string();
        let headers = [(header::RETRY_AFTER, retry_after)];
        return (StatusCode::TOO_MANY_REQUESTS, headers, format!("{exhausted}\n")).into_response();
    }
    let response = match request_body::read(&headers, body, MAX_REQUEST_BYTES, app.body_timeout).await {
        Ok(body) => cosign(Arc::clone(&app), body).await,
        Err(refused) => (refused.status(), format!("{refused}\n")).into_response(),
    };
    if response.status() != StatusCode::OK {
        app.limits.charge_address(address, app.clock.now());
    }
    response
}

async fn cosign<D: Disk>(app: Arc<App<D>>, body: Vec<u8>) -> Response {
    // Signatures take time and so does the disk: not in the threads that wait for the network.
    let done =
        tokio::task::spawn_blocking(move || app.witness.add_checkpoint(&body, app.clock.unix_seconds()))
            .await;
    match done {
        Ok(Ok(line)) => format!("{line}\n").into_response(),
        Ok(Err(refused)) => refusal(&refused),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refusal(refused: &Refused) -> Response {
    if let Refused::Memory(error) = refused {
        tracing::error!(%error, "a checkpoint could not be remembered");
    }
    let status = match refused {
        Refused::Request(_) | Refused::Checkpoint(_) | Refused::OldSizeTooLarge { .. } => {
            StatusCode::BAD_REQUEST
        }
        Refused::UnknownOrigin { .. } => StatusCode::NOT_FOUND,
        Refused::Signature(_) => StatusCode::FORBIDDEN,
        Refused::OldSize { latest, .. } | Refused::Forked { latest } => {
            let headers = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            return (StatusCode::CONFLICT, headers, format!("{latest}\n")).into_response();
        }
        Refused::Proof(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refused::Memory(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{refused}\n")).into_response()
}

//! Reading: the log's public objects by their names, bodies with a token, health and metrics.

use crate::disk::Disk;
use crate::http::server::access::Scope;
use crate::http::server::app::App;
use crate::http::server::connection::Peer;
use crate::http::server::metrics::Gauge;
use crate::http::server::refusal::Refused;
use crate::objects::ObjectError;
use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use candor_trace::tlog::{BundleId, TileId};
use std::sync::Arc;
use tokio::task::JoinError;

/// What never changes under its name.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What may be another the next time.
const FRESH: &str = "no-cache";
/// What changes seldom.
const SELDOM: &str = "public, max-age=60";

pub(crate) async fn checkpoint<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    object(&app, "checkpoint", "checkpoint".to_owned(), "text/plain; charset=utf-8", FRESH).await
}

pub(crate) async fn verifier_key<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    object(&app, "log.vkey", "log.vkey".to_owned(), "text/plain; charset=utf-8", SELDOM).await
}

pub(crate) async fn policy<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    object(&app, "policy.json", "policy.json".to_owned(), "application/json", SELDOM).await
}

pub(crate) async fn agents<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let wanted = Arc::clone(&app);
    let found = tokio::task::spawn_blocking(move || {
        let registrations = wanted.log.registration_count();
        wanted.agents.get(registrations, || wanted.public.get("agents.json"))
    });
    let response = answer("agents.json", found.await, "application/json", SELDOM);
    counted(&app, "agents.json", response)
}

pub(crate) async fn tile<D: Disk>(State(app): State<Arc<App<D>>>, Path(path): Path<String>) -> Response {
    let path = format!("tile/{path}");
    // Only a name that a tile or bundle can have is looked for, so no path leads elsewhere.
    let known = match TileId::parse(&path) {
        Ok(tile) => Some(tile.path()),
        Err(_) => BundleId::parse(&path).ok().map(|bundle| bundle.path()),
    };
    match known {
        Some(name) => object(&app, "tile", name, "application/octet-stream", IMMUTABLE).await,
        None => counted(&app, "tile", Refused::not_found("tile of this name").into_response()),
    }
}

async fn object<D: Disk>(
    app: &Arc<App<D>>,
    kind: &'static str,
    name: String,
    content_type: &'static str,
    caching: &'static str,
) -> Response {
    let public = Arc::clone(&app.public);
    let wanted = name.clone();
    let found = tokio::task::spawn_blocking(move || public.get(&wanted)).await;
    counted(app, kind, answer(&name, found, content_type, caching))
}

fn answer(
    name: &str,
    found: Result<Result<Option<impl IntoResponse>, ObjectError>, JoinError>,
    content_type: &'static str,
    caching: &'static str,
) -> Response {
    match found {
        Ok(Ok(Some(bytes))) => {
            ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching)], bytes).into_response()
        }
        Ok(Ok(None)) => Refused::not_found(name).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "an object could not be read");
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", format!("{name} cannot be read"))
                .into_response()
        }
        Err(_) => Refused::panicked().into_response(),
    }
}

pub(crate) fn counted<D: Disk>(app: &App<D>, kind: &'static str, response: Response) -> Response {
    app.metrics.read(kind, response.status().as_u16());
    response
}

/// An address or a hash in a path.
pub(crate) fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
    Some(bytes)
}

pub(crate) async fn body<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(exhausted) = app.limits.check_address(address, app.clock.now()) {
        return counted(&app, "body", Refused::from(exhausted).into_response());
    }
    if let Err(refused) = app.check_token(&headers, Scope::Bodies) {
        app.limits.charge_address(address, app.clock.now());
        return counted(&app, "body", refused.into_response());
    }
    let Some(hash) = hexadecimal(&hash) else {
        let refused =
            Refused::new(StatusCode::BAD_REQUEST, "malformed-hash", "0x and 64 digits are expected");
        return counted(&app, "body", refused.into_response());
    };
    let found = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || app.log.body(&hash)).await
    };
    let response = match found {
        // Whoever has it may keep it, and no proxy between may.
        Ok(Ok(Some(bytes))) => (
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "private, immutable"),
            ],
            bytes,
        )
            .into_response(),
        Ok(Ok(None)) => Refused::not_found("body with this hash").into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a body could not be read");
            Refused::from(error).into_response()
        }
        Err(_) => Refused::panicked().into_response(),
    };
    counted(&app, "body", response)
}

pub(crate) async fn health<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let health = app.health();
    let status = if health.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

pub(crate) async fn metrics<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let (health, status) = (app.health(), app.log.status());
    let one = |value: u64| vec![(String::new(), value)];
    let state = |name: &str, value| (format!("{{state=\"{name}\"}}"), value);
    let entries = vec![
        state("sequenced", health.sequenced),
        state("integrated", health.integrated),
        state("published", health.published),
    ];
    let asked = app.asked.counts();
    let cosignatures = asked
        .iter()
        .map(|(witness, outcome, count)| (format!("{{witness=\"{witness}\",outcome=\"{outcome}\"}}"), *count))
        .collect::<Vec<_>>();
    let gauges = [
        (
            "candor_log_up",
            "1 while the log accepts records, 0 once it has stopped.",
            one(u64::from(health.status == "ok")),
        ),
        ("candor_log_entries", "Entries by how far they have come.", entries),
        ("candor_log_queued", "Submissions that wait for their index.", one(health.queued)),
        (
            "candor_log_quorum_misses",
            "Checkpoints that too few witnesses cosigned.",
            one(status.quorum_misses),
        ),
        ("candor_log_connections", "Open connections.", one(app.open.count() as u64)),
        (
            "candor_log_in_flight_bytes",
            "Room that records being received take.",
            one(app.in_flight.bytes() as u64),
        ),
        ("candor_log_cosignatures", "Witnesses asked, by what became of it.", cosignatures),
    ];
    let gauges: Vec<Gauge<'_>> =
        gauges.iter().map(|(name, help, values)| Gauge { name, help, values }).collect();
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], app.metrics.text(&gauges)).into_response()
}

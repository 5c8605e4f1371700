//! Reading: the log's public objects by their names, bodies with a token, health and metrics.

use crate::disk::Disk;
use crate::http::server::access::Scope;
use crate::http::server::app::App;
use crate::http::server::connection::Peer;
use crate::http::server::metrics::Gauge;
use crate::http::server::refusal::Refused;
use crate::objects::ObjectError;
use crate::pipeline::BodyState;
use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use candor_trace::tlog::{BundleId, TileId};
use serde::Deserialize;
use std::sync::Arc;
use tokio::task::JoinError;

/// What never changes under its name.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What may be another the next time.
const FRESH: &str = "no-cache";
/// What changes seldom.
const SELDOM: &str = "public, max-age=60";

pub(crate) async fn checkpoint<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let response = object(&app, "checkpoint".to_owned(), "text/plain; charset=utf-8", FRESH).await;
    counted(&app, "checkpoint", response)
}

pub(crate) async fn verifier_key<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let response = object(&app, "log.vkey".to_owned(), "text/plain; charset=utf-8", SELDOM).await;
    counted(&app, "log.vkey", response)
}

pub(crate) async fn policy<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let response = object(&app, "policy.json".to_owned(), "application/json", SELDOM).await;
    counted(&app, "policy.json", response)
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
        Some(name) => {
            let response = object(&app, name.clone(), "application/octet-stream", IMMUTABLE).await;
            match pruned_bundle(&app, &name).filter(|_| response.status() == StatusCode::NOT_FOUND) {
                Some(refused) => counted(&app, "tile", refused.into_response()),
                None => counted(&app, "tile", response),
            }
        }
        None => counted(&app, "tile", Refused::not_found("tile of this name").into_response()),
    }
}

/// An entry bundle that was pruned.
fn pruned_bundle<D: Disk>(app: &App<D>, name: &str) -> Option<Refused> {
    let id = BundleId::parse(name).ok()?;
    let tombstone = app.log.entry_tombstone(id.start_index())?;
    Some(Refused::pruned(name, tombstone))
}

pub(crate) async fn pins<D: Disk>(State(app): State<Arc<App<D>>>) -> Response {
    let response = object(&app, "pins.json".to_owned(), "application/json", FRESH).await;
    counted(&app, "pins.json", response)
}

/// A tombstone by its number, or the content of one by its hash: `content/<64 digits>`.
pub(crate) async fn tombstone<D: Disk>(State(app): State<Arc<App<D>>>, Path(path): Path<String>) -> Response {
    let content = path.strip_prefix("content/").is_some_and(|hash| {
        hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    let number = path.parse::<u64>().is_ok_and(|number| number.to_string() == path);
    let response = match (content, number) {
        (true, _) => object(&app, format!("tombstone/{path}"), "application/octet-stream", IMMUTABLE).await,
        (_, true) => object(&app, format!("tombstone/{path}"), "text/plain; charset=utf-8", IMMUTABLE).await,
        _ => Refused::not_found("tombstone of this name").into_response(),
    };
    counted(&app, "tombstone", response)
}

async fn object<D: Disk>(
    app: &Arc<App<D>>,
    name: String,
    content_type: &'static str,
    caching: &'static str,
) -> Response {
    let public = Arc::clone(&app.public);
    let wanted = name.clone();
    let found = tokio::task::spawn_blocking(move || public.get(&wanted)).await;
    answer(&name, found, content_type, caching)
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

/// What may be said of a body besides its hash.
#[derive(Deserialize)]
pub(crate) struct BodyQuery {
    /// Index of its entry: where that is pruned, nothing else may find the tombstone.
    index: Option<u64>,
}

pub(crate) async fn body<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    Path(hash): Path<String>,
    Query(query): Query<BodyQuery>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = app.check_caller(address, &headers, Scope::Bodies) {
        return counted(&app, "body", refused.into_response());
    }
    let Some(hash) = hexadecimal(&hash) else {
        let refused =
            Refused::new(StatusCode::BAD_REQUEST, "malformed-hash", "0x and 64 digits are expected");
        return counted(&app, "body", refused.into_response());
    };
    let found = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || app.log.body_state(&hash, query.index)).await
    };
    let response = match found {
        // Whoever has it may keep it, and no proxy between may.
        Ok(Ok(BodyState::There(bytes))) => (
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "private, immutable"),
            ],
            bytes,
        )
            .into_response(),
        Ok(Ok(BodyState::Pruned { index, tombstone })) => {
            Refused::pruned(&format!("the body of entry {index}"), tombstone).into_response()
        }
        Ok(Ok(BodyState::Missing)) => Refused::not_found("body with this hash").into_response(),
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
        ("candor_log_tombstones", "Prunings that took something away.", one(app.log.tombstones().0)),
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

//! Pruning a log that is served: when the operator asks, and now and then. Source: docs/adr/0021-pruning-while-served.md.

use crate::disk::Disk;
use crate::http::answer::PruneRequest;
use crate::http::server::access::Scope;
use crate::http::server::app::{App, PruneSchedule};
use crate::http::server::connection::Peer;
use crate::http::server::log::pause;
use crate::http::server::refusal::Refused;
use crate::http::server::request_body;
use crate::pipeline::{PruneOptions, PruneReport, RetainError};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tokio::sync::watch;

const MAX_REQUEST_BYTES: usize = 4096;

/// `POST /candor/v1/prune`, with the operator's token.
pub(crate) async fn prune<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refused) = app.check_caller(address, &headers, Scope::Operator) {
        return refused.into_response();
    }
    asked(&app, &headers, body).await.unwrap_or_else(Refused::into_response)
}

async fn asked<D: Disk>(app: &Arc<App<D>>, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let body = request_body::read(headers, body, MAX_REQUEST_BYTES, app.settings.body_timeout).await?;
    let request: PruneRequest = serde_json::from_slice(&body)
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, "malformed-request", error.to_string()))?;
    let now = app.clock.unix_seconds();
    let app = Arc::clone(app);
    let done = tokio::task::spawn_blocking(move || match request.mark_only {
        true => app.log.mark(now, request.max_clock_step_seconds).map(|mark| Json(mark).into_response()),
        false => {
            let max_clock_step_seconds = request.max_clock_step_seconds;
            let options =
                PruneOptions { max_clock_step_seconds, dry_run: request.dry_run, ..PruneOptions::at(now) };
            let pruned = app.log.prune(&options);
            app.metrics.pruned(pruned.as_ref().ok());
            pruned.map(|report| Json(report).into_response())
        }
    });
    Ok(done.await.map_err(|_| Refused::panicked())??)
}

/// Marks and prunes as the settings say, until the server ends.
pub(crate) async fn prune_now_and_then<D: Disk>(app: Arc<App<D>>, mut stop: watch::Receiver<bool>) {
    let Some(PruneSchedule { every, max_clock_step_seconds }) = app.settings.prune else { return };
    loop {
        let now = app.clock.unix_seconds();
        let pruning = Arc::clone(&app);
        let done = tokio::task::spawn_blocking(move || {
            let max_clock_step_seconds = Some(max_clock_step_seconds);
            let pruned = pruning.log.prune(&PruneOptions { max_clock_step_seconds, ..PruneOptions::at(now) });
            match pruned {
                // Windows are counted from marks, and a policy may come.
                Err(RetainError::NoPolicy { .. }) => {
                    pruning.log.mark(now, max_clock_step_seconds).map(|_| None)
                }
                pruned => {
                    pruning.metrics.pruned(pruned.as_ref().ok());
                    pruned.map(Some)
                }
            }
        });
        match done.await {
            Ok(Ok(Some(report))) => told(&report),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the log was not pruned"),
            Err(_) => return,
        }
        if !pause(&mut stop, every).await {
            return;
        }
    }
}

fn told(report: &PruneReport) {
    if let Some(tombstone) = report.tombstone {
        let (entries, bodies) = (report.minimum_index, report.minimum_body_index);
        let bytes = report.before.total().saturating_sub(report.after.total());
        tracing::info!(tombstone, entries, bodies, bytes, "pruned");
    }
}

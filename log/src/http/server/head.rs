//! `GET /candor/v1/agents/<agent>/programs/<program>/head`: how far a chain has come.

use crate::disk::Disk;
use crate::http::answer::ChainAnswer;
use crate::http::server::app::App;
use crate::http::server::read::{counted, hexadecimal};
use crate::http::server::refusal::Refused;
use crate::pipeline::{ChainLength, SubmitError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use candor_trace::Entry;
use std::sync::Arc;

/// The answer about a chain.
pub(crate) fn answer(length: &ChainLength, newest: Option<&Entry>) -> ChainAnswer {
    ChainAnswer {
        records: length.records,
        record_hash: length.record_hash.map(|hash| format!("0x{}", hex::encode(hash))),
        entry: newest.map(|entry| STANDARD.encode(entry.to_bytes())),
    }
}

pub(crate) async fn read<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Path((agent, program)): Path<(String, String)>,
) -> Response {
    let response = find(&app, &agent, &program).await.unwrap_or_else(Refused::into_response);
    counted(&app, "head", response)
}

async fn find<D: Disk>(app: &Arc<App<D>>, agent: &str, program: &str) -> Result<Response, Refused> {
    let malformed =
        || Refused::new(StatusCode::BAD_REQUEST, "malformed-path", "0x and 40 and 64 digits are expected");
    let agent = hexadecimal(agent).ok_or_else(malformed)?;
    let program_id = hexadecimal(program).ok_or_else(malformed)?;
    let found = {
        let app = Arc::clone(app);
        tokio::task::spawn_blocking(move || app.log.chain_head(&agent, &program_id)).await
    };
    let found = found.map_err(|_| Refused::panicked())?.map_err(|error| {
        tracing::error!(%error, "the newest entry of a chain could not be read");
        Refused::from(error)
    })?;
    let unknown = || {
        let error = SubmitError::UnknownProgram { agent, program_id };
        Refused::new(StatusCode::NOT_FOUND, "unknown-program", error)
    };
    let (length, newest) = found.ok_or_else(unknown)?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(answer(&length, newest.as_ref()))).into_response())
}

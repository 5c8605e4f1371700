//! `POST /candor/v1/records`: from a signed claim to an acknowledgement.
//!
//! What costs nothing comes first: the address's limit, the headers, whether anybody registered the agent. Then one
//! signature, before a byte of the body is read. Only then is the agent charged.

use crate::disk::Disk;
use crate::http::answer::{Acknowledgement, ChainAnswer, RecordState};
use crate::http::server::app::App;
use crate::http::server::connection::Peer;
use crate::http::server::head;
use crate::http::server::in_flight::Room;
use crate::http::server::refusal::Refused;
use crate::http::server::request_body;
use crate::http::submission::SubmissionClaim;
use crate::pipeline::{ChainLength, PipelineError, Sequenced, Sizes, Submission, SubmitError};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use candor_program::card::Domain;
use candor_program::encoding::{decode_exact, encode, keccak256};
use candor_trace::SignedRecord;
use candor_trace::tlog::Promise;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What may stand behind the path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    wait: Option<RecordState>,
}

/// Who pays for a request.
enum Charge {
    /// Nobody yet knows who asked.
    Address(Refused),
    /// The agent was charged, or the log itself was busy.
    Nobody(Refused),
}

pub(crate) async fn submit<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    query: Result<Query<Wait>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(Query(Wait { wait })) = query else {
        let message = "wait is sequenced, integrated or published, and there is no other parameter";
        return charged(&app, address, Refused::new(StatusCode::BAD_REQUEST, "malformed-query", message));
    };
    let begun = Instant::now();
    match accept(&app, address, &headers, body).await {
        Ok((sequenced, record_hash, chain, promise)) => {
            let state = wait_for(&app, sequenced.index, wait.unwrap_or(RecordState::Sequenced)).await;
            app.metrics.acknowledged(begun.elapsed());
            app.metrics.submission(if sequenced.duplicate { "duplicate" } else { "accepted" });
            let record_hash = format!("0x{}", hex::encode(record_hash));
            let Sequenced { index, duplicate, .. } = sequenced;
            Json(Acknowledgement { index, state, duplicate, record_hash, chain, promise }).into_response()
        }
        Err(Charge::Address(refused)) => charged(&app, address, refused),
        Err(Charge::Nobody(refused)) => counted(&app, refused),
    }
}

fn charged<D: Disk>(app: &App<D>, address: IpAddr, refused: Refused) -> Response {
    app.limits.charge_address(address, app.clock.now());
    counted(app, refused)
}

fn counted<D: Disk>(app: &App<D>, refused: Refused) -> Response {
    app.metrics.submission(refused.code);
    refused.into_response()
}

/// Place, record hash, chain and promise of a record that was taken.
type Acknowledged = (Sequenced, [u8; 32], ChainAnswer, String);

async fn accept<D: Disk>(
    app: &Arc<App<D>>,
    address: IpAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Acknowledged, Charge> {
    let nobody = |refused: Refused| Charge::Nobody(refused);
    app.limits.check_address(address, app.clock.now()).map_err(|error| nobody(error.into()))?;
    let header = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok());
    let claim = SubmissionClaim::from_headers(header).map_err(|error| Charge::Address(error.into()))?;
    let domain = known_domain(app, &claim).map_err(Charge::Address)?;
    let claim = check_signature(app, claim, domain).await?;
    let _room = reserve(app, &claim.agent, headers).map_err(nobody)?;
    let limit = app.settings.max_record_bytes;
    let body = request_body::read(headers, body, limit, app.settings.body_timeout).await;
    let body = body.map_err(|error| Charge::Address(error.into()))?;
    let bytes = body.len() as u64;
    let (agent, program_id, record_hash) = (claim.agent, claim.program_id, claim.record_hash);
    let sequence = claim.sequence;
    let submitted = {
        let app = Arc::clone(app);
        tokio::task::spawn_blocking(move || hand_in(&app, &claim, &domain, &body)).await
    };
    let acknowledged = submitted.map_err(|_| nobody(Refused::panicked()))??;
    // The log answers every record that it took; a sender that is gone means that it panicked.
    let sequenced = acknowledged.await.map_err(|_| nobody(Refused::panicked()))?;
    let sequenced = sequenced.map_err(|error| nobody(error.into()))?;
    if sequenced.duplicate {
        // Whoever hands it in again, it may not be the agent.
        app.limits.put_back(&agent, bytes);
        app.limits.charge_address(address, app.clock.now());
    } else {
        app.metrics.accepted_bytes(bytes);
    }
    // It is registered: a record of it was taken.
    let length = app.log.chain_length(&agent, &program_id);
    let length = length.unwrap_or(ChainLength { records: 0, record_hash: None });
    let Sequenced { index, leaf, .. } = sequenced;
    let time = app.clock.unix_seconds();
    let promise = Promise { agent, program_id, sequence, record_hash, leaf, index, time };
    let promise = String::from_utf8_lossy(&app.log.promise(promise).to_bytes()).into_owned();
    Ok((sequenced, record_hash, head::answer(&length, None), promise))
}

fn known_domain<D: Disk>(app: &App<D>, claim: &SubmissionClaim) -> Result<Domain, Refused> {
    let unknown = || SubmitError::UnknownProgram { agent: claim.agent, program_id: claim.program_id }.into();
    app.domain(&claim.agent, &claim.program_id).ok_or_else(unknown)
}

async fn check_signature<D: Disk>(
    app: &Arc<App<D>>,
    claim: SubmissionClaim,
    domain: Domain,
) -> Result<SubmissionClaim, Charge> {
    let app = Arc::clone(app);
    let checked = tokio::task::spawn_blocking(move || {
        let digest = claim.digest(&app.origin, &domain);
        app.log.check_signature(&claim.agent, &digest, &claim.signature).map(|()| claim)
    });
    let checked = checked.await.map_err(|_| Charge::Nobody(Refused::panicked()))?;
    checked.map_err(|error| Charge::Address(Refused::submission_signature(&error)))
}

/// Room for the body; what is received by all together is bounded.
fn reserve<D: Disk>(app: &App<D>, agent: &[u8; 20], headers: &HeaderMap) -> Result<Room, Refused> {
    let limit = app.settings.max_record_bytes;
    let declared = request_body::declared_length(headers).and_then(|length| usize::try_from(length).ok());
    app.in_flight.take(agent, declared.unwrap_or(limit).min(limit)).ok_or_else(Refused::in_flight)
}

type Waiting = oneshot::Receiver<Result<Sequenced, PipelineError>>;

/// The record is what the claim says; then the agent is charged and the log asked.
fn hand_in<D: Disk>(
    app: &App<D>,
    claim: &SubmissionClaim,
    domain: &Domain,
    bytes: &[u8],
) -> Result<Waiting, Charge> {
    let record: SignedRecord =
        decode_exact(bytes).map_err(|error| Charge::Address(Refused::malformed_record(&error)))?;
    let body = encode(&record.body);
    let (header, body_hash) = (&record.header, keccak256(&[&body]));
    let agrees = [
        ("agent", header.agent == claim.agent),
        ("program", header.program_id == claim.program_id),
        ("sequence number", header.sequence == claim.sequence),
        ("hash", record.record_hash(domain) == claim.record_hash),
        ("body", body_hash == claim.body_hash),
    ];
    if let Some((what, _)) = agrees.into_iter().find(|(_, agrees)| !agrees) {
        return Err(Charge::Address(Refused::claim_mismatch(what)));
    }
    let length = bytes.len() as u64;
    let taken = app.limits.take_agent(&claim.agent, length, app.clock.now());
    taken.map_err(|error| Charge::Nobody(error.into()))?;
    let signed = record.signed_header();
    let submission = Submission { domain: *domain, signed, body_hash, body: Some(body) };
    let pending = app.log.submit(submission).map_err(|error| {
        let ours = matches!(
            error,
            SubmitError::QueueFull { .. } | SubmitError::Backlog { .. } | SubmitError::Pipeline(_)
        );
        if ours {
            app.limits.put_back(&claim.agent, length);
        }
        Charge::Nobody(error.into())
    })?;
    let (sender, receiver) = oneshot::channel();
    pending.notify(move |result| {
        // Whoever asked may be gone; the record is in the log all the same.
        let _ = sender.send(result);
    });
    Ok(receiver)
}

/// How far the entry has come, once it has come so far or the time is over.
async fn wait_for<D: Disk>(app: &App<D>, index: u64, wanted: RecordState) -> RecordState {
    let mut progress = app.progress.clone();
    let reached = |sizes: &Sizes| {
        if sizes.published.is_some_and(|size| size > index) {
            RecordState::Published
        } else if sizes.integrated > index {
            RecordState::Integrated
        } else {
            RecordState::Sequenced
        }
    };
    let timeout: Duration = app.settings.wait_timeout;
    let waited = progress.wait_for(|now| reached(&now.sizes) >= wanted || now.stopped.is_some());
    // Too long, stopped, or there at last: what is answered is how far it has come.
    let _ = tokio::time::timeout(timeout, waited).await.map(|result| result.map(|_| ()));
    let state = reached(&app.progress.borrow().sizes);
    state.max(RecordState::Sequenced)
}

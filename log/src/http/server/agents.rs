//! `POST /candor/v1/agents`: registering an agent while the log runs, with the operator's token.

use crate::disk::Disk;
use crate::http::answer::RegistrationRequest;
use crate::http::server::access::Scope;
use crate::http::server::app::App;
use crate::http::server::connection::Peer;
use crate::http::server::refusal::Refused;
use crate::http::server::request_body;
use crate::pipeline::Registration;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use candor_program::card::Domain;
use candor_program::encoding::{FrBytes, fr_from_bytes};
use std::sync::Arc;

const MAX_REQUEST_BYTES: usize = 4096;

pub(crate) async fn register<D: Disk>(
    State(app): State<Arc<App<D>>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refused) = app.check_caller(address, &headers, Scope::Operator) {
        return refused.into_response();
    }
    match add(&app, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn add<D: Disk>(app: &Arc<App<D>>, headers: &HeaderMap, body: Body) -> Result<(), Refused> {
    let body = request_body::read(headers, body, MAX_REQUEST_BYTES, app.settings.body_timeout).await?;
    let malformed =
        |message: String| Refused::new(StatusCode::BAD_REQUEST, "malformed-registration", message);
    let request: RegistrationRequest =
        serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
    let registration = Registration::try_from(&request)
        .map_err(|field| malformed(format!("{field} is not 0x and the right number of lower-case digits")))?;
    let done = {
        let (app, registration) = (Arc::clone(app), registration.clone());
        tokio::task::spawn_blocking(move || app.log.register(registration)).await
    };
    done.map_err(|_| Refused::panicked())??;
    app.add_domain(&registration);
    Ok(())
}

/// Errors: the name of the field that is not what it should be.
impl TryFrom<&RegistrationRequest> for Registration {
    type Error = &'static str;
    fn try_from(request: &RegistrationRequest) -> Result<Self, &'static str> {
        Ok(Self {
            agent: bytes("agent", &request.agent)?,
            domain: Domain {
                chain_id: request.chain_id,
                verifying_contract: bytes("verifyingContract", &request.verifying_contract)?,
            },
            program_id: bytes("programId", &request.program_id)?,
            program_fr: element("programFr", &request.program_fr)?,
            initial_state: element("initialState", &request.initial_state)?,
        })
    }
}

fn bytes<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], &'static str> {
    let digits = text.strip_prefix("0x").ok_or(field)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| field)?;
    Ok(bytes)
}

/// A field element: below the modulus.
fn element(field: &'static str, text: &str) -> Result<FrBytes, &'static str> {
    let bytes = bytes(field, text)?;
    fr_from_bytes(&bytes).map(|_| FrBytes(bytes)).ok_or(field)
}

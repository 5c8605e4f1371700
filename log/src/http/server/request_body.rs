//! The body of a request: no longer than allowed, and no slower.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::time::Duration;
use thiserror::Error;

/// Why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum BodyRefused {
    /// Too long; nothing of it is kept.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// Limit.
        limit: usize,
    },
    /// Too slow.
    #[error("the body did not arrive in {seconds} s")]
    Timeout {
        /// Limit.
        seconds: u64,
    },
    /// The connection broke, or the encoding did.
    #[error("the body ended before its end")]
    Incomplete,
}

impl BodyRefused {
    /// Its status code.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Incomplete => StatusCode::BAD_REQUEST,
        }
    }
}

/// What the client says that it will send; `None` if it does not say.
pub(crate) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout: Duration,
) -> Result<Vec<u8>, BodyRefused> {
    if declared_length(headers).is_some_and(|length| length > limit as u64) {
        return Err(BodyRefused::TooLarge { limit });
    }
    let timed_out = BodyRefused::Timeout { seconds: timeout.as_secs() };
    tokio::time::timeout(timeout, collect(body, limit)).await.unwrap_or(Err(timed_out))
}

async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, BodyRefused> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing here.
        let Ok(data) = frame.map_err(|_| BodyRefused::Incomplete)?.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(BodyRefused::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

//! Refusals as answers: status, a code that does not change, a text, and when to come again.

use crate::http::answer::{ErrorAnswer, Refusal};
use crate::http::server::limits::{Exhausted, seconds};
use crate::http::server::request_body::BodyRefused;
use crate::http::submission::ClaimError;
use crate::pipeline::{PipelineError, RegisterError, RetainError, SubmitError};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use candor_program::encoding::DecodeError;
use candor_trace::{ChainError, SignatureError};
use std::time::Duration;

/// An answer that is an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: String,
    retry_after: Option<Duration>,
    expected_sequence: Option<u64>,
    evidence: Option<String>,
    tombstone: Option<u64>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl ToString) -> Self {
        Self {
            status,
            code,
            message: message.to_string(),
            retry_after: None,
            expected_sequence: None,
            evidence: None,
            tombstone: None,
        }
    }
    fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }
    /// There is no such object.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("the log has no {what}"))
    }
    /// It was there, and went by the published policy.
    pub(crate) fn pruned(what: &str, tombstone: u64) -> Self {
        let message =
            format!("{what} was pruned by the log's retention policy: tombstone/{tombstone} lists it");
        Self { tombstone: Some(tombstone), ..Self::new(StatusCode::GONE, "pruned", message) }
    }
    /// No token, or one that does not allow this.
    pub(crate) fn token(known: bool) -> Self {
        match known {
            false => Self::new(StatusCode::UNAUTHORIZED, "token", "this needs an access token"),
            true => Self::new(StatusCode::FORBIDDEN, "scope", "the access token does not allow this"),
        }
    }
    /// The records do not agree with the headers.
    pub(crate) fn claim_mismatch(what: &str) -> Self {
        let message = format!("the record's {what} is not the one in the headers");
        Self::new(StatusCode::BAD_REQUEST, "claim-mismatch", message)
    }
    pub(crate) fn malformed_record(error: &DecodeError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-record", format!("malformed record: {error}"))
    }
    pub(crate) fn submission_signature(error: &SignatureError) -> Self {
        let message = format!("signature of the submission, for this log: {error}");
        Self::new(StatusCode::UNAUTHORIZED, "submission-signature", message)
    }
    /// Too many bodies are being received.
    pub(crate) fn in_flight() -> Self {
        let message = "too many bodies are being received: come again in 1 s";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "in-flight", message).retry_after(Duration::from_secs(1))
    }
    /// A thread of ours died.
    pub(crate) fn panicked() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed; see its own messages")
    }
}

impl From<ClaimError> for Refused {
    fn from(error: ClaimError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-header", error)
    }
}

impl From<BodyRefused> for Refused {
    fn from(error: BodyRefused) -> Self {
        let code = match error {
            BodyRefused::TooLarge { .. } => "too-large",
            BodyRefused::Timeout { .. } => "body-timeout",
            BodyRefused::Incomplete => "body-incomplete",
        };
        Self::new(error.status(), code, error)
    }
}

impl From<Exhausted> for Refused {
    fn from(error: Exhausted) -> Self {
        let code = match error {
            Exhausted::Agent { .. } => "agent-limit",
            Exhausted::AgentBytes { .. } => "agent-bytes-limit",
            Exhausted::Total { .. } => "total-limit",
            Exhausted::Address { .. } => "address-limit",
        };
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, error).retry_after(error.retry_after())
    }
}

impl From<PipelineError> for Refused {
    fn from(error: PipelineError) -> Self {
        let unavailable = |code| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, &error);
        match &error {
            PipelineError::ShuttingDown => unavailable("shutting-down").retry_after(Duration::from_secs(5)),
            // Where the log's files lie is nobody's business.
            _ => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopped",
                "the log has stopped: its operator must look",
            )
            .retry_after(Duration::from_secs(60)),
        }
    }
}

impl From<SubmitError> for Refused {
    fn from(error: SubmitError) -> Self {
        let busy =
            |code| Self::new(StatusCode::TOO_MANY_REQUESTS, code, &error).retry_after(Duration::from_secs(1));
        let forbidden = |code| Self::new(StatusCode::FORBIDDEN, code, &error);
        let unprocessable = |code| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, &error);
        match &error {
            SubmitError::UnknownAgent { .. } => forbidden("unknown-agent"),
            SubmitError::UnknownProgram { .. } => forbidden("unknown-program"),
            SubmitError::DomainMismatch { .. } => unprocessable("domain"),
            SubmitError::BodyTooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", &error),
            SubmitError::BodyHashMismatch { .. } => unprocessable("body-hash"),
            SubmitError::Signature { .. } => unprocessable("record-signature"),
            SubmitError::BodyMalformed { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "malformed-record", &error)
            }
            SubmitError::Body { .. } => unprocessable("body"),
            SubmitError::Chain { source } => Self::chain(*source),
            SubmitError::Equivocation { evidence, .. } => {
                Self { evidence: evidence.clone(), ..Self::new(StatusCode::CONFLICT, "equivocation", &error) }
            }
            SubmitError::RevisedOtherwise { .. } => unprocessable("revision"),
            SubmitError::OtherChain { .. } => Self::new(StatusCode::CONFLICT, "other-chain", &error),
            SubmitError::Settled { .. } => Self::new(StatusCode::GONE, "settled", &error),
            SubmitError::QueueFull { .. } => busy("queue-full"),
            SubmitError::Backlog { .. } => busy("backlog"),
            SubmitError::Pipeline(source) => source.clone().into(),
        }
    }
}

impl Refused {
    fn chain(error: ChainError) -> Self {
        let (code, expected_sequence) = match error {
            ChainError::ProgramMismatch { .. } => ("chain-program", None),
            ChainError::AgentMismatch { .. } => ("chain-agent", None),
            ChainError::SequenceTooLarge { .. } => ("chain-sequence-too-large", None),
            ChainError::SequenceGap { expected, .. } => ("chain-gap", Some(expected)),
            ChainError::PreviousRecordMismatch { .. } => ("chain-previous-record", None),
            ChainError::TimeTooLarge { .. } => ("chain-time-too-large", None),
            ChainError::TimeBackwards { .. } => ("chain-time-backwards", None),
            ChainError::BeforeActivation { .. } => ("chain-activation", None),
            ChainError::StateMismatch { .. } => ("chain-state", None),
            ChainError::RevisionActs
            | ChainError::RevisionToItself { .. }
            | ChainError::ActivationBackwards { .. }
            | ChainError::ActivationTooLarge { .. } => ("chain-revision", None),
            ChainError::AccMismatch { .. } => ("chain-acc", None),
        };
        Self { expected_sequence, ..Self::new(StatusCode::CONFLICT, code, format!("chain: {error}")) }
    }
}

impl From<RetainError> for Refused {
    fn from(error: RetainError) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, &error);
        match error {
            RetainError::NoPolicy { .. } => conflict("no-policy"),
            RetainError::Mark(_) => conflict("clock"),
            RetainError::Policy(_) => conflict("policy"),
            RetainError::Busy { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", &error).retry_after(Duration::from_secs(1))
            }
            RetainError::File { .. } | RetainError::Pin(_) | RetainError::PinsPruned { .. } => {
                conflict("retention-file")
            }
            RetainError::Pipeline(source) => source.into(),
        }
    }
}

impl From<RegisterError> for Refused {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Conflict { .. } => Self::new(StatusCode::CONFLICT, "registration", error),
            RegisterError::TooMany { .. } => Self::new(StatusCode::FORBIDDEN, "registrations-full", error),
            RegisterError::Pipeline(source) => source.into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let refusal = Refusal {
            code: self.code.to_owned(),
            message: self.message,
            expected_sequence: self.expected_sequence,
            evidence: self.evidence,
            tombstone: self.tombstone,
        };
        let mut response = (self.status, Json(ErrorAnswer { error: refusal })).into_response();
        if let Some(time) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds(&time).into());
        }
        if self.status == StatusCode::UNAUTHORIZED && self.code == "token" {
            let scheme = axum::http::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

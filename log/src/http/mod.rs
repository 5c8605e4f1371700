//! The log over HTTP: what an agent asks (feature `client`), what an operator runs (feature `server`), and witnesses.
//!
//! Spec: docs/spec/log.md, "HTTP". The client is blocking and small; the server is built on tokio, hyper and axum.

mod answer;
pub(crate) mod connect;
#[cfg(feature = "server")]
pub mod server;
mod submission;
mod whole_file;
pub mod witness;

pub use answer::{Acknowledgement, ErrorAnswer, Health, RecordState, Refusal, RegistrationRequest};
pub use connect::{ConnectError, Patience};
pub use submission::{
    AGENT_HEADER, BODY_HEADER, ClaimError, PROGRAM_HEADER, RECORD_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER,
    SUBMISSION_TYPE, SubmissionClaim, submission_digest,
};

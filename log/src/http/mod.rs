//! The log over HTTP: what an agent asks (feature `client`), what an operator runs (feature `server`), and witnesses.
//!
//! Spec: docs/spec/log.md, "HTTP". The client is blocking and small; the server is built on tokio, hyper and axum.

mod answer;
mod back_off;
mod background;
mod client;
pub(crate) mod connect;
mod delivery;
mod head;
mod promises;
#[cfg(feature = "server")]
pub mod server;
mod submission;
mod whole_file;
pub mod witness;

pub use answer::{
    Acknowledgement, ChainAnswer, ErrorAnswer, Health, PruneRequest, RecordState, Refusal,
    RegistrationRequest,
};
pub use back_off::{BackOff, MAX_RETRY_AFTER};
pub use background::{BackgroundDelivery, DeliveryObserver, Finished};
pub use client::{Acknowledged, BodyAnswer, ClientError, LogClient, fetch_key};
pub use connect::{ConnectError, Patience};
pub use delivery::{Delivery, DeliveryError};
pub use head::{ChainHead, ChainName, HeadError};
pub use promises::{Promises, PromisesError, read_promises};
pub use submission::{
    AGENT_HEADER, BODY_HEADER, ClaimError, PROGRAM_HEADER, RECORD_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER,
    SUBMISSION_TYPE, SubmissionClaim, SubmissionMessage,
};

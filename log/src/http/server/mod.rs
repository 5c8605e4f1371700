//! Servers: of a log, and of a witness.

mod access;
mod agent_list;
mod agents;
mod app;
mod clock;
mod connection;
mod head;
mod host;
mod in_flight;
mod limits;
mod limits_file;
mod log;
mod metrics;
mod openapi;
mod patient;
mod pruning;
mod rate;
mod read;
mod refusal;
mod request_body;
mod submit;
mod witness;

pub use access::{AccessTokens, MIN_TOKEN_BYTES, Scope};
pub use app::{PruneSchedule, ServerSettings};
pub use clock::{Clock, SystemClock};
pub use connection::ConnectionSettings;
pub use host::{EndSignals, Running};
pub use limits::{AgentBuckets, Charged, Exhausted, Limits, MAX_ADDRESSES, Rates};
pub use limits_file::{LimitsFileError, read as read_limits, write as write_limits};
pub use log::{RunningLog, ServeError, serve_log};
pub use openapi::{ROUTES, Route, description};
pub use rate::{Bucket, Rate, UnixNanos};
pub use witness::{WitnessSettings, serve_witness};

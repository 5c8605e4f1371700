//! Servers: of a log, and of a witness.

mod access;
mod clock;
mod connection;
mod host;
mod limits;
mod limits_file;
mod rate;
mod request_body;
mod witness;

pub use access::{AccessTokens, MIN_TOKEN_BYTES, Scope};
pub use clock::{Clock, SystemClock};
pub use connection::ConnectionSettings;
pub use host::Running;
pub use limits::{Charged, Exhausted, Limits, MAX_ADDRESSES, Rates};
pub use limits_file::{LimitsFileError, read as read_limits, write as write_limits};
pub use rate::{Bucket, Rate, UnixNanos};
pub use witness::{WitnessSettings, serve_witness};

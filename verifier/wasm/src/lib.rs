//! The verifier for wasm32-unknown-unknown: buffers by handle in, a report in JSON out. `js/candor.mjs` is its loader.
//!
//! Everything that crosses the boundary is a 32-bit number. Buffers are lent by handle: the host writes their bytes, and no
//! function of ours takes an address. A handle that was never given, or was freed, is a usage error in the report.
//! No call traps on any bytes; work and memory are bounded by the limits of docs/spec/encoding.md.
//!
//! A report is the object that `candor verify --json`, `candor verify --seal --json` or `candor replay --json` prints, without
//! times and what was expected; or `{"error": {"class", "exitCode", "message"}}` with the exit codes of the command line.

mod buffers;
mod expectation;
mod export;
mod report;

pub use buffers::{Buffers, Handle, MAX_BUFFER_BYTES, MAX_BUFFERS};
pub use expectation::{Expectation, ExpectationError, MAX_EXPECTATION_BYTES};
pub use export::*;
pub use report::{FailureClass, Report, replay, verify, verify_seal};

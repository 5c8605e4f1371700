//! Phase 2: seal keys of a circuit from a Powers-of-Tau file, whose last secret is a product of contributions
//! (docs/spec/ceremony.md).
//!
//! Source: Bowe, Gabizon, Miers, <https://eprint.iacr.org/2017/1050>; Kohlweiss, Maller, Siim, Volkhov,
//! <https://eprint.iacr.org/2021/219>.

mod basis;
mod check;
mod circuit;
mod contribution;
mod error;
mod file;
mod parameters;
mod phase_one;

pub use circuit::Circuit;
pub use contribution::{Beacon, Contribution, MAX_BEACON_BYTES, MAX_ITERATIONS_LOG2, MAX_NAME_BYTES};
pub use error::{CeremonyError, Element, PhaseOneError, Query};
pub use file::{Ceremony, FILE_MAGIC, MAX_CEREMONY_BYTES, MAX_CONTRIBUTIONS, Subject};
pub use parameters::{Parameters, gamma};
pub use phase_one::{MAX_DOMAIN_LOG2, PhaseOne};

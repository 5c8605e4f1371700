//! The auditor: everything that a log publishes, checked without trusting who runs it.
//!
//! [`audit`] reads what any web server can serve ([`Source`]), rebuilds the tree from the entries, checks every entry, every
//! chain and every signature, and compares the outcome with the signed checkpoint and with one that is remembered. It stops
//! at the first thing that is wrong with the log and names it ([`AuditError`]); bodies that are not what was signed do not stop
//! it ([`BodyFaults`]). Rules: docs/spec/log.md, "Auditing".
//!
//! Nothing of the pipeline is used here: a mistake there is not repeated by its judge.

mod agents;
mod auditor;
mod bodies;
mod chains;
mod entries;
mod error;
mod promises;
mod proof;
mod report;
mod source;
mod tiles;
mod tombstones;
#[cfg(feature = "client")]
mod url;

pub use agents::{AgentsFileError, ChainKey, MAX_AGENTS_BYTES, PublishedChain, published_chains};
pub use auditor::{AuditSettings, audit};
pub use bodies::{Bodies, BodyFault, BodyFaults, BodyFolder, ChainFault, MAX_FAULTS};
pub use error::AuditError;
pub use promises::{Breach, BrokenPromise, MAX_BROKEN, PromiseReport, check_promises};
pub use proof::{
    LogProofError, consistency_between, consistency_proof, entry_at, find_leaf, inclusion_proof, leaf_at,
    read_key,
};
pub use report::{AuditReport, AuditedRevision};
pub use source::{Folder, MAX_CHECKPOINT_FILE_BYTES, Source, SourceError};
pub use tombstones::{KnownRetention, PrunedReport, TombstoneLimits, listed_body};
#[cfg(feature = "client")]
pub use url::Prefix;

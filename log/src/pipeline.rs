//! The commitment pipeline: many agents, one log. Source: docs/spec/log.md.
//!
//! [`Log::submit`] checks a record in the caller's thread and queues it; a sequencer makes groups of records durable with
//! one sync each; an integrator writes tiles and bundles; a publisher signs checkpoints. Entries are *sequenced*, then
//! *integrated*, then *published*, and each can be waited for.
//!
//! Limitations. Records of one chain are accepted one after the other; other chains do not wait for it. What the log
//! checks of a body is what shows without the program. A log that lost its newest entries together with its own memory of
//! them looks like a shorter log: give [`LogSettings::remembered`] what a witness knows.

mod chain_head;
mod chains;
mod check;
mod cosign;
mod edge;
mod error;
mod evidence;
mod files;
mod heads;
mod index;
mod integrator;
mod journal;
mod open;
mod progress;
mod prune;
mod publisher;
mod queue;
mod read;
mod recovery;
mod registration;
mod retain;
mod sequencer;
mod settings;
mod shared;
mod signers;
mod submission;
mod submit;
mod tiles;
mod tombstones;
mod usage;

pub use chain_head::ChainLength;
pub use cosign::{Cosign, CosignRequest, NoWitnesses};
pub use error::{FileDamage, PipelineError};
pub use evidence::{EVIDENCE_MAGIC, EquivocationEvidence, MAX_EVIDENCE_BYTES};
pub use open::{Log, Status};
pub use progress::Sizes;
pub use prune::{PruneOptions, PruneReport, prune};
pub use read::BodyState;
pub use recovery::RecoveryReport;
pub use registration::{RegisterError, Registration};
pub use retain::{RetainError, mark, pin, pins, policy, set_retention, unpin};
pub use settings::{LogSettings, MAX_BODY_BYTES, MAX_REGISTRATIONS, OpenCheck};
pub use submission::{Pending, Sequenced, Submission, SubmitError};
pub use usage::Usage;

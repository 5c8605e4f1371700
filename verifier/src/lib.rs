//! Verify, replay, diagnose and settle: pure, no clock, no I/O, no threads, no panics on any bytes.
//!
//! * [`verify()`]: every record of a bundle is what the expected program and agent made of its observations. Takes a
//!   proof; needs neither weights nor intermediate values.
//! * [`replay()`]: the first record, and the first operator in it, that differ from what the program computes. Takes the
//!   program; proves nothing to anybody else.
//! * [`diagnose()`]: what a difference looks like, and what it cannot tell.
//! * [`verify_seal`]: the same from signed headers, card and key alone. [`verify_batch`]: many seals and proofs at once.
//! * [`settle()`]: *honest*, *fraud* or *undecided*, from a bundle and what defender and challenger submit.
//!
//! # What a header binds
//!
//! Fraud is decided on signed words and on what opens them, never on bytes that somebody merely put beside a header.
//! Everything in a body is in this table; what does not open its word is *missing*, whoever supplied it.
//!
//! | part of a body | bound by | if it does not fit |
//! |---|---|---|
//! | `observation.time` | equal to the header's `time` | undecided |
//! | `observation.payloads`, `features`, `observations_salt` | `observations` (Poseidon over salt, count, features and the Keccak-256 of all payload digests: injective, the number of payloads included) | undecided |
//! | `evidence_salt`, `credentials`, `evidence` | `evidence` (the salt in it is a hash of salt and credentials), for the card's number of statements only (the digest fills up with absent ones) | undecided |
//! | `state_before`, `state_after` | `state_before`, `state_after`, for the card's number of registers only (the digest fills up with zeros) | undecided |
//! | `leaves` | `execution`, for the card's number of tensors only (with another number, inner nodes could pass for leaves) | undecided |
//! | `outputs` | the last leaf, hence `execution` | undecided |
//!
//! What is bound can contradict itself, and then its signer did: payloads that a plugin which declares a key did not sign
//! (the payload's digest covers the plugin's signature, and its age is judged by the header's time), features that the
//! payloads do not give, a statement that nobody whom its slot names has signed for the agent, a first leaf that is not the features', a requested action that the outputs do not ask for, a
//! verdict that the table does not give, an executed action, state or transaction that does not follow, a link or
//! accumulator that does not continue a record that the same agent signed. That the outputs are not the model's is decided by a proof of the true values alone.
//!
//! The record before (`previous`) counts only if the agent signed it, and is compared with a record only if the record
//! names its hash, or has the next sequence number. Two records that do not meet are *missing what lies between*.
//!
//! # Limitations
//!
//! Not decided by this version: unlogged actions (they need a chain), and version skew beyond a record that continues
//! another program's. Times are decided only for a reader who names a log, witnesses and bounds ([`Publication`]). What a plugin without a key reported is declared by the agent; every
//! report says which. A seal carries no bodies: it says nothing about the signatures of plugins, attesters and grantors. [`replay()`] trusts that the
//! weights are those that the card commits to.

mod argument;
pub mod assumption;
pub mod batch;
pub mod challenge;
pub mod diagnose;
pub mod difference;
pub mod error;
mod examination;
pub mod expected;
pub mod inconsistency;
mod lineage;
mod opening;
pub mod publication;
pub mod replay;
pub mod seal;
pub mod settle;
pub mod verdict;
pub mod verify;
mod word;

pub use assumption::{Assumption, AssumptionName, UnknownAssumption};
pub use batch::{BatchError, MAX_BATCH, Refusal, Submitted, Verified, verify_batch};
pub use candor_circuits as circuits;
pub use candor_circuits::proof::{ProofFile, SegmentProof};
pub use candor_program as program;
pub use candor_trace as trace;
pub use challenge::{Challenge, Evidence, MAX_CHALLENGE_BYTES};
pub use diagnose::{Diagnosis, OpenQuestion, Suspicion, diagnose};
pub use difference::{Difference, OperatorDifference, Place, ValueDifference};
pub use error::{ErrorKind, VerifyError};
pub use expected::{Expected, OtherSetup};
pub use inconsistency::{Inconsistency, PlaceName};
pub use publication::{LateRecord, Publication, PublicationError, PublishedRecord, TimeFault, Witnessed};
pub use replay::{ReplayError, ReplayOutcome, ReplayReport, replay};
pub use seal::{SealError, SealReader, SealScalar, Sealed, verify_seal};
pub use settle::{Submission, settle};
pub use verdict::{Basis, Culprit, Fraud, FraudKind, Missing, Verdict};
pub use verify::{Accepted, verify, verify_bytes};
pub use word::FieldWord;

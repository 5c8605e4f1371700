//! Receipts: a decision or a verdict as an in-toto Statement (v1) in a DSSE envelope, for people and auditors.
//!
//! A decision's receipt carries the log entry of its record: whoever checks it recomputes every number in the statement from
//! words that the agent signed, and, with the card, every name. A verdict's receipt says what somebody found; it is worth as
//! much as the key that signed it. Formats: docs/spec/receipt.md.

mod decision;
mod dsse;
mod error;
mod statement;
mod verdict;

pub use decision::{DECISION_TYPE, DecisionPredicate, DecisionReceipt, PredicateAction};
pub use dsse::{DsseEnvelope, DsseSignature, MAX_SIGNATURES, PAYLOAD_TYPE, pae};
pub use error::ReceiptError;
pub use statement::{Digest, STATEMENT_TYPE, Statement, Subject};
pub use verdict::{PredicateAssumption, PredicateFraud, VERDICT_TYPE, VerdictPredicate, VerdictReceipt};

/// Longest receipt.
pub const MAX_RECEIPT_BYTES: usize = 4 << 20;

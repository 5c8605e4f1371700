//! What is not honest is refused, each for its own reason.

#[path = "../agent/mod.rs"]
mod agent;

#[cfg(feature = "adapter")]
mod adapter;
#[cfg(feature = "receipt")]
mod receipt;
#[cfg(feature = "receipt")]
mod receipt_model;
#[cfg(feature = "receipt")]
mod receipt_rules;
#[cfg(feature = "tlog")]
#[path = "../tree/mod.rs"]
mod tree;

mod body;
mod bundle;
mod chain;
mod context;
mod decision;
mod evidence;
mod header;
mod path;
mod payload;
mod payload_model;
mod payload_rules;
mod recorder;
mod revision;
mod signature;
#[cfg(feature = "tlog")]
mod tlog;

use candor_program::Card;
use candor_trace::{
    BodyError, ChainError, DecisionMismatch, Link, SignatureError, SignedRecord, check_body, check_decision,
    check_link,
};

/// The check that caught a record, and what it said.
#[derive(PartialEq, Eq, Debug)]
enum Caught {
    Signature(SignatureError),
    Link(ChainError),
    Body(BodyError),
    Decision(DecisionMismatch),
}

/// All checks that need no model, in the order in which a verifier makes them.
fn first_failure(card: &Card, link: &Link, record: &SignedRecord) -> Option<Caught> {
    let signature = record.check_signature(&card.domain).map_err(Caught::Signature);
    let link = || check_link(link, &record.header).map_err(Caught::Link);
    let body = || check_body(card, record).map_err(Caught::Body);
    let decision = || check_decision(card, record).map_err(Caught::Decision).map(|_| ());
    signature.and_then(|()| link()).and_then(|()| body()).and_then(|()| decision()).err()
}

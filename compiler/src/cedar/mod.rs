//! Cedar policies to a decision table: parsed, validated against a schema made from the agent, expanded exactly.
//!
//! Every request that Cedar can be asked gets Cedar's answer from the table, for a reason of the first policy that determines it;
//! where a fact is missing the table denies, and a policy set that Cedar would answer otherwise is refused. What cannot be
//! expanded exactly is refused with its line. Source: docs/cedar.md; docs/adr/0017-cedar-to-a-table.md.

mod annotation;
mod clause;
mod domain;
mod error;
mod expansion;
mod expression;
mod formula;
mod joined;
mod linear;
mod presence;
mod scan;
mod schema;
mod source;
mod table;

pub use error::{CedarCause, CedarError};
pub use schema::{Attribute, Kind, Schema};
pub use table::{Compiled, RuleSource};

use source::Text;
use std::thread;

/// Longest policy file.
pub const SOURCE_BYTES: usize = 1 << 18;
/// Most tokens of one policy.
pub const TOKENS: usize = 4096;
/// Deepest nesting of brackets and conditional expressions of one policy.
pub const DEPTH: usize = 64;
/// Most clauses that a part of a condition may expand to on the way.
pub const CLAUSES: usize = 256;

/// Stack of the thread that parses and validates. What the limits above allow needs a small part of it (a test measures the
/// deepest policies): Cedar's validator says nothing about a policy that it ran out of stack for.
const STACK_BYTES: usize = 256 << 20;

/// The decision table of a policy file, at most `capacity` predicates and rules.
///
/// Errors: a [`CedarError`] names the first place that cannot be a table, by line and column.
pub fn compile(source: &str, schema: &Schema, capacity: usize) -> Result<Compiled, CedarError> {
    with_stack(STACK_BYTES, source, schema, capacity)
}

fn with_stack(bytes: usize, source: &str, schema: &Schema, capacity: usize) -> Result<Compiled, CedarError> {
    scan::check(source)?;
    let unchecked = |message: String| CedarError::at_start(CedarCause::Unchecked { message });
    thread::scope(|scope| {
        let work = || on_this_stack(source, schema, capacity);
        let thread = thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| unchecked(error.to_string()))?;
        thread.join().unwrap_or_else(|_| Err(unchecked("it panicked".into())))
    })
}

fn on_this_stack(source: &str, schema: &Schema, capacity: usize) -> Result<Compiled, CedarError> {
    let text = Text::new(source);
    let policies = source::read(text, schema)?;
    let expanded = expansion::expand(text, &policies, schema)?;
    table::build(text, &policies, expanded, schema, capacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{Parts, Vocabulary};
    use candor_program::head::Head;

    /// No memory for the stack: nothing is taken as checked.
    #[test]
    fn what_cannot_be_checked_is_refused() {
        let head = Head::ArgMax { actions: Vec::new(), assets: Vec::new(), venues: Vec::new() };
        let parts = Parts { features: &[], head: &head, amount_decimals: 0, registers: &[], evidence: &[] };
        let schema = Schema::new("agent", &Vocabulary::new(parts)).unwrap();
        let error = with_stack(1 << 60, "permit (principal, action, resource);", &schema, 16).unwrap_err();
        assert!(matches!(error.cause, CedarCause::Unchecked { .. }), "{error}");
    }
}

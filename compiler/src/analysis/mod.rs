//! What can be said about a policy before anybody asks it: cases in a file, findings, and differences between two.
//!
//! The method: a predicate is a comparison of two facts, and most facts are an integer, a constant, or a difference of two
//! integers (seconds since, change of a register). Conditions on those are decided exactly (`difference`); what is of
//! another form is left open, and said to be. Every example that is told was judged by the evaluator.
//! Source: docs/explain.md.

mod cases;
mod check;
mod diff;
mod difference;
mod space;
mod verdict;

pub use cases::{CASES, Case, CaseError, CaseErrorKind, CaseResult, Tested, read_cases, test};
pub use check::{Checked, Finding, Question, check};
pub use diff::{DiffError, Difference, Differences, Fixed, Variant, diff};
pub use verdict::Ending;

/// Steps of one search for a request; when they are used up the question stays open.
pub const STEPS: usize = 20_000;

//! What a prover may try, and what stops him.
//!
//! `defect` is the verifier with a defect put back in, `forger` a prover who knows the defect. A defence counts only where
//! the forgery is accepted with the defect and rejected without it. README.md names the test of every threat.

mod attack;
mod brute;
mod case;
mod checks;
mod defect;
#[path = "../every_term/mod.rs"]
mod every_term;
mod forger;
mod general;
mod leaves;
mod lie;
mod lookups;
#[path = "../proven/mod.rs"]
mod proven;
mod prover;
mod relations;
mod setup;
mod statement;
mod table;
mod transcript;
mod witness;

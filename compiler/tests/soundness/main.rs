//! What must be refused, and how.

#[path = "../support/mod.rs"]
mod support;

mod bad_models;

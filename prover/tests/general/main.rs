//! Proofs of random programs with several axes, views, products and lookups, and of tensors longer than a row.

#[path = "../every_term/mod.rs"]
mod every_term;
#[path = "../../../program/tests/completeness/reference/generate.rs"]
mod generate;
#[path = "../proven/mod.rs"]
mod proven;
#[path = "../../../program/tests/sample/mod.rs"]
mod sample;

mod completeness;
mod shapes;

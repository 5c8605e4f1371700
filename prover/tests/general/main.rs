//! Proofs and seals of programs with several axes, views, products and lookups: what is true is accepted, and every lie about it
//! is refused.

#[path = "../../../program/tests/completeness/reference/generate.rs"]
mod generate;
#[path = "../../../program/tests/sample/mod.rs"]
mod sample;

mod case;
mod completeness;
mod lies;
mod shapes;

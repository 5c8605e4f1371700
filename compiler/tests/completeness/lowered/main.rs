//! What the integer programs of operators compute, against the float evaluator.

#![allow(clippy::disallowed_methods, reason = "the platform's functions are what results are compared with")]

#[path = "../../support/lowered.rs"]
mod lowered;
#[path = "../../support/mod.rs"]
mod sources;
#[path = "../../support/operators.rs"]
mod support;

mod arithmetic;
mod cast;
mod chains;
mod check;
mod classic;
mod clip;
mod convolution;
mod cumulative;
mod einsum;
mod ensembles;
mod fidelity;
mod gather;
mod logic;
mod moves;
mod normalization;
mod order;
mod pad;
mod pattern;
mod pool;
mod quantised;
mod recurrent;
mod reduce;
mod resize;
mod scatter;
mod tree;
mod trial;
mod unary;
mod weights;

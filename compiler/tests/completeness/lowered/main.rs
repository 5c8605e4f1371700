//! What the integer programs of operators compute, against the float evaluator.

#[path = "../../support/lowered.rs"]
mod lowered;
#[path = "../../support/operators.rs"]
mod support;

mod arithmetic;
mod convolution;
mod cumulative;
mod einsum;
mod gather;
mod pad;
mod pattern;
mod pool;
mod resize;
mod tree;
mod trial;

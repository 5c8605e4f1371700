//! What ONNX's operators and graphs refuse, and how.

#[path = "../../support/mod.rs"]
mod sources;
#[path = "../../support/operators.rs"]
mod support;

mod attributes;
mod check;
mod classic;
mod fidelity;
mod graphs;
mod hostile;
mod indices;
mod lowered;
mod recurrent;
mod shapes;
mod trees;
mod types;
mod weights;

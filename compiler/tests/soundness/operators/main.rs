//! What ONNX's operators and graphs refuse, and how.

#[path = "../../support/operators.rs"]
mod support;

mod attributes;
mod graphs;
mod hostile;
mod indices;
mod lowered;
mod shapes;
mod trees;
mod types;

//! Quantised numbers: integers of 8 bits with a scale and a zero point.
//!
//! The float model computes them as onnxruntime does, in single precision. In the integer program they are integers already, and what a product
//! of them is requantised to is the same integer for every accumulator (`exact`).

mod exact;
mod linear;
mod product;
mod scale;

pub(super) use linear::Linear;
pub(super) use product::Product;

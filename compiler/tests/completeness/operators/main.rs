//! What ONNX's operators compute, against results worked out by hand.

#![allow(clippy::disallowed_methods, reason = "the platform's functions are what results are compared with")]

#[path = "../../support/operators.rs"]
mod support;

mod arithmetic;
mod cast;
mod classic;
mod clip;
mod concat;
mod convolution;
mod cumulative;
mod einsum;
mod gather;
mod graph;
mod logic;
mod matrix;
mod normalization;
mod order;
mod pad;
mod pattern;
mod pool;
mod quantised;
mod reduce;
mod reshape;
mod resize;
mod runtime;
mod scatter;
mod selection;
mod sequence;
mod shape;
mod slice;
mod softmax;
mod transpose;
mod tree;
mod unary;

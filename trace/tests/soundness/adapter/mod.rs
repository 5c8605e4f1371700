//! What is not what it says it is, each with its own error.

mod json;
mod opengradient;
mod otel;

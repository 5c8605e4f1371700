//! The verifier's algebra means what the program computes.

mod layout;
mod rescale;
mod transcript;

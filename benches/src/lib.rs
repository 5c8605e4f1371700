//! What benches and tests of several crates share: synthetic programs of any size.

pub mod synthetic;

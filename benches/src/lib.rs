//! What benches and tests of several crates share: synthetic programs of any size, peak memory.

pub mod memory;
pub mod synthetic;

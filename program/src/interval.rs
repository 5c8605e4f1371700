//! Bounds of every value of a program, for every input in the declared ranges.

use crate::card::{Card, Program};
use thiserror::Error;

/// Bounds of one operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// Lowest accumulator.
    pub accumulator_min: i64,
    /// Highest accumulator.
    pub accumulator_max: i64,
    /// Lowest output.
    pub output_min: i32,
    /// Highest output.
    pub output_max: i32,
}

/// Why a program is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ProgramError {
    /// Too many operators, or none.
    #[error("{got} operators, 1 to {limit} are allowed")]
    OperatorCount {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
}

/// Bounds of every operator, in order.
pub fn analyse(program: &Program) -> Result<Vec<Interval>, ProgramError> {
    let _ = program;
    todo!()
}

impl Program {
    /// The program is well formed, and no input in range leaves the integers that it is proven for.
    pub fn validate(&self) -> Result<(), ProgramError> {
        todo!()
    }
}

impl Card {
    /// The card is well formed.
    pub fn validate(&self) -> Result<(), ProgramError> {
        todo!()
    }
}

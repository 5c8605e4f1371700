//! Runs the model: exact integers, one thread, no floating point.

use crate::card::Program;
pub use crate::execution::Execution;
use thiserror::Error;

/// Why a program could not be run. None of these happens to a validated program on an input of the right width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ExecuteError {
    /// The number of features is not the input width.
    #[error("the model takes {expected} features, got {got}")]
    InputWidth {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
}

/// The values of all tensors.
pub fn execute(program: &Program, input: &[u16]) -> Result<Execution, ExecuteError> {
    let _ = (program, input);
    todo!()
}

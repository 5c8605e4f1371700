//! Runs the model: exact integers, one thread, no floating point.

pub use crate::execution::Execution;

use crate::card::Program;
use crate::operator::Operator;
use thiserror::Error;

/// Why a program could not be run. On a validated program only the input can be at fault.
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
    /// A feature above its range.
    #[error("feature {index} is {got} above its minimum, at most {limit} is declared")]
    InputRange {
        /// Index.
        index: usize,
        /// Highest.
        limit: u64,
        /// Found.
        got: u16,
    },
    /// The program has not as many weights as operators.
    #[error("the program has {expected} operators, and weights of {got}")]
    WeightOperators {
        /// Operators.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A saturation that exceeds what is proven: the program was not validated.
    #[error(
        "operator {operator} saturates by 2^24 or more at position {position}; was the program validated?"
    )]
    Excess {
        /// Index of the operator.
        operator: usize,
        /// Position in its output.
        position: usize,
    },
}

/// The values of all tensors.
///
/// Owes: [`Program::validate`], once for a program; without it values may wrap around.
/// Source: docs/spec/program.md.
pub fn execute(program: &Program, input: &[u16]) -> Result<Execution, ExecuteError> {
    let card = &program.card;
    let (expected, got) = (card.features.len(), input.len());
    if expected != got {
        return Err(ExecuteError::InputWidth { expected, got });
    }
    for (index, (feature, value)) in card.features.iter().zip(input).enumerate() {
        if u64::from(*value) > feature.span() {
            return Err(ExecuteError::InputRange { index, limit: feature.span(), got: *value });
        }
    }
    let (expected, got) = (card.operators.len(), program.weights.operators.len());
    if expected != got {
        return Err(ExecuteError::WeightOperators { expected, got });
    }
    let mut tensors = Vec::with_capacity(1 + card.operators.len());
    tensors.push(input.iter().map(|value| i32::from(*value)).collect());
    for (operator, (shape, weights)) in card.operators.iter().zip(&program.weights.operators).enumerate() {
        let Operator::Affine(affine) = shape;
        let mut output = Vec::with_capacity(affine.width as usize);
        for (position, accumulator) in affine.accumulate(weights, &tensors).into_iter().enumerate() {
            let row = affine.rescale.row(accumulator);
            let row = row.ok_or(ExecuteError::Excess { operator, position })?;
            output.push(affine.rescale.output(&row));
        }
        tensors.push(output);
    }
    Ok(Execution { tensors })
}

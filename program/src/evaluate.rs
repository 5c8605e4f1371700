//! Runs the model: exact integers, one thread, no floating point.

pub use crate::execution::Execution;

use crate::accumulate::{Exact, accumulate};
use crate::card::{Card, Program};
use crate::operator::Operator;
use crate::operator::rescale::Row;
use crate::plan::{OperatorPlan, Plan};
use std::borrow::Cow;
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

/// A program made ready to run many times.
#[derive(Clone, Debug)]
pub struct Evaluator<'a> {
    program: &'a Program,
    plan: Cow<'a, Plan>,
}

impl<'a> Evaluator<'a> {
    /// Plans a program.
    ///
    /// Owes: [`Program::validate`], once for a program; without it values may wrap around.
    #[must_use]
    pub fn new(program: &'a Program) -> Self {
        Self { program, plan: Cow::Owned(Plan::new(&program.card)) }
    }

    /// A program with the plan that was made of it.
    ///
    /// Owes: that the plan is this program's, and [`Program::validate`].
    #[must_use]
    pub fn planned(program: &'a Program, plan: &'a Plan) -> Self {
        Self { program, plan: Cow::Borrowed(plan) }
    }

    /// The values of all tensors.
    ///
    /// Source: docs/spec/program.md.
    pub fn execute(&self, input: &[u16]) -> Result<Execution, ExecuteError> {
        let card = &self.program.card;
        check_input(card, input)?;
        let (expected, got) = (card.operators.len(), self.program.weights.operators.len());
        if expected != got {
            return Err(ExecuteError::WeightOperators { expected, got });
        }
        let mut tensors = Vec::with_capacity(1 + card.operators.len());
        tensors.push(input.iter().map(|value| i32::from(*value)).collect());
        for operator in 0..card.operators.len() {
            let output = self.output(operator, &tensors)?;
            tensors.push(output);
        }
        Ok(Execution { tensors })
    }

    /// The output of one operator. Shapes: `tensors` are all earlier ones.
    pub fn output(&self, operator: usize, tensors: &[Vec<i32>]) -> Result<Vec<i32>, ExecuteError> {
        let Some(rows) = self.rows(operator, tensors) else { return Ok(self.looked_up(operator, tensors)) };
        let affine = self.program.card.operators.get(operator).and_then(Operator::affine);
        let rescale = affine.map(|affine| affine.rescale);
        let value = |(position, row): (usize, Option<Row>)| match (row, rescale) {
            (Some(row), Some(rescale)) => Ok(rescale.output(&row)),
            _ => Err(ExecuteError::Excess { operator, position }),
        };
        rows.into_iter().enumerate().map(value).collect()
    }

    /// The rows of an affine operator, exact widths; `None` of any other. A row is missing where it saturates beyond what is proven.
    ///
    /// Shapes: `tensors` are all earlier ones.
    #[must_use]
    pub fn rows(&self, operator: usize, tensors: &[Vec<i32>]) -> Option<Vec<Option<Row>>> {
        let affine = self.program.card.operators.get(operator)?.affine()?;
        let OperatorPlan::Affine { width, terms } = self.plan.operators.get(operator)? else { return None };
        let weights = self.program.weights.operators.get(operator)?;
        let accumulators = accumulate::<Exact>(*width, terms, weights, tensors);
        Some(accumulators.into_iter().map(|accumulator| affine.rescale.row(accumulator)).collect())
    }

    /// The output of a lookup, exact width; empty of any other operator.
    ///
    /// Shapes: `tensors` are all earlier ones.
    #[must_use]
    pub fn looked_up(&self, operator: usize, tensors: &[Vec<i32>]) -> Vec<i32> {
        let (Some(Operator::Lookup(lookup)), Some(OperatorPlan::Lookup { source, source_low, table })) =
            (self.program.card.operators.get(operator), self.plan.operators.get(operator))
        else {
            return vec![];
        };
        let table = self.program.weights.tables.get(*table).map_or(&[][..], Vec::as_slice);
        let values = tensors.get(usize::from(source.0)).map_or(&[][..], Vec::as_slice);
        values.iter().map(|value| lookup.output(table, *source_low, *value)).collect()
    }
}

fn check_input(card: &Card, input: &[u16]) -> Result<(), ExecuteError> {
    let (expected, got) = (card.features.len(), input.len());
    if expected != got {
        return Err(ExecuteError::InputWidth { expected, got });
    }
    for (index, (feature, value)) in card.features.iter().zip(input).enumerate() {
        if u64::from(*value) > feature.span() {
            return Err(ExecuteError::InputRange { index, limit: feature.span(), got: *value });
        }
    }
    Ok(())
}

/// [`Evaluator::execute`] of one input.
///
/// Owes: [`Program::validate`], once for a program; without it values may wrap around.
pub fn execute(program: &Program, input: &[u16]) -> Result<Execution, ExecuteError> {
    check_input(&program.card, input)?;
    Evaluator::new(program).execute(input)
}

//! What a decoded program must satisfy before anything else trusts it.

mod agent;
mod argument;
mod error;
mod evidence;
mod name;
mod operators;
mod state;

pub use error::{NameDefect, Part, ProgramError};

use crate::card::{Card, Program};
use crate::class::FORMAT_VERSION;
use crate::interval;
use crate::limits;
use crate::operator::{Operator, Term};
use error::within;

impl Card {
    /// The card is well formed: within limits, class and exact sizes agree, every index refers to something, and every
    /// argument of the transaction fits its type whatever is decided.
    ///
    /// Owes: that the weight rows are points of the curve, as many as the class has.
    pub fn validate(&self) -> Result<(), ProgramError> {
        if self.class.version != FORMAT_VERSION {
            return Err(ProgramError::Version { expected: FORMAT_VERSION, got: self.class.version });
        }
        agent::check_names(self)?;
        operators::check(self)?;
        agent::check_features(self)?;
        agent::check_head(self)?;
        agent::check_policy(self)?;
        state::check(self)?;
        evidence::check(self)?;
        agent::check_transaction(self)?;
        within(Part::WeightRows, 0, limits::WEIGHT_ROWS, self.weight_rows.len())
    }
}

impl Program {
    /// The program is well formed, and no input in range leaves the integers that it is proven for.
    ///
    /// Owes: that the weight rows of the card commit to these weights.
    pub fn validate(&self) -> Result<(), ProgramError> {
        self.card.validate()?;
        self.check_weights()?;
        interval::analyse(self).map(|_| ())
    }

    /// Every matrix and bias has the size that the card gives.
    pub(crate) fn check_weights(&self) -> Result<(), ProgramError> {
        let (expected, got) = (self.card.operators.len(), self.weights.operators.len());
        if expected != got {
            return Err(ProgramError::WeightOperators { expected, got });
        }
        for (operator, (shape, weights)) in
            self.card.operators.iter().zip(&self.weights.operators).enumerate()
        {
            let Operator::Affine(affine) = shape;
            let dense = affine.terms.iter().filter_map(|term| match term {
                Term::Dense { source } => Some(*source),
                Term::Scaled { .. } => None,
            });
            let (expected, got) = (dense.clone().count(), weights.dense.len());
            if expected != got {
                return Err(ProgramError::WeightMatrices { operator, expected, got });
            }
            for (matrix, (source, values)) in dense.zip(&weights.dense).enumerate() {
                let columns = self.card.tensor_width(source).unwrap_or(0);
                let expected = u64::from(columns) * u64::from(affine.width);
                let got = values.len() as u64;
                if expected != got {
                    return Err(ProgramError::WeightShape { operator, matrix, expected, got });
                }
            }
            let (expected, got) = (affine.width as usize, weights.bias.len());
            if expected != got {
                return Err(ProgramError::BiasShape { operator, expected, got });
            }
        }
        Ok(())
    }
}

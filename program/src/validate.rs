//! What a decoded program must satisfy before anything else trusts it.

mod agent;
mod argument;
mod defect;
mod error;
mod evidence;
mod name;
mod operators;
mod part;
mod state;
mod view;

pub use defect::{NameDefect, TermDefect};
pub use error::ProgramError;
pub use part::Part;

use crate::card::{Card, Program};
use crate::class::{FORMAT_VERSION, OperatorClass};
use crate::interval;
use crate::limits;
use crate::operator::Operator;
use crate::operator::lookup::ENTRIES;
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
        self.validate_model()?;
        agent::check_features(self)?;
        agent::check_head(self)?;
        agent::check_policy(self)?;
        state::check(self)?;
        evidence::check(self)?;
        agent::check_transaction(self)?;
        within(Part::WeightRows, 0, limits::WEIGHT_ROWS, self.weight_rows.len())
    }

    /// The model of the card is well formed, whatever agent is around it: what evaluation and interval analysis rely on.
    pub fn validate_model(&self) -> Result<(), ProgramError> {
        operators::check(self)
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
        let shapes = self.card.operators.iter().zip(&self.card.class.operators);
        for (operator, ((data, shape), weights)) in shapes.zip(&self.weights.operators).enumerate() {
            let matrices: Vec<Vec<u32>> = match (data, shape) {
                (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) => {
                    let terms = affine.terms.iter().zip(terms);
                    terms
                        .filter_map(|(term, shape)| shape.weight_extents(&affine.axes, &term.summed))
                        .collect()
                }
                _ => vec![],
            };
            let (expected, got) = (matrices.len(), weights.dense.len());
            if expected != got {
                return Err(ProgramError::WeightMatrices { operator, expected, got });
            }
            for (matrix, (extents, values)) in matrices.iter().zip(&weights.dense).enumerate() {
                let expected =
                    extents.iter().fold(1u64, |size, extent| size.saturating_mul((*extent).into()));
                let got = values.len() as u64;
                if expected != got {
                    return Err(ProgramError::WeightShape { operator, matrix, expected, got });
                }
            }
            let (expected, got) =
                (data.affine().map_or(0, |affine| affine.width() as usize), weights.bias.len());
            if expected != got {
                return Err(ProgramError::BiasShape { operator, expected, got });
            }
        }
        self.check_tables()
    }

    /// There is every table, of the right size, and it maps 0 to 0.
    fn check_tables(&self) -> Result<(), ProgramError> {
        let (expected, got) = (usize::from(self.card.class.tables), self.weights.tables.len());
        if expected != got {
            return Err(ProgramError::TableCount { expected, got });
        }
        for (table, entries) in self.weights.tables.iter().enumerate() {
            let (expected, got) = (ENTRIES, entries.len());
            if expected != got {
                return Err(ProgramError::TableSize { table, expected, got });
            }
        }
        for (operator, shape) in self.card.operators.iter().zip(&self.card.class.operators) {
            if let (Operator::Lookup(lookup), OperatorClass::Lookup { source, table }) = (operator, shape) {
                let table = usize::from(*table);
                let entries = self.weights.tables.get(table).map_or(&[][..], Vec::as_slice);
                let source = usize::from(source.0).checked_sub(1).and_then(|i| self.card.operators.get(i));
                let got = lookup.output(entries, source.map_or(0, Operator::low), 0);
                if got != 0 {
                    return Err(ProgramError::TableZero { table, got });
                }
            }
        }
        Ok(())
    }
}

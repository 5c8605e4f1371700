//! The model's shape: class and exact sizes agree, wiring goes forward.

use super::error::{Part, ProgramError, within};
use crate::card::Card;
use crate::class::{OperatorClass, TensorId, TermClass};
use crate::limits;
use crate::operator::{Affine, Operator, Term};

/// Log2 of the padded length: the smallest power of two that is not below the width.
fn padded_log2(width: usize) -> u8 {
    // At most 64, since a `usize` has no more bits.
    width.next_power_of_two().trailing_zeros() as u8
}

pub(super) fn check(card: &Card) -> Result<(), ProgramError> {
    let class = &card.class;
    within(Part::Operators, 1, limits::OPERATORS, card.operators.len())?;
    within(Part::Features, 1, limits::FEATURES, card.features.len())?;
    if class.operators.len() != card.operators.len() {
        let (class, card) = (class.operators.len(), card.operators.len());
        return Err(ProgramError::OperatorCount { class, card });
    }
    if !(9..=14).contains(&class.row_log2) {
        return Err(ProgramError::RowLength { got: class.row_log2 });
    }
    // 28 is the two-adicity of the field, and the size of the largest ceremony.
    let powers_log2 = card.setup.powers_log2;
    if !(class.row_log2..=28).contains(&powers_log2) {
        return Err(ProgramError::SetupPowers { row_log2: class.row_log2, powers_log2 });
    }
    check_padding(0, card.features.len(), class.input_log2)?;
    for (index, (operator, shape)) in card.operators.iter().zip(&class.operators).enumerate() {
        let Operator::Affine(affine) = operator;
        check_affine(card, index, affine, shape)?;
    }
    let got = parameters(card);
    if got > limits::PARAMETERS { Err(ProgramError::Parameters { got }) } else { Ok(()) }
}

fn check_padding(tensor: usize, width: usize, got: u8) -> Result<(), ProgramError> {
    let expected = padded_log2(width);
    if got == expected { Ok(()) } else { Err(ProgramError::PaddedLength { tensor, expected, got }) }
}

fn check_affine(
    card: &Card,
    operator: usize,
    affine: &Affine,
    shape: &OperatorClass,
) -> Result<(), ProgramError> {
    if !(1..=limits::WIDTH).contains(&affine.width) {
        return Err(ProgramError::Width { operator, got: affine.width });
    }
    if affine.rescale.multiplier == 0 {
        return Err(ProgramError::Multiplier { operator });
    }
    let low = affine.rescale.low;
    if !(-65_535..=0).contains(&low) {
        return Err(ProgramError::Low { operator, got: low });
    }
    let OperatorClass::Affine { output_log2, terms } = shape;
    check_padding(operator + 1, affine.width as usize, *output_log2)?;
    within(Part::Terms, 1, limits::TERMS, affine.terms.len())?;
    let same = |(term, shape): (&Term, &TermClass)| term.class() == *shape;
    if affine.terms.len() != terms.len() || !affine.terms.iter().zip(terms).all(same) {
        return Err(ProgramError::Terms { operator });
    }
    for (index, term) in affine.terms.iter().enumerate() {
        let source = term.class().source();
        // Tensor `operator` is the previous operator's output, or the input.
        if usize::from(source.0) > operator {
            return Err(ProgramError::Wiring { operator, term: index, tensor: source.0 });
        }
        let got = card.tensor_width(source).unwrap_or(0);
        if matches!(term, Term::Scaled { .. }) && got != affine.width {
            return Err(ProgramError::ScaledWidth { operator, term: index, expected: affine.width, got });
        }
    }
    Ok(())
}

/// Weights and biases.
fn parameters(card: &Card) -> u64 {
    let operator = |operator: &Operator| {
        let Operator::Affine(affine) = operator;
        let width = u64::from(affine.width);
        let dense = |term: &Term| match term {
            Term::Dense { source } => width * u64::from(card.tensor_width(*source).unwrap_or(0)),
            Term::Scaled { .. } => 0,
        };
        // At most 64 terms of 2^32 weights for each of 1024 operators: below 2^49.
        width + affine.terms.iter().map(dense).sum::<u64>()
    };
    card.operators.iter().map(operator).sum()
}

impl Card {
    /// Exact width of a tensor; `None` if the program has no such tensor.
    #[must_use]
    pub fn tensor_width(&self, tensor: TensorId) -> Option<u32> {
        match tensor.0.checked_sub(1) {
            None => u32::try_from(self.features.len()).ok(),
            Some(operator) => {
                let Operator::Affine(affine) = self.operators.get(usize::from(operator))?;
                Some(affine.width)
            }
        }
    }

    /// Number of weights and biases.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        parameters(self)
    }
}

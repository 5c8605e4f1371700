//! The committed layout of weights and biases, and the decoded rows of a card.

use crate::layout::{Layout, LayoutError};
use crate::point::{PointError, decode_g1};
use ark_bn254::G1Affine;
use candor_program::card::{Card, Weights};
use candor_program::class::TensorId;

/// Why a card's rows cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The class has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The card has another number of rows than its class.
    #[error("the card has {got} weight rows, its class {expected}")]
    Rows {
        /// By the class.
        expected: usize,
        /// In the card.
        got: usize,
    },
    /// A row is not a point.
    #[error("weight row {row}: {error}")]
    Point {
        /// Row number.
        row: usize,
        /// What is wrong with it.
        error: PointError,
    },
}

/// Layout of a class for the weights alone (any batch has the same).
///
/// Errors: the class has no layout.
pub fn weight_layout(card: &Card) -> Result<Layout, LayoutError> {
    Layout::new(&card.class, 0, card.class.output())
}

/// Decodes the rows of a card: weights, then bias.
///
/// Errors: wrong number of rows, or a row that is not a point.
pub fn decode_rows(card: &Card) -> Result<Vec<G1Affine>, ModelError> {
    let layout = weight_layout(card)?;
    let (expected, got) = (layout.weight_rows() + layout.bias_rows(), card.weight_rows.len());
    if expected != got {
        return Err(ModelError::Rows { expected, got });
    }
    let decode = |(row, bytes)| decode_g1(bytes).map_err(|error| ModelError::Point { row, error });
    card.weight_rows.iter().enumerate().map(decode).collect()
}

/// Exact width of a tensor.
#[must_use]
pub fn width(card: &Card, tensor: TensorId) -> usize {
    match usize::from(tensor.0).checked_sub(1) {
        None => card.features.len(),
        Some(operator) => card.operators.get(operator).map_or(0, |o| {
            let candor_program::operator::Operator::Affine(affine) = o;
            affine.width as usize
        }),
    }
}

/// The weights object: 2^weight_vars values, zero where nothing is.
#[must_use]
pub fn weights_object(card: &Card, weights: &Weights, layout: &Layout) -> Vec<i32> {
    let mut object = vec![0; 1 << layout.weight_vars];
    let mut taken = vec![0; layout.outputs.len()];
    for term in &layout.dense {
        let matrix = weights.operators.get(term.operator).and_then(|o| o.dense.get(taken[term.operator]));
        taken[term.operator] += 1;
        let (Some(matrix), width) = (matrix, width(card, term.source)) else { continue };
        for (output, row) in matrix.chunks(width.max(1)).enumerate() {
            let start = term.weights.offset + (output << term.input_log2);
            if let Some(target) = object.get_mut(start..start + row.len()) {
                target.copy_from_slice(row);
            }
        }
    }
    object
}

/// The bias object: 2^decision_vars values, zero where nothing is.
#[must_use]
pub fn bias_object(weights: &Weights, layout: &Layout) -> Vec<i64> {
    let mut object = vec![0; 1 << layout.decision_vars];
    for (place, operator) in layout.outputs.iter().zip(&weights.operators) {
        if let Some(target) = object.get_mut(place.offset..place.offset + operator.bias.len()) {
            target.copy_from_slice(&operator.bias);
        }
    }
    object
}

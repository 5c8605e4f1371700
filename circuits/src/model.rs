//! The committed layout of weights, biases and tables, and the decoded rows of a card.

use crate::layout::{Contraction, Layout, LayoutError, Left};
use crate::point::{PointError, decode_g1};
use ark_bn254::G1Affine;
use candor_program::card::{Card, Weights};
use candor_program::class::OperatorClass;
use candor_program::operator::Operator;
use candor_program::operator::lookup::ENTRIES;
use candor_program::view;

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

/// Layout of a class for the committed rows alone (any batch has the same).
///
/// Errors: the class has no layout.
pub fn weight_layout(card: &Card) -> Result<Layout, LayoutError> {
    Layout::new(&card.class, 0, card.class.output())
}

/// Decodes the rows of a card: weights, bias, tables.
///
/// Errors: wrong number of rows, or a row that is not a point.
pub fn decode_rows(card: &Card) -> Result<Vec<G1Affine>, ModelError> {
    let layout = weight_layout(card)?;
    let (expected, got) = (layout.program_rows(), card.weight_rows.len());
    if expected != got {
        return Err(ModelError::Rows { expected, got });
    }
    let decode = |(row, bytes)| decode_g1(bytes).map_err(|error| ModelError::Point { row, error });
    card.weight_rows.iter().enumerate().map(decode).collect()
}

/// The weights object: 2^weight_vars values, zero where nothing is.
#[must_use]
pub fn weights_object(card: &Card, weights: &Weights, layout: &Layout) -> Vec<i32> {
    let mut object = vec![0; 1 << layout.weight_vars];
    let mut taken = vec![0; layout.outputs.len()];
    for contraction in &layout.contractions {
        let Left::Weights { place, labels } = &contraction.left else { continue };
        let operator = contraction.operator;
        let values = weights.operators.get(operator).and_then(|own| own.dense.get(taken[operator]));
        taken[operator] += 1;
        let (Some(values), Some(extents)) = (values, extents(card, contraction)) else { continue };
        let log2: Vec<u8> = labels.iter().map(|label| label.vars as u8).collect();
        let padded = view::padded(values, &extents, &log2, &0);
        if let Some(target) = object.get_mut(place.offset..place.offset + padded.len()) {
            target.copy_from_slice(&padded);
        }
    }
    object
}

/// Exact extents of the labels of a term's weights.
fn extents(card: &Card, contraction: &Contraction) -> Option<Vec<u32>> {
    let affine = card.operators.get(contraction.operator)?.affine()?;
    let OperatorClass::Affine { terms, .. } = card.class.operators.get(contraction.operator)? else {
        return None;
    };
    let summed = &affine.terms.get(contraction.term)?.summed;
    terms.get(contraction.term)?.weight_extents(&affine.axes, summed)
}

/// The bias object: 2^decision_vars values, zero where nothing is.
#[must_use]
pub fn bias_object(card: &Card, weights: &Weights, layout: &Layout) -> Vec<i64> {
    let mut object = vec![0; 1 << layout.decision_vars];
    for (operator, (output, own)) in layout.outputs.iter().zip(&weights.operators).enumerate() {
        let Some(affine) = card.operators.get(operator).and_then(Operator::affine) else { continue };
        let log2 = layout.axes.get(operator + 1).map_or(&[][..], Vec::as_slice);
        let padded = view::padded(&own.bias, &affine.axes, log2, &0);
        let start = output.place.offset;
        if let Some(target) = object.get_mut(start..start + padded.len()) {
            target.copy_from_slice(&padded);
        }
    }
    object
}

/// The tables object: 2^table_vars values, zero beyond the last table; nothing without tables.
#[must_use]
pub fn tables_object(weights: &Weights, layout: &Layout) -> Vec<u16> {
    if layout.tables == 0 {
        return Vec::new();
    }
    let mut object = vec![0; 1 << layout.table_vars()];
    for (target, table) in object.chunks_mut(ENTRIES).zip(&weights.tables) {
        for (target, entry) in target.iter_mut().zip(table) {
            *target = *entry;
        }
    }
    object
}

//! Opening claims: a value of a tensor functional of a committed object.

use crate::factor::{self, Factor, expand};
use crate::layout::{COLUMNS_LOG2, LIMB_LOG2, Layout, Place};
use ark_ff::Field;
use candor_program::Fr;
use candor_program::arith::Arith;

/// A committed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// Bytes of all rows of the program's operators.
    Witness,
    /// Inverses of the lookup.
    Helper,
    /// How often each limb occurs.
    Multiplicities,
    /// Inverses of the table side.
    TableHelper,
    /// Matrices.
    Weights,
    /// Bias vectors.
    Bias,
}

/// All objects, in the order of their rows.
pub const OBJECTS: [Object; 6] = [
    Object::Witness,
    Object::Helper,
    Object::Multiplicities,
    Object::TableHelper,
    Object::Weights,
    Object::Bias,
];

impl Object {
    /// Variables of the object.
    #[must_use]
    pub fn vars(self, layout: &Layout) -> usize {
        match self {
            Self::Witness | Self::Helper => layout.vars(),
            Self::Multiplicities | Self::TableHelper => LIMB_LOG2,
            Self::Weights => layout.weight_vars,
            Self::Bias => layout.decision_vars,
        }
    }
    /// Rows of the object.
    #[must_use]
    pub fn rows(self, layout: &Layout) -> usize {
        layout.rows(self.vars(layout))
    }
}

/// One functional of a claim: a product of factors, one a variable of the object, times an optional scale.
#[derive(Clone, Debug)]
pub struct Functional<F> {
    /// Factor of the whole; one if absent.
    pub scale: Option<F>,
    /// Factors, most significant variable first.
    pub factors: Vec<Factor<F>>,
}

/// The sum of the functionals of an object has this value.
#[derive(Clone, Debug)]
pub struct Claim<F> {
    /// The object.
    pub object: Object,
    /// What is summed.
    pub functionals: Vec<Functional<F>>,
    /// The claimed value.
    pub value: F,
}

/// A functional split into its row part and its column part.
#[derive(Clone, Debug)]
pub struct Split<F> {
    /// Non-zero row weights, scale included: `(row, weight)`.
    pub rows: Vec<(usize, F)>,
    /// Factors of the last k variables.
    pub columns: Vec<Factor<F>>,
}

impl<F: Arith> Claim<F> {
    /// A claim of one functional.
    pub fn one(object: Object, factors: Vec<Factor<F>>, value: F) -> Self {
        Self { object, functionals: vec![Functional { scale: None, factors }], value }
    }
}

impl<F: Arith> Functional<F> {
    /// Row part and column part at rows of 2^row_log2; an object smaller than a row is padded with leading zero bits.
    pub fn parts(&self, row_log2: usize) -> (Vec<Factor<F>>, Vec<Factor<F>>) {
        let missing = row_log2.saturating_sub(self.factors.len());
        let (rows, rest) = self.factors.split_at(self.factors.len().saturating_sub(row_log2));
        let mut columns = factor::bits(0, missing);
        columns.extend_from_slice(rest);
        (rows.to_vec(), columns)
    }

    /// The parts with the row part expanded, scale included.
    pub fn split(&self, row_log2: usize) -> Split<F> {
        let (row_factors, columns) = self.parts(row_log2);
        let mut rows = expand(&row_factors);
        if let Some(scale) = &self.scale {
            for (_, weight) in &mut rows {
                *weight = weight.times(scale);
            }
        }
        Split { rows, columns }
    }
}

/// Functional of `y'` of a tensor (columns 0 and 1 with weights 1 and 256) at decision and index coordinates.
pub fn above_low<F: Arith>(layout: &Layout, place: Place, decision: &[F], index: &[F]) -> Vec<Factor<F>> {
    let mut factors = factor::bits(0, COLUMNS_LOG2 - 1);
    factors.push(Factor::Fixed(Fr::from(256u64)));
    factors.extend(prefix(layout, place));
    factors.extend(factor::point(decision));
    factors.extend(factor::point(index));
    factors
}

/// Factors of the prefix of an operator's place.
pub fn prefix<F: Arith>(layout: &Layout, place: Place) -> Vec<Factor<F>> {
    factor::bits(place.offset >> place.vars, layout.prefix_vars(place))
}

/// `2^-count`.
#[must_use]
pub fn half_power(count: usize) -> Fr {
    Fr::from(2u64).pow([count as u64]).inverse().unwrap_or_default()
}

//! Opening claims: a value of a tensor functional of a committed object.

use crate::factor::{self, Factor, expand};
use crate::layout::{COLUMNS_LOG2, LIMB_LOG2, Layout, Output, TABLE_HALF_LOG2};
use crate::reading::PositionWeights;
use ark_ff::Field;
use candor_program::Fr;
use candor_program::arith::Arith;

/// A committed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// Bytes of all rows of the program's affine operators.
    Witness,
    /// Inverses of the limb lookup.
    Helper,
    /// How often each limb occurs.
    Multiplicities,
    /// Inverses of the limb table's side.
    TableHelper,
    /// Outputs of lookup operators, above their low.
    Mapped,
    /// Equalities of the table point's halves with the bytes of what is looked up.
    Equalities,
    /// Inverses of the lookup of bytes and equalities.
    MapHelper,
    /// How often each byte occurs in each half of what is looked up.
    MapMultiplicities,
    /// Inverses of that table's side.
    MapTableHelper,
    /// Weights of the program.
    Weights,
    /// Bias of every operator.
    Bias,
    /// Lookup tables.
    Tables,
}

/// All objects, in the order of their rows.
pub const OBJECTS: [Object; 12] = [
    Object::Witness,
    Object::Helper,
    Object::Multiplicities,
    Object::TableHelper,
    Object::Mapped,
    Object::Equalities,
    Object::MapHelper,
    Object::MapMultiplicities,
    Object::MapTableHelper,
    Object::Weights,
    Object::Bias,
    Object::Tables,
];

impl Object {
    /// Variables of the object.
    #[must_use]
    pub fn vars(self, layout: &Layout) -> usize {
        match self {
            Self::Witness | Self::Helper => layout.vars(),
            Self::Multiplicities | Self::TableHelper => LIMB_LOG2,
            Self::Mapped => layout.map_vars(),
            Self::Equalities | Self::MapHelper => layout.byte_vars(),
            Self::MapMultiplicities | Self::MapTableHelper => 1 + TABLE_HALF_LOG2,
            Self::Tables => layout.table_vars(),
            Self::Weights => layout.weight_vars,
            Self::Bias => layout.decision_vars,
        }
    }
    /// Rows of the object: none of what belongs to lookups where there are no tables.
    #[must_use]
    pub fn rows(self, layout: &Layout) -> usize {
        let of_lookups = matches!(
            self,
            Self::Mapped
                | Self::Equalities
                | Self::MapHelper
                | Self::MapMultiplicities
                | Self::MapTableHelper
                | Self::Tables
        );
        if of_lookups && layout.tables == 0 { 0 } else { layout.rows(self.vars(layout)) }
    }
}

/// One functional of a claim: a product of factors over the variables of the object, times an optional scale.
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

/// A functional cut between rows and columns.
#[derive(Clone, Debug)]
pub struct Parts<F> {
    /// Factors of the row variables that are no part of a cut vector.
    pub rows: Vec<Factor<F>>,
    /// The cut vector, one piece for every value of its upper variables; one empty piece where no vector is cut.
    pub pieces: Vec<Piece<F>>,
    /// Factors of the remaining column variables.
    pub columns: Vec<Factor<F>>,
}

/// The entries of a vector for one value of the variables that belong to the rows.
#[derive(Clone, Debug)]
pub struct Piece<F> {
    /// These variables, as bits.
    pub bits: Vec<Factor<F>>,
    /// The entries, if any vector is cut.
    pub vector: Option<Factor<F>>,
}

impl<F: Arith> Claim<F> {
    /// A claim of one functional.
    pub fn one(object: Object, factors: Vec<Factor<F>>, value: F) -> Self {
        Self { object, functionals: vec![Functional { scale: None, factors }], value }
    }
}

impl<F: Arith> Functional<F> {
    /// Rows and columns at rows of 2^row_log2; an object smaller than a row is padded with leading zero bits.
    pub fn parts(&self, row_log2: usize) -> Parts<F> {
        let vars = factor::vars(&self.factors);
        let mut left = vars.saturating_sub(row_log2);
        let (mut rows, mut columns) = (Vec::new(), factor::bits(0, row_log2.saturating_sub(vars)));
        let mut pieces = vec![Piece { bits: Vec::new(), vector: None }];
        for factor in &self.factors {
            let own = factor.vars();
            match factor {
                _ if own <= left => {
                    rows.push(factor.clone());
                    left -= own;
                }
                Factor::Vector(weights) if left > 0 => {
                    let piece = |(value, entries): (usize, &[F])| Piece {
                        bits: factor::bits(value, left),
                        vector: Some(Factor::Vector(entries.to_vec())),
                    };
                    pieces = weights.chunks(weights.len() >> left).enumerate().map(piece).collect();
                    left = 0;
                }
                _ => columns.push(factor.clone()),
            }
        }
        Parts { rows, pieces, columns }
    }
}

impl<F: Arith> Parts<F> {
    /// Factors of a piece's rows.
    pub fn row_factors(&self, piece: &Piece<F>) -> Vec<Factor<F>> {
        self.rows.iter().chain(&piece.bits).cloned().collect()
    }

    /// Factors of a piece's columns.
    pub fn column_factors(&self, piece: &Piece<F>) -> Vec<Factor<F>> {
        piece.vector.iter().chain(&self.columns).cloned().collect()
    }

    /// Weights of a piece's rows that are not zero by their bits: `(row, weight)`.
    pub fn row_weights(&self, piece: &Piece<F>) -> Vec<(usize, F)> {
        expand(&self.row_factors(piece))
    }
}

/// Factors that select `y'` (columns 0 and 1 with weights 1 and 256) or `z'` of an output at a decision's and an index's
/// coordinates or weights.
pub fn above_low<F: Arith>(
    layout: &Layout,
    output: Output,
    decision: &[F],
    index: impl IntoIterator<Item = Factor<F>>,
) -> Vec<Factor<F>> {
    let mut factors = Vec::new();
    if output.object == Object::Witness {
        factors.extend(factor::bits(0, COLUMNS_LOG2 - 1));
        factors.push(Factor::Fixed(Fr::from(256u64)));
    }
    factors.extend(prefix(layout, output));
    factors.extend(factor::point(decision));
    factors.extend(index);
    factors
}

/// Claim about an output read with these weights, whose real value is given.
pub fn read<F: Arith>(
    layout: &Layout,
    output: Output,
    decision: &[F],
    weights: PositionWeights<F>,
    (value, low): (&F, &F),
) -> Claim<F> {
    let value = value.minus(&low.times(&weights.mass));
    let factors = above_low(layout, output, decision, weights.factors);
    Claim { object: output.object, functionals: vec![Functional { scale: weights.scale, factors }], value }
}

/// Factors of the prefix of an output's place.
pub fn prefix<F: Arith>(layout: &Layout, output: Output) -> Vec<Factor<F>> {
    factor::bits(output.place.offset >> output.place.vars, layout.prefix_vars(output))
}

/// `2^-count`.
#[must_use]
pub fn half_power(count: usize) -> Fr {
    Fr::from(2u64).pow([count as u64]).inverse().unwrap_or_default()
}

//! What every claim adds to the combined row.

use crate::claim::{OBJECTS, Object};
use crate::factor::{self, Factor};
use crate::layout::Layout;
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The share of one functional in the combined row: `weight` times the functional's row part.
#[derive(Clone, Debug)]
pub struct RowTerm<F> {
    /// Object whose rows are combined.
    pub object: Object,
    /// Row part, most significant variable first; empty if the object is a single row.
    pub factors: Vec<Factor<F>>,
    /// Weight of the claim times the column part at the merged point.
    pub weight: F,
}

/// A factor without a coordinate: two that differ select other rows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Bit(bool),
    Constant(Fr),
}

/// Terms with the same rows joined: those whose row part has no coordinate, so that fewer weights need be told.
pub fn joined<F: Arith>(terms: &[RowTerm<F>]) -> Vec<RowTerm<F>> {
    let fixed = |factors: &[Factor<F>]| -> Option<Vec<Known>> {
        factors
            .iter()
            .map(|factor| match factor {
                Factor::Bit(bit) => Some(Known::Bit(*bit)),
                Factor::Fixed(constant) => Some(Known::Constant(*constant)),
                Factor::Point(_) | Factor::Power(_) | Factor::Vector(_) => None,
            })
            .collect()
    };
    let mut joined: Vec<RowTerm<F>> = Vec::new();
    let mut known: BTreeMap<(Object, Vec<Known>), usize> = BTreeMap::new();
    for term in terms {
        let Some(key) = fixed(&term.factors) else {
            joined.push(term.clone());
            continue;
        };
        match known.entry((term.object, key)) {
            Entry::Occupied(first) => {
                let first = &mut joined[*first.get()];
                first.weight = first.weight.plus(&term.weight);
            }
            Entry::Vacant(place) => {
                place.insert(joined.len());
                joined.push(term.clone());
            }
        }
    }
    joined
}

/// Scalar of every row, object by object in the order of [`OBJECTS`].
pub fn row_scalars<F: Arith>(layout: &Layout, terms: &[RowTerm<F>]) -> Vec<Vec<F>> {
    let zero = F::constant(Fr::ZERO);
    let mut scalars: Vec<Vec<F>> =
        OBJECTS.iter().map(|object| vec![zero.clone(); object.rows(layout)]).collect();
    for term in terms {
        let rows = &mut scalars[term.object as usize];
        for (row, weight) in factor::expand(&term.factors) {
            rows[row] = rows[row].plus(&term.weight.times(&weight));
        }
    }
    scalars
}

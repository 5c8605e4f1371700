//! One relation per primitive: its share of the batched sumcheck's last claim, at the final point.
//!
//! The prover's round polynomials (prover/src/sumcheck) and these formulas are the two sides of the same sums
//! (docs/spec/argument.md, "Batched sumcheck").

pub mod affine;
pub mod contraction;
pub mod linear;
pub mod lookup;
pub mod map;
pub mod rescale;

use crate::layout::Layout;
use ark_ff::One;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Number of batched relations that have a weight of their own, without tables.
pub const RELATIONS: usize = 6;
/// Those of lookup operators.
pub const MAP_RELATIONS: usize = 4;

/// Weights of the relations: powers of the batching challenge.
#[derive(Clone, Debug)]
pub struct Weights<F> {
    /// Of limbs and rows.
    pub rows: [F; RELATIONS],
    /// Of lookup operators, where there are tables.
    pub map: Option<[F; MAP_RELATIONS]>,
}

impl<F: Arith> Weights<F> {
    /// Powers of alpha, as many as the layout has relations.
    pub fn powers(layout: &Layout, alpha: &F) -> Self {
        let mut last = None;
        let mut next = || {
            let power = last.as_ref().map_or_else(|| F::constant(Fr::one()), |last: &F| last.times(alpha));
            last.insert(power).clone()
        };
        let rows = std::array::from_fn(|_| next());
        Self { rows, map: (layout.tables > 0).then(|| std::array::from_fn(|_| next())) }
    }
    /// Weight of "the helper is the inverse".
    pub fn helper(&self) -> &F {
        &self.rows[0]
    }
    /// Weight of "both sides of the lookup agree".
    pub fn sums(&self) -> &F {
        &self.rows[1]
    }
    /// Weight of "the table helper is multiplicity over denominator".
    pub fn table(&self) -> &F {
        &self.rows[2]
    }
    /// Weight of "the entries that are looked up", where there are tables.
    pub fn entries(&self) -> Option<&F> {
        self.map.as_ref().map(|[.., entries]| entries)
    }
    /// Weight of the row relation.
    pub fn rows(&self) -> &F {
        &self.rows[3]
    }
    /// Weight of "excess only where saturated".
    pub fn saturation(&self) -> &F {
        &self.rows[4]
    }
    /// Weight of "the direction is a bit".
    pub fn bit(&self) -> &F {
        &self.rows[5]
    }
}

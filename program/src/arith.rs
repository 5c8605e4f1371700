//! Field algebra that is written once and used natively, and later inside the seal circuit.

use crate::Fr;
use crate::poseidon::{self, WIDTH};

/// A value of BN254's scalar field: native [`Fr`], or (in the seal) a linear combination of circuit variables.
///
/// Code written against this trait must not branch on values.
pub trait Arith: Clone {
    /// The value known to everybody.
    fn constant(value: Fr) -> Self;
    /// `self + other`.
    #[must_use]
    fn plus(&self, other: &Self) -> Self;
    /// `self - other`.
    #[must_use]
    fn minus(&self, other: &Self) -> Self;
    /// `self * other`.
    #[must_use]
    fn times(&self, other: &Self) -> Self;
    /// `self * constant`: free in a circuit.
    #[must_use]
    fn scale(&self, constant: Fr) -> Self {
        self.times(&Self::constant(constant))
    }
    /// `self + constant`: free in a circuit.
    #[must_use]
    fn offset(&self, constant: Fr) -> Self {
        self.plus(&Self::constant(constant))
    }
    /// The Poseidon permutation: one function in every algebra.
    fn permute(state: &mut [Self; WIDTH]) {
        poseidon::permute_sparse(state);
    }
}

impl Arith for Fr {
    fn constant(value: Fr) -> Self {
        value
    }
    fn plus(&self, other: &Self) -> Self {
        *self + other
    }
    fn minus(&self, other: &Self) -> Self {
        *self - other
    }
    fn times(&self, other: &Self) -> Self {
        *self * other
    }
    fn permute(state: &mut [Self; WIDTH]) {
        poseidon::permute_native(state);
    }
}

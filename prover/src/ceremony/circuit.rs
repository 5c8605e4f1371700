//! The circuit that keys are made for.

use crate::seal::matrices;
use ark_bn254::Fr;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use candor_circuits::layout::LayoutError;
use candor_circuits::seal::key::INPUTS;
use candor_circuits::seal::system::{Constraint, Matrices, Row};
use candor_program::Card;
use candor_program::digest::class_digest;
use candor_program::encoding::{FrBytes, encode, keccak256};

/// A circuit of [`INPUTS`] public inputs, and the class and batch it belongs to.
pub struct Circuit {
    pub(super) class_digest: [u8; 32],
    pub(super) batch_log2: u8,
    pub(super) matrices: Matrices,
}

/// One of the three matrices of a constraint system.
pub(super) type Side = fn(&Constraint) -> &Row;
pub(super) const A: Side = |constraint| &constraint.a;
pub(super) const B: Side = |constraint| &constraint.b;
pub(super) const C: Side = |constraint| &constraint.c;

impl Circuit {
    /// The seal's circuit of a card's class; nothing else of the card enters.
    ///
    /// Errors: the class has no layout.
    pub fn of(card: &Card, batch_log2: u8) -> Result<Self, LayoutError> {
        let (_, matrices) = matrices(card, batch_log2)?;
        Ok(Self::new(class_digest(&card.class), batch_log2, matrices))
    }

    /// Any other circuit. Owes: that its indices are below the number of its variables.
    #[must_use]
    pub fn new(class_digest: [u8; 32], batch_log2: u8, matrices: Matrices) -> Self {
        Self { class_digest, batch_log2, matrices }
    }

    /// Log2 of the size of its domain: constraints, and one row for the constant one and each public input.
    #[must_use]
    pub fn domain_log2(&self) -> u32 {
        (self.matrices.constraints.len() + INPUTS + 1).next_power_of_two().trailing_zeros()
    }

    /// The domain; `None` if the field has none of its size.
    pub(super) fn domain(&self) -> Option<Radix2EvaluationDomain<Fr>> {
        Radix2EvaluationDomain::new(self.matrices.constraints.len() + INPUTS + 1)
    }

    /// Variables, the constant one and public inputs included.
    pub(super) fn variables(&self) -> usize {
        1 + INPUTS + self.matrices.witnesses
    }

    /// Keccak-256 of the shape and all coefficients.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        let sizes = [self.matrices.inputs, self.matrices.witnesses, self.matrices.constraints.len()];
        bytes.extend(sizes.iter().flat_map(|size| (*size as u64).to_le_bytes()));
        for constraint in &self.matrices.constraints {
            for row in [A(constraint), B(constraint), C(constraint)] {
                bytes.extend_from_slice(&(row.len() as u32).to_le_bytes());
                for (index, factor) in row {
                    bytes.extend_from_slice(&index.to_le_bytes());
                    bytes.extend_from_slice(&encode(&FrBytes::from(*factor)));
                }
            }
        }
        keccak256(&[b"candor/circuit/v1", &bytes])
    }

    /// Values on the domain of the polynomial that a weighting of variables gives in one matrix. The matrix A has
    /// one more row for each of the constant one and the public inputs, which hold nothing else.
    pub(super) fn evaluations(&self, side: Side, is_a: bool, weights: &[Fr]) -> Vec<Fr> {
        let weight = |index: usize| weights.get(index).copied().unwrap_or_default();
        let row = |constraint: &Constraint| {
            side(constraint).iter().map(|(index, factor)| weight(*index as usize) * factor).sum()
        };
        let mut values: Vec<Fr> = self.matrices.constraints.iter().map(row).collect();
        if is_a {
            values.extend((0..=INPUTS).map(weight));
        }
        values
    }

    /// For each variable its entries in one matrix: row and coefficient.
    pub(super) fn columns(&self, side: Side, is_a: bool) -> Vec<Vec<(usize, Fr)>> {
        let mut columns = vec![Vec::new(); self.variables()];
        for (row, constraint) in self.matrices.constraints.iter().enumerate() {
            for (index, factor) in side(constraint) {
                if let Some(column) = columns.get_mut(*index as usize) {
                    column.push((row, *factor));
                }
            }
        }
        if is_a {
            let first = self.matrices.constraints.len();
            for (index, column) in columns.iter_mut().take(INPUTS + 1).enumerate() {
                column.push((first + index, Fr::from(1u64)));
            }
        }
        columns
    }
}

//! Programs with an honest witness and statement: what every forgery starts from.

pub(crate) use crate::proven::reference;

use crate::proven::Proven;
use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::layout::LIMBS;
use candor_circuits::statement::PublicValues;
use candor_program::class::TensorId;
use candor_program::{Fr, Program};
use candor_prover::ReferenceString;
use candor_prover::witness::Witness;
use std::ops::Deref;
use std::sync::OnceLock;

/// The values of the committed objects that a prover chooses or knows, as field elements.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) cells: Vec<Fr>,
    pub(crate) multiplicities: Vec<Fr>,
    pub(crate) mapped: Vec<Fr>,
    pub(crate) map_multiplicities: Vec<Fr>,
    pub(crate) tables: Vec<Fr>,
    pub(crate) weights: Vec<Fr>,
    pub(crate) bias: Vec<Fr>,
}

/// A committed program, a true statement about it, and its witness.
pub(crate) struct Case {
    proven: Proven,
    pub(crate) reference: &'static ReferenceString,
    pub(crate) witness: Witness,
    pub(crate) objects: Objects,
}

impl Deref for Case {
    type Target = Proven;

    fn deref(&self) -> &Proven {
        &self.proven
    }
}

/// A small program with every feature of the class: saturation, a scaled term, several rows of witness, exact widths that
/// are no powers of two, and a batch completed by repetition.
pub(crate) fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let shape = Shape { widths: &[5, 7, 7, 3], row_log2: 9, residual: true, gain: 4 };
        let program = perceptron(&shape, reference().card(), 11);
        let decisions: Vec<_> = (0..3).map(|seed| features(&program, seed)).collect();
        Case::new(program, &decisions, 2, TensorId(3))
    })
}

/// How often each byte occurs in each half of what is looked up.
fn byte_counts(looked_at: &[u8]) -> Vec<Fr> {
    let mut counts = vec![Fr::ZERO; 2 * LIMBS];
    for (half, bytes) in looked_at.chunks((looked_at.len() / 2).max(1)).enumerate() {
        bytes.iter().for_each(|byte| counts[half * LIMBS + usize::from(*byte)] += Fr::ONE);
    }
    counts
}

impl Case {
    /// Commits the program and executes the decisions.
    pub(crate) fn new(program: Program, decisions: &[Vec<u16>], batch_log2: u8, revealed: TensorId) -> Self {
        let proven = Proven::new(program, decisions, batch_log2, revealed);
        let witness = proven.witness();
        let objects = Objects {
            cells: witness.cells.iter().map(|cell| Fr::from(*cell)).collect(),
            multiplicities: witness.multiplicities().into_iter().map(Fr::from).collect(),
            mapped: witness.mapped.iter().map(|value| Fr::from(*value)).collect(),
            map_multiplicities: byte_counts(&witness.looked_at(&proven.layout)),
            tables: proven.tables.iter().map(|entry| Fr::from(*entry)).collect(),
            weights: proven.weights.iter().map(|weight| Fr::from(*weight)).collect(),
            bias: proven.bias.iter().map(|bias| Fr::from(*bias)).collect(),
        };
        Self { proven, reference: reference(), witness, objects }
    }

    /// What the production prover writes.
    pub(crate) fn honest_proof(&self) -> Vec<u8> {
        self.prove(&self.witness)
    }

    /// The statement with another value of the revealed tensor.
    pub(crate) fn with_value(&self, decision: usize, index: usize, change: i32) -> PublicValues<Fr> {
        let mut statement = self.statement.clone();
        statement.values[decision][index] += change;
        statement.public_values(&self.program.card).unwrap()
    }

    /// Positions of all cells of a column.
    pub(crate) fn positions(&self) -> usize {
        1 << self.layout.position_vars()
    }

    /// Position of a tensor's value among the positions, or the mapped positions of a lookup.
    pub(crate) fn position(&self, tensor: TensorId, decision: usize, index: usize) -> usize {
        let place = self.layout.output(tensor).unwrap().place;
        (place.offset << self.layout.batch_log2) + (decision << place.vars) + index
    }

    /// Index of a cell.
    pub(crate) fn cell(&self, column: usize, position: usize) -> usize {
        column * self.positions() + position
    }
}

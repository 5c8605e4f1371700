//! Programs with an honest witness and statement: what every forgery starts from.

use ark_bn254::G1Affine;
use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::layout::Layout;
use candor_circuits::model::{bias_object, decode_rows, tables_object, weights_object};
use candor_circuits::native::{self, ArgumentError};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, PublicValues, Statement};
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_program::{Fr, Program};
use candor_prover::argument::{ProvingKey, prove};
use candor_prover::witness::Witness;
use candor_prover::{ReferenceString, commit_program};
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
    pub(crate) reference: &'static ReferenceString,
    pub(crate) program: Program,
    pub(crate) layout: Layout,
    pub(crate) data: ProgramData<Fr>,
    pub(crate) rows: Vec<G1Affine>,
    pub(crate) setup: VerifierSetup,
    pub(crate) statement: Statement,
    pub(crate) public: PublicValues<Fr>,
    pub(crate) witness: Witness,
    pub(crate) objects: Objects,
}

/// One development string for all cases; longer than a row, as every attacker's is.
pub(crate) fn reference() -> &'static ReferenceString {
    static REFERENCE: OnceLock<ReferenceString> = OnceLock::new();
    REFERENCE.get_or_init(|| ReferenceString::development(10, &[1; 32]).unwrap())
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

impl Case {
    /// Commits the program and executes the decisions.
    pub(crate) fn new(
        mut program: Program,
        decisions: &[Vec<u16>],
        batch_log2: u8,
        revealed: TensorId,
    ) -> Self {
        let reference = reference();
        program.card.weight_rows = commit_program(reference, &program.card, &program.weights).unwrap();
        let layout = Layout::new(&program.card.class, batch_log2, revealed).unwrap();
        let witness = Witness::new(&program, &layout, decisions).unwrap();
        let values = witness.tensors[..decisions.len()].iter().map(|t| t[usize::from(revealed.0)].clone());
        let context = Fr::from(5u64);
        let statement = Statement {
            batch_log2,
            context,
            revealed,
            features: decisions.to_vec(),
            values: values.collect(),
        };
        let public = statement.public_values(&program.card).unwrap();
        let data = ProgramData::of(&program.card, &ProgramIds::of(&program.card));
        let objects = Objects {
            cells: witness.cells.iter().map(|cell| Fr::from(*cell)).collect(),
            multiplicities: witness.multiplicities().into_iter().map(Fr::from).collect(),
            mapped: witness.mapped.iter().map(|value| Fr::from(*value)).collect(),
            map_multiplicities: witness.map_multiplicities.iter().map(|count| Fr::from(*count)).collect(),
            tables: tables_object(&program.weights, &layout).into_iter().map(Fr::from).collect(),
            weights: weights_object(&program.card, &program.weights, &layout)
                .into_iter()
                .map(Fr::from)
                .collect(),
            bias: bias_object(&program.card, &program.weights, &layout).into_iter().map(Fr::from).collect(),
        };
        let rows = decode_rows(&program.card).unwrap();
        let setup = VerifierSetup::of(&program.card.setup).unwrap();
        Self { reference, program, layout, data, rows, setup, statement, public, witness, objects }
    }

    /// What the production prover writes.
    pub(crate) fn honest_proof(&self) -> Vec<u8> {
        let weights = weights_object(&self.program.card, &self.program.weights, &self.layout);
        let bias = bias_object(&self.program.card, &self.program.weights, &self.layout);
        let tables = tables_object(&self.program.weights, &self.layout);
        let powers = self.reference.powers();
        let key = ProvingKey { powers, weights: &weights, bias: &bias, tables: &tables, program: &self.data };
        prove(&key, &self.layout, &self.public, &self.witness)
    }

    /// The production verifier, for any statement.
    pub(crate) fn verify(&self, public: &PublicValues<Fr>, proof: &[u8]) -> Result<(), ArgumentError> {
        native::verify(&self.layout, &self.data, public, &self.rows, &self.setup, proof)
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

//! A committed program, a true statement about it, and what prover and verifier know of it.

#![allow(dead_code, reason = "each tree uses its part")]

use ark_bn254::G1Affine;
use candor_circuits::layout::Layout;
use candor_circuits::model::{bias_object, decode_rows, tables_object, weights_object};
use candor_circuits::native::{self, ArgumentError};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, PublicValues, Statement};
use candor_program::class::TensorId;
use candor_program::digest::ProgramIds;
use candor_program::evaluate::execute;
use candor_program::{Fr, Program};
use candor_prover::argument::{ProvingKey, prove};
use candor_prover::witness::Witness;
use candor_prover::{ReferenceString, commit_program};
use std::sync::OnceLock;

/// One development string for all cases; longer than a row, as every attacker's is.
pub(crate) fn reference() -> &'static ReferenceString {
    static REFERENCE: OnceLock<ReferenceString> = OnceLock::new();
    REFERENCE.get_or_init(|| ReferenceString::development(10, &[1; 32]).unwrap())
}

/// What a prover knows of one statement.
pub(crate) struct Proven {
    pub(crate) program: Program,
    pub(crate) layout: Layout,
    pub(crate) data: ProgramData<Fr>,
    pub(crate) rows: Vec<G1Affine>,
    pub(crate) setup: VerifierSetup,
    pub(crate) statement: Statement,
    pub(crate) public: PublicValues<Fr>,
    pub(crate) weights: Vec<i32>,
    pub(crate) bias: Vec<i64>,
    pub(crate) tables: Vec<u16>,
}

impl Proven {
    /// Commits a program and states what the evaluator gives. Shapes: at most a batch of inputs.
    pub(crate) fn new(mut program: Program, inputs: &[Vec<u16>], batch_log2: u8, revealed: TensorId) -> Self {
        let reference = reference();
        program.card.setup = reference.card().clone();
        program.card.weight_rows = commit_program(reference, &program.card, &program.weights).unwrap();
        let values =
            |input: &Vec<u16>| execute(&program, input).unwrap().tensors.swap_remove(revealed.0.into());
        let statement = Statement {
            batch_log2,
            context: Fr::from(5u64),
            revealed,
            features: inputs.to_vec(),
            values: inputs.iter().map(values).collect(),
        };
        let layout = Layout::new(&program.card.class, batch_log2, revealed).unwrap();
        Self {
            data: ProgramData::of(&program.card, &ProgramIds::of(&program.card)),
            rows: decode_rows(&program.card).unwrap(),
            setup: VerifierSetup::of(&program.card.setup).unwrap(),
            public: statement.public_values(&program.card).unwrap(),
            weights: weights_object(&program.card, &program.weights, &layout),
            bias: bias_object(&program.card, &program.weights, &layout),
            tables: tables_object(&program.weights, &layout),
            statement,
            layout,
            program,
        }
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness::new(&self.program, &self.layout, &self.statement.features).unwrap()
    }

    /// A proof with any witness, by the production prover.
    pub(crate) fn prove(&self, witness: &Witness) -> Vec<u8> {
        let key = ProvingKey {
            powers: reference().powers(),
            weights: &self.weights,
            bias: &self.bias,
            tables: &self.tables,
            program: &self.data,
        };
        prove(&key, &self.layout, &self.public, witness)
    }

    /// The production verifier, for the true statement.
    pub(crate) fn accepts(&self, proof: &[u8]) -> Result<(), ArgumentError> {
        self.verify(&self.public, proof)
    }

    /// The production verifier, for any statement.
    pub(crate) fn verify(&self, public: &PublicValues<Fr>, proof: &[u8]) -> Result<(), ArgumentError> {
        native::verify(&self.layout, &self.data, public, &self.rows, &self.setup, proof)
    }
}

//! Bare ark-groth16: on a seal's own circuit, and on a random one with as many constraints, entries and bits.

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use ark_std::rand::rngs::StdRng;
use ark_std::rand::{Rng, SeedableRng};
use candor_circuits::seal::key::INPUTS;
use candor_circuits::seal::system::{Constraint, Matrices, Row};

/// A circuit with values that satisfy it.
pub(crate) struct Bare {
    matrices: Matrices,
    assignment: Vec<Fr>,
    rows: Vec<Vec<Vec<(Fr, usize)>>>,
}

impl Bare {
    /// A circuit as ark-groth16 takes it.
    pub(crate) fn new(matrices: Matrices, assignment: Vec<Fr>) -> Self {
        let convert = |row: &Row| row.iter().map(|(index, factor)| (*factor, *index as usize)).collect();
        let side = |pick: fn(&Constraint) -> &Row| -> Vec<Vec<(Fr, usize)>> {
            matrices.constraints.iter().map(|constraint| convert(pick(constraint))).collect()
        };
        let rows = vec![side(|c| &c.a), side(|c| &c.b), side(|c| &c.c)];
        Self { matrices, assignment, rows }
    }

    /// For every constraint of a circuit one of the same kind: a bit, or the product of two random combinations of as many variables.
    pub(crate) fn like(model: &Matrices) -> Self {
        let mut random = StdRng::from_seed([5; 32]);
        let mut values: Vec<Fr> = (0..=INPUTS + 64).map(|_| Fr::rand(&mut random)).collect();
        values[0] = Fr::from(1u64);
        let mut constraints = Vec::new();
        for constraint in &model.constraints {
            let fresh = vec![(values.len() as u32, Fr::from(1u64))];
            let product = if constraint.a == constraint.b && constraint.a == constraint.c {
                values.push(Fr::from(u64::from(random.gen_bool(0.5))));
                Constraint { a: fresh.clone(), b: fresh.clone(), c: fresh, owner: "random" }
            } else {
                let (a, left) = combination(constraint.a.len(), &values, &mut random);
                let (b, right) = combination(constraint.b.len(), &values, &mut random);
                values.push(left * right);
                Constraint { a, b, c: fresh, owner: "random" }
            };
            constraints.push(product);
        }
        let witnesses = values.len() - 1 - INPUTS;
        Self::new(Matrices { inputs: INPUTS, witnesses, constraints }, values)
    }

    /// ark's own key.
    pub(crate) fn key(&self) -> ProvingKey<Bn254> {
        let mut random = StdRng::from_seed([6; 32]);
        Groth16::<Bn254>::generate_random_parameters_with_reduction(Circuit(&self.matrices), &mut random)
            .expect("a circuit")
    }

    /// ark's own proof; no synthesis.
    pub(crate) fn prove(&self, key: &ProvingKey<Bn254>) -> Proof<Bn254> {
        Groth16::<Bn254, LibsnarkReduction>::create_proof_with_reduction_and_matrices(
            key,
            Fr::from(11u64),
            Fr::from(12u64),
            &self.rows,
            INPUTS + 1,
            self.matrices.constraints.len(),
            &self.assignment,
        )
        .expect("a satisfied circuit")
    }
}

fn combination(length: usize, values: &[Fr], random: &mut StdRng) -> (Row, Fr) {
    let row: Row =
        (0..length.max(1)).map(|_| (random.gen_range(0..values.len()) as u32, Fr::rand(random))).collect();
    let value = row.iter().map(|(index, factor)| values[*index as usize] * factor).sum();
    (row, value)
}

struct Circuit<'a>(&'a Matrices);

impl ConstraintSynthesizer<Fr> for Circuit<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut variables = vec![Variable::One];
        for _ in 0..self.0.inputs {
            variables.push(cs.new_input_variable(|| Ok(Fr::default()))?);
        }
        for _ in 0..self.0.witnesses {
            variables.push(cs.new_witness_variable(|| Ok(Fr::default()))?);
        }
        let combination = |row: &Row| {
            LinearCombination(
                row.iter().map(|(index, factor)| (*factor, variables[*index as usize])).collect(),
            )
        };
        for Constraint { a, b, c, .. } in &self.0.constraints {
            cs.enforce_r1cs_constraint(|| combination(a), || combination(b), || combination(c))?;
        }
        Ok(())
    }
}

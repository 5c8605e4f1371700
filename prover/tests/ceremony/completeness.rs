//! Honest ceremonies.

use crate::world::{begun, circuit, contributed, finished, g1, g2, matrices, phase_one, proven, secrets};
use ark_bn254::Fr;
use ark_ff::{Field, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use candor_circuits::seal::key::{INPUTS, KeyError, KeySource};
use candor_circuits::seal::system::{Constraint, Row};
use candor_prover::ceremony::{Ceremony, PhaseOne, gamma};

/// Columns of a matrix at tau, computed in the field.
fn at_tau(side: fn(&Constraint) -> &Row, is_a: bool) -> Vec<Fr> {
    let matrices = matrices();
    let domain = Radix2EvaluationDomain::<Fr>::new(matrices.constraints.len() + INPUTS + 1).unwrap();
    let lagrange = domain.evaluate_all_lagrange_coefficients(secrets().tau);
    let mut values = vec![Fr::zero(); 1 + INPUTS + matrices.witnesses];
    for (constraint, at) in matrices.constraints.iter().zip(&lagrange) {
        for (index, factor) in side(constraint) {
            values[*index as usize] += *factor * at;
        }
    }
    if is_a {
        for index in 0..=INPUTS {
            values[index] += lagrange[matrices.constraints.len() + index];
        }
    }
    values
}

#[test]
fn initial_keys_are_those_of_the_secrets() {
    let (secrets, parameters) = (secrets(), begun().parameters);
    let (a, b, c) = (at_tau(|c| &c.a, true), at_tau(|c| &c.b, false), at_tau(|c| &c.c, false));
    let in_g1 = |values: &[Fr]| values.iter().map(|value| g1(*value)).collect::<Vec<_>>();
    assert_eq!(parameters.a, in_g1(&a));
    assert_eq!(parameters.b_g1, in_g1(&b));
    assert_eq!(parameters.b_g2, b.iter().map(|value| g2(*value)).collect::<Vec<_>>());
    let rest: Vec<Fr> = (0..a.len()).map(|i| secrets.beta * a[i] + secrets.alpha * b[i] + c[i]).collect();
    let per_gamma: Vec<Fr> = rest[..=INPUTS].iter().map(|value| *value / gamma()).collect();
    assert_eq!(parameters.inputs, in_g1(&per_gamma));
    assert_eq!(parameters.l, in_g1(&rest[INPUTS + 1..]));
    let size = 1u64 << circuit().domain_log2();
    let vanishing = secrets.tau.pow([size]) - Fr::from(1u64);
    let h: Vec<Fr> = (0..size - 1).map(|i| secrets.tau.pow([i]) * vanishing).collect();
    assert_eq!(parameters.h, in_g1(&h));
    assert_eq!((parameters.alpha_g1, parameters.beta_g1), (g1(secrets.alpha), g1(secrets.beta)));
    assert_eq!((parameters.beta_g2, parameters.delta_g2), (g2(secrets.beta), g2(Fr::from(1u64))));
}

#[test]
fn a_finished_ceremony_gives_keys_that_prove_and_verify() {
    for (ceremony, closed) in [(contributed(), false), (finished(), true)] {
        assert_eq!(ceremony.is_closed(), closed);
        let keys = ceremony.verify(&circuit(), phase_one()).unwrap();
        let (proof, inputs) = proven(&keys, 5, 6);
        let key = keys.verifying.validate().unwrap();
        assert_eq!(key.verify(&inputs, &proof), Ok(()));
        let mut other = inputs;
        other[1] += Fr::from(1u64);
        assert_eq!(key.verify(&other, &proof), Err(KeyError::Equation));
        assert_eq!(keys.verifying.source, KeySource::Ceremony { transcript: ceremony.transcript() });
        assert_eq!((keys.verifying.class_digest, keys.verifying.batch_log2), ([7; 32], 0));
    }
}

#[test]
fn a_file_of_snarkjs_is_a_ground_for_a_ceremony() {
    let file = include_bytes!("../../../fixtures/ptau/test12.ptau");
    let phase_one = PhaseOne::read(file, &circuit()).unwrap();
    let mut ceremony = Ceremony::begin(&circuit(), &phase_one).unwrap();
    ceremony.contribute("only", &[9; 32]).unwrap();
    let keys = ceremony.verify(&circuit(), &phase_one).unwrap();
    let (proof, inputs) = proven(&keys, 8, 9);
    assert_eq!(keys.verifying.validate().unwrap().verify(&inputs, &proof), Ok(()));
}

#[test]
fn the_file_comes_back_as_it_was_and_goes_on() {
    let ceremony = contributed();
    let mut read = Ceremony::from_bytes(&ceremony.to_bytes()).unwrap();
    assert_eq!(read, ceremony);
    let before = read.transcript();
    let after = read.contribute("third", &[3; 32]).unwrap();
    assert_ne!(before, after);
    assert_eq!(read.transcript(), after);
    read.verify(&circuit(), phase_one()).unwrap();
}

#[test]
fn another_secret_gives_another_delta_and_another_transcript() {
    let (mut one, mut other) = (begun(), begun());
    let transcripts =
        (one.contribute("same", &[1; 32]).unwrap(), other.contribute("same", &[2; 32]).unwrap());
    assert_ne!(transcripts.0, transcripts.1);
    assert_ne!(one.parameters.delta_g1, other.parameters.delta_g1);
    assert_eq!(one.parameters.a, other.parameters.a);
}

//! threats.md 38: a fingerprint whose rho does not cover H lets a prover tell another boundary than the circuit's.

use crate::agent::Agent;
use ark_ff::Field;
use candor_circuits::seal::boundary::{Boundary, Fingerprint};
use candor_circuits::seal::circuit::{HEAD, pass, synthesize};
use candor_program::Fr;
use candor_program::encoding::{fr_from_bytes_mod, fr_to_bytes, keccak256};

/// The fingerprint with the defect: rho does not cover H.
fn without_digest(boundary: &Boundary, digest: Fr) -> Fingerprint {
    let mut bytes = b"candor/boundary/v1".to_vec();
    for value in &boundary.0 {
        bytes.extend_from_slice(&fr_to_bytes(value));
    }
    let rho = fr_from_bytes_mod(&keccak256(&[&bytes]));
    let sum = boundary.0.iter().rev().fold(Fr::from(0u64), |sum, value| sum * rho + value);
    Fingerprint { digest, rho, sum }
}

#[test]
fn rho_covers_the_digest() {
    let agent = Agent::small();
    let records = agent.records(1);
    let bundle = agent.bundle(&records, 0, 0);
    let (shape, path) = agent.path(&bundle);
    let honest = synthesize(&shape, &path.witness, false);
    let (honest, honest_digest) = (honest.boundary, honest.digest);
    // what the outside is told: another acc, another action
    let mut told = honest.clone();
    told.0[5] += Fr::from(77u64);
    told.0[10] = Fr::from(1u128 << 65);
    // the circuit's hash of the opening point is the prover's to choose: no challenge follows it
    let free = HEAD + 6;
    let rho = without_digest(&told, Fr::from(0u64)).rho;
    let difference = |index: usize| (told.0[index] - honest.0[index]) * rho.pow([index as u64]);
    let mut witness = path.witness.clone();
    witness.messages.hashes[6] +=
        (difference(5) + difference(10)) * rho.pow([free as u64]).inverse().unwrap();
    let circuit = synthesize(&shape, &witness, false);
    assert_eq!(circuit.system.unsatisfied(), None);
    assert_ne!(circuit.boundary, told);

    // the seal that the prover makes, read by the outside with the defect: it accepts the lie
    let digest = circuit.digest;
    let defective = without_digest(&told, digest);
    assert_eq!(pass(&shape, &witness, true, &defective).system.unsatisfied(), None);
    // with rho over H as well there is nothing to solve: rho moves with the solution
    let ours = told.fingerprint(digest);
    assert_ne!(ours.rho, defective.rho);
    assert_eq!(pass(&shape, &witness, true, &ours).system.unsatisfied(), Some("boundary"));
    // solving again for the rho that is now known changes H, hence rho
    let mut again = path.witness.clone();
    let difference = |index: usize| (told.0[index] - honest.0[index]) * ours.rho.pow([index as u64]);
    again.messages.hashes[6] +=
        (difference(5) + difference(10)) * ours.rho.pow([free as u64]).inverse().unwrap();
    let digest = synthesize(&shape, &again, false).digest;
    assert_eq!(pass(&shape, &again, true, &told.fingerprint(digest)).system.unsatisfied(), Some("boundary"));
    // the two other ways to cheat on H: the honest path's, any other
    for digest in [honest_digest, digest + Fr::from(1u64)] {
        assert_eq!(
            pass(&shape, &witness, true, &told.fingerprint(digest)).system.unsatisfied(),
            Some("boundary")
        );
    }
}

//! Powers-of-Tau files that are no ground for a ceremony.

use crate::world::{circuit, container, powers_of_tau, ptau, secrets, system};
use ark_bn254::Fr;
use candor_circuits::point::PointError;
use candor_prover::ceremony::{Circuit, MAX_DOMAIN_LOG2, PhaseOne, PhaseOneError};
use candor_prover::setup::PtauError;

/// The six sections of a file.
fn sections(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &file[12..];
    let mut sections = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[4..12].try_into().unwrap()) as usize;
        sections.push(rest[12..12 + length].to_vec());
        rest = &rest[12 + length..];
    }
    sections
}

fn refused(sections: &[Vec<u8>]) -> PhaseOneError {
    PhaseOne::read(&container(sections), &circuit()).unwrap_err()
}

#[test]
fn points_that_are_not_powers_of_one_secret_are_refused_section_by_section() {
    let honest = sections(ptau());
    let power = circuit().domain_log2();
    let mut other = secrets();
    other.tau += Fr::from(1u64);
    other.alpha += Fr::from(1u64);
    other.beta += Fr::from(1u64);
    let of_others = sections(&powers_of_tau(power, &other));
    // the last power of each list is another's
    for (section, point_bytes) in [(2, 64), (3, 128), (4, 64), (5, 64)] {
        let mut changed = honest.clone();
        let list = &mut changed[section - 1];
        let last = list.len() - point_bytes;
        list[last..].copy_from_slice(&of_others[section - 1][last..]);
        assert_eq!(refused(&changed), PhaseOneError::NotPowers { section: section as u32 });
    }
    // whole lists of another tau, and beta of another file
    for (section, named) in [(2, 2), (3, 2), (4, 4), (5, 5), (6, 6)] {
        let mut changed = honest.clone();
        changed[section - 1] = of_others[section - 1].clone();
        assert_eq!(refused(&changed), PhaseOneError::NotPowers { section: named });
    }
    // lists that do not begin with the generator: alpha's and beta's, which are successive powers of the right tau
    let mut changed = honest.clone();
    changed[1] = [honest[3].clone(), honest[3].clone()].concat();
    assert_eq!(refused(&changed), PhaseOneError::NotPowers { section: 2 });
    let mut changed = honest.clone();
    changed[2][..128].copy_from_slice(&honest[5]);
    assert_eq!(refused(&changed), PhaseOneError::NotPowers { section: 3 });
}

#[test]
fn malformed_files_are_named() {
    let honest = sections(ptau());
    let power = circuit().domain_log2();
    let small = powers_of_tau(power - 1, &secrets());
    let got = PhaseOne::read(&small, &circuit()).unwrap_err();
    assert_eq!(got, PtauError::Power { got: power - 1, wanted: power as u8 }.into());
    for section in 2..=6u32 {
        let mut changed = honest.clone();
        changed[section as usize - 1].pop();
        assert_eq!(refused(&changed), PtauError::Truncated { section }.into());
    }
    for (section, index) in [(2u32, 1usize), (4, 0), (5, 3)] {
        let mut changed = honest.clone();
        changed[section as usize - 1][64 * index] ^= 1;
        let error = PointError::NotOnCurve;
        assert_eq!(refused(&changed), PtauError::Point { section, index, error }.into());
    }
    let mut changed = honest.clone();
    changed[5] = vec![0; 128];
    let error = PtauError::Point { section: 6, index: 0, error: PointError::Identity };
    assert_eq!(refused(&changed), error.into());
    let five = container(&honest[..5]);
    let got = PhaseOne::read(&five, &circuit()).unwrap_err();
    assert_eq!(got, PtauError::Section { section: 6, times: 0 }.into());
}

#[test]
fn a_circuit_beyond_the_limit_is_refused_before_anything_is_read() {
    let mut matrices = system(3, 4).matrices();
    let row = matrices.constraints[0].clone();
    matrices.constraints = vec![row; (1 << MAX_DOMAIN_LOG2) - 4];
    let at_limit = Circuit::new([7; 32], 0, matrices.clone());
    let refused = PhaseOne::read(ptau(), &at_limit).unwrap_err();
    let got = circuit().domain_log2();
    assert_eq!(refused, PtauError::Power { got, wanted: MAX_DOMAIN_LOG2 as u8 }.into());
    matrices.constraints.push(matrices.constraints[0].clone());
    let beyond = Circuit::new([7; 32], 0, matrices);
    let error = PhaseOneError::Size { domain_log2: MAX_DOMAIN_LOG2 + 1, limit: MAX_DOMAIN_LOG2 };
    assert_eq!(PhaseOne::read(ptau(), &beyond).unwrap_err(), error);
}

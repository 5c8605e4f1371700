//! A small circuit, a Powers-of-Tau file of known secrets, and the ceremony of both.

use ark_bn254::{Bn254, Fq, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_groth16::Groth16;
use candor_circuits::point::{encode_g1, encode_g2};
use candor_circuits::seal::key::{G2Bytes, GrothProof, INPUTS};
use candor_circuits::seal::system::{Matrices, System, Wire};
use candor_program::arith::Arith;
use candor_prover::ceremony::{Beacon, Ceremony, Circuit, PhaseOne};
use candor_prover::seal::SealKeys;
use std::sync::OnceLock;

/// The secrets of [`powers_of_tau`].
pub(crate) struct Secrets {
    pub(crate) tau: Fr,
    pub(crate) alpha: Fr,
    pub(crate) beta: Fr,
}

pub(crate) fn secrets() -> Secrets {
    Secrets { tau: Fr::from(1_000_003u64), alpha: Fr::from(1_000_033u64), beta: Fr::from(1_000_037u64) }
}

/// A `.ptau` file as snarkjs writes it, with 2^power powers of known secrets.
pub(crate) fn powers_of_tau(power: u32, secrets: &Secrets) -> Vec<u8> {
    let size = 1usize << power;
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::ONE), |value| Some(*value * secrets.tau)).take(2 * size - 1).collect();
    let g1 = |scalars: Vec<Fr>| -> Vec<u8> {
        let generator = G1Affine::generator().into_group();
        let points =
            ark_ec::scalar_mul::BatchMulPreprocessing::new(generator, scalars.len()).batch_mul(&scalars);
        points.iter().flat_map(|point| [point.x, point.y]).flat_map(montgomery).collect()
    };
    let g2 = |scalars: Vec<Fr>| -> Vec<u8> {
        let generator = G2Affine::generator().into_group();
        let points =
            ark_ec::scalar_mul::BatchMulPreprocessing::new(generator, scalars.len()).batch_mul(&scalars);
        points.iter().flat_map(|p| [p.x.c0, p.x.c1, p.y.c0, p.y.c1]).flat_map(montgomery).collect()
    };
    let times = |factor: Fr| powers[..size].iter().map(|power| *power * factor).collect::<Vec<_>>();
    let mut header = 32u32.to_le_bytes().to_vec();
    header.extend(Fq::MODULUS.to_bytes_le());
    header.extend(power.to_le_bytes());
    header.extend(power.to_le_bytes());
    container(&[
        header,
        g1(powers.clone()),
        g2(powers[..size].to_vec()),
        g1(times(secrets.alpha)),
        g1(times(secrets.beta)),
        g2(vec![secrets.beta]),
    ])
}

/// Sections in a `.ptau` file.
pub(crate) fn container(sections: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"ptau".to_vec();
    file.extend(1u32.to_le_bytes());
    file.extend((sections.len() as u32).to_le_bytes());
    for (number, section) in (1u32..).zip(sections) {
        file.extend(number.to_le_bytes());
        file.extend((section.len() as u64).to_le_bytes());
        file.extend(section);
    }
    file
}

fn montgomery(value: Fq) -> Vec<u8> {
    (value * Fq::from(2u64).pow([256])).into_bigint().to_bytes_le()
}

/// Three public inputs x, y, z with z = x^(2^8) y + x + 1 and one variable that nothing uses.
pub(crate) fn system(x: u64, y: u64) -> System {
    let system = System::new(true, INPUTS);
    let (x, y) = (Fr::from(x), Fr::from(y));
    let power = x.pow([1 << 8]);
    let inputs: Vec<Wire> = [x, y, power * y + x + Fr::ONE]
        .iter()
        .enumerate()
        .map(|(i, value)| system.input(i, *value))
        .collect();
    let _unused = system.witness(Fr::from(5u64));
    let one = Wire::constant(Fr::ONE);
    let square = (0..8).fold(inputs[0].clone(), |wire, _| wire.times(&wire));
    system.equal(&square.times(&inputs[1]).plus(&inputs[0]).plus(&one), &inputs[2]);
    // a long row: the sum of many products
    let sum = (2..60u64).fold(Wire::constant(Fr::ZERO), |sum, factor| {
        sum.plus(&inputs[0].plus(&Wire::constant(Fr::from(factor))).times(&inputs[1]).scale(Fr::from(factor)))
    });
    let total = sum.times(&one.plus(&inputs[0]));
    system.equal(&total.times(&inputs[1]), &system.witness(total.value() * y));
    assert_eq!(system.unsatisfied(), None);
    system
}

pub(crate) fn matrices() -> Matrices {
    system(3, 4).matrices()
}

pub(crate) fn circuit() -> Circuit {
    Circuit::new([7; 32], 0, matrices())
}

/// A file that is large enough for [`circuit`], and no larger.
pub(crate) fn ptau() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| powers_of_tau(circuit().domain_log2(), &secrets()))
}

pub(crate) fn phase_one() -> &'static PhaseOne {
    static PHASE_ONE: OnceLock<PhaseOne> = OnceLock::new();
    PHASE_ONE.get_or_init(|| PhaseOne::read(ptau(), &circuit()).unwrap())
}

pub(crate) fn begun() -> Ceremony {
    static BEGUN: OnceLock<Ceremony> = OnceLock::new();
    BEGUN.get_or_init(|| Ceremony::begin(&circuit(), phase_one()).unwrap()).clone()
}

pub(crate) fn beacon() -> Beacon {
    Beacon { value: vec![0xab; 32], iterations_log2: 5 }
}

/// Two contributions.
pub(crate) fn contributed() -> Ceremony {
    let mut ceremony = begun();
    ceremony.contribute("first", &[1; 32]).unwrap();
    ceremony.contribute("second", &[2; 32]).unwrap();
    ceremony
}

/// Two contributions and the beacon.
pub(crate) fn finished() -> Ceremony {
    let mut ceremony = contributed();
    ceremony.close("beacon", beacon()).unwrap();
    ceremony
}

/// A proof for the small circuit by ark-groth16's own prover, and its public inputs.
pub(crate) fn proven(keys: &SealKeys, x: u64, y: u64) -> (GrothProof, [Fr; INPUTS]) {
    let assignment = system(x, y).assignment();
    let matrices = matrices();
    let rows =
        |pick: fn(&candor_circuits::seal::system::Constraint) -> &Vec<(u32, Fr)>| -> Vec<Vec<(Fr, usize)>> {
            let convert =
                |row: &Vec<(u32, Fr)>| row.iter().map(|(index, factor)| (*factor, *index as usize)).collect();
            matrices.constraints.iter().map(|constraint| convert(pick(constraint))).collect()
        };
    let proof = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        keys.proving_key(),
        Fr::from(77u64),
        Fr::from(78u64),
        &[rows(|c| &c.a), rows(|c| &c.b), rows(|c| &c.c)],
        INPUTS + 1,
        matrices.constraints.len(),
        &assignment,
    )
    .unwrap();
    let groth =
        GrothProof { a: encode_g1(&proof.a), b: G2Bytes(encode_g2(&proof.b)), c: encode_g1(&proof.c) };
    (groth, [assignment[1], assignment[2], assignment[3]])
}

pub(crate) fn g1(scalar: Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

pub(crate) fn g2(scalar: Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}

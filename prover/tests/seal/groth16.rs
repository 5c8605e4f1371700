//! Our Groth16 equation and prover against ark-groth16's own, on our matrices; and what ark's bare equation lets pass.

use crate::agent::Agent;
use crate::golden::matrices;
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, One, UniformRand};
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP};
use ark_groth16::{Groth16, Proof, VerifyingKey, prepare_verifying_key};
use ark_poly::GeneralEvaluationDomain;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use candor_circuits::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use candor_circuits::seal::circuit::synthesize;
use candor_circuits::seal::key::{
    G2Bytes, GrothPoints, GrothProof, INPUTS, KeyError, KeyPoint, KeySource, SealKey,
};
use candor_circuits::seal::system::{Constraint, Matrices, Row};
use candor_prover::seal::{SealKeys, groth16};

struct Circuit<'a>(&'a Matrices, &'a [Fr]);

impl ConstraintSynthesizer<Fr> for Circuit<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let value = |index: usize| self.1.get(index).copied().unwrap_or_default();
        let mut variables = vec![Variable::One];
        for index in 1..=self.0.inputs {
            variables.push(cs.new_input_variable(|| Ok(value(index)))?);
        }
        for index in 0..self.0.witnesses {
            variables.push(cs.new_witness_variable(|| Ok(value(1 + self.0.inputs + index)))?);
        }
        let combination = |row: &Row| {
            LinearCombination(
                row.iter().map(|(index, factor)| (*factor, variables[*index as usize])).collect(),
            )
        };
        for constraint in &self.0.constraints {
            let (a, b, c) = (&constraint.a, &constraint.b, &constraint.c);
            cs.enforce_r1cs_constraint(|| combination(a), || combination(b), || combination(c))?;
        }
        Ok(())
    }
}

fn seal_key(key: &VerifyingKey<Bn254>) -> SealKey {
    let g2 = |point: &G2Affine| G2Bytes(encode_g2(point));
    SealKey {
        source: KeySource::Development,
        class_digest: [0; 32],
        batch_log2: 0,
        constraints: 0,
        alpha_g1: encode_g1(&key.alpha_g1),
        beta_g2: g2(&key.beta_g2),
        gamma_g2: g2(&key.gamma_g2),
        delta_g2: g2(&key.delta_g2),
        inputs_g1: std::array::from_fn::<_, { INPUTS + 1 }, _>(|index| encode_g1(&key.gamma_abc_g1[index])),
    }
}

fn ours(proof: &Proof<Bn254>) -> GrothProof {
    GrothProof { a: encode_g1(&proof.a), b: G2Bytes(encode_g2(&proof.b)), c: encode_g1(&proof.c) }
}

fn ark_accepts(key: &VerifyingKey<Bn254>, inputs: &[Fr], proof: &Proof<Bn254>) -> bool {
    Groth16::<Bn254>::verify_proof(&prepare_verifying_key(key), proof, inputs).unwrap()
}

/// Sum of the inputs' points.
fn combined(key: &VerifyingKey<Bn254>, inputs: &[Fr]) -> G1Projective {
    let mut sum = key.gamma_abc_g1[0].into_group();
    for (point, input) in key.gamma_abc_g1[1..].iter().zip(inputs) {
        sum += *point * input;
    }
    sum
}

#[test]
fn our_prover_makes_the_proofs_that_arks_does() {
    let agent = Agent::small();
    let records = agent.records(2);
    let bundle = agent.bundle(&records, 0, 1);
    let (shape, path) = agent.path(&bundle);
    let keys = SealKeys::development(&agent.program.card, 1, &[2; 32]).unwrap();
    let synthesis = synthesize(&shape, &path.witness, true);
    let (assignment, matrices) = (synthesis.system.assignment(), synthesis.system.matrices());
    let rows = |pick: fn(&Constraint) -> &Row| -> Vec<Vec<(Fr, usize)>> {
        let row = |c| pick(c).iter().map(|(index, factor)| (*factor, *index as usize)).collect();
        matrices.constraints.iter().map(row).collect()
    };
    let (rows, count) = (vec![rows(|c| &c.a), rows(|c| &c.b), rows(|c| &c.c)], matrices.constraints.len());
    type Domain = GeneralEvaluationDomain<Fr>;
    let quotient =
        LibsnarkReduction::witness_map_from_matrices::<Fr, Domain>(&rows, INPUTS + 1, count, &assignment);
    assert_eq!(groth16::quotient(&keys, &assignment).unwrap(), quotient.unwrap());
    let (r, s) = (Fr::from(11u64), Fr::from(12u64));
    let theirs = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        keys.proving_key(),
        r,
        s,
        &rows,
        INPUTS + 1,
        count,
        &assignment,
    );
    let Proof { a, b, c } = theirs.unwrap();
    assert_eq!(groth16::prove(&keys, &assignment, [r, s]).unwrap(), GrothPoints { a, b, c });
}

#[test]
fn our_equation_is_arks_on_honest_and_changed_proofs() {
    let agent = Agent::small();
    let matrices = matrices(&agent.program.card, 0);
    let mut random = StdRng::from_seed([7; 32]);
    let key =
        Groth16::<Bn254>::generate_random_parameters_with_reduction(Circuit(&matrices, &[]), &mut random)
            .unwrap();
    let records = agent.records(1);
    let bundle = agent.bundle(&records, 0, 0);
    let (shape, path) = agent.path(&bundle);
    let synthesis = synthesize(&shape, &path.witness, false);
    let assignment = synthesis.system.assignment();
    let inputs: [Fr; INPUTS] = std::array::from_fn(|index| assignment[1 + index]);
    let circuit = Circuit(&matrices, &assignment);
    let proof = Groth16::<Bn254>::create_random_proof_with_reduction(circuit, &key, &mut random).unwrap();
    let checked = seal_key(&key.vk).validate().unwrap();

    // threats.md 19: the same statement has endlessly many proofs, all accepted by both
    let s = Fr::rand(&mut random);
    let scaled = Proof {
        a: (proof.a * s).into_affine(),
        b: (proof.b * s.inverse().unwrap()).into_affine(),
        c: proof.c,
    };
    assert_ne!(ours(&proof), ours(&scaled));
    for proof in [&proof, &scaled] {
        assert!(ark_accepts(&key.vk, &inputs, proof));
        assert_eq!(checked.verify(&inputs, &ours(proof)), Ok(()));
    }

    // both reject the same
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let changed = [
        Proof { a: g1, ..proof.clone() },
        Proof { a: -proof.a, ..proof.clone() },
        Proof { b: g2, ..proof.clone() },
        Proof { b: -proof.b, ..proof.clone() },
        Proof { c: -proof.c, ..proof.clone() },
        Proof { c: (proof.c + g1).into_affine(), ..proof.clone() },
        Proof { a: proof.c, c: proof.a, ..proof.clone() },
    ];
    for proof in &changed {
        assert!(!ark_accepts(&key.vk, &inputs, proof));
        assert_eq!(checked.verify(&inputs, &ours(proof)), Err(KeyError::Equation));
    }
    for index in 0..INPUTS {
        let mut other = inputs;
        other[index] += Fr::one();
        assert!(!ark_accepts(&key.vk, &other, &proof));
        assert_eq!(checked.verify(&other, &ours(&proof)), Err(KeyError::Equation));
    }
    // two signs at once cancel: A and B are not unique either
    let negated = Proof { a: -proof.a, b: -proof.b, c: proof.c };
    assert!(ark_accepts(&key.vk, &inputs, &negated));
    assert_eq!(checked.verify(&inputs, &ours(&negated)), Ok(()));
}

/// A key of the right form whose secrets are known; no circuit is needed to forge for it.
fn toy_key() -> VerifyingKey<Bn254> {
    let mut random = StdRng::from_seed([3; 32]);
    let mut g2 = || (G2Affine::generator() * Fr::rand(&mut random)).into_affine();
    let (beta_g2, gamma_g2, delta_g2) = (g2(), g2(), g2());
    let mut random = StdRng::from_seed([4; 32]);
    let mut g1 = || (G1Affine::generator() * Fr::rand(&mut random)).into_affine();
    VerifyingKey {
        alpha_g1: g1(),
        beta_g2,
        gamma_g2,
        delta_g2,
        gamma_abc_g1: (0..=INPUTS).map(|_| g1()).collect(),
    }
}

/// threats.md 17.
#[test]
fn a_key_with_gamma_and_delta_alike_takes_a_proof_of_anything_and_is_refused() {
    let lie = [Fr::from(1u64), Fr::from(2u64), Fr::from(3u64)];
    for sign in [Fr::one(), -Fr::one()] {
        let mut key = toy_key();
        key.delta_g2 = (key.gamma_g2 * sign).into_affine();
        let c = (combined(&key, &lie) * -sign).into_affine();
        let forged = Proof { a: key.alpha_g1, b: key.beta_g2, c };
        assert!(ark_accepts(&key, &lie, &forged), "the bare equation takes the forgery");
        let refused = seal_key(&key).validate().unwrap_err();
        assert_eq!(refused, KeyError::Coincide { first: KeyPoint::Gamma, second: KeyPoint::Delta });
    }
    assert!(seal_key(&toy_key()).validate().is_ok());
}

/// Other keys whose maker tells everybody a secret.
#[test]
fn keys_with_points_that_coincide_are_refused() {
    type Change = fn(&mut SealKey);
    let generator = |key: &mut SealKey| key.delta_g2 = G2Bytes(encode_g2(&G2Affine::generator()));
    let cases: [(Change, KeyError); 8] = [
        (
            |key| key.gamma_g2 = key.beta_g2,
            KeyError::Coincide { first: KeyPoint::Beta, second: KeyPoint::Gamma },
        ),
        (
            |key| key.delta_g2 = key.beta_g2,
            KeyError::Coincide { first: KeyPoint::Beta, second: KeyPoint::Delta },
        ),
        (generator, KeyError::Generator { point: KeyPoint::Delta }),
        (
            |key| key.gamma_g2 = G2Bytes(encode_g2(&-G2Affine::generator())),
            KeyError::Generator { point: KeyPoint::Gamma },
        ),
        (
            |key| key.inputs_g1[2] = key.inputs_g1[1],
            KeyError::Coincide { first: KeyPoint::Input(1), second: KeyPoint::Input(2) },
        ),
        (
            |key| key.inputs_g1[3] = key.alpha_g1,
            KeyError::Coincide { first: KeyPoint::Alpha, second: KeyPoint::Input(3) },
        ),
        (
            |key| key.inputs_g1[0] = encode_g1(&-decode_g1(&key.inputs_g1[1]).unwrap()),
            KeyError::Coincide { first: KeyPoint::Input(0), second: KeyPoint::Input(1) },
        ),
        (
            |key| key.alpha_g1 = encode_g1(&G1Affine::generator()),
            KeyError::Generator { point: KeyPoint::Alpha },
        ),
    ];
    for (change, expected) in cases {
        let mut key = seal_key(&toy_key());
        change(&mut key);
        assert_eq!(key.validate().unwrap_err(), expected);
    }
}

/// threats.md 20 and 21: every point of a key and of a proof as the identity, off the curve, outside the subgroup, not canonical.
#[test]
fn every_point_is_decoded_strictly() {
    let key = seal_key(&toy_key());
    let proof = GrothProof { a: key.alpha_g1, b: key.beta_g2, c: key.inputs_g1[0] };
    let modulus = <ark_bn254::Fq as ark_ff::PrimeField>::MODULUS;
    let modulus: Vec<u8> = ark_ff::BigInteger::to_bytes_be(&modulus);
    // x + q still fits 32 bytes
    let shifted = |bytes: &[u8]| {
        let (mut carry, mut sum) = (0u16, [0u8; 32]);
        for i in (0..32).rev() {
            carry += u16::from(bytes[i]) + u16::from(modulus[i]);
            sum[i] = carry as u8;
            carry >>= 8;
        }
        sum
    };
    // a point of the twist outside the subgroup: hardly any point of small x is in it
    let outside = (1u64..)
        .find_map(|x| G2Affine::get_point_from_x_unchecked(ark_bn254::Fq2::from(x), true))
        .map(|point| encode_g2(&point))
        .unwrap();
    assert_eq!(decode_g2(&outside), Err(PointError::WrongSubgroup));
    let g1 = |bytes: &mut [u8; 64], defect: PointError| match defect {
        PointError::Identity => *bytes = [0; 64],
        PointError::NotOnCurve => bytes[63] ^= 1,
        PointError::NotCanonical => {
            let moved = shifted(&bytes[..32]);
            bytes[..32].copy_from_slice(&moved);
        }
        PointError::WrongSubgroup => unreachable!("G1 has no other subgroup"),
    };
    let g2 = |bytes: &mut [u8; 128], defect: PointError| match defect {
        PointError::Identity => *bytes = [0; 128],
        PointError::NotOnCurve => bytes[127] ^= 1,
        PointError::NotCanonical => {
            let moved = shifted(&bytes[96..]);
            bytes[96..].copy_from_slice(&moved);
        }
        PointError::WrongSubgroup => *bytes = outside,
    };
    let checked = key.validate().unwrap();
    let defects =
        [PointError::Identity, PointError::NotOnCurve, PointError::NotCanonical, PointError::WrongSubgroup];
    for error in defects {
        if error != PointError::WrongSubgroup {
            for index in 0..=INPUTS {
                let mut bad = key.clone();
                g1(&mut bad.inputs_g1[index].0, error);
                assert_eq!(
                    bad.validate().unwrap_err(),
                    KeyError::Point { point: KeyPoint::Input(index), error }
                );
            }
            let mut bad = key.clone();
            g1(&mut bad.alpha_g1.0, error);
            assert_eq!(bad.validate().unwrap_err(), KeyError::Point { point: KeyPoint::Alpha, error });
            let (mut a, mut c) = (proof, proof);
            g1(&mut a.a.0, error);
            g1(&mut c.c.0, error);
            let zero = [Fr::from(0u64); INPUTS];
            assert_eq!(checked.verify(&zero, &a), Err(KeyError::Point { point: KeyPoint::A, error }));
            assert_eq!(checked.verify(&zero, &c), Err(KeyError::Point { point: KeyPoint::C, error }));
        }
        for (point, pick) in [
            (KeyPoint::Beta, (|key| &mut key.beta_g2) as fn(&mut SealKey) -> &mut G2Bytes),
            (KeyPoint::Gamma, |key| &mut key.gamma_g2),
            (KeyPoint::Delta, |key| &mut key.delta_g2),
        ] {
            let mut bad = key.clone();
            g2(&mut pick(&mut bad).0, error);
            assert_eq!(bad.validate().unwrap_err(), KeyError::Point { point, error });
        }
        let mut bad = proof;
        g2(&mut bad.b.0, error);
        let zero = [Fr::from(0u64); INPUTS];
        assert_eq!(checked.verify(&zero, &bad), Err(KeyError::Point { point: KeyPoint::B, error }));
    }
}

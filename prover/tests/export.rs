//! Exports are the points and inputs they were made of, in the shapes of snarkjs and of a Solidity verifier.
//!
//! That snarkjs accepts them is shown by `.ci/snarkjs.sh`.

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use candor_circuits::point::{PointError, encode_g1, encode_g2};
use candor_circuits::seal::key::{G2Bytes, GrothProof, INPUTS, KeyPoint, KeySource, SealKey};
use candor_program::card::PointBytes;
use candor_prover::seal::export::{ExportError, calldata, proof, public, verification_key};
use serde_json::Value;

fn g1(scalar: Fr) -> PointBytes {
    encode_g1(&(G1Affine::generator() * scalar).into_affine())
}

fn g2(scalar: Fr) -> G2Bytes {
    G2Bytes(encode_g2(&(G2Affine::generator() * scalar).into_affine()))
}

/// A key whose secrets are known, and a proof simulated with them.
fn simulated() -> (SealKey, GrothProof, [Fr; INPUTS]) {
    let [alpha, beta, gamma, delta, a, b] = [11u64, 13, 17, 19, 23, 29].map(Fr::from);
    let points = [31u64, 37, 41, 43].map(Fr::from);
    let inputs = [47u64, 53, 59].map(Fr::from);
    let sum = points[0] + points[1..].iter().zip(&inputs).map(|(point, input)| *point * input).sum::<Fr>();
    let c = (a * b - alpha * beta - gamma * sum) * delta.inverse().unwrap();
    let key = SealKey {
        source: KeySource::Development,
        class_digest: [0; 32],
        batch_log2: 0,
        constraints: 0,
        alpha_g1: g1(alpha),
        beta_g2: g2(beta),
        gamma_g2: g2(gamma),
        delta_g2: g2(delta),
        inputs_g1: points.map(g1),
    };
    (key, GrothProof { a: g1(a), b: g2(b), c: g1(c) }, inputs)
}

fn decimal(value: &Value) -> Fq {
    value.as_str().unwrap().parse().unwrap()
}

fn point_of(value: &Value) -> PointBytes {
    assert_eq!(value[2], "1");
    encode_g1(&G1Affine::new(decimal(&value[0]), decimal(&value[1])))
}

fn point_of_g2(value: &Value) -> G2Bytes {
    assert_eq!(value[2], serde_json::json!(["1", "0"]));
    let mut bytes = [0; 128];
    let parts = [&value[0][1], &value[0][0], &value[1][1], &value[1][0]];
    for (chunk, part) in bytes.chunks_exact_mut(32).zip(parts) {
        chunk.copy_from_slice(&decimal(part).into_bigint().to_bytes_be());
    }
    G2Bytes(bytes)
}

#[test]
fn every_point_of_key_and_proof_is_recovered_from_the_export() {
    let (key, groth, inputs) = simulated();
    key.validate().unwrap().verify(&inputs, &groth).unwrap();
    let exported = verification_key(&key).unwrap();
    assert_eq!((&exported["protocol"], &exported["curve"]), (&"groth16".into(), &"bn128".into()));
    assert_eq!(exported["nPublic"], INPUTS);
    assert_eq!(point_of(&exported["vk_alpha_1"]), key.alpha_g1);
    assert_eq!(point_of_g2(&exported["vk_beta_2"]), key.beta_g2);
    assert_eq!(point_of_g2(&exported["vk_gamma_2"]), key.gamma_g2);
    assert_eq!(point_of_g2(&exported["vk_delta_2"]), key.delta_g2);
    assert_eq!(exported["IC"].as_array().unwrap().iter().map(point_of).collect::<Vec<_>>(), key.inputs_g1);

    let exported = proof(&groth).unwrap();
    assert_eq!((&exported["protocol"], &exported["curve"]), (&"groth16".into(), &"bn128".into()));
    assert_eq!(point_of(&exported["pi_a"]), groth.a);
    assert_eq!(point_of_g2(&exported["pi_b"]), groth.b);
    assert_eq!(point_of(&exported["pi_c"]), groth.c);
    assert_eq!(public(&inputs), serde_json::json!(["47", "53", "59"]));
}

#[test]
fn calldata_are_the_words_of_the_encodings() {
    let (_, groth, inputs) = simulated();
    let exported = calldata(&groth, &inputs);
    let bytes = |value: &Value| -> Vec<u8> {
        let words = value.as_array().unwrap().iter();
        words
            .flat_map(|word| hex::decode(word.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap())
            .collect()
    };
    assert_eq!(bytes(&exported["a"]), groth.a.0);
    assert_eq!([bytes(&exported["b"][0]), bytes(&exported["b"][1])].concat(), groth.b.0);
    assert_eq!(bytes(&exported["c"]), groth.c.0);
    let expected: Vec<u8> = inputs.iter().flat_map(|input| input.into_bigint().to_bytes_be()).collect();
    assert_eq!(bytes(&exported["input"]), expected);
}

#[test]
fn a_point_that_does_not_decode_is_named() {
    let (mut key, mut groth, _) = simulated();
    key.inputs_g1[2] = PointBytes([1; 64]);
    let error = ExportError::Point { point: KeyPoint::Input(2), error: PointError::NotOnCurve };
    assert_eq!(verification_key(&key), Err(error));
    groth.b = G2Bytes([0xff; 128]);
    let error = ExportError::Point { point: KeyPoint::B, error: PointError::NotCanonical };
    assert_eq!(proof(&groth), Err(error));
}

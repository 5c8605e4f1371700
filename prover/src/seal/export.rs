//! A seal as other tools read it: the JSON of snarkjs, and the arguments of a Solidity verifier.
//!
//! Source: snarkjs `zkey export verificationkey`, `groth16 verify` and `zkey export soliditycalldata`, protocol `groth16`.

use ark_bn254::{Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use candor_circuits::point::{PointError, decode_g1, decode_g2};
use candor_circuits::seal::key::{G2Bytes, GrothProof, INPUTS, KeyPoint, SealKey};
use candor_program::card::PointBytes;
use serde_json::{Value, json};

/// Why a key or a seal cannot be exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExportError {
    /// A point does not decode.
    #[error("{point:?}: {error}")]
    Point {
        /// Which.
        point: KeyPoint,
        /// What is wrong with it.
        error: PointError,
    },
}

/// A verifying key as snarkjs's `verification_key.json`.
///
/// Owes: the key's lint. The product e(alpha, beta), which snarkjs writes but does not read, is left out.
/// Errors: a point that does not decode.
pub fn verification_key(key: &SealKey) -> Result<Value, ExportError> {
    let inputs = key.inputs_g1.iter().enumerate().map(|(index, point)| g1(KeyPoint::Input(index), point));
    Ok(json!({
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": INPUTS,
        "vk_alpha_1": g1(KeyPoint::Alpha, &key.alpha_g1)?,
        "vk_beta_2": g2(KeyPoint::Beta, &key.beta_g2)?,
        "vk_gamma_2": g2(KeyPoint::Gamma, &key.gamma_g2)?,
        "vk_delta_2": g2(KeyPoint::Delta, &key.delta_g2)?,
        "IC": inputs.collect::<Result<Vec<_>, _>>()?,
    }))
}

/// A proof as snarkjs's `proof.json`.
///
/// Errors: a point that does not decode.
pub fn proof(proof: &GrothProof) -> Result<Value, ExportError> {
    Ok(json!({
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": g1(KeyPoint::A, &proof.a)?,
        "pi_b": g2(KeyPoint::B, &proof.b)?,
        "pi_c": g1(KeyPoint::C, &proof.c)?,
    }))
}

/// Public inputs as snarkjs's `public.json`.
#[must_use]
pub fn public(inputs: &[Fr; INPUTS]) -> Value {
    inputs.iter().map(|input| Value::from(input.into_bigint().to_string())).collect()
}

/// The arguments `(a, b, c, input)` of a Solidity verifier: words of 32 bytes, b with the imaginary parts first.
#[must_use]
pub fn calldata(proof: &GrothProof, inputs: &[Fr; INPUTS]) -> Value {
    let words = |bytes: &[u8]| -> Vec<String> { bytes.chunks(32).map(word).collect() };
    let b = words(&proof.b.0);
    json!({
        "a": words(&proof.a.0),
        "b": b.chunks(2).collect::<Vec<_>>(),
        "c": words(&proof.c.0),
        "input": inputs.iter().map(|input| word(&input.into_bigint().to_bytes_be())).collect::<Vec<_>>(),
    })
}

fn word(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Projective coordinates in decimal; the identity is (0, 1, 0).
fn g1(point: KeyPoint, bytes: &PointBytes) -> Result<[String; 3], ExportError> {
    let decoded: G1Affine = decode_g1(bytes).map_err(|error| ExportError::Point { point, error })?;
    Ok(match decoded.xy() {
        Some((x, y)) => [x.into_bigint().to_string(), y.into_bigint().to_string(), "1".to_owned()],
        None => ["0", "1", "0"].map(str::to_owned),
    })
}

/// Projective coordinates in decimal, each with its real part first.
fn g2(point: KeyPoint, bytes: &G2Bytes) -> Result<[[String; 2]; 3], ExportError> {
    let decoded: G2Affine = decode_g2(&bytes.0).map_err(|error| ExportError::Point { point, error })?;
    let parts = |value: Fq2| [value.c0.into_bigint().to_string(), value.c1.into_bigint().to_string()];
    let (x, y) = decoded.xy().unwrap_or_default();
    Ok([parts(x), parts(y), ["1".to_owned(), "0".to_owned()]])
}

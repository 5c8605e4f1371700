//! One encoding for every point, and none for what is no point.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use candor_benches::synthetic::Random;
use candor_circuits::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use candor_circuits::setup::VerifierSetup;
use candor_program::card::{PointBytes, SetupCard, SetupSource};

fn modulus() -> Vec<u8> {
    Fq::MODULUS.to_bytes_be()
}

#[test]
fn points_of_g1() {
    let multiples = (0..20u64).map(|i| (G1Affine::generator() * Fr::from(i)).into_affine());
    for point in multiples.flat_map(|point| [point, -point]) {
        assert_eq!(decode_g1(&encode_g1(&point)), Ok(point));
    }
    assert_eq!(encode_g1(&G1Affine::identity()).0, [0; 64]);
    let generator = encode_g1(&G1Affine::generator()).0;
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = generator;
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        decode_g1(&PointBytes(changed))
    };
    assert_eq!(with(0, &modulus()), Err(PointError::NotCanonical));
    assert_eq!(with(32, &modulus()), Err(PointError::NotCanonical));
    assert_eq!(with(0, &[0xff; 64]), Err(PointError::NotCanonical));
    // flags that compressed encodings put into the highest bits
    for flag in [0x40, 0x80, 0xc0] {
        assert_eq!(with(0, &[flag]), Err(PointError::NotCanonical));
    }
    assert_eq!(with(63, &[3]), Err(PointError::NotOnCurve));
    assert_eq!(with(0, &[0; 32]), Err(PointError::NotOnCurve));
    assert_eq!(with(32, &[0; 32]), Err(PointError::NotOnCurve));
}

#[test]
fn points_of_g2() {
    for i in 1..20u64 {
        let point = (G2Affine::generator() * Fr::from(i)).into_affine();
        assert_eq!(decode_g2(&encode_g2(&point)), Ok(point));
        let mut off_curve = encode_g2(&point);
        off_curve[127] ^= 1;
        assert_eq!(decode_g2(&off_curve), Err(PointError::NotOnCurve));
        for coordinate in 0..4 {
            let mut again = encode_g2(&point);
            again[32 * coordinate..32 * coordinate + 32].copy_from_slice(&modulus());
            assert_eq!(decode_g2(&again), Err(PointError::NotCanonical));
        }
    }
    assert_eq!(decode_g2(&encode_g2(&G2Affine::identity())), Err(PointError::Identity));
    let outside = (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(0u64)), true))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    assert_eq!(decode_g2(&encode_g2(&outside)), Err(PointError::WrongSubgroup));
}

/// The verifier's part of a reference string with a secret of 1, -1 or none is refused: its openings prove nothing.
#[test]
fn degenerate_setups() {
    let setup = |tau_g2: [u8; 128]| {
        let source = SetupSource::Development;
        VerifierSetup::of(&SetupCard { source, powers_log2: 9, powers_digest: [0; 32], tau_g2 }).map(|_| ())
    };
    let generator = G2Affine::generator();
    assert_eq!(setup([0; 128]), Err(PointError::Identity));
    assert_eq!(setup(encode_g2(&generator)), Err(PointError::Identity));
    assert_eq!(setup(encode_g2(&-generator)), Err(PointError::Identity));
    assert_eq!(setup(encode_g2(&(generator * Fr::from(2u64)).into_affine())), Ok(()));
}

#[test]
fn random_bytes_are_no_points() {
    let mut random = Random(4);
    for _ in 0..2_000 {
        let mut bytes = [0; 128];
        bytes.iter_mut().for_each(|byte| *byte = random.next_u64() as u8);
        let g1 = PointBytes(bytes[..64].try_into().unwrap());
        assert!(decode_g1(&g1).is_err() && decode_g2(&bytes).is_err());
    }
}

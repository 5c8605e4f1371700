//! One encoding for every point, and none for what is no point.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use candor_benches::synthetic::Random;
use candor_circuits::compressed::{compress_g1, compress_g2, decompress_g1, decompress_g2};
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

/// x plus the modulus, big endian.
fn plus_modulus(x: &[u8]) -> Option<[u8; 32]> {
    let (mut sum, mut carry) = ([0; 32], 0u16);
    for ((to, x), q) in sum.iter_mut().zip(x).zip(modulus()).rev() {
        carry += u16::from(*x) + u16::from(q);
        *to = carry as u8;
        carry >>= 8;
    }
    // what fits below the flags
    (sum[0] & 0xc0 == 0 && carry == 0).then_some(sum)
}

/// threats.md 21: of the 256 first bytes that a compressed point of G1 could have, one is its own.
#[test]
fn compressed_points_of_g1() {
    let points = (1..20u64).map(|i| (G1Affine::generator() * Fr::from(i)).into_affine());
    for point in points.flat_map(|point| [point, -point]) {
        let bytes = compress_g1(&point);
        assert_eq!(decompress_g1(&bytes), Ok(point));
        for flags in [0x40, 0x80, 0xc0] {
            let mut other = bytes;
            other[0] ^= flags;
            let expected = if flags == 0x40 { Ok(-point) } else { Err(PointError::NotCanonical) };
            assert_eq!(decompress_g1(&other), expected);
        }
        let mut x = bytes;
        x[0] &= 0x3f;
        if let Some(mut sum) = plus_modulus(&x) {
            sum[0] |= bytes[0] & 0xc0;
            assert_eq!(decompress_g1(&sum), Err(PointError::NotCanonical));
        }
    }
    // x of the generator is 1: its other form fits
    assert!(plus_modulus(&encode_g1(&G1Affine::generator()).0[..32]).is_some());
    // q - 1 is a coordinate, q is none
    let mut largest: [u8; 32] = modulus().try_into().unwrap();
    largest[0] |= 0x80;
    assert_eq!(decompress_g1(&largest), Err(PointError::NotCanonical));
    largest[31] -= 1;
    assert_ne!(decompress_g1(&largest), Err(PointError::NotCanonical));
    // x = 0 gives y^2 = 3, which has no root
    for sign in [0x80, 0xc0] {
        let mut zero = [0; 32];
        zero[0] = sign;
        assert_eq!(decompress_g1(&zero), Err(PointError::NotOnCurve));
    }
    // the identity has one form
    let identity = compress_g1(&G1Affine::identity());
    assert_eq!(decompress_g1(&identity), Ok(G1Affine::identity()));
    for at in 0..32 {
        let mut garbage = identity;
        garbage[at] ^= 1;
        assert_eq!(decompress_g1(&garbage), Err(PointError::NotCanonical), "byte {at}");
    }
    assert_eq!(decompress_g1(&[0; 32]), Err(PointError::NotCanonical));
}

#[test]
fn compressed_points_of_g2() {
    for i in 1..20u64 {
        let point = (G2Affine::generator() * Fr::from(i)).into_affine();
        for point in [point, -point] {
            let bytes = compress_g2(&point);
            assert_eq!(decompress_g2(&bytes), Ok(point));
            // the same coordinates, in the same order, as the EVM's
            let mut x = bytes;
            x[0] &= 0x3f;
            assert_eq!(x, encode_g2(&point)[..64]);
            for flags in [0x40, 0x80, 0xc0] {
                let mut other = bytes;
                other[0] ^= flags;
                let expected = if flags == 0x40 { Ok(-point) } else { Err(PointError::NotCanonical) };
                assert_eq!(decompress_g2(&other), expected);
            }
            for (start, flag) in [(0, bytes[0] & 0xc0), (32, 0)] {
                if let Some(mut sum) = plus_modulus(&x[start..start + 32]) {
                    sum[0] |= flag;
                    let mut other = bytes;
                    other[start..start + 32].copy_from_slice(&sum);
                    assert_eq!(decompress_g2(&other), Err(PointError::NotCanonical));
                }
                // no flag has a place in the second coordinate
                let mut other = bytes;
                other[32] |= 0x40;
                assert_eq!(decompress_g2(&other), Err(PointError::NotCanonical));
            }
        }
    }
    assert_eq!(decompress_g2(&compress_g2(&G2Affine::identity())), Err(PointError::Identity));
    assert_eq!(decompress_g2(&[0; 64]), Err(PointError::NotCanonical));
    let root = |greatest| {
        move |x: u64| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(0u64)), greatest)
    };
    let (outside, missing) =
        ((1u64..).find_map(root(true)).unwrap(), (1u64..).find(|x| root(true)(*x).is_none()));
    assert_eq!(decompress_g2(&compress_g2(&outside)), Err(PointError::WrongSubgroup));
    let mut no_point = [0; 64];
    no_point[0] = 0x80;
    no_point[63] = missing.unwrap() as u8;
    assert_eq!(decompress_g2(&no_point), Err(PointError::NotOnCurve));
}

//! Reference strings: everything that is no string of powers of one secret is refused, by name.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use borsh::{BorshDeserialize, BorshSerialize};
use candor_circuits::channel::Check;
use candor_circuits::native::ArgumentError;
use candor_circuits::point::{PointError, encode_g1, encode_g2};
use candor_program::Fr;
use candor_program::card::{PointBytes, SetupCard, SetupSource};
use candor_program::encoding::{
    DecodeError, HEADER_BYTES, decode_file, encode_file, fr_from_bytes_mod, keccak256, magic,
};
use candor_prover::setup::PtauError;
use candor_prover::{ReferenceString, SetupError, commit_program};
use std::sync::OnceLock;

const PTAU: &[u8] = include_bytes!("../../../fixtures/ptau/test12.ptau");

#[derive(Clone, BorshSerialize, BorshDeserialize)]
struct File {
    card: SetupCard,
    powers: Vec<PointBytes>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let bytes = ReferenceString::development(9, &[3; 32]).unwrap().to_bytes();
        decode_file(&magic::SETUP, 1 << 26, &bytes).unwrap()
    })
}

fn digest(powers: &[PointBytes]) -> [u8; 32] {
    keccak256(&powers.iter().map(|power| &power.0[..]).collect::<Vec<_>>())
}

/// Decodes a changed file; `with_digest`: whoever changed it has also changed the digest.
fn decode(with_digest: bool, change: impl Fn(&mut File)) -> Result<ReferenceString, SetupError> {
    let mut file = file().clone();
    change(&mut file);
    if with_digest {
        file.card.powers_digest = digest(&file.powers);
    }
    ReferenceString::from_bytes(&encode_file(&magic::SETUP, &file))
}

fn refused(result: Result<ReferenceString, SetupError>) -> SetupError {
    result.expect_err("the string must be refused")
}

/// A point of the twist outside the prime-order subgroup.
fn outside_the_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(1u64)), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

#[test]
fn a_development_string_is_marked_and_comes_back() {
    let reference = decode(false, |_| ()).unwrap();
    assert!(reference.is_development());
    assert_eq!(reference.card().source, SetupSource::Development);
    assert_eq!(reference.to_bytes(), encode_file(&magic::SETUP, file()));
    let other = ReferenceString::development(9, &[4; 32]).unwrap();
    assert_ne!(other.card().powers_digest, reference.card().powers_digest);
    assert_ne!(other.card().tau_g2, reference.card().tau_g2);
}

#[test]
fn sizes() {
    for powers_log2 in [0, 8, 18, 64, 255] {
        let error = refused(ReferenceString::development(powers_log2, &[1; 32]));
        assert_eq!(error, SetupError::Size { powers_log2 });
        let error = refused(decode(true, |file| file.card.powers_log2 = powers_log2));
        assert_eq!(error, SetupError::Size { powers_log2 });
    }
    // as many powers as the card says, and a power of two
    assert_eq!(refused(decode(true, |file| file.card.powers_log2 = 10)), SetupError::Digest);
    assert_eq!(
        refused(decode(true, |file| {
            file.powers.pop();
        })),
        SetupError::Digest
    );
    assert_eq!(refused(decode(true, |file| file.powers.push(file.powers[1]))), SetupError::Digest);
    assert_eq!(refused(decode(true, |file| file.powers.clear())), SetupError::Digest);
    assert_eq!(refused(decode(true, |file| file.powers.extend(file.powers.clone()))), SetupError::Digest);
}

#[test]
fn malformed_files() {
    let bytes = encode_file(&magic::SETUP, file());
    let error = |bytes: &[u8]| refused(ReferenceString::from_bytes(bytes));
    let truncated =
        SetupError::Malformed(DecodeError::Truncated { offset: (bytes.len() - HEADER_BYTES - 1) as u64 });
    assert_eq!(error(&bytes[..bytes.len() - 1]), truncated);
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(error(&longer), SetupError::Malformed(DecodeError::TrailingBytes { count: 1 }));
    let other = encode_file(&magic::PROOF, file());
    let wrong = DecodeError::WrongMagic { expected: magic::SETUP, got: magic::PROOF };
    assert_eq!(error(&other), SetupError::Malformed(wrong));
}

#[test]
fn points_of_g1() {
    let point =
        |index: usize, bytes: [u8; 64]| refused(decode(true, |file| file.powers[index] = PointBytes(bytes)));
    let at = |index, error| SetupError::Point { index, error };
    let mut off_curve = file().powers[7].0;
    off_curve[63] ^= 1;
    assert_eq!(point(7, off_curve), at(7, PointError::NotOnCurve));
    assert_eq!(point(511, [0xff; 64]), at(511, PointError::NotCanonical));
    // points all right, but no powers
    let not_powers = SetupError::NotPowers;
    assert_eq!(point(5, [0; 64]), not_powers);
    assert_eq!(point(5, encode_g1(&G1Affine::generator()).0), not_powers);
    assert_eq!(point(0, [0; 64]), not_powers);
    assert_eq!(point(0, file().powers[1].0), not_powers);
    assert_eq!(refused(decode(true, |file| file.powers.swap(3, 4))), not_powers);
    assert_eq!(refused(decode(true, |file| file.powers.swap(510, 511))), not_powers);
    assert_eq!(refused(decode(true, |file| file.powers.rotate_left(1))), not_powers);
    assert_eq!(refused(decode(true, |file| file.powers.fill(PointBytes([0; 64])))), not_powers);
    let all_generators = |file: &mut File| file.powers.fill(encode_g1(&G1Affine::generator()));
    assert_eq!(refused(decode(true, all_generators)), not_powers);
    let scaled = |file: &mut File| {
        // every power but the first by the same factor: ratios are right from the second on
        for power in &mut file.powers[1..] {
            let point = candor_circuits::point::decode_g1(power).unwrap();
            *power = encode_g1(&(point * Fr::from(2u64)).into_affine());
        }
    };
    assert_eq!(refused(decode(true, scaled)), not_powers);
    assert_eq!(refused(decode(false, |file| file.powers.swap(3, 4))), SetupError::Digest);
}

#[test]
fn the_point_of_g2() {
    let tau_g2 = |bytes: [u8; 128]| refused(decode(true, |file| file.card.tau_g2 = bytes));
    let generator = G2Affine::generator();
    assert_eq!(tau_g2([0; 128]), SetupError::TauG2(PointError::Identity));
    // tau = 1 and tau = -1: openings would prove nothing
    assert_eq!(tau_g2(encode_g2(&generator)), SetupError::TauG2(PointError::Identity));
    assert_eq!(tau_g2(encode_g2(&-generator)), SetupError::TauG2(PointError::Identity));
    assert_eq!(tau_g2([0xff; 128]), SetupError::TauG2(PointError::NotCanonical));
    assert_eq!(tau_g2(encode_g2(&outside_the_subgroup())), SetupError::TauG2(PointError::WrongSubgroup));
    let mut off_curve = file().card.tau_g2;
    off_curve[127] ^= 1;
    assert_eq!(tau_g2(off_curve), SetupError::TauG2(PointError::NotOnCurve));
    assert_eq!(tau_g2(encode_g2(&(generator * Fr::from(5u64)).into_affine())), SetupError::NotPowers);
}

/// `load` trusts a string that was checked before, and only that one.
#[test]
fn loading_a_known_string() {
    let bytes = encode_file(&magic::SETUP, file());
    let expected = &file().card;
    assert_eq!(ReferenceString::load(&bytes, expected).unwrap().card(), expected);
    let mut other = expected.clone();
    other.source = SetupSource::PowersOfTau { file_hash: [0; 32] };
    assert_eq!(refused(ReferenceString::load(&bytes, &other)), SetupError::OtherString);
    for change in [
        |file: &mut File| file.powers.swap(3, 4),
        |file: &mut File| {
            file.powers.pop();
        },
    ] {
        let mut changed = file().clone();
        change(&mut changed);
        let bytes = encode_file(&magic::SETUP, &changed);
        assert_eq!(refused(ReferenceString::load(&bytes, expected)), SetupError::Digest);
    }
}

/// Who knows the secret proves anything: a false statement, accepted. That is why a development string is refused by default.
#[test]
fn who_knows_the_secret_proves_anything() {
    let case = crate::case::case();
    let secret = fr_from_bytes_mod(&keccak256(&[b"candor/development-setup/v1", &[1; 32]]));
    assert_eq!(case.reference.powers()[1], (G1Affine::generator() * secret).into_affine());
    let mut forgery = crate::lie::false_statement(case);
    let rejected = case.verify(&forgery.public, &forgery.play().proof);
    assert_eq!(rejected, Err(ArgumentError::Rejected(Check::Folding)));
    forgery.repairs.secret = Some(secret);
    assert_eq!(case.verify(&forgery.public, &forgery.play().proof), Ok(()));
}

/// Limitation: a string says itself where it comes from, and no verifier can check a ceremony's file hash without the file.
/// What a reader must know is `tau_g2`, which every honest copy of a ceremony has in common and no other string has.
#[test]
fn the_source_is_a_claim_and_tau_g2_is_the_string() {
    let file_hash = keccak256(&[PTAU]);
    let claims = decode(true, |file| file.card.source = SetupSource::PowersOfTau { file_hash }).unwrap();
    assert!(!claims.is_development());
    let ceremony = ptau(Some(9), |_| ()).unwrap();
    assert_eq!(claims.card().source, ceremony.card().source);
    assert_ne!(claims.card().tau_g2, ceremony.card().tau_g2);
    let longer = ptau(Some(10), |_| ()).unwrap();
    assert_eq!(longer.card().tau_g2, ceremony.card().tau_g2);
}

/// A row longer than the string cannot be committed.
#[test]
fn a_string_too_short_for_the_program() {
    let reference = ReferenceString::development(9, &[3; 32]).unwrap();
    let mut program = crate::case::case().program.clone();
    program.card.class.row_log2 = 10;
    let error = commit_program(&reference, &program.card, &program.weights).unwrap_err();
    assert_eq!(error, candor_prover::CommitError::ReferenceTooShort { row_log2: 10, powers_log2: 9 });
}

/// Start of a section's body in the fixture: header 12 bytes, then id (4), length (8), body.
fn section(file: &[u8], wanted: u32) -> usize {
    let mut at = 12;
    loop {
        let id = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let length = u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap()) as usize;
        if id == wanted {
            return at + 12;
        }
        at += 12 + length;
    }
}

fn ptau(powers_log2: Option<u8>, change: impl Fn(&mut Vec<u8>)) -> Result<ReferenceString, SetupError> {
    let mut bytes = PTAU.to_vec();
    change(&mut bytes);
    ReferenceString::from_ptau(&bytes, powers_log2)
}

#[test]
fn a_ceremony_file_is_read_and_not_marked_as_development() {
    let reference = ptau(Some(9), |_| ()).unwrap();
    assert!(!reference.is_development());
    assert_eq!(reference.card().source, SetupSource::PowersOfTau { file_hash: keccak256(&[PTAU]) });
    assert_eq!(reference.powers_log2(), 9);
    let again = ReferenceString::from_bytes(&reference.to_bytes()).unwrap();
    assert_eq!(again.card(), reference.card());
    let all = ptau(None, |_| ()).unwrap();
    assert_eq!(all.powers_log2(), 12);
    assert_eq!(&all.powers()[..512], reference.powers());
}

#[test]
fn ceremony_files_that_are_none() {
    let (header, g1, g2) = (section(PTAU, 1), section(PTAU, 2), section(PTAU, 3));
    let error = |change: &dyn Fn(&mut Vec<u8>)| refused(ptau(Some(9), change));
    let is = |error: PtauError| SetupError::Ptau(error);
    assert_eq!(error(&|file| file[0] = b'P'), is(PtauError::Magic));
    assert_eq!(error(&|file| file[4] = 2), is(PtauError::Magic));
    assert_eq!(error(&|file| file.clear()), is(PtauError::Magic));
    assert_eq!(error(&|file| file.truncate(11)), is(PtauError::Magic));
    assert_eq!(error(&|file| file.truncate(12)), is(PtauError::Truncated { section: 0 }));
    assert_eq!(error(&|file| file.truncate(g1 + 64 * 511)), is(PtauError::Truncated { section: 2 }));
    assert_eq!(error(&|file| file.truncate(g2 + 200)), is(PtauError::Truncated { section: 3 }));
    // lengths that no file has
    let length = |at: usize, length: u64| {
        move |file: &mut Vec<u8>| file[at - 8..at].copy_from_slice(&length.to_le_bytes())
    };
    for huge in [1 << 31, 1 << 63, u64::MAX] {
        assert_eq!(error(&length(g1, huge)), is(PtauError::Truncated { section: 2 }));
    }
    assert_eq!(error(&|file| file[8..12].fill(0xff)), is(PtauError::Truncated { section: 0 }));
    assert_eq!(error(&|file| file[8..12].fill(0)), is(PtauError::Section { section: 1, times: 0 }));
    let renumber = |at: usize, id: u8| move |file: &mut Vec<u8>| file[at - 12] = id;
    assert_eq!(error(&renumber(g2, 99)), is(PtauError::Section { section: 3, times: 0 }));
    assert_eq!(error(&renumber(g2, 2)), is(PtauError::Section { section: 2, times: 2 }));
    // another field, another size of its elements
    assert_eq!(error(&|file| file[header + 4] ^= 1), is(PtauError::Field));
    assert_eq!(error(&|file| file[header] = 48), is(PtauError::Field));
    assert_eq!(refused(ptau(Some(13), |_| ())), SetupError::TooFewPowers { got: 12, wanted: 13 });
    assert_eq!(refused(ptau(Some(255), |_| ())), SetupError::TooFewPowers { got: 12, wanted: 255 });
    let power = |power: u32| {
        move |file: &mut Vec<u8>| file[header + 36..header + 40].copy_from_slice(&power.to_le_bytes())
    };
    assert_eq!(
        refused(ptau(Some(29), power(u32::MAX))),
        SetupError::TooFewPowers { got: u32::MAX, wanted: 29 }
    );
    assert_eq!(refused(ptau(None, power(u32::MAX))), is(PtauError::Truncated { section: 2 }));
    assert_eq!(refused(ptau(Some(8), |_| ())), SetupError::Size { powers_log2: 8 });
    assert_eq!(refused(ptau(None, power(0))), SetupError::Size { powers_log2: 0 });
}

/// A coordinate as the file has it: Montgomery form, little endian.
fn montgomery(value: Fq) -> Vec<u8> {
    (value * Fq::from(2u64).pow([256])).into_bigint().to_bytes_le()
}

#[test]
fn ceremony_files_with_wrong_points() {
    let (g1, g2) = (section(PTAU, 2), section(PTAU, 3));
    let error = |change: &dyn Fn(&mut Vec<u8>)| refused(ptau(Some(9), change));
    let at = |section, index, error| SetupError::Ptau(PtauError::Point { section, index, error });
    assert_eq!(error(&|file| file[g1 + 64 * 17] ^= 1), at(2, 17, PointError::NotOnCurve));
    assert_eq!(error(&|file| file[g1..g1 + 64].fill(0)), SetupError::NotPowers);
    assert_eq!(error(&|file| file[g1 + 640..g1 + 704].fill(0)), SetupError::NotPowers);
    assert_eq!(error(&|file| file[g2 + 128..g2 + 256].fill(0)), at(3, 1, PointError::Identity));
    assert_eq!(error(&|file| file[g1 + 64..g1 + 128].fill(0xff)), at(2, 1, PointError::NotCanonical));
    assert_eq!(error(&|file| file[g2 + 128] ^= 1), at(3, 1, PointError::NotOnCurve));
    assert_eq!(error(&|file| file[g2 + 128..g2 + 256].fill(0xff)), at(3, 1, PointError::NotCanonical));
    let with_tau = |point: G2Affine| {
        let bytes = [point.x.c0, point.x.c1, point.y.c0, point.y.c1].map(montgomery).concat();
        error(&move |file| file[g2 + 128..g2 + 256].copy_from_slice(&bytes))
    };
    assert_eq!(with_tau(outside_the_subgroup()), at(3, 1, PointError::WrongSubgroup));
    assert_eq!(with_tau(G2Affine::generator()), SetupError::TauG2(PointError::Identity));
    assert_eq!(with_tau((G2Affine::generator() * Fr::from(9u64)).into_affine()), SetupError::NotPowers);
    let swap = |file: &mut Vec<u8>| {
        let (a, b) = (g1 + 64 * 100, g1 + 64 * 101);
        (0..64).for_each(|i| file.swap(a + i, b + i));
    };
    assert_eq!(error(&swap), SetupError::NotPowers);
    // the first power is the generator, whatever the ratios are
    let shifted = |file: &mut Vec<u8>| file.copy_within(g1 + 64..g1 + 64 * 4097, g1);
    assert_eq!(error(&shifted), SetupError::NotPowers);
    let doubled = {
        let reference = ptau(Some(9), |_| ()).unwrap();
        let point = (reference.powers()[511] * Fr::from(2u64)).into_affine();
        [point.x, point.y].map(montgomery).concat()
    };
    let scaled = |file: &mut Vec<u8>| file[g1 + 64 * 511..g1 + 64 * 512].copy_from_slice(&doubled);
    assert_eq!(error(&scaled), SetupError::NotPowers);
}

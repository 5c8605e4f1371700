//! Seals: honest ones are accepted from headers, card and key alone; everything changed is refused by name.

use crate::world::{bundle, check, licensor, program, reference, rerandomised, sealed, verify_with, world};
use ark_bn254::{Bn254, Fq2, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use candor_circuits::compressed::{compress_g1, compress_g2, decompress_g1, decompress_g2};
use candor_circuits::point::{PointError, decode_g1, decode_g2};
use candor_circuits::seal::key::{G2Bytes, KeyError, KeyPoint};
use candor_program::Fr;
use candor_program::card::Card;
use candor_program::digest::ProgramIds;
use candor_program::encoding::FrBytes;
use candor_prover::seal::SealKeys;
use candor_trace::{PreviousHeader, Purpose, SealFile, SealStart};
use candor_verifier::{Assumption, AssumptionName, ErrorKind, Expected, SealError, SealScalar, verify_seal};

#[test]
fn an_honest_seal_is_accepted_and_names_its_assumptions() {
    let world = world();
    let bytes = world.file.to_bytes();
    let file = SealFile::from_bytes(&bytes).unwrap();
    let sealed = verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file).unwrap();
    assert_eq!(sealed.headers.len(), 3);
    let names: Vec<_> = sealed.assumptions.iter().map(|assumption| assumption.name()).collect();
    assert!(names.contains(&AssumptionName::DevelopmentSealKey));
    // A seal carries no credentials: whether the licensor signed was not looked at, and the report says so.
    let unchecked = Assumption::UncheckedEvidence { slot: "licence".into(), signer: licensor().public() };
    assert!(sealed.assumptions.contains(&unchecked));
    assert!(!names.contains(&AssumptionName::SignedEvidence));
    assert!(unchecked.to_string().starts_with("unchecked-evidence: evidence slot `licence`"));
    let mut expected = world.expected.clone();
    expected.refused.push(AssumptionName::UncheckedEvidence);
    let refused = verify_seal(&expected, &world.bundle.card, &world.keys.verifying, &file);
    let assumption = AssumptionName::UncheckedEvidence;
    assert_eq!(refused.unwrap_err(), SealError::Refused { assumption });
    // By whom it should have been signed, whatever else is accepted.
    let signer = licensor().public();
    let expected = Expected { refused_signers: vec![signer], ..world.expected.clone() };
    let error = verify_seal(&expected, &world.bundle.card, &world.keys.verifying, &file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefusedAssumption);
    assert_eq!(error, SealError::RefusedSigner { assumption, signer });
    assert!(world.file.proof.len_bytes() < 2_048, "{}", world.file.proof.len_bytes());
}

#[test]
fn retraining_keeps_the_key_and_needs_its_own_program_id() {
    let world = world();
    let reference = reference();
    let mut other = program(&reference, 77);
    other.card.policy.predicates[1].operand = candor_program::policy::Operand::Constant(30);
    let bundle = bundle(&other, 0, 3);
    let (_, file) = sealed(&other, &reference, &bundle, &world.keys);
    let refused = verify_seal(&world.expected, &other.card, &world.keys.verifying, &file);
    assert!(matches!(refused, Err(SealError::Program { part: "the card", .. })), "{refused:?}");
    let mut expected = world.expected.clone();
    expected.program_id = candor_program::digest::ProgramIds::of(&other.card).program_id;
    verify_seal(&expected, &other.card, &world.keys.verifying, &file).unwrap();
    // the old seal under the new program's id, and the other way round
    assert!(verify_seal(&expected, &other.card, &world.keys.verifying, &world.file).is_err());
}

#[test]
fn every_part_of_a_seal_is_bound() {
    assert_eq!(check(|_| ()), Ok(()));
    let equation = Err(SealError::Key(KeyError::Equation));
    assert_eq!(check(|file| file.payout[0] ^= 1), equation.clone());
    for index in 0..world().file.proof.exposed.len() {
        let result = check(|file| {
            let value = file.proof.exposed[index].to_fr() + Fr::from(1u64);
            file.proof.exposed[index] = value.into();
        });
        assert_eq!(result, equation, "exposed value {index}");
    }
    for index in 0..world().file.proof.points.len() {
        let swapped = world().file.proof.points[(index + 1) % world().file.proof.points.len()];
        assert_eq!(check(|file| file.proof.points[index] = swapped), equation, "point {index}");
    }
    let digest = check(|file| {
        let value = file.proof.boundary_digest.to_fr() + Fr::from(1u64);
        file.proof.boundary_digest = value.into();
    });
    assert_eq!(digest, equation);
    assert!(matches!(check(|file| file.proof.exposed.truncate(1)), Err(SealError::Lengths { .. })));
    assert!(matches!(check(|file| file.proof.points.truncate(1)), Err(SealError::Lengths { .. })));
    assert!(matches!(check(|file| file.headers.truncate(2)), Err(SealError::Headers { .. })));
    assert!(matches!(check(|file| file.headers[1].time += 1), Err(SealError::Signature { sequence: 3, .. })));
    assert!(matches!(check(|file| file.headers.swap(0, 1)), Err(SealError::Signature { sequence: 2, .. })));
    assert!(matches!(check(|file| file.key_id[0] ^= 1), Err(SealError::OtherKey { .. })));
    assert_eq!(check(|file| file.purpose = Purpose::Challenge), Err(SealError::Purpose));
}

#[test]
fn a_key_that_anybody_can_forge_for_is_refused() {
    let key = &world().keys.verifying;
    let mut same = key.clone();
    same.delta_g2 = same.gamma_g2;
    let coincide = KeyError::Coincide { first: KeyPoint::Gamma, second: KeyPoint::Delta };
    assert_eq!(same.validate().unwrap_err(), coincide);
    let mut identity = key.clone();
    identity.alpha_g1.0 = [0; 64];
    assert!(matches!(identity.validate().unwrap_err(), KeyError::Point { point: KeyPoint::Alpha, .. }));
    assert!(key.validate().is_ok());
}

#[test]
fn development_keys_are_refused_by_default() {
    let world = world();
    let expected = Expected { allow_development_setup: false, ..world.expected.clone() };
    let refused = verify_seal(&expected, &world.bundle.card, &world.keys.verifying, &world.file);
    assert_eq!(refused, Err(SealError::Refused { assumption: AssumptionName::DevelopmentSealKey }));
}

#[test]
fn keys_survive_their_file_and_damage_is_named() {
    let world = world();
    let bytes = world.keys.to_bytes();
    let keys = SealKeys::from_bytes(&bytes, &world.program.card).unwrap();
    assert_eq!(keys.verifying, world.keys.verifying);
    assert!(SealKeys::from_bytes(&bytes[..bytes.len() - 1], &world.program.card).is_err());
    assert!(SealKeys::from_bytes(b"foreign", &world.program.card).is_err());
}

/// The big-endian sum of 32 bytes and a multiple of the scalar field's modulus; `None` beyond 2^256.
fn plus_moduli(bytes: &[u8; 32], times: u32) -> Option<[u8; 32]> {
    let mut sum = *bytes;
    for _ in 0..times {
        let mut carry = 0u16;
        for (to, from) in sum.iter_mut().zip(Fr::MODULUS.to_bytes_be()).rev() {
            carry += u16::from(*to) + u16::from(from);
            *to = carry as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(sum)
}

/// Every scalar of a file by its name.
fn scalars(file: &mut SealFile) -> Vec<(SealScalar, &mut FrBytes)> {
    let first = file.first_sequence();
    let mut scalars = vec![(SealScalar::BoundaryDigest, &mut file.proof.boundary_digest)];
    let exposed = file.proof.exposed.iter_mut().enumerate();
    scalars.extend(exposed.map(|(index, value)| (SealScalar::Exposed(index), value)));
    if let SealStart::After(previous) = &mut file.start {
        let name = SealScalar::Header(previous.sequence);
        let PreviousHeader { state_before, observations, evidence, state_after, acc, .. } = previous;
        scalars.extend([state_before, observations, evidence, state_after, acc].map(|word| (name, word)));
    }
    for (sequence, header) in (first..).zip(&mut file.headers) {
        let words = [&mut header.observations, &mut header.evidence, &mut header.state_after];
        scalars.extend(words.map(|word| (SealScalar::Header(sequence), word)));
    }
    scalars
}

/// threats.md 18: no value has two encodings, in the file's bytes or in memory.
#[test]
fn a_scalar_plus_the_modulus_is_refused_at_every_position() {
    let world = world();
    let count = scalars(&mut world.file.clone()).len();
    assert_eq!(count, 6 + world.file.proof.exposed.len() + 3 * world.file.headers.len());
    for position in 0..count {
        for times in 1..=5 {
            let mut file = world.file.clone();
            let (scalar, value) = scalars(&mut file).swap_remove(position);
            let Some(other) = plus_moduli(&value.0, times) else { continue };
            // the same value mod r: without the check below everything but the signatures would be satisfied
            assert_eq!(FrBytes(other).to_fr(), value.to_fr());
            value.0 = other;
            assert!(SealFile::from_bytes(&file.to_bytes()).is_err(), "{scalar:?}");
            let refused =
                verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file).unwrap_err();
            assert_eq!(refused, SealError::Scalar { scalar });
            assert_eq!(refused.kind(), ErrorKind::Malformed);
        }
        let mut file = world.file.clone();
        let (scalar, value) = scalars(&mut file).swap_remove(position);
        value.0 = [0xff; 32];
        assert!(SealFile::from_bytes(&file.to_bytes()).is_err());
        let refused = verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file);
        assert_eq!(refused, Err(SealError::Scalar { scalar }));
    }
}

/// threats.md 19: other bytes, the same verdict about the same records; nothing that is returned depends on the bytes.
#[test]
fn a_rerandomised_proof_is_the_same_seal() {
    let world = world();
    let honest = verify_with(|_, _, _, _| ()).unwrap();
    let again = verify_with(|_, _, _, file| {
        *file = rerandomised(file, 0x1234_5678);
        assert_ne!(*file, world.file);
    });
    assert_eq!(again, Ok(honest));
}

/// threats.md 20 and 21: every point of a seal as every form that is no point of its group, or another point.
#[test]
fn every_point_of_a_seal_is_the_one_that_was_proven() {
    let equation = Err(SealError::Key(KeyError::Equation));
    let (generator, twist) = (G1Affine::generator(), G2Affine::generator());
    // the flag of the sign: the other point of the same x
    let negative = |bytes: &[u8]| flipped(bytes, 0x40);
    let q = ark_bn254::Fq::MODULUS.to_bytes_be();
    // x + q below 2^254 exists only for small x; q itself and all ones stand for it where it does not
    let not_canonical = |bytes: &[u8]| {
        let mut forms = vec![flipped(bytes, 0x80), flipped(bytes, 0xc0)];
        for x in [&q[..], &[0x3f; 32]] {
            let mut form = bytes.to_vec();
            form[..32].copy_from_slice(x);
            form[0] |= 0x80;
            forms.push(form);
        }
        // the identity with garbage, without its flag, and with a sign
        let mut identity = vec![0; bytes.len()];
        forms.push(identity.clone());
        identity[0] = 0x40;
        identity[bytes.len() - 1] = 1;
        forms.push(identity);
        forms
    };
    let off_curve = |bytes: &[u8]| {
        let mut form = bytes.to_vec();
        loop {
            form[bytes.len() - 1] = form[bytes.len() - 1].wrapping_add(1);
            let missing = match form.len() {
                32 => decompress_g1(&form[..].try_into().unwrap()) == Err(PointError::NotOnCurve),
                _ => decompress_g2(&form[..].try_into().unwrap()) == Err(PointError::NotOnCurve),
            };
            if missing {
                return form;
            }
        }
    };
    let identity = |length: usize| {
        let mut bytes = vec![0; length];
        bytes[0] = 0x40;
        bytes
    };
    // A, B and C
    type Pick = fn(&mut SealFile) -> &mut [u8];
    let groth: [(KeyPoint, Pick, Vec<u8>); 3] = [
        (KeyPoint::A, |file| &mut file.proof.a.0, compress_g1(&generator).to_vec()),
        (KeyPoint::B, |file| &mut file.proof.b.0, compress_g2(&twist).to_vec()),
        (KeyPoint::C, |file| &mut file.proof.c.0, compress_g1(&generator).to_vec()),
    ];
    for (point, pick, generator) in groth {
        let original = pick(&mut world().file.clone()).to_vec();
        let with = |bytes: &[u8]| check(|file| pick(file).copy_from_slice(bytes));
        let bad = |error| Err(SealError::Key(KeyError::Point { point, error }));
        assert_eq!(with(&original), Ok(()));
        assert_eq!(with(&generator), equation);
        assert_eq!(with(&negative(&original)), equation);
        assert_eq!(with(&identity(original.len())), bad(PointError::Identity));
        assert_eq!(with(&off_curve(&original)), bad(PointError::NotOnCurve));
        for form in not_canonical(&original) {
            assert_eq!(with(&form), bad(PointError::NotCanonical), "{point:?} {form:02x?}");
        }
    }
    let outside = (1u64..).find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), true)).unwrap();
    let wrong = KeyError::Point { point: KeyPoint::B, error: PointError::WrongSubgroup };
    assert_eq!(check(|file| file.proof.b.0 = compress_g2(&outside)), Err(SealError::Key(wrong)));
    // the argument's points, of which the identity is one
    for index in 0..world().file.proof.points.len() {
        let original = world().file.proof.points[index].0;
        let with = |bytes: &[u8]| check(|file| file.proof.points[index].0.copy_from_slice(bytes));
        let bad = |error| Err(SealError::Point { index, error });
        let same = original.to_vec() == identity(32);
        if !same {
            assert_eq!(with(&negative(&original)), equation, "point {index}");
            assert_eq!(with(&identity(32)), equation, "point {index}");
        }
        assert_eq!(with(&compress_g1(&generator)), equation, "point {index}");
        let finite = compress_g1(&generator);
        assert_eq!(with(&off_curve(&finite)), bad(PointError::NotOnCurve));
        for form in not_canonical(&finite) {
            assert_eq!(with(&form), bad(PointError::NotCanonical), "point {index} {form:02x?}");
        }
    }
}

fn flipped(bytes: &[u8], flags: u8) -> Vec<u8> {
    let mut form = bytes.to_vec();
    form[0] ^= flags;
    form
}

/// threats.md 17, with the defect put back in: the bare equation takes a proof that nobody made.
#[test]
fn the_bare_equation_would_take_a_forgery_for_a_careless_key() {
    let lie = |file: &mut SealFile| file.payout = [0xee; 20];
    let forged = verify_with(|_, _, key, file| {
        key.delta_g2 = key.gamma_g2;
        lie(file);
        file.key_id = key.id();
        // whatever the inputs are: here those of another payout, which the forger computes as the verifier does
        let inputs = [Fr::from(1u64), Fr::from(2u64), Fr::from(3u64)];
        let points: Vec<G1Affine> = key.inputs_g1.iter().map(|point| decode_g1(point).unwrap()).collect();
        let sum = points[1..]
            .iter()
            .zip(inputs)
            .fold(points[0].into_group(), |sum, (point, input)| sum + *point * input);
        let [alpha, c] = [decode_g1(&key.alpha_g1).unwrap(), (-sum).into_affine()];
        let [beta, gamma] = [&key.beta_g2, &key.gamma_g2].map(|G2Bytes(bytes)| decode_g2(bytes).unwrap());
        let bare = Bn254::multi_pairing([alpha, -alpha, -sum.into_affine(), -c], [beta, beta, gamma, gamma]);
        assert!(bare.0 == <Bn254 as Pairing>::TargetField::ONE, "the forgery satisfies the bare equation");
        file.proof.a.0 = compress_g1(&alpha);
        file.proof.b.0 = compress_g2(&beta);
        file.proof.c.0 = compress_g1(&c);
    });
    let coincide = KeyError::Coincide { first: KeyPoint::Gamma, second: KeyPoint::Delta };
    assert_eq!(forged, Err(SealError::Key(coincide)));
}

/// threats.md 5 and 7: a change of the program under the same id, and the same seal under the changed program's own id.
#[test]
fn a_seal_holds_for_one_program() {
    use candor_program::operator::Operator;
    type Change = fn(&mut Card);
    let changes: [(&str, Change); 12] = [
        ("multiplier", |card| {
            let Operator::Affine(affine) = &mut card.operators[0] else { panic!("a lookup") };
            affine.rescale.multiplier += 1;
        }),
        ("low", |card| {
            let Operator::Affine(affine) = &mut card.operators[1] else { panic!("a lookup") };
            affine.rescale.low -= 1;
        }),
        ("span", |card| card.features[3].max -= 1),
        ("offset", |card| (card.features[0].min, card.features[0].max) = (-29_999, 35_536)),
        ("amount", |card| {
            let candor_program::head::Head::ArgMax { actions, .. } = &mut card.head;
            actions[0].amount -= 1;
        }),
        ("register", |card| card.registers[0].initial += 1),
        ("update", |card| card.registers[0].on_execute = candor_program::state::Update::Reset),
        ("predicate", |card| {
            card.policy.predicates[0].operand = candor_program::policy::Operand::Constant(0)
        }),
        ("rule", |card| card.policy.rules[1].effect = candor_program::policy::Effect::Permit),
        ("reason", |card| card.policy.rules[0].reason = 17),
        ("transaction", |card| card.transaction.to[0] ^= 1),
        ("weights", |card| card.weight_rows.swap(0, 1)),
    ];
    for (what, change) in changes {
        let same_id = verify_with(|_, card, _, _| change(card));
        assert!(matches!(same_id, Err(SealError::Program { part: "the card", .. })), "{what}: {same_id:?}");
        let own_id = verify_with(|expected, card, _, file| {
            change(card);
            let id = ProgramIds::of(card).program_id;
            (expected.program_id, file.program_id) = (id, id);
        });
        // what the agent signed names its own program
        assert!(matches!(own_id, Err(SealError::Signature { sequence: 1, .. })), "{what}: {own_id:?}");
    }
}

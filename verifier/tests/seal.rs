//! Seals: honest ones are accepted from headers, card and key alone; everything changed is refused by name.

use ark_bn254::{Bn254, Fq2, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::point::{PointError, decode_g1, decode_g2, encode_g1, encode_g2};
use candor_circuits::seal::key::{G2Bytes, KeyError, KeyPoint, SealKey};
use candor_program::card::{Card, PointBytes};
use candor_program::digest::ProgramIds;
use candor_program::encoding::FrBytes;
use candor_program::observation::Observation;
use candor_program::{Fr, Program};
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, SealFile, Selection, SignedRecord};
use candor_verifier::{AssumptionName, ErrorKind, Expected, SealError, SealScalar, verify_seal};
use std::sync::OnceLock;

struct World {
    program: Program,
    bundle: Bundle,
    keys: SealKeys,
    file: SealFile,
    expected: Expected,
}

fn observation(program: &Program, time: u64, random: &mut Random) -> Observation {
    let value = |feature: &candor_program::feature::Feature, random: &mut Random| {
        let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
        format!("\"{}\"", candor_program::decimal::format_decimal(value, feature.decimals))
    };
    let values: Vec<String> = program.card.features.iter().map(|feature| value(feature, random)).collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Observation::from_json(&line, &program.card).unwrap()
}

fn program(reference: &ReferenceString, seed: u64) -> Program {
    let shape = Shape { widths: &[8, 8, 3], row_log2: 9, residual: true, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), seed);
    program.card.weight_rows = commit_program(reference, &program.card, &program.weights).unwrap();
    program
}

fn records(program: &Program, count: u64) -> Vec<SignedRecord> {
    let key = AgentKey::from_bytes(&[9; 32]).unwrap();
    let mut recorder = Recorder::resume(program.clone(), key, None).unwrap();
    let mut random = Random(4);
    let step = |i: u64| {
        let salts = Salts { observations: u128::from(random.next_u64()), evidence: u128::from(i) };
        let observation = observation(program, 1_000 + 60 * i, &mut random);
        recorder.record(observation, salts).unwrap().record
    };
    (0..count).map(step).collect()
}

fn bundle(program: &Program, first: u64, last: u64) -> Bundle {
    Bundle::select(program.card.clone(), &records(program, last + 1), Selection::Range { first, last })
        .unwrap()
}

fn sealed(program: &Program, reference: &ReferenceString, bundle: &Bundle, keys: &SealKeys) -> SealFile {
    let prover = Prover::new_unchecked(program, reference).unwrap();
    let proof = prover.prove_path(bundle, [3; 20], &mut |_, _| ()).unwrap();
    seal(keys, bundle, &proof, [Fr::from(11u64), Fr::from(12u64)]).unwrap()
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let reference = ReferenceString::development(9, &[1; 32]).unwrap();
        let program = program(&reference, 3);
        let keys = SealKeys::development(&program.card, 2, &[2; 32]).unwrap();
        let bundle = bundle(&program, 2, 4);
        let file = sealed(&program, &reference, &bundle, &keys);
        let ids = candor_program::digest::ProgramIds::of(&program.card);
        let agent = bundle.agent().unwrap();
        let mut expected = Expected::new(ids.program_id, agent, program.card.domain);
        expected.allow_development_setup = true;
        World { program, bundle, keys, file, expected }
    })
}

fn check(change: impl FnOnce(&mut SealFile)) -> Result<(), SealError> {
    let world = world();
    let mut file = world.file.clone();
    change(&mut file);
    verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file).map(|_| ())
}

#[test]
fn an_honest_seal_is_accepted_and_names_its_assumptions() {
    let world = world();
    let bytes = world.file.to_bytes();
    let file = SealFile::from_bytes(&bytes).unwrap();
    let sealed = verify_seal(&world.expected, &world.bundle.card, &world.keys.verifying, &file).unwrap();
    assert_eq!(sealed.headers.len(), 3);
    let names: Vec<_> = sealed.assumptions.iter().map(|assumption| assumption.name()).collect();
    assert!(names.contains(&AssumptionName::DevelopmentSealKey));
    assert!(world.file.proof.compressed_bytes() < 2_048, "{}", world.file.proof.compressed_bytes());
}

#[test]
fn retraining_keeps_the_key_and_needs_its_own_program_id() {
    let world = world();
    let reference = ReferenceString::development(9, &[1; 32]).unwrap();
    let mut other = program(&reference, 77);
    other.card.policy.predicates[1].operand = candor_program::policy::Operand::Constant(30);
    let bundle = bundle(&other, 0, 3);
    let file = sealed(&other, &reference, &bundle, &world.keys);
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
    assert!(matches!(check(|file| file.headers[1].header.time += 1), Err(SealError::Signature { .. })));
    assert!(matches!(check(|file| file.headers.swap(0, 1)), Err(SealError::Chain { .. })));
    assert!(matches!(check(|file| file.key_id[0] ^= 1), Err(SealError::OtherKey { .. })));
    assert!(matches!(check(|file| file.batch_log2 = 1), Err(SealError::KeyClass)));
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

fn verify_with(
    change: impl FnOnce(&mut Expected, &mut Card, &mut SealKey, &mut SealFile),
) -> Result<candor_verifier::Sealed, SealError> {
    let world = world();
    let (mut expected, mut card) = (world.expected.clone(), world.bundle.card.clone());
    let (mut key, mut file) = (world.keys.verifying.clone(), world.file.clone());
    change(&mut expected, &mut card, &mut key, &mut file);
    verify_seal(&expected, &card, &key, &file)
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
    let mut scalars = vec![(SealScalar::BoundaryDigest, &mut file.proof.boundary_digest)];
    let exposed = file.proof.exposed.iter_mut().enumerate();
    scalars.extend(exposed.map(|(index, value)| (SealScalar::Exposed(index), value)));
    for signed in &mut file.headers {
        let header = &mut signed.header;
        let name = SealScalar::Header(header.sequence);
        let words = [
            &mut header.state_before,
            &mut header.observations,
            &mut header.evidence,
            &mut header.state_after,
            &mut header.acc,
        ];
        scalars.extend(words.map(|word| (name, word)));
    }
    scalars
}

/// threats.md 18: no value has two encodings, in the file's bytes or in memory.
#[test]
fn a_scalar_plus_the_modulus_is_refused_at_every_position() {
    let world = world();
    let count = scalars(&mut world.file.clone()).len();
    assert_eq!(count, 1 + world.file.proof.exposed.len() + 5 * world.file.headers.len());
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
    let s = Fr::from(0x1234_5678u64);
    let again = verify_with(|_, _, _, file| {
        let proof = &mut file.proof;
        proof.a = encode_g1(&(decode_g1(&proof.a).unwrap() * s).into_affine());
        proof.b = encode_g2(&(decode_g2(&proof.b).unwrap() * s.inverse().unwrap()).into_affine());
        assert_ne!(*file, world.file);
    });
    assert_eq!(again, Ok(honest));
}

/// threats.md 20 and 21.
#[test]
fn every_point_of_a_seal_is_the_one_that_was_proven() {
    let equation = Err(SealError::Key(KeyError::Equation));
    let bad = |point, error| Err(SealError::Key(KeyError::Point { point, error }));
    let (generator, twist) = (G1Affine::generator(), G2Affine::generator());
    let negative = |point: &PointBytes| encode_g1(&-decode_g1(point).unwrap());
    let off_curve = |point: &PointBytes| {
        let mut point = *point;
        point.0[63] ^= 1;
        point
    };
    let not_canonical = {
        let mut point = encode_g1(&generator);
        point.0[..32].copy_from_slice(&ark_bn254::Fq::MODULUS.to_bytes_be());
        point
    };
    // A and C
    type Pick = fn(&mut SealFile) -> &mut PointBytes;
    for (name, pick) in
        [(KeyPoint::A, (|file| &mut file.proof.a) as Pick), (KeyPoint::C, |file| &mut file.proof.c)]
    {
        assert_eq!(check(|file| pick(file).0 = [0; 64]), bad(name, PointError::Identity));
        assert_eq!(check(|file| *pick(file) = encode_g1(&generator)), equation);
        assert_eq!(check(|file| *pick(file) = negative(pick(file))), equation);
        assert_eq!(check(|file| *pick(file) = off_curve(pick(file))), bad(name, PointError::NotOnCurve));
        assert_eq!(check(|file| *pick(file) = not_canonical), bad(name, PointError::NotCanonical));
    }
    // B
    let outside = (1u64..).find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), true)).unwrap();
    assert_eq!(check(|file| file.proof.b = [0; 128]), bad(KeyPoint::B, PointError::Identity));
    assert_eq!(check(|file| file.proof.b = encode_g2(&twist)), equation);
    assert_eq!(check(|file| file.proof.b = encode_g2(&-decode_g2(&file.proof.b).unwrap())), equation);
    assert_eq!(check(|file| file.proof.b[127] ^= 1), bad(KeyPoint::B, PointError::NotOnCurve));
    assert_eq!(check(|file| file.proof.b = encode_g2(&outside)), bad(KeyPoint::B, PointError::WrongSubgroup));
    // the argument's points are in the boundary by their bytes, whatever they are
    for index in 0..world().file.proof.points.len() {
        let original = world().file.proof.points[index];
        for point in [
            PointBytes([0; 64]),
            encode_g1(&generator),
            negative(&original),
            off_curve(&original),
            not_canonical,
        ] {
            assert_eq!(check(|file| file.proof.points[index] = point), equation, "point {index}");
        }
    }
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
        (file.proof.a, file.proof.b, file.proof.c) = (key.alpha_g1, key.beta_g2.0, encode_g1(&c));
    });
    let coincide = KeyError::Coincide { first: KeyPoint::Gamma, second: KeyPoint::Delta };
    assert_eq!(forged, Err(SealError::Key(coincide)));
}

/// threats.md 24, 25 and 27: each of what the reader expects, changed alone.
#[test]
fn everything_expected_is_checked() {
    assert!(verify_with(|_, _, _, _| ()).is_ok());
    let program = verify_with(|expected, _, _, _| expected.program_id[31] ^= 1);
    assert!(matches!(program, Err(SealError::Program { part: "the card", .. })));
    let agent = verify_with(|expected, _, _, _| expected.agent[19] ^= 1);
    assert!(matches!(agent, Err(SealError::Agent { sequence: 2, .. })), "{agent:?}");
    assert_eq!(verify_with(|expected, _, _, _| expected.domain.chain_id += 1), Err(SealError::Domain));
    assert_eq!(
        verify_with(|expected, _, _, _| expected.domain.verifying_contract[0] ^= 1),
        Err(SealError::Domain)
    );
    // a card for the other chain is another program
    let chain = verify_with(|expected, card, _, _| {
        expected.domain.chain_id += 1;
        card.domain.chain_id += 1;
    });
    assert!(matches!(chain, Err(SealError::Program { part: "the card", .. })));
    // and its records are signed for another domain, even if everybody agreed on the new program
    let chain = verify_with(|expected, card, _, file| {
        expected.domain.chain_id += 1;
        card.domain.chain_id += 1;
        let id = ProgramIds::of(card).program_id;
        (expected.program_id, file.program_id) = (id, id);
    });
    assert!(matches!(chain, Err(SealError::Program { part: "the record before the seal", .. })), "{chain:?}");
    let refused = |name| verify_with(|expected, _, _, _| expected.refused.push(name));
    for name in [AssumptionName::DevelopmentSetup, AssumptionName::DevelopmentSealKey] {
        assert_eq!(refused(name), Err(SealError::Refused { assumption: name }));
    }
    let development = verify_with(|expected, _, _, _| expected.allow_development_setup = false);
    assert!(matches!(development, Err(SealError::Refused { .. })));
    // the payout, and with it whoever sends somebody else's seal
    for index in 0..20 {
        let payout = verify_with(|_, _, _, file| file.payout[index] ^= 0x80);
        assert_eq!(payout, Err(SealError::Key(KeyError::Equation)));
    }
    // the key
    let key = verify_with(|_, _, key, _| key.constraints += 1);
    assert!(matches!(key, Err(SealError::OtherKey { .. })));
    let class = verify_with(|_, _, key, file| {
        key.class_digest[0] ^= 1;
        file.key_id = key.id();
    });
    assert_eq!(class, Err(SealError::KeyClass));
    let batch = verify_with(|_, _, key, file| {
        (key.batch_log2, file.batch_log2) = (1, 1);
        file.key_id = key.id();
    });
    assert!(matches!(batch, Err(SealError::Headers { .. })), "{batch:?}");
    let swapped = verify_with(|_, _, key, file| {
        key.inputs_g1.swap(1, 2);
        file.key_id = key.id();
    });
    assert_eq!(swapped, Err(SealError::Key(KeyError::Equation)));
    // where the path starts
    let start = verify_with(|_, _, _, file| file.start = candor_trace::Start::Genesis);
    assert!(matches!(start, Err(SealError::Chain { .. })), "{start:?}");
}

/// threats.md 5 and 7: a change of the program under the same id, and the same seal under the changed program's own id.
#[test]
fn a_seal_holds_for_one_program() {
    use candor_program::operator::Operator;
    type Change = fn(&mut Card);
    let changes: [(&str, Change); 12] = [
        ("multiplier", |card| {
            let Operator::Affine(affine) = &mut card.operators[0];
            affine.rescale.multiplier += 1;
        }),
        ("low", |card| {
            let Operator::Affine(affine) = &mut card.operators[1];
            affine.rescale.low -= 1;
        }),
        ("span", |card| card.features[3].max -= 1),
        ("offset", |card| (card.features[0].min, card.features[0].max) = (-29_999, 35_536)),
        ("amount", |card| {
            let candor_program::head::Head::ArgMax { actions } = &mut card.head;
            actions[0].amount -= 1;
        }),
        ("register", |card| card.registers[0].initial += 1),
        ("update", |card| card.registers[0].on_execute = candor_program::state::Update::Increment),
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
        assert!(
            matches!(own_id, Err(SealError::Program { part: "the record before the seal", .. })),
            "{what}: {own_id:?}"
        );
    }
}

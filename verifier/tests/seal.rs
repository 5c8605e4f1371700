//! Seals: honest ones are accepted from headers, card and key alone; everything changed is refused by name.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::seal::key::{KeyError, KeyPoint};
use candor_program::observation::Observation;
use candor_program::{Fr, Program};
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, SealFile, Selection, SignedRecord};
use candor_verifier::{AssumptionName, Expected, SealError, verify_seal};
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
    Bundle::select(program.card.clone(), &records(program, last + 1), Selection::Range { first, last }).unwrap()
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
    assert!(matches!(check(|file| drop(file.headers.pop())), Err(SealError::Headers { .. })));
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

//! A program, its keys, and the seals of three of its paths.

use ark_ec::CurveGroup;
use ark_ff::Field;
use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::compressed::{compress_g1, compress_g2, decompress_g1, decompress_g2};
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::key::SealKey;
use candor_program::card::Card;
use candor_program::digest::ProgramIds;
use candor_program::evidence::{Authority, Slot, Subject};
use candor_program::observation::Observation;
use candor_program::{Fr, Program};
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::evidence::{Attestation, Credential};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, SealFile, SecretKey, Selection, SignedRecord};
use candor_verifier::{Expected, SealError, Sealed, verify_seal};
use std::sync::OnceLock;

pub(crate) struct World {
    pub(crate) program: Program,
    pub(crate) bundle: Bundle,
    pub(crate) proof: ProofFile,
    pub(crate) keys: SealKeys,
    pub(crate) file: SealFile,
    pub(crate) expected: Expected,
    /// Bundles, proofs and seals of the agent's first four records, and of records 4 to 6.
    pub(crate) others: [(Bundle, ProofFile, SealFile); 2],
}

pub(crate) fn observation(program: &Program, time: u64, random: &mut Random) -> Observation {
    let value = |feature: &candor_program::feature::Feature, random: &mut Random| {
        let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
        format!("\"{}\"", candor_program::decimal::format_decimal(value, feature.decimals))
    };
    let values: Vec<String> = program.card.features.iter().map(|feature| value(feature, random)).collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Observation::from_json(&line, &program.card).unwrap()
}

pub(crate) fn reference() -> ReferenceString {
    ReferenceString::development(9, &[1; 32]).unwrap()
}

pub(crate) fn program(reference: &ReferenceString, seed: u64) -> Program {
    let shape = Shape { widths: &[8, 8, 3], row_log2: 9, residual: true, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), seed);
    program.card.evidence = vec![licence_slot()];
    program.card.class.evidence_size = 4;
    program.card.weight_rows = commit_program(reference, &program.card, &program.weights).unwrap();
    program
}

/// Who licenses agents.
pub(crate) fn licensor() -> SecretKey {
    SecretKey::Secp256k1(AgentKey::from_bytes(&[8; 32]).unwrap())
}

fn licence_slot() -> Slot {
    Slot {
        name: "licence".into(),
        authority: Authority::Attester { key: licensor().public() },
        subject: Subject::Agent,
        decimals: 0,
        default: None,
        revoked_by: None,
        values: Vec::new(),
    }
}

/// A licence of the agent, which every record states.
fn licence() -> Credential {
    let mut subject = [0; 32];
    subject[12..].copy_from_slice(&agent_key().address());
    let licence = Attestation {
        attester: licensor().public(),
        slot: "licence".into(),
        subject,
        value: 1,
        decimals: 0,
        meaning: String::new(),
        program: [0; 32],
        issued: 0,
        expires: 1 << 40,
    };
    Credential::Attestation(licence.sign(&licensor()))
}

pub(crate) fn agent_key() -> AgentKey {
    AgentKey::from_bytes(&[9; 32]).unwrap()
}

/// The agent's first records; another seed is another log of the same agent and program.
pub(crate) fn records(program: &Program, seed: u64, count: u64) -> Vec<SignedRecord> {
    let mut recorder = Recorder::resume(program.clone(), agent_key(), None).unwrap();
    assert_eq!(recorder.present(vec![licence()]), []);
    let mut random = Random(seed);
    let step = |i: u64| {
        let salts = Salts { observations: u128::from(random.next_u64()), evidence: u128::from(i) };
        let observation = observation(program, 1_000 + 60 * i, &mut random);
        recorder.record(observation, salts).unwrap().record
    };
    (0..count).map(step).collect()
}

pub(crate) fn bundle(program: &Program, first: u64, last: u64) -> Bundle {
    let records = records(program, 4, last + 1);
    Bundle::select(program.card.clone(), &records, Selection::Range { first, last }).unwrap()
}

pub(crate) fn sealed(
    program: &Program,
    reference: &ReferenceString,
    bundle: &Bundle,
    keys: &SealKeys,
) -> (ProofFile, SealFile) {
    let prover = Prover::new_unchecked(program, reference).unwrap();
    let proof = prover.prove_path(bundle, [3; 20], &mut |_, _| ()).unwrap();
    let file = seal(keys, bundle, &proof, [Fr::from(11u64), Fr::from(12u64)]).unwrap();
    (proof, file)
}

pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let reference = reference();
        let program = program(&reference, 3);
        let keys = SealKeys::development(&program.card, 2, &[2; 32]).unwrap();
        let path = |first, last| {
            let bundle = bundle(&program, first, last);
            let (proof, file) = sealed(&program, &reference, &bundle, &keys);
            (bundle, proof, file)
        };
        let (bundle, proof, file) = path(2, 4);
        let others = [path(0, 3), path(4, 6)];
        let agent = bundle.agent().unwrap();
        let mut expected =
            Expected::new(ProgramIds::of(&program.card).program_id, agent, program.card.domain);
        expected.allow_development_setup = true;
        World { program, bundle, proof, keys, file, expected, others }
    })
}

/// The seal of records 2 to 4, changed.
pub(crate) fn check(change: impl FnOnce(&mut SealFile)) -> Result<(), SealError> {
    verify_with(|_, _, _, file| change(file)).map(|_| ())
}

/// Everything that the seal of records 2 to 4 is verified from, changed.
pub(crate) fn verify_with(
    change: impl FnOnce(&mut Expected, &mut Card, &mut SealKey, &mut SealFile),
) -> Result<Sealed, SealError> {
    let world = world();
    let (mut expected, mut card) = (world.expected.clone(), world.bundle.card.clone());
    let (mut key, mut file) = (world.keys.verifying.clone(), world.file.clone());
    change(&mut expected, &mut card, &mut key, &mut file);
    verify_seal(&expected, &card, &key, &file)
}

/// Another Groth16 proof of the same statement: (sA, B/s, C).
pub(crate) fn rerandomised(file: &SealFile, s: u64) -> SealFile {
    let (mut file, s) = (file.clone(), Fr::from(s));
    let proof = &mut file.proof;
    proof.a.0 = compress_g1(&(decompress_g1(&proof.a.0).unwrap() * s).into_affine());
    proof.b.0 = compress_g2(&(decompress_g2(&proof.b.0).unwrap() * s.inverse().unwrap()).into_affine());
    file
}

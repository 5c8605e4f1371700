//! How verification falls in a batch: rows of a Markdown table for so many seals, and as many proofs, at once.
//!
//! `cargo run --release -p candor-benches --example batch -- 1,4,16,64,256 100` (sizes, verifications of each). Every seal and
//! proof is of another record of one agent (64-128-128-64-3, rows of 2^10), so that no two share a point. Times are
//! processor time of the one thread that verifies.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::compressed::{compress_g1, compress_g2, decompress_g1, decompress_g2};
use candor_circuits::point::{encode_g1, encode_g2};
use candor_circuits::seal::boundary::Boundary;
use candor_circuits::seal::exposed::expose;
use candor_circuits::seal::key::{G2Bytes, INPUTS, KeySource, SealKey};
use candor_program::Program;
use candor_program::digest::ProgramIds;
use candor_program::encoding::FrBytes;
use candor_program::observation::Observation;
use candor_prover::seal::sealable;
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{
    AgentKey, Bundle, CompressedG1, CompressedG2, Recorder, Salts, SealFile, SealProof, SealStart,
    SealedHeader, Selection, SignedRecord,
};
use candor_verifier::{Expected, ProofFile, SealReader, Submitted, verify, verify_batch, verify_seal};
use std::error::Error;
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let sizes = arguments.next().unwrap_or_else(|| "1,4,16,64".to_owned());
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let runs: usize = arguments.next().unwrap_or_else(|| "100".to_owned()).parse()?;
    let reference = ReferenceString::development(10, &[1; 32])?;
    let shape = Shape { widths: &[64, 128, 128, 64, 3], row_log2: 10, residual: false, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), 9);
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights)?;
    let keys = Simulator::new(ProgramIds::of(&program.card).class_digest);
    let most = sizes.iter().copied().max().unwrap_or(1);
    let made = make(&program, &reference, &keys, most)?;
    let agent = made.first().and_then(|(bundle, _, _)| bundle.agent()).unwrap_or_default();
    let mut expected = Expected::new(ProgramIds::of(&program.card).program_id, agent, program.card.domain);
    expected.allow_development_setup = true;
    let card = &program.card;
    let reader = SealReader::new(&expected, card, &keys.verifying)?;

    if let Some((bundle, proof, file)) = made.get(1).or(made.first()) {
        println!(
            "one seal: {} bytes, {} of them the proof with its openings",
            file.to_bytes().len(),
            file.proof.len_bytes()
        );
        let time = |name: &str, check: &mut dyn FnMut() -> Result<(), Failure>| -> Result<(), Failure> {
            println!("{name}: {:.2} ms", timed(runs, check)?);
            Ok(())
        };
        time("verify_seal", &mut || {
            let _sealed = verify_seal(&expected, card, &keys.verifying, black_box(file))?;
            Ok(())
        })?;
        time("card and key alone", &mut || {
            let _reader = black_box(SealReader::new(&expected, card, &keys.verifying)?);
            Ok(())
        })?;
        time("the seal alone", &mut || {
            let _sealed = reader.verify(black_box(file))?;
            Ok(())
        })?;
        time("decompressing its points", &mut || {
            for point in [&file.proof.a, &file.proof.c].into_iter().chain(&file.proof.points) {
                let _decoded = black_box(decompress_g1(&point.0)?);
            }
            let _decoded = black_box(decompress_g2(&file.proof.b.0)?);
            Ok(())
        })?;
        time("verify of a proof", &mut || {
            let _accepted = verify(&expected, bundle, black_box(proof))?;
            Ok(())
        })?;
    }
    println!("| at once | seals ms | each | proofs ms | each |");
    println!("|---|---|---|---|---|");
    for size in sizes {
        let some = made.get(..size).unwrap_or(&made);
        let seals: Vec<Submitted<'_>> =
            some.iter().map(|(_, _, file)| Submitted::Seal { reader: &reader, file }).collect();
        let proofs: Vec<Submitted<'_>> = some
            .iter()
            .map(|(bundle, proof, _)| Submitted::Proof { expected: &expected, bundle, proof })
            .collect();
        print!("| {size} ");
        for batch in [seals, proofs] {
            // As many runs as give equally many verifications, and two at least.
            let time = timed((runs / size).max(2), &mut || {
                let verdicts = verify_batch(black_box(&batch))?;
                if verdicts.iter().any(Result::is_err) {
                    Err("an honest seal is refused".into())
                } else {
                    Ok(())
                }
            })?;
            print!("| {time:.1} | {:.2} ", time / size as f64);
        }
        println!("|");
    }
    Ok(())
}

/// A key whose secrets are known. Its seals are made up from them instead of proven, which takes a hundredth of the time and
/// is verified like any other; their openings are real.
struct Simulator {
    verifying: SealKey,
    alpha_beta: Fr,
    gamma_inputs: [Fr; INPUTS + 1],
    delta: Fr,
}

impl Simulator {
    fn new(class_digest: [u8; 32]) -> Self {
        let [alpha, beta, gamma, delta] = [3u64, 5, 7, 11].map(|seed| Fr::from(seed).pow([77]));
        let inputs: [Fr; INPUTS + 1] = std::array::from_fn(|index| Fr::from(13 + index as u64).pow([99]));
        let verifying = SealKey {
            source: KeySource::Development,
            class_digest,
            batch_log2: 0,
            constraints: 0,
            alpha_g1: encode_g1(&g1(alpha)),
            beta_g2: G2Bytes(encode_g2(&g2(beta))),
            gamma_g2: G2Bytes(encode_g2(&g2(gamma))),
            delta_g2: G2Bytes(encode_g2(&g2(delta))),
            inputs_g1: inputs.map(|input| encode_g1(&g1(input))),
        };
        Self { verifying, alpha_beta: alpha * beta, gamma_inputs: inputs.map(|input| input * gamma), delta }
    }

    /// Points that satisfy the equation for these inputs, others for every number.
    fn proof(&self, inputs: &[Fr; INPUTS], number: u64) -> (CompressedG1, CompressedG2, CompressedG1) {
        let [a, b] = [2 * number + 2, 2 * number + 3].map(|seed| Fr::from(seed).pow([55]));
        let terms = self.gamma_inputs.iter().skip(1).zip(inputs).map(|(point, input)| *point * input);
        let sum = self.gamma_inputs.iter().take(1).copied().chain(terms).sum::<Fr>();
        let c = (a * b - self.alpha_beta - sum) * self.delta.inverse().unwrap_or_default();
        (
            CompressedG1(compress_g1(&g1(a))),
            CompressedG2(compress_g2(&g2(b))),
            CompressedG1(compress_g1(&g1(c))),
        )
    }

    /// The seal of a bundle of one record.
    fn seal(&self, bundle: &Bundle, proof: &ProofFile, number: u64) -> Result<SealFile, Failure> {
        let path = sealable(bundle, proof)?;
        let record = bundle.records.first().ok_or("a bundle of one record")?;
        let (header, ids) = (&record.header, ProgramIds::of(&bundle.card));
        let [high, low] = path.witness.model_id;
        let mut x = vec![
            high,
            low,
            ids.program_fr,
            path.witness.context,
            path.witness.acc_before,
            header.acc.to_fr(),
            header.state_before.to_fr(),
            header.state_after.to_fr(),
            Fr::from(header.sequence),
            Fr::from(1u64),
            Fr::from(header.executed),
        ];
        let tail = expose(&path.argument.outstanding);
        x.extend(&path.argument.messages.hashes);
        x.extend(&tail);
        let digest = Fr::from(number);
        let (a, b, c) = self.proof(&Boundary(x).fingerprint(digest).inputs(), number);
        let compressed = |point| CompressedG1(compress_g1(point));
        Ok(SealFile {
            program_id: ids.program_id,
            agent: header.agent,
            key_id: self.verifying.id(),
            purpose: proof.purpose,
            payout: proof.payout,
            start: SealStart::of(&bundle.start),
            headers: vec![SealedHeader::of(&record.signed_header())],
            proof: SealProof {
                a,
                b,
                c,
                boundary_digest: digest.into(),
                points: path.argument.points.iter().map(compressed).collect(),
                exposed: tail.into_iter().map(FrBytes::from).collect(),
            },
        })
    }
}

fn g1(scalar: Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

fn g2(scalar: Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}

/// Bundles of one record each, with proof and seal.
fn make(
    program: &Program,
    reference: &ReferenceString,
    simulator: &Simulator,
    count: usize,
) -> Result<Vec<(Bundle, ProofFile, SealFile)>, Failure> {
    let prover = Prover::new_unchecked(program, reference)?;
    let mut recorder = Recorder::resume(program.clone(), AgentKey::from_bytes(&[9; 32])?, None)?;
    let mut random = Random(4);
    let mut records: Vec<SignedRecord> = Vec::new();
    for number in 0..count as u64 {
        let observation = observation(program, 1_000 + 60 * number, &mut random)?;
        records.push(recorder.record(observation, Salts { observations: 11, evidence: 12 })?.record);
    }
    (0..count as u64)
        .map(|number| {
            let range = Selection::Range { first: number, last: number };
            let bundle = Bundle::select(program.card.clone(), &records, range)?;
            let proof = prover.prove_path(&bundle, [3; 20], &mut |_, _| ())?;
            let file = simulator.seal(&bundle, &proof, number)?;
            Ok((bundle, proof, file))
        })
        .collect()
}

fn observation(program: &Program, time: u64, random: &mut Random) -> Result<Observation, Failure> {
    let values: Vec<String> = program
        .card
        .features
        .iter()
        .map(|feature| {
            let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
            format!("\"{}\"", candor_program::decimal::format_decimal(value, feature.decimals))
        })
        .collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Ok(Observation::from_json(&line, &program.card)?)
}

/// Milliseconds of processor time of one run, the mean of so many.
fn timed(runs: usize, check: &mut dyn FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = processor_ms();
    for _ in 0..runs {
        check()?;
    }
    Ok((processor_ms() - start) / runs as f64)
}

/// Processor time of this thread on Linux, so that other work on the machine does not count; elsewhere the clock's.
fn processor_ms() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let of_thread = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = of_thread.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64() * 1e3, |nanoseconds| nanoseconds as f64 / 1e6)
}

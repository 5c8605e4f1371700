//! How verification falls in a batch: rows of a Markdown table for so many seals, and as many proofs, at once.
//!
//! `cargo run --release -p candor-benches --example batch -- 1,4,16,64,256 5` (sizes, runs). Every seal and proof is of
//! another record of one agent (64-128-128-64-3, rows of 2^10), so that no two share a point; making them takes most of
//! the time. Times are the fastest and the median run, on one thread.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::compressed::{decompress_g1, decompress_g2};
use candor_program::digest::ProgramIds;
use candor_program::observation::Observation;
use candor_program::{Fr, Program};
use candor_prover::seal::{SealKeys, seal};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, SealFile, Selection, SignedRecord};
use candor_verifier::{Expected, ProofFile, SealReader, Submitted, verify, verify_batch, verify_seal};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let sizes = arguments.next().unwrap_or_else(|| "1,4,16,64".to_owned());
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let runs: usize = arguments.next().unwrap_or_else(|| "5".to_owned()).parse()?;
    let reference = ReferenceString::development(10, &[1; 32])?;
    let shape = Shape { widths: &[64, 128, 128, 64, 3], row_log2: 10, residual: false, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), 9);
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights)?;
    let keys = SealKeys::development(&program.card, 0, &[2; 32])?;
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
            let (fastest, median) = timed(runs.max(20), check)?;
            println!("{name}: {fastest:.2} ms, median {median:.2}");
            Ok(())
        };
        time("verify_seal", &mut || {
            Ok(drop(verify_seal(&expected, card, &keys.verifying, black_box(file))?))
        })?;
        time("card and key alone", &mut || {
            Ok(drop(black_box(SealReader::new(&expected, card, &keys.verifying)?)))
        })?;
        time("the seal alone", &mut || Ok(drop(reader.verify(black_box(file))?)))?;
        time("decompressing its points", &mut || {
            for point in [&file.proof.a, &file.proof.c].into_iter().chain(&file.proof.points) {
                let _decoded = black_box(decompress_g1(&point.0)?);
            }
            let _decoded = black_box(decompress_g2(&file.proof.b.0)?);
            Ok(())
        })?;
        time("verify of a proof", &mut || Ok(drop(verify(&expected, bundle, black_box(proof))?)))?;
    }
    println!("| at once | seals ms, fastest | median | each | proofs ms, fastest | median | each |");
    println!("|---|---|---|---|---|---|---|");
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
            let (fastest, median) = timed(runs, &mut || {
                let verdicts = verify_batch(black_box(&batch))?;
                if verdicts.iter().any(Result::is_err) {
                    Err("an honest seal is refused".into())
                } else {
                    Ok(())
                }
            })?;
            print!("| {fastest:.1} | {median:.1} | {:.2} ", fastest / size as f64);
        }
        println!("|");
    }
    Ok(())
}

/// Bundles of one record each, with proof and seal.
fn make(
    program: &Program,
    reference: &ReferenceString,
    keys: &SealKeys,
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
            let blinding = [2 * number + 1, 2 * number + 2].map(Fr::from);
            let file = seal(keys, &bundle, &proof, blinding)?;
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

/// Milliseconds of the fastest and of the median run.
fn timed(runs: usize, check: &mut dyn FnMut() -> Result<(), Failure>) -> Result<(f64, f64), Failure> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        check()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
    Ok((at(0), at(times.len() / 2)))
}

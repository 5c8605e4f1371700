//! One row of a Markdown table for each row length and batch: time, memory, proof, verification.
//!
//! `cargo run --release -p candor-benches --example growth -- 64-128-128-64-3 9,10,11,12 0,4 15` (widths or an ONNX model, log2 of a
//! row (`-`: the class's), log2 of the batch, runs). Times are the fastest and the median run; memory is the peak of the process while it proves,
//! on Linux (the mark is reset after the weights are committed), with program and reference string of 2^k powers in it.

mod subject;

use candor_benches::memory::{peak_megabytes, reset_peak};
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::setup::VerifierSetup;
use candor_circuits::soundness::statistical_bits;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::digest::ProgramIds;
use candor_program::{Fr, Program};
use candor_prover::argument::prove;
use candor_prover::witness::Witness;
use candor_prover::{Prover, ReferenceString, commit_program};
use std::error::Error;
use std::time::Instant;
use subject::Subject;

fn numbers<T: std::str::FromStr>(text: &str, separator: char) -> Result<Vec<T>, T::Err> {
    text.split(separator).map(str::parse).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &'static str| arguments.get(index).map_or(default, String::as_str);
    let name = argument(0, "64-128-128-64-3");
    let rows: Vec<Option<u8>> = match argument(1, "10") {
        "-" => vec![None],
        rows => numbers(rows, ',')?.into_iter().map(Some).collect(),
    };
    let batches: Vec<u8> = numbers(argument(2, "0,4"), ',')?;
    let runs: usize = argument(3, "15").parse()?;
    println!(
        "| widths | parameters | k | decisions | rounds | weight rows | commit weights ms | prove ms, fastest | median | verify ms, fastest | median | proof bytes | peak MB | bits |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for row_log2 in rows {
        let Subject { program, reference } = Subject::new(name, row_log2)?;
        let start = Instant::now();
        commit_program(&reference, &program.card, &program.weights)?;
        let commit = milliseconds(start);
        for batch_log2 in &batches {
            print!("| {name} | {} ", program.card.parameters());
            measure(&program, &reference, (*batch_log2, runs), commit)?;
        }
    }
    Ok(())
}

fn measure(
    program: &Program,
    reference: &ReferenceString,
    (batch_log2, runs): (u8, usize),
    commit: f64,
) -> Result<(), Box<dyn Error>> {
    let card = &program.card;
    let prover = Prover::new_unchecked(program, reference)?;
    let revealed = card.class.output();
    let layout = Layout::new(&card.class, batch_log2, revealed)?;
    let decisions: Vec<_> = (0..1 << batch_log2).map(|seed| subject::decision(program, seed)).collect();
    let (data, setup) = (ProgramData::of(card, &ProgramIds::of(card)), VerifierSetup::of(&card.setup)?);
    let rows = decode_rows(card)?;
    let (mut proving, mut verifying, mut proof) = (Vec::new(), Vec::new(), Vec::new());
    reset_peak();
    for _ in 0..runs {
        let start = Instant::now();
        let witness = Witness::new(program, &layout, &decisions)?;
        let values = witness.tensors.iter().map(|tensors| tensors[usize::from(revealed.0)].clone()).collect();
        let statement =
            Statement { batch_log2, context: Fr::from(5u64), revealed, features: decisions.clone(), values };
        let public = statement.public_values(card)?;
        proof = prove(&prover.key(), &layout, &public, &witness);
        proving.push(milliseconds(start));
        let start = Instant::now();
        native::verify(&layout, &data, &public, &rows, &setup, &proof)?;
        verifying.push(milliseconds(start));
    }
    let peak = peak_megabytes().map_or("-".into(), |peak| format!("{peak:.0}"));
    let ((prove_best, prove_median), (verify_best, verify_median)) = (summary(proving), summary(verifying));
    println!(
        "| {} | {} | {}+{} | {} | {commit:.0} | {prove_best:.1} | {prove_median:.1} | {verify_best:.2} | {verify_median:.2} | {} | {peak} | {} |",
        layout.row_log2,
        1 << batch_log2,
        layout.rounds,
        layout.row_log2,
        layout.weight_rows(),
        proof.len(),
        statistical_bits(&layout),
    );
    Ok(())
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The least and the median of the times.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times.first().copied().unwrap_or(f64::NAN), times.get(times.len() / 2).copied().unwrap_or(f64::NAN))
}

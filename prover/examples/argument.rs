//! Proves and verifies one batch of a synthetic perceptron several times and prints the fastest run.
//!
//! `cargo run --release -p candor-prover --example argument -- 64-128-128-64-3 10 0` (widths, log2 of a row, log2 of the batch)

use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::layout::Layout;
use candor_circuits::model::decode_rows;
use candor_circuits::native;
use candor_circuits::setup::VerifierSetup;
use candor_circuits::statement::{ProgramData, Statement};
use candor_program::Fr;
use candor_program::digest::ProgramIds;
use candor_prover::argument::prove;
use candor_prover::witness::Witness;
use candor_prover::{Prover, ReferenceString, commit_program};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let widths: Vec<usize> = arguments
        .first()
        .map_or("64-128-128-64-3", String::as_str)
        .split('-')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let row_log2 = arguments.get(1).map_or(Ok(10), |a| a.parse())?;
    let batch_log2: u8 = arguments.get(2).map_or(Ok(0), |a| a.parse())?;
    let reference = ReferenceString::development(row_log2, &[1; 32])?;
    let mut program =
        perceptron(&Shape { widths: &widths, row_log2, residual: false, gain: 1 }, reference.card(), 9);
    let start = Instant::now();
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights)?;
    println!("commit weights {:8.2} ms", start.elapsed().as_secs_f64() * 1e3);
    let prover = Prover::new(&program, &reference)?;
    let decisions: Vec<_> = (0..1 << batch_log2).map(|seed| features(&program, seed)).collect();
    let revealed = program.card.class.output();
    let layout = Layout::new(&program.card.class, batch_log2, revealed)?;
    let ids = ProgramIds::of(&program.card);
    let (data, setup) = (ProgramData::of(&program.card, &ids), VerifierSetup::of(&program.card.setup)?);
    let rows = decode_rows(&program.card)?;
    let (mut fastest, mut fastest_verify, mut length) = (f64::MAX, f64::MAX, 0);
    for _ in 0..15 {
        let start = Instant::now();
        let witness = Witness::new(&program, &layout, &decisions)?;
        let values = witness.tensors.iter().map(|t| t[usize::from(revealed.0)].clone()).collect();
        let statement =
            Statement { batch_log2, context: Fr::from(5u64), revealed, features: decisions.clone(), values };
        let public = statement.public_values(&program.card)?;
        let proof = prove(&prover.key(), &layout, &public, &witness);
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        native::verify(&layout, &data, &public, &rows, &setup, &proof)?;
        fastest_verify = fastest_verify.min(start.elapsed().as_secs_f64() * 1e3);
        length = proof.len();
    }
    println!(
        "prove {fastest:8.2} ms   verify {fastest_verify:6.2} ms   proof {length} bytes   rounds {}+{row_log2}",
        layout.vars()
    );
    Ok(())
}
